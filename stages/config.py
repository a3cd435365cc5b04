"""The configuration: composed by Hydra, checked against what exists, turned into a plain dict once. No torch here."""

import ast
import os
from dataclasses import fields
from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf

from stages.hardware import rows_per_process
from tasks.contract import task_class

# Which group owns which field of TrainingArguments; `training` owns the rest.
OWNERS = {
    "optimizer": "optim optim_args optim_target_modules learning_rate weight_decay adam_beta1 adam_beta2 adam_epsilon",
    "scheduler": "lr_scheduler_type lr_scheduler_kwargs warmup_steps",
    "hardware": "use_cpu per_device_train_batch_size per_device_eval_batch_size dataloader_num_workers "
    "dataloader_pin_memory dataloader_persistent_workers dataloader_prefetch_factor dataloader_multiprocessing_context "
    "ddp_find_unused_parameters ddp_bucket_cap_mb ddp_broadcast_buffers ddp_backend ddp_timeout ddp_static_graph fsdp "
    "fsdp_config deepspeed accelerator_config parallelism_config eval_accumulation_steps torch_empty_cache_steps",
}
# Fields that the project sets itself, and what to change instead.
OURS = {
    "seed": "seed", "data_seed": "seed", "output_dir": "output_root", "run_name": "tracking", "report_to": "tracking",
    "project": "tracking.project", "gradient_accumulation_steps": "batch_size, hardware.per_device_train_batch_size",
    "metric_for_best_model": "task.best", "greater_is_better": "task.best", "load_best_model_at_end": "task.best",
    "remove_unused_columns": "the task", "label_names": "the task", "length_column_name": "the task",
    "include_for_metrics": "the task", "batch_eval_metrics": "the task", "eval_do_concat_batches": "the task",
    "prediction_loss_only": "the task", "auto_find_batch_size": "hardware.per_device_train_batch_size",
    "dataloader_drop_last": "batch_size", "resume_from_checkpoint": "nothing: the same command resumes",
    "average_tokens_across_devices": "nothing: the loss is exact", "disable_tqdm": "nothing",
    "train_batch_size": "batch_size", "eval_batch_size": "hardware.per_device_eval_batch_size",
}  # fmt: skip
OPEN = ("optimizer", "scheduler", "training", "hardware")
EXTRA = {"hardware": {"num_processes"}, "training": {"early_stopping_patience", "early_stopping_threshold"}}
STRATEGIES = ("group_by_length", "random", "sequential")
METHODS = {"full": (), "lora": ("r", "lora_alpha", "lora_dropout", "target_modules", "use_rslora", "use_dora")}
KEYS = {
    "model": "name path revision max_length config",
    "data": "name source path subset revision format train validation test columns labels validation_share test_share "
    "limit",
    "tracking": "name project entity group job_type tags notes log_model",
}
TOP = ("seed", "batch_size", "output_root", "rerun", "data", "task", "model", "method", "tracking", *OPEN)


def register_open_nodes():
    """Let users write `training.x=1` without a plus although no YAML names x; `check_config` finds the typos."""
    node = {group: _open() for group in OPEN} | {"data": {"columns": _open()}, "model": {"config": _open()}}
    ConfigStore.instance().store(name="open_nodes", node=DictConfig(node))


def _open():
    return DictConfig({}, flags={"struct": False})


def read_config(cfg, overrides=()):
    """Hydra's object -> plain dict, checked; raises ValueError or FileNotFoundError that names the key to change."""
    missing = sorted(OmegaConf.missing_keys(cfg))
    if missing:
        raise ValueError(_missing(missing[0], cfg))
    config = OmegaConf.to_container(cfg, resolve=True)
    if any(o.startswith("model.path=") for o in overrides) and not any(o.startswith("model.name=") for o in overrides):
        config["model"]["name"] = Path(str(config["model"]["path"])).name  # a run must not carry another model's name
    check_config(config)
    return config


def _missing(key, cfg):
    name = cfg.data.get("name") if key.startswith("data.") else cfg.get(key.split(".")[0])
    what = "a file" if name == "files" else "a Hub id" if key.endswith("path") else "a value"
    return f"{key} is not given: {key.split('.')[0]}={name} needs {what} there. Add {key}=..."


def check_config(config):
    """Raise ValueError for the first key or value that cannot work."""
    _check_keys("", config, TOP)
    build_task(config)
    for group, known in KEYS.items():
        _check_keys(group, config[group], known.split())
    method = config["method"].get("name")
    if method not in METHODS:
        raise ValueError(f"method.name={method} is not known. Choose one of: {', '.join(METHODS)}.")
    _check_keys("method", config["method"], ("name", *METHODS[method]))
    for group in OPEN:
        _check_arguments(group, config[group])
    _check_values(config)
    _check_paths(config)


def build_task(config):
    """The task object of a configuration; raises ValueError for an unknown key or value."""
    name = config["task"].get("name")
    if "." not in str(name) and not (Path(__file__).parent.parent / "tasks" / f"{name}.py").is_file():
        raise ValueError(f"task.name={name}: there is no tasks/{name}.py.")
    kind = task_class(name)
    _check_keys("task", config["task"], [f.name for f in fields(kind)])
    return kind(**config["task"])


