"""No configuration runs code. Hydra calls what stands under `_target_`, logging what stands under `()`, and both can be
typed or come in a file of somebody else's; so every configuration is looked at before Hydra acts on it."""

import ast
import os
from functools import cache, wraps
from importlib.machinery import PathFinder
from pathlib import Path

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from omegaconf import OmegaConf

from stages.secrets import is_secret_name
from stages.terminal import stage

PROJECT = Path(__file__).resolve().parent.parent
# The keys that may name code, and where that must come from: Hydra itself or its installed plugins, in whose list of
# classes Hydra looks the whole name up.
NAMING = ("hydra.launcher._target_", "hydra.sweeper._target_")
KNOWN = ("hydra._internal.core_plugins.", "hydra_plugins.")
SILENT = {"version": 1, "root": None, "disable_existing_loggers": False}
# What the project sets for Hydra, and what to use instead.
FIXED = {
    "callbacks": ({}, "nothing: a run calls no program of a configuration"),
    "job_logging": (SILENT, "nothing: the project writes its own lines"),
    "hydra_logging": (SILENT, "nothing: the project writes its own lines"),
    "job.env_set": ({}, "the shell: NAME=value python run.py ..."),
    "job.chdir": (None, "output_root"),
    "run.dir": (".", "output_root"),
    "sweep.dir": ("${output_root}/.hydra", "output_root"),
    "sweep.subdir": (".", "output_root"),
    "output_subdir": (None, "output_root"),
}


def watch_configurations():
    """From now on every configuration that Hydra composes is checked; the one place through which all of them go."""
    compose = ConfigLoaderImpl.load_configuration
    if not hasattr(compose, "__wrapped__"):
        ConfigLoaderImpl.load_configuration = _checked(compose)
    OmegaConf.register_new_resolver("oc.env", _environment, replace=True)


def _checked(compose):
    @wraps(compose)
    def load_configuration(self, config_name, overrides, *more, **named):
        for word in overrides:
            if "pkg:" in word and "searchpath" in word:
                raise ValueError(f"{word}: options come from folders, not from packages. Use --config-dir <folder>")
        cfg = compose(self, config_name, overrides, *more, **named)
        check_code(OmegaConf.to_container(cfg, resolve=False))
        return cfg

    return load_configuration


def check_code(tree):
    """Raise ValueError for the first key by which a configuration would have a program called."""
    for key, value in _leaves(tree):
        named = key.rpartition(".")[2]
        if named == "_target_" and not (key in NAMING and str(value).startswith(KNOWN)):
            raise ValueError(f"{key}={value}: a configuration names no code to run, only options. Leave it out.")
        if key.startswith("hydra.launcher."):
            _check_cluster(key, value)
    for key, (wanted, instead) in FIXED.items():
        given = tree.get("hydra")
        for part in key.split("."):
            given = given.get(part) if isinstance(given, dict) else None
        if "hydra" in tree and given != wanted and (given or wanted):
            raise ValueError(f"hydra.{key} is set by the project. Leave it out. Change {instead}.")


def _check_cluster(key, value):
    """What a launcher writes into a shell script for its cluster: a second line of it would be a command."""
    if key == "hydra.launcher.setup" and value:
        raise ValueError(f"{key} would run commands. Leave it out: jobs get the environment of the shell that types.")
    if "\n" in f"{key}{value if isinstance(value, str) else ''}":
        raise ValueError(f"{' '.join(key.split())} has a line break, which a job's script would run. Leave it out.")


def _leaves(tree, before=""):
    """(full key, value) of everything in a tree of dicts and lists."""
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in pairs:
        yield f"{before}{key}", value
        yield from _leaves(value, f"{before}{key}.")


def _environment(name, *default):
    """`${oc.env:NAME,default}` for what is no secret: a configuration is written down and sent to trackers."""
    if is_secret_name(name):
        raise ValueError(f"the variable {name} holds a secret, which no configuration may read")
    if name not in os.environ and not default:
        raise ValueError(f"the variable {name} is not set")
    return os.environ.get(name, *default)


@cache
def check_module(key, name):
    """Raise ValueError unless a module outside the project is a task by its text; say that its code runs. Nothing is
    imported for it: a name that somebody else wrote must not start any program that happens to be installed."""
    file = _module_file(key, name)
    try:
        nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    except (SyntaxError, ValueError) as error:
        raise ValueError(f"{key}={name}: {file} cannot be read as Python ({error}).") from error
    names = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    names += [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    if not any(one.split(".")[0] == "tasks" for one in names):
        raise ValueError(f"{key}={name}: {file} is no task, it imports nothing from `tasks`, so it was not run.")
    if not file.is_relative_to(PROJECT):
        stage("task", f"the code of {file} runs on this machine")


def _module_file(key, name):
    """The file of a module, found without importing what it lies in."""
    places, parts, file = None, name.split("."), None
    for i in range(len(parts)):
        found = PathFinder.find_spec(".".join(parts[: i + 1]), places)
        if found is None:
            missing = ".".join(parts[: i + 1])
            raise ValueError(f"{key}={name}: No module named {missing!r}. Python looks in the folders of PYTHONPATH.")
        places, file = found.submodule_search_locations or [], found.origin
    if file is None:
        raise ValueError(f"{key}={name}: that is a folder of modules. Name the one in it that holds the task.")
    return Path(file)
