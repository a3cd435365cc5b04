"""Too little memory: the same batches in smaller pieces, tried at once; the run remembers what fits."""

import json
from pathlib import Path

from accelerate.utils.memory import clear_device_cache, should_reduce_batch_size
from transformers import set_seed

from stages.agent import AGAIN
from stages.files import write_json
from stages.launching import restarts
from stages.terminal import stage, warn

KEPT = "memory.json"  # in the run's folder: {key of hardware: examples that fit}
TRAIN, EVAL = "per_device_train_batch_size", "per_device_eval_batch_size"


def known_to_fit(hardware, folder, share):
    """The choices of hardware, with what this run found to fit. `share`: examples of a process in an optimizer step,
    which pieces must divide, as they do not on other hardware than before."""
    found = {key: min(rows, hardware.get(key) or rows) for key, rows in _kept(folder).items()}
    found = {key: rows for key, rows in found.items() if key != TRAIN or share % rows == 0}
    if found:
        stage("memory", f"what fits, as found before: {', '.join(f'{key}={rows}' for key, rows in found.items())}")
    return {**hardware, **found}


def keep(folder, key, rows):
    """Remember what fits, for when the run is taken up again."""
    write_json(folder / KEPT, {**_kept(folder), key: rows})


def _kept(folder):
    path = folder / KEPT
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def smaller(rows):
    """The largest proper divisor of a number of examples; 1 of 1."""
    return next((n for n in range(rows // 2, 0, -1) if rows % n == 0), 1)


def train(tuner, checkpoint):
    """`tuner.train` from a checkpoint or None; where memory is short, on from the last step in smaller pieces."""
    while True:
        try:
            return tuner.train(resume_from_checkpoint=checkpoint)
        except RuntimeError as error:
            if not should_reduce_batch_size(error):
                raise
            _cut_pieces(tuner, error)
        checkpoint = _take_up(tuner, checkpoint)  # out here, where the failed step holds nothing any more


def _cut_pieces(tuner, error):
    """Fewer examples in a forward pass, so many more passes in a step."""
    arguments, rows = tuner.args, tuner.args.per_device_train_batch_size
    less = smaller(rows)
    if rows == 1:
        raise ValueError(
            "memory is short: a single example does not fit into it. Take a smaller model.max_length, model or "
            "batch_tokens, where that is set, or training.activation_checkpointing=true."
        ) from error
    if arguments.world_size > 1:
        _start_again(tuner, TRAIN, rows, error)
    arguments.per_device_train_batch_size = less
    arguments.gradient_accumulation_steps *= rows // less
    warn(
        f"memory is short: {rows} examples in a forward pass do not fit into it. Goes on with {less} and "
        f"{arguments.gradient_accumulation_steps} passes to a step: the batch and its loss stay the same."
    )
    keep(Path(arguments.output_dir).parent, TRAIN, less)


def _start_again(tuner, key, rows, error):
    """End so that all processes start again with smaller pieces: those that had room wait for the one that had not, and
    would go on with other pieces than it."""
    less = smaller(rows)
    if not restarts():
        raise ValueError(
            f"memory is short: {rows} examples in a forward pass do not fit into it. The processes cannot change it "
            f"together: set hardware.{key}={less}, and the run goes on from its last checkpoint."
        ) from error
    keep(Path(tuner.args.output_dir).parent, key, less)
    raise SystemExit(AGAIN) from error


def _take_up(tuner, checkpoint):
    """Where training goes on: a checkpoint of the last whole step, None where there was none, as in a new run."""
    tuner.model.zero_grad(set_to_none=True)
    tuner._tr_loss, tuner.step_losses = tuner.loss_before_step, []  # without what the failed step had done
    if tuner.state.global_step > _step_of(checkpoint):
        only, tuner.args.save_only_model = tuner.args.save_only_model, False
        tuner._save_checkpoint(tuner.model, None)
        tuner.args.save_only_model = only
        checkpoint = str(Path(tuner.args.output_dir) / f"checkpoint-{tuner.state.global_step}")
    tuner.optimizer = tuner.lr_scheduler = None
    clear_device_cache(garbage_collection=True)
    if checkpoint is None:
        set_seed(tuner.args.seed)
    return checkpoint


def _step_of(checkpoint):
    return int(checkpoint.rpartition("-")[2]) if checkpoint else 0


def evaluate(tuner, loop, loader):
    """`loop(loader)`; where memory is short, anew in smaller batches."""
    while True:
        try:
            return loop(loader)
        except RuntimeError as error:
            rows = tuner.args.per_device_eval_batch_size
            if rows == 1 or not should_reduce_batch_size(error):
                raise
            if tuner.args.world_size > 1:
                _start_again(tuner, EVAL, rows, error)
        tuner.args.per_device_eval_batch_size = smaller(rows)
        warn(f"memory is short: evaluates {smaller(rows)} examples at a time instead of {rows}.")
        clear_device_cache(garbage_collection=True)
        keep(Path(tuner.args.output_dir).parent, EVAL, smaller(rows))
        loader = tuner.get_test_dataloader(loader.dataset)
