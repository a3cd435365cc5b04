"""The Trainer's arguments: which exist, which group owns each, what they may be; and the nearest name to a typo."""

import ast
import re
from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from stages.typos import meant, nearest

# Which group owns which field of TrainingArguments; `training` owns the rest.
OWNERS = {
    "optimizer": "optim optim_args optim_target_modules learning_rate weight_decay adam_beta1 adam_beta2 adam_epsilon",
    "scheduler": "lr_scheduler_type lr_scheduler_kwargs warmup_steps",
    "hardware": "use_cpu per_device_train_batch_size per_device_eval_batch_size dataloader_num_workers "
    "dataloader_pin_memory dataloader_persistent_workers dataloader_prefetch_factor dataloader_multiprocessing_context "
    "ddp_find_unused_parameters ddp_bucket_cap_mb ddp_broadcast_buffers ddp_backend ddp_timeout ddp_static_graph "
    "eval_accumulation_steps torch_empty_cache_steps fsdp fsdp_config deepspeed",
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
    "hub_token": "nothing: a run's choices are kept in its folder. Log in with `hf auth login`",
    "bf16_full_eval": "training.bf16", "fp16_full_eval": "training.fp16",
    "ignore_data_skip": "nothing: a run resumes exactly",
    **dict.fromkeys(("do_train", "do_eval", "do_predict"), "nothing: a run trains, validates and tests"),
    **dict.fromkeys(
        ("push_to_hub", "hub_model_id", "hub_strategy", "hub_private_repo", "hub_always_push", "hub_revision"),
        "nothing: upload a finished model with `hf upload OWNER/NAME <run>/model`",
    ),
    **dict.fromkeys(
        ("accelerator_config", "parallelism_config"),
        "hardware=fsdp or hardware=deepspeed, which split a model over devices",
    ),
}  # fmt: skip
OPEN = ("optimizer", "scheduler", "training", "hardware")
# Our own keys in these groups, and what they may be.
EXTRA = {
    "hardware": {
        "num_processes": "int | Literal['all'] | None", "num_nodes": "int", "node_rank": "int", "main_address": "str",
        "main_port": "int", "device": "str",
    },
    "optimizer": dict.fromkeys(("layer_decay", "head_learning_rate", "crf_learning_rate"), "float | None"),
    "training": {
        "early_stopping_patience": "int | None", "early_stopping_threshold": "float | None", "dropout": "float | None",
        "attention_dropout": "float | None",
        "profile_steps": "int | None",
    },
}  # fmt: skip
# What a number of the open groups must be, where its type does not say it all.
RANGES = {
    "a number from 0 up": (
        "optimizer.learning_rate optimizer.head_learning_rate optimizer.crf_learning_rate", lambda n: n >= 0
    ),
    "a number above 0, at most 1": ("optimizer.layer_decay", lambda n: 0 < n <= 1),
    "a number from 0 to below 1": ("training.dropout training.attention_dropout", lambda n: 0 <= n < 1),
    "a whole number from 1 up": ("training.profile_steps training.early_stopping_patience", lambda n: n >= 1),
}  # fmt: skip
TYPES = {"int": (int,), "float": (int, float), "bool": (bool,), "str": (str,), "None": (type(None),)}
STRATEGIES = ("group_by_length", "random", "sequential")
PHRASES = {"int": "a whole number", "float": "a number", "bool": "true or false", "str": "text", "None": "null"}


def unknown(key, known):
    """The message for a key that does not exist, with the nearest ones that do."""
    known = sorted(set(known))
    group, _, leaf = key.rpartition(".")
    same = [name for name in known if name.rpartition(".")[2] == leaf][:3]
    near = same or get_close_matches(key, [n for n in known if not key.startswith(f"{n}.")], n=3, cutoff=0.6)
    head, heads = key.split(".")[0], [name for name in known if "." not in name]
    near = near or (head not in heads and get_close_matches(head, heads, n=1, cutoff=0.6))
    if near:
        return f"there is no key {key}. Nearest: {', '.join(near)}."
    beside = [name for name in known if name.rpartition(".")[0] == group] or heads
    return f"there is no key {key}. Known: {', '.join(beside or known)}."


@cache
def _classes(file):
    """Class name -> the statements of its body, in a file of the installed transformers: importing it takes seconds."""
    source = Path(find_spec("transformers").origin).parent / file
    tree = ast.parse(source.read_text(encoding="utf-8"))
    return {node.name: node.body for node in tree.body if isinstance(node, ast.ClassDef)}


@cache
def trainer_arguments():
    """Field name -> annotation of the installed TrainingArguments."""
    body = _classes("training_args.py")["TrainingArguments"]
    fields = {n.target.id: ast.unparse(n.annotation) for n in body if isinstance(n, ast.AnnAssign)}
    return {**fields, "fsdp": "bool"}  # annotated as text for its own command line; text is on its way out


