"""The configuration: composed by Hydra, checked against what exists, turned into a plain dict once. No torch here."""

import os
from dataclasses import MISSING, fields
from pathlib import Path
from types import UnionType
from typing import get_args, get_origin

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf

from stages.arguments import OPEN, check_arguments, check_attention, check_batching, check_strategies, typed
from stages.data_files import data_files, nothing_there
from stages.extra_metrics import check_metrics
from stages.hardware import check_hardware
from stages.optimization import check_optimization
from stages.parts import check_parts, choices_of
from stages.schema import check_groups, check_keys, check_values
from stages.scratch import check_scratch
from stages.targets import check_module, watch_configurations
from tasks.contract import task_class

# With keys of the project's own.
GROUPS = ("data", "task", "model", "method", "tracking", "metrics", "guard", "launcher", "sweeper")
TOP = ("seed", "batch_size", "batching", "batch_tokens", "output_root", "resume", "rerun", *GROUPS)
SPLITS = ("train", "validation", "test")


def register_open_nodes():
    """Let users write `training.x=1` without a plus although no YAML names x; `check_config` finds the typos. From here
    on no configuration runs code."""
    watch_configurations()
    node = {group: _open() for group in OPEN} | {"data": {"columns": _open()}, "model": {"config": _open()}}
    node["model"]["attention"] = None
    node["model"]["trust_remote_code"] = False  # in no option's file: nobody is to find it there and switch it on
    ConfigStore.instance().store(name="open_nodes", node=DictConfig(node))
    ConfigStore.instance().store(group="task", name="open_words", node=DictConfig({"words": _open()}))
    ConfigStore.instance().store(group="sweeper", name="open_when", node=DictConfig({"when": _open()}))


def _open():
    return DictConfig({}, flags={"struct": False})


def read_config(cfg, overrides=()):
    """Hydra's object -> plain dict, checked; raises ValueError or FileNotFoundError that names the key to change."""
    missing = sorted(OmegaConf.missing_keys(cfg))
    if missing:
        raise ValueError(_not_given(missing[0], cfg))
    config = OmegaConf.to_container(cfg, resolve=True)
    if any(o.startswith("model.path=") for o in overrides) and not any(o.startswith("model.name=") for o in overrides):
        config["model"]["name"] = Path(str(config["model"]["path"])).name  # a run must not carry another model's name
    _fill_best(config)
    check_config(config)
    config["task"]["best"] = build_task(config).best
    return config


def _fill_best(config):
    """`task.best: null` is the score that the data set is published with, where its file names one."""
    task, data = config.get("task"), config.get("data")
    if isinstance(task, dict) and isinstance(data, dict) and task.get("best", "") is None:
        task["best"] = data.get("best")


def _not_given(key, cfg):
    group = key.split(".")[0]
    name = cfg[group].get("name") if OmegaConf.is_dict(cfg.get(group)) else None
    what = "a file" if name == "files" else "a Hub id" if key.endswith("path") else "a value"
    choice = f"{group}={name} needs {what} there. " if name else ""
    return f"{key} is not given. {choice}Add {key}=..."


def check_config(config):
    """Raise ValueError for the first key or value that cannot work."""
    check_keys("", config, [*TOP, *OPEN])
    for group in (*GROUPS, *OPEN):
        if not isinstance(config[group], dict):
            raise ValueError(f"{group}={typed(config[group])} holds no keys. Choose an option: python run.py --help")
    task = build_task(config)
    check_groups(config)
    for group in OPEN:
        check_arguments(group, config[group])
    check_values(config)
    check_metrics(config["metrics"]["extra"])
    check_parts(config["data"], task)
    _check_columns(config["data"], task)
    _check_parts(config, task)
    check_scratch(config, task)
    check_strategies(config["training"])
    check_batching(config)
    check_attention(config, task)
    if config["training"].get("label_smoothing_factor") and not task.smooths:
        raise ValueError("training.label_smoothing_factor has no meaning for the loss of this task.head. Leave it out.")
    check_optimization(config)
    _check_paths(config)
    check_hardware(config)


def _check_parts(config, task):
    """Each part's data, as if it were the only one."""
    for part, choices in choices_of(config["data"], task).items():
        own = {**config, "data": choices}
        try:
            check_groups(own)
            check_values(own)
            _check_columns(choices, task.members[part])
            _check_paths(own)
        except (ValueError, FileNotFoundError) as error:
            raise type(error)(f"data.parts.{part}: {error}") from error


def build_task(config):
    """The task object of a configuration; raises ValueError for an unknown key or value."""
    choices = config["task"]
    kind = _task_class(choices.get("name"))
    known = {f.name: f for f in fields(kind)}
    check_keys("task", choices, known, [name for name, f in known.items() if f.default is MISSING])
    for name, value in choices.items():
        _check_field(f"task.{name}", value, known[name].type)
    for part, own in (choices.get("parts") or {}).items():
        if not isinstance(own, dict):
            raise ValueError(
                f"task.parts.{part}={typed(own)} holds no keys. Give the choices of a task, its name first."
            )
        _build_part(part, own)
    try:
        return kind(**choices)
    except ValueError as error:  # also of a task outside the project: a wrong choice, not a fault of ours
        raise ValueError(str(error)) from error
    except TypeError as error:
        raise ValueError(f"task={choices['name']}: one of its values is not of its type ({error}).") from error


