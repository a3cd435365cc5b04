"""The choices on disk: groups, options, what each file says of itself; in conf/ and the user's --config-dir."""

import re
from pathlib import Path

import yaml

CONF = Path(__file__).resolve().parent.parent / "conf"
FIRST = ("task", "data", "model", "method")


def groups():
    """Group -> its default option (None where there is none); what is chosen most first."""
    entries = yaml.safe_load((CONF / "config.yaml").read_text(encoding="utf-8"))["defaults"]
    named = {group: option for entry in entries if isinstance(entry, dict) for group, option in entry.items()}
    folders = sorted(path.name for path in CONF.iterdir() if path.is_dir())
    order = dict.fromkeys([*FIRST, *(group for group in named if group in folders), *folders])
    return {group: named.get(group) for group in order}


def config_dir(words):
    """The --config-dir among the words, as one word; nothing where there is none."""
    for word, following in zip(words, [*words, ""][1:], strict=True):
        name, _, value = word.partition("=")
        if name in ("--config-dir", "-cd"):
            return [f"--config-dir={Path(value or following).absolute()}"]
    return []


def conf_folders(words):
    """The folders that hold options: the project's, and the user's --config-dir."""
    return [CONF, *(Path(word.split("=", 1)[1]) for word in config_dir(words))]


def options_of(group, words):
    """The options of a group, those of the user's --config-dir among them; `a/b` for a file in a folder."""
    folders = [folder / group for folder in conf_folders(words)]
    return sorted({str(p.relative_to(f).with_suffix("")) for f in folders for p in f.rglob("*.yaml")})


def option_file(group, option, words):
    """The file of an option, None where there is none; the user's comes before the project's, as for Hydra."""
    files = [folder / group / f"{option}.yaml" for folder in reversed(conf_folders(words))]
    return next((file for file in files if file.is_file()), None)


def first_sentence(file):
    """The first sentence of a file's comment at its top; empty where it has none."""
    lines = [line.removeprefix("#") for line in file.read_text(encoding="utf-8").splitlines() if line[:1] == "#"]
    text = " ".join(line.strip() for line in lines if line[:2] != "  " and "@package" not in line)
    return re.split(r"(?<=\.)\s(?=[A-Z])", text.strip(), maxsplit=1)[0]


def composed(words):
    """The configuration under the choices among the words (a plain dict), or without them where they do not compose."""
    from hydra import compose, initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra
    from hydra.errors import HydraException
    from omegaconf import OmegaConf

    chosen = [word for word in words if word.split("=")[0] in groups() and "=" in word and "," not in word]
    searched = [f"hydra.searchpath=[{folder}]" for folder in conf_folders(words)[1:]]
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        try:
            cfg = compose("config", [*chosen, *searched])
        except HydraException:
            cfg = compose("config")
    return OmegaConf.to_container(cfg)