@cache
def argument_docs():
    """Field name -> what the docstring of the installed TrainingArguments says of it, type first."""
    text = _classes("training_args.py")["TrainingArguments"][0].value.value
    parts = re.split(r"^ {8}(\w+) ?\(", re.sub(r"^ {8}> .*$", "", text, flags=re.M), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def owner(name):
    """The group that owns a TrainingArguments field."""
    return next((group for group, names in OWNERS.items() if name in names.split()), "training")


@cache
def argument_keys():
    """The keys of the open groups: each field under its owner, and our own."""
    ours = [f"{group}.{name}" for group, names in EXTRA.items() for name in names]
    return [f"{owner(name)}.{name}" for name in trainer_arguments() if name not in OURS] + ours


def check_arguments(group, given):
    """Raise ValueError for the first key of an open group that is unknown, misplaced or of a wrong type."""
    for name, value in given.items():
        key, annotation = f"{group}.{name}", {**trainer_arguments(), **EXTRA.get(group, {})}.get(name)
        if name in OURS:
            raise ValueError(f"{key} is set by the project. Change {OURS[name]}.")
        if annotation is None:
            raise ValueError(meant(key) or unknown(key, argument_keys()))
        if name not in EXTRA.get(group, ()) and owner(name) != group:
            raise ValueError(f"{key} belongs to another group. Write {owner(name)}.{name}={typed(value)}")
        check_type(key, value, annotation)
        _check_range(key, value)


def _check_range(key, value):
    for phrase, (keys, fits) in RANGES.items():
        if key in keys.split() and value is not None and not fits(value):
            raise ValueError(f"{key}={typed(value)} is not {phrase}.")


def check_type(key, value, annotation):
    """Refuse what a plain annotation does not admit, and an unknown word of an enum; the rest is the Trainer's."""
    kinds = [kind.strip() for kind in annotation.split("|")]
    words = [word for kind in kinds for word in _enum_values(kind)]
    if words and value not in words:
        near = nearest(str(value), words, n=1)
        hint = f"Nearest: {', '.join(near)}." if near else f"Choose one of: {', '.join(words)}."
        raise ValueError(f"{key}={typed(value)} is not known. {hint}")
    if not set(kinds) <= set(TYPES):
        return
    fits = isinstance(value, tuple(t for kind in kinds for t in TYPES[kind]))
    hint = quoting(key, value) if "str" in kinds else ""
    if not fits or (isinstance(value, bool) and "bool" not in kinds):
        raise ValueError(f"{key}={typed(value)} is not {' or '.join(PHRASES[kind] for kind in kinds)}." + hint)


def admitted(annotation):
    """The words that an annotation admits, of an enum, or true and false; empty where they cannot be listed."""
    kinds = [kind.strip() for kind in annotation.split("|")]
    return [word for kind in kinds for word in _enum_values(kind)] or ["true", "false"] * ("bool" in kinds)


def check_strategies(training):
    """The best checkpoint is chosen where it was saved, so it must be evaluated when it is saved."""
    order = training.get("train_sampling_strategy", "random")
    if order not in STRATEGIES:
        known = ", ".join(STRATEGIES)
        raise ValueError(f"training.train_sampling_strategy={typed(order)} is not known. Choose one of: {known}.")
    evaluate, save = training.get("eval_strategy", "no"), training.get("save_strategy", "steps")
    patience = training.get("early_stopping_patience")
    if patience is None and training.get("early_stopping_threshold") is not None:
        raise ValueError("training.early_stopping_threshold needs a patience. Add training.early_stopping_patience=2")
    if evaluate == "no" and patience is not None:
        raise ValueError(
            "training.early_stopping_patience needs evaluations. Set training.eval_strategy=epoch or steps."
        )
    every = {training[name]: name for name in ("eval_steps", "save_steps") if training.get(name) is not None}
    if evaluate == save == "steps" and len(every) > 1:
        given = " and ".join(f"training.{name}={steps}" for steps, name in every.items())
        raise ValueError(
            f"{given} differ, but the best checkpoint is chosen among the saved ones. Give one, it counts for both."
        )
    if evaluate != save and (save != "best" or evaluate == "no"):
        raise ValueError(
            f"training.eval_strategy={evaluate} and training.save_strategy={save} differ, but the best checkpoint is "
            "chosen among the saved ones. Set both to epoch or both to steps."
        )


def check_batching(config):
    """Batches of like cost are formed by length, so no other order goes with them."""
    order, budget = config["training"].get("train_sampling_strategy", "random"), config["batch_tokens"]
    if config["batching"] == "tokens" and order != "group_by_length":
        raise ValueError(
            f"training.train_sampling_strategy={order} does not go with batching=tokens, which groups rows by length. "
            "Set batching=examples."
        )
    if config["batching"] == "examples" and budget is not None:
        raise ValueError(f"batch_tokens={budget} counts only with batching=tokens. Add that, or leave it out.")


def check_attention(config, task):
    """Flash attention is a kernel of GPUs for half precision; a packed row it keeps apart only where it is alone."""
    attention, hardware = config["model"].get("attention"), config["hardware"]
    if not str(attention).startswith("flash"):
        return
    if hardware.get("use_cpu"):
        raise ValueError(f"model.attention={attention} needs a GPU. Use sdpa, or hardware=gpu.")
    if not any(config["training"].get(name) for name in ("bf16", "fp16")):
        raise ValueError(f"model.attention={attention} computes in half precision only. Add training.bf16=true")
    if task.packs and hardware.get("per_device_train_batch_size") != 1:
        raise ValueError(
            f"model.attention={attention} keeps the texts of a packed row apart only where a forward pass has one row. "
            "Add hardware.per_device_train_batch_size=1"
        )


def quoting(key, value):
    """The way out where Hydra read a number or truth value although text may have been meant."""
    return f" Where text is meant, quote it twice: '{key}=\"{typed(value)}\"'" if isinstance(value, int | float) else ""


def _enum_values(name):
    """The values of an enum of transformers, nothing where there is none of that name."""
    if not name.isidentifier() or name in TYPES:
        return []
    body = next((c[name] for c in map(_classes, ("training_args.py", "trainer_utils.py")) if name in c), [])
    return [n.value.value for n in body if isinstance(n, ast.Assign) and isinstance(n.value, ast.Constant)]


def typed(value):
    """A value as a user would write it."""
    return {None: "null", True: "true", False: "false"}.get(value, value) if isinstance(value, bool | None) else value