def _build_part(part, choices):
    """The task of one part; its errors say whose they are."""
    try:
        return build_task({"task": choices})
    except ValueError as error:
        raise ValueError(f"task.parts.{part}: {error}") from error


def _task_class(name):
    own = {file.stem for file in (Path(__file__).parent.parent / "tasks").glob("*.py")}
    parts = name.split(".") if isinstance(name, str) else [""]
    if not all(part.isidentifier() for part in parts) or (len(parts) == 1 and name not in own):
        raise ValueError(
            f"task.name={typed(name)}: there is no tasks/{name}.py. A module elsewhere is named with a dot."
        )
    if "." in name:
        check_module("task.name", name)
    try:
        return task_class(name)
    except ModuleNotFoundError as error:
        raise ValueError(f"task.name={name}: {error}. Python looks in the folders of PYTHONPATH.") from error
    except ValueError as error:
        raise ValueError(f"task.name={name}: that module must hold exactly one class that is a Task.") from error


def _check_field(key, value, kind):
    """A field of a task against its annotation, where that is a plain type, a union of such, or a list or dict."""
    if isinstance(kind, str) or value is None:
        return
    kinds = [get_origin(one) or one for one in (get_args(kind) if isinstance(kind, UnionType) else [kind])]
    fits = isinstance(value, tuple(kinds)) or (float in kinds and isinstance(value, int))
    if not fits or (isinstance(value, bool) and bool not in kinds):
        name = getattr(kind, "__name__", str(kind))
        raise ValueError(f"{key}={typed(value)} is not of type {name}.")


def _check_columns(data, task):
    """The columns are the task's own words, so a typo, or another task's data set, shows before any data is read."""
    forms, given = (task.columns, *task.forms), data["columns"]
    words = " or ".join(", ".join(dict.fromkeys(form)) for form in forms)
    words += "".join(f"; {name} too" for name in task.optional)
    for name, column in given.items():
        if name not in {*task.optional, *(column for form in forms for column in form)}:
            raise ValueError(
                f"data.columns.{name}: {task.name} reads the columns {words}, not {name}. Change the key, or take a "
                f"task and data that belong together; now they are task={task.name} data={data['name']}."
            )
        several = column if isinstance(column, list) else [column]
        if not several or any(not isinstance(one, str | int) or isinstance(one, bool) for one in several):
            raise ValueError(
                f"data.columns.{name}={typed(column)} is not the name or the number of a column, nor a list of them."
            )
    if not any({*given} <= {*form, *task.optional} for form in forms):
        mixed = ", ".join(f"data.columns.{name}" for name in given)
        raise ValueError(f"{mixed} do not belong together: {task.name} reads {words}. Keep one kind.")


def _check_paths(config):
    """What the configuration names on this machine is there."""
    try:
        _look(config)
    except (OSError, RuntimeError) as error:  # the second for the home of somebody who is not known
        if getattr(error, "errno", 0) is None:  # ours
            raise
        raise ValueError(f"a path of data, model.path or output_root cannot be looked at: {error}") from error


def _look(config):
    data, path = config["data"], config["model"]["path"]
    files = {split: data[split] for split in SPLITS if data.get(split) is not None}
    for split, file in files.items():
        if data["source"] == "files":
            _check_files(f"data.{split}={file}", file, data["format"])
        if data["source"] == "hub" and Path(file).is_file():
            raise ValueError(
                f"data.{split}={file} is a file, but data={data['name']} is read from the Hub. Add data=files"
            )
    is_there = _holds_model(Path(path).expanduser())
    looks_local = path.startswith((".", "/", "~")) or path.count("/") > 1
    if looks_local and not path.startswith("package:") and not is_there:
        raise FileNotFoundError(
            f"model.path={path}: there is no such folder. Give a folder with a config.json, a .gguf file, or a Hub id."
        )
    root = Path(config["output_root"]).expanduser()
    there = next(folder for folder in (root.absolute(), *root.absolute().parents) if folder.exists())
    if not (there.is_dir() and os.access(there, os.W_OK)):
        raise ValueError(f"output_root={root}: {there} is no folder that can be written to. Change output_root.")


def _holds_model(path):
    return path.is_dir() or (path.suffix == ".gguf" and path.is_file())


def _check_files(choice, path, format):
    if not Path(path).exists():
        raise FileNotFoundError(f"{choice}: {nothing_there(Path(path))}")
    try:
        data_files(path, format)
    except ValueError as error:
        raise ValueError(f"{choice}: {error}") from error
