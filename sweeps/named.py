"""`sweep=NAME`: a sweep written down, sweeps/NAME.yaml, as the words that one would type."""

from pathlib import Path

import yaml

from stages.arguments import typed
from stages.terminal import fail
from stages.typos import nearest

FOLDER = Path(__file__).parent
MULTIRUN = ("-m", "--multirun")


def spelled_out(words: list[str]) -> list[str]:
    """The words with those of the file that `sweep=` names in its place; a key that is typed as well counts as typed.
    Ends the program where there is no such file, or where it holds no keys and values."""
    chosen = [word for word in words if word.startswith("sweep=")]
    if not chosen:
        return words
    if len(chosen) > 1:
        fail(f"{' '.join(chosen)}: one sweep at a time. Leave one of them out.")
    others = [word for word in words if word not in chosen]
    given = {word.lstrip("+").partition("=")[0] for word in others}
    own = [f"{key}={value}" for key, value in _read(chosen[0].partition("=")[2]).items() if key not in given]
    mode = [] if set(words) & set(MULTIRUN) else ["-m"]
    return [*mode, *(word for word in others if word.startswith("-")), *own, *(w for w in others if w[:1] != "-")]


def _read(name):
    """Key -> value, as it is typed, of a sweep's file: a text is taken as it stands, a list gives several values."""
    file = Path(name) if name.endswith((".yaml", ".yml")) else FOLDER / f"{name}.yaml"
    if not file.is_file():
        names = sorted(path.stem for path in FOLDER.glob("*.yaml"))
        near = nearest(name, names)
        hint = f" Nearest: {', '.join(near)}." if near else ""
        fail(f"sweep={name}: there is no {file}.{hint} Sweeps: {', '.join(names)}; or give a .yaml file of your own.")
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        fail(f"sweep={name}: {file} cannot be read as YAML ({' '.join(str(error).split())}).")
    if isinstance(content, dict) and {"method", "parameters"} <= set(content):
        fail(f"sweep={name}: {file} is a sweep of W&B's. Start it with: wandb sweep {file}")
    if not isinstance(content, dict) or not all(map(_is_word, content.items())):
        fail(f"sweep={name}: {file} holds no keys with values, or lists of them: `seed: [1, 2, 3]`; others as text.")
    return {key: _value(value) for key, value in content.items()}


def _is_word(item):
    """Whether a key and its value can be typed."""
    key, value = item
    values = value if isinstance(value, list) else [value]
    return isinstance(key, str) and values and not any(isinstance(one, list | dict) for one in values)


def _value(value):
    return ",".join(map(_value, value)) if isinstance(value, list) else str(typed(value))
