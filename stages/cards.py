"""The card of a data set (README.md), which tells `load_dataset` which files to read: its own, and no others."""

from pathlib import PurePosixPath, PureWindowsPath

import yaml


def check_card(folder, path):
    """Raise ValueError for a card that names files outside its folder, or on a server."""
    card = folder / "README.md"
    for name in _named(_front(card)) if card.is_file() else ():
        parts = {*PurePosixPath(name).parts, *PureWindowsPath(name).parts}
        if "://" in name or "::" in name or ".." in parts or PurePosixPath(name).is_absolute() or name[1:2] == ":":
            raise ValueError(
                f"data.path={path}: its README.md asks for {name}, which is none of its own files. They were not read. "
                "Choose another data set, or download the files and take data=files."
            )


def _front(card):
    """What stands between the first two lines of dashes, empty where that is no YAML."""
    parts = card.read_text(encoding="utf-8", errors="replace").split("---", 2)
    try:
        return yaml.safe_load(parts[1]) if len(parts) == 3 and not parts[0].strip() else {}
    except yaml.YAMLError:
        return {}


def _named(content):
    """The files and folders that the subsets of a card are made of."""
    subsets = content.get("configs") if isinstance(content, dict) else None
    for subset in subsets if isinstance(subsets, list) else ():
        for key in ("data_files", "data_dir"):
            yield from _texts(subset.get(key) if isinstance(subset, dict) else None)


def _texts(tree):
    """The texts of a tree; of `{split: ..., path: ...}` those of the path."""
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, list):
        for inner in tree:
            yield from _texts(inner)
    elif isinstance(tree, dict):
        for key, inner in tree.items():
            yield from _texts(inner) if key != "split" else ()