def _check_keys(group, given, known):
    for key in given:
        if key not in known:
            raise ValueError(unknown(f"{group}.{key}".strip("."), [f"{group}.{k}".strip(".") for k in known]))


def unknown(key, known):
    """The message for a key that does not exist, with the nearest ones that do."""
    near = get_close_matches(key, known, n=3, cutoff=0.6)
    hint = f"Nearest: {', '.join(near)}." if near else f"Known: {', '.join(sorted(known)[:20])}."
    return f"there is no key {key}. {hint}"


@cache
def trainer_arguments():
    """Field name -> annotation of the installed TrainingArguments, read from its source: importing it takes seconds."""
    source = Path(find_spec("transformers").origin).parent / "training_args.py"
    tree = ast.parse(source.read_text(encoding="utf-8"))
    (body,) = [n.body for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "TrainingArguments"]
    return {n.target.id: ast.unparse(n.annotation) for n in body if isinstance(n, ast.AnnAssign)}


def owner(name):
    """The group that owns a TrainingArguments field."""
    return next((group for group, names in OWNERS.items() if name in names.split()), "training")


def _check_arguments(group, given):
    arguments = trainer_arguments()
    for key, value in given.items():
        if key in EXTRA.get(group, ()):
            continue
        if key in OURS:
            raise ValueError(f"{group}.{key} is set by the project. Change {OURS[key]}.")
        if key not in arguments:
            extra = [f"{g}.{n}" for g, names in EXTRA.items() for n in names]
            raise ValueError(unknown(f"{group}.{key}", [f"{owner(n)}.{n}" for n in arguments if n not in OURS] + extra))
        if owner(key) != group:
            raise ValueError(f"{group}.{key} belongs to another group. Write {owner(key)}.{key}={value}")
        _check_type(f"{group}.{key}", value, arguments[key])


def _check_type(key, value, annotation):
    """Refuse text and lists where the annotation admits only numbers or booleans; the rest is the Trainer's to check."""
    kinds = set(annotation.replace(" ", "").split("|"))
    if kinds <= {"int", "float", "bool", "None"} and not (value is None or isinstance(value, (int, float))):
        raise ValueError(f"{key}={value} is not of type {annotation}.")
    if kinds == {"bool"} and not isinstance(value, bool):
        raise ValueError(f"{key}={value} is neither true nor false.")


def _check_values(config):
    _positive("batch_size", config["batch_size"])
    if not isinstance(config["seed"], int) or isinstance(config["seed"], bool) or config["seed"] < 0:
        raise ValueError(f"seed={config['seed']} is not a whole number from 0 up.")
    for key in ("model.max_length", "data.limit", "method.r"):
        group, name = key.split(".")
        if config[group].get(name) is not None:
            _positive(key, config[group][name])
    for name in ("validation_share", "test_share"):
        share = config["data"].get(name, 0)
        if not isinstance(share, (int, float)) or not 0 <= share < 1:
            raise ValueError(f"data.{name}={share} is not a share of train. Give a number from 0 to below 1.")
    _check_strategies(config["training"])
    rows_per_process(config["batch_size"], config["hardware"])


def _positive(key, value):
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{key}={value} is not a whole number from 1 up.")


def _check_strategies(training):
    """The best checkpoint is chosen where it was saved, so it must be evaluated when it is saved."""
    order = training.get("train_sampling_strategy", "random")
    if order not in STRATEGIES:
        known = ", ".join(STRATEGIES)
        raise ValueError(f"training.train_sampling_strategy={order} is not known. Choose one of: {known}.")
    evaluate, save = training.get("eval_strategy", "no"), training.get("save_strategy", "steps")
    if save != "best" and evaluate != save:
        raise ValueError(
            f"training.eval_strategy={evaluate} and training.save_strategy={save} differ, but the best checkpoint is "
            "chosen among the saved ones. Set both to epoch or both to steps."
        )


def _check_paths(config):
    data, path = config["data"], str(config["model"]["path"])
    if data["source"] == "files":
        for split in ("train", "validation", "test"):
            if data[split] is not None and not Path(str(data[split])).is_file():
                raise FileNotFoundError(f"data.{split}={data[split]}: {_no_file(str(data[split]))}")
    looks_local = path.startswith((".", "/", "~")) or path.count("/") > 1
    if looks_local and not path.startswith("package:") and not Path(path).expanduser().is_dir():
        raise FileNotFoundError(
            f"model.path={path}: there is no such folder. Give a folder with a config.json, or a Hub id."
        )


def _no_file(path):
    folder = Path(path).parent
    if not folder.is_dir():
        return f"there is no folder {folder} (looked from {os.getcwd()})."
    near = get_close_matches(Path(path).name, [p.name for p in folder.iterdir()], n=1)
    return f"there is no such file in {folder.resolve()}." + (f" Nearest: {folder / near[0]}" if near else "")
