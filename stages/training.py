"""Training: one `transformers.Trainer` with the task's loss, the best checkpoint kept, scores."""

import time
from pathlib import Path

import torch
from transformers import EarlyStoppingCallback, TrainingArguments

from stages import checkpoints, memory, signals
from stages.arguments import EXTRA
from stages.disk import check_room
from stages.hardware import check_started, launched, leave_out_cudnn_attention, rows_per_process
from stages.model import count_parameters
from stages.packing import check_packing
from stages.profiling import Profile
from stages.sharding import name_layers, splits_weights, trainer_choices
from stages.terminal import is_main, stage
from stages.tuner import Tuner

EVAL_ROWS = 32  # per process and forward pass, unless hardware.per_device_eval_batch_size says otherwise
EARLY_STOPPING = ("early_stopping_patience", "early_stopping_threshold")


def training_arguments(config, task, folder):
    """TrainingArguments of a configuration; raises ValueError in the words of the Trainer."""
    processes = launched() or 1
    hardware = memory.known_to_fit(config["hardware"], folder, config["batch_size"] // processes)
    rows, accumulation = rows_per_process(config["batch_size"], hardware, processes)
    given = {**config["optimizer"], **config["scheduler"], **config["training"], **hardware}
    given = {
        k: v for k, v in given.items() if k != "train_sampling_strategy" and not any(k in o for o in EXTRA.values())
    }
    given = {**_defaults(given), **given, **trainer_choices(config["hardware"])}
    given["per_device_train_batch_size"] = rows
    given["accelerator_config"] = {"non_blocking": given["dataloader_pin_memory"]}  # copies from pinned memory overlap
    if task.skips_weights:
        given["ddp_find_unused_parameters"] = True
    try:
        return TrainingArguments(
            output_dir=str(folder / "checkpoints"),
            gradient_accumulation_steps=accumulation,
            seed=config["seed"],
            metric_for_best_model=task.best,
            greater_is_better=task.directions[task.best],
            load_best_model_at_end=given.get("save_strategy") != "no",
            remove_unused_columns=False,
            eval_do_concat_batches=False,  # `joined` does it once
            report_to="none",  # stages/tracking.py logs: the stock callback mixes 150 keys into the run's config
            disable_tqdm=True,
            **given,
        )
    except (TypeError, ValueError) as error:
        raise ValueError(f"the Trainer refuses these arguments: {error}") from error


def _defaults(given):
    """Values of ours that depend on what was chosen, or on the machine."""
    steps = given.get("eval_steps", given.get("save_steps", given.get("logging_steps")))
    cpu = given.get("use_cpu", not torch.accelerator.is_available())
    return {
        "per_device_eval_batch_size": EVAL_ROWS,
        "dataloader_pin_memory": not cpu,
        "use_cpu": cpu,
        "restore_callback_states_from_checkpoint": True,  # or the patience of early stopping starts again
        **({"eval_steps": steps, "save_steps": steps} if given.get("eval_strategy") == "steps" else {}),
    }


def build_tuner(config, task, labels, model, tokenizer, splits, folder):
    """The Tuner of a configuration, with early stopping where `training.early_stopping_patience` asks for it."""
    arguments = training_arguments(config, task, folder)
    name_layers(arguments, model)
    if task.packs:
        check_packing(task, model)
    leave_out_cudnn_attention()
    stopping = {k: config["training"][k] for k in EARLY_STOPPING if config["training"].get(k) is not None}
    callbacks = [EarlyStoppingCallback(**stopping)] if stopping else []
    tuner = Tuner(config, task, labels, model, tokenizer, splits, arguments, callbacks)
    check_started(config, tuner.accelerator, folder)
    if config["batching"] == "tokens" and task.trains and not hasattr(model, "fit"):
        stage("batches", tuner.batches.described())
    if is_main() and task.trains and not splits_weights(config["hardware"]) and not hasattr(model, "fit"):
        check_room(model, arguments, folder)
    if config["training"].get("profile_steps"):
        tuner.add_callback(Profile(tuner, config["training"]["profile_steps"], folder / "profile"))
    return tuner


def train(tuner):
    """Train from the last checkpoint of an interrupted run, or from the start; -> seconds."""
    started = time.time()
    if hasattr(tuner.model, "fit"):
        fit(tuner)
    elif tuner.task.trains:
        checkpoint = last_checkpoint(Path(tuner.args.output_dir), tuner.accelerator)
        tuner.args.eval_on_start &= checkpoint is None  # it was evaluated when it started
        tuner.spent = checkpoints.seconds_to(checkpoint)
        with signals.waiting():
            memory.train(tuner, checkpoint)
    return time.time() - started


def fit(tuner):
    """Training in one go, of a model that knows how: one evaluation, no steps, no checkpoints."""
    state, control, callbacks = tuner.state, tuner.control, tuner.callback_handler
    state.epoch = state.max_steps = state.global_step = 1
    callbacks.on_train_begin(tuner.args, state, control)
    tuner.model.to("cpu").fit(tuner.train_dataset.rows, tuner.context.class_weights)
    tuner.model.to(tuner.args.device)
    stage("model", f"fitted in one go, {count_parameters(tuner.model)[1] / 1e6:.1f} M parameters")
    tuner.evaluate()
    callbacks.on_train_end(tuner.args, state, control)


def last_checkpoint(folder, accelerator):
    """The checkpoint that all processes go on from, None where training starts; the main process looks for it."""
    found = [checkpoints.take_up(folder, accelerator.num_processes) if is_main() else None]
    if accelerator.num_processes > 1:
        from accelerate.utils import broadcast_object_list

        broadcast_object_list(found)
    return str(folder / found[0].name) if found[0] else None
