"""What ends a training early: a signal, a loss that is no number, a budget. All processes stop at the same step."""

import math
import time

import torch
from transformers import TrainerCallback

from stages import signals
from stages.clock import duration
from stages.divergence import Diverged
from stages.terminal import stage, warn

MARGIN = 0.02  # of a budget, for what is not measured: the report, the best checkpoint read back
LEAST = 5  # seconds that it is at least


class Guard(TrainerCallback):
    """Added after all other callbacks: it sees what they decided, and its exceptions take nothing from them.

    `started`: when the command was, in seconds since the epoch. `deadline`: by when it ends, None for never; what
    earlier starts of the run took to get to the checkpoint that this one goes on from is taken off in training.
    """

    def __init__(self, tuner, limits, started, pace):
        self.tuner, self.pace, self.patience = tuner, pace, limits["nan_patience"]
        minutes = limits["max_minutes"]
        self.budget = f"guard.max_minutes={minutes:g}" if minutes else None
        self.deadline = started + 60 * minutes - max(LEAST, 60 * minutes * MARGIN) if minutes else None
        self.bad, self.signum, self.is_late = 0, 0, False
        tuner.started = started

    def on_train_begin(self, args, state, control, **kwargs):
        if self.budget:
            self.pace.deadline = self.deadline - self.tuner.spent
        if self.budget and self.tuner.spent:
            stage("budget", f"{self.budget}: {duration(self.tuner.spent)} of it were used before the interruption")

    def on_pre_optimizer_step(self, args, state, control, optimizer=None, **kwargs):
        numbers = self.tuner.take_numbers()
        is_bad = self._is_bad(numbers)
        late = self.deadline is not None and self._is_late(state)
        self.signum, is_bad, self.is_late = agreed(args, [signals.heard(), is_bad, late])
        self.bad = self.bad + 1 if is_bad else 0
        if is_bad:
            self._leave_out(state, optimizer, numbers)

    def _is_bad(self, numbers):
        """Whether a step has no finite loss or gradient. In float16 infinite gradients are everyday: the loss is scaled
        up until they are, and the optimizer skips such a step; only where scaling down did not help are they bad."""
        scaler = self.tuner.accelerator.scaler
        if scaler is not None and math.isfinite(numbers["loss"]):
            return not math.isfinite(numbers["gradient norm"]) and scaler.get_scale() < 1
        return not all(map(math.isfinite, numbers.values()))

    def _is_late(self, state):
        step = self.pace.step
        return time.time() + step + self.pace.closing(state) + step > self.pace.deadline

    def _leave_out(self, state, optimizer, numbers):
        """Drop the update of a step without finite numbers, or the weights would be NaN from then on."""
        optimizer.zero_grad()
        what, value = next(((n, v) for n, v in numbers.items() if not math.isfinite(v)), ("loss", math.nan))
        step = state.global_step + 1
        if self.bad < self.patience:
            warn(f"step {step}: the {what} is {value}, its update is left out ({self.bad} of {self.patience}).")
            return
        facts = self.tuner.facts(what, value, step)
        raise Diverged(facts | {"examples": batch_examples(self.tuner, step), "steps": self.bad})

    def on_step_end(self, args, state, control, **kwargs):
        if self.signum:
            control.should_save = True  # at the end of an epoch once that is evaluated, see stages/resuming.py
        elif self.is_late and not control.should_training_stop:
            control.should_training_stop = True
            before = {"seconds_before": round(self.tuner.spent, 1)} if self.tuner.spent else {}
            self.tuner.stopped = {"why": self.budget, "step": state.global_step, "of": state.max_steps, **before}
            stage("budget", f"{self.budget}: training ends at step {state.global_step} of {state.max_steps}")

    def on_epoch_end(self, args, state, control, **kwargs):
        if self.tuner.stopped and args.eval_strategy != "no":
            control.should_evaluate = self.pace.evaluated != state.global_step
            control.should_save = control.should_evaluate and args.save_strategy != "no"

    def on_save(self, args, state, control, **kwargs):
        if self.signum:
            self.tuner.accelerator.wait_for_everyone()  # a launcher ends all processes with the first
            done = f"Saved at step {state.global_step} of {state.max_steps}, the same command goes on from there."
            raise signals.Interrupted(self.signum, done)


def agreed(args, numbers):
    """The largest of each number over all processes: what one of them decides holds for all."""
    if args.world_size == 1:
        return numbers
    shared = torch.tensor([int(number) for number in numbers], device=args.device)
    torch.distributed.all_reduce(shared, torch.distributed.ReduceOp.MAX)
    return shared.tolist()


def batch_examples(tuner, step):
    """The numbers of the training examples in an optimizer step, counted from 0; see `Rows.examples`."""
    epoch, place = divmod(step - 1, len(tuner.batches))
    return tuner.train_dataset.examples(tuner.batches.of(epoch)[place])
