"""How long a run still takes, by what its steps, evaluations and checkpoints took so far."""

import math
import time
from collections import deque

from transformers import TrainerCallback

FIRST = 10  # steps before the first forecast; those before are slow, and too few
RECENT = 50  # steps that the mean is of
SHORT = 30  # seconds: what takes no longer needs no forecast


class Pace(TrainerCallback):
    """Measures. All seconds are what passed on the clock, so that loading data counts as well. `per_epoch`: steps of
    an epoch, `rows`: that it trains on, `scored`: rows that are scored after training, `validated`: rows of one
    evaluation."""

    def __init__(self, per_epoch, rows, validated, scored):
        self.per_epoch, self.batch_size = per_epoch, rows / max(per_epoch, 1)
        self.validated, self.scored = validated, scored
        self.steps, self.evaluation, self.saving = deque(maxlen=RECENT), None, 0.0
        self.count, self._last, self.evaluated = 0, time.monotonic(), -1
        self.spent = {"training": 0.0, "evaluation": 0.0, "saving": 0.0}  # seconds, all together
        self.deadline = None  # of a budget, in seconds since the epoch

    def on_train_begin(self, args, state, control, **kwargs):
        self._last = time.monotonic()

    def on_step_end(self, args, state, control, **kwargs):
        seconds = self._passed("training")
        self.count += 1
        if self.count > 1:  # the first one warms up
            self.steps.append(seconds)

    def on_evaluate(self, args, state, control, **kwargs):
        self.evaluation, self.evaluated = self._passed("evaluation"), state.global_step

    def on_save(self, args, state, control, **kwargs):
        self.saving = self._passed("saving")

    def _passed(self, phase):
        before, self._last = self._last, time.monotonic()
        self.spent[phase] += self._last - before
        return self._last - before

    @property
    def step(self):
        """Seconds of a step, with the batches loaded for it."""
        return sum(self.steps) / len(self.steps) if self.steps else 0.0

    def evaluation_seconds(self):
        """Of one evaluation; before the first one as if a row took as long as in training, where gradients are added
        and answers are not."""
        return self.step / self.batch_size * self.validated if self.evaluation is None else self.evaluation

    def closing(self, state, checks=True):
        """Seconds from a step to the scores, where training ends with it. `checks`: it ends with an evaluation."""
        last = self.evaluation_seconds() + self.saving if checks and self.evaluated != state.global_step else 0.0
        return last + self.evaluation_seconds() * self.scored / max(self.validated, 1)

    def left(self, args, state):
        """Seconds from a step to the scores, where training goes on to its last one or to the end of its budget."""
        checks = evaluations_left(args, state, self.per_epoch)
        each = self.evaluation_seconds() + self.saving
        whole = (state.max_steps - state.global_step) * self.step + checks * each + self.closing(state, checks=False)
        return whole if self.deadline is None else min(whole, max(self.deadline - time.time(), 0.0))


def evaluations_left(args, state, per_epoch):
    """How many evaluations lie between a step and the end of training, the one at the end included."""
    if args.eval_strategy == "epoch":
        return math.ceil(state.max_steps / per_epoch) - state.global_step // per_epoch
    if args.eval_strategy == "steps":
        return math.ceil(state.max_steps / state.eval_steps) - state.global_step // state.eval_steps
    return 0
