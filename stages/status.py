"""What a trial tells its sweep while it trains: how far it is, and its best score."""

import time

from transformers import TrainerCallback

from stages.files import write_json
from stages.terminal import is_main

EVERY = 1.0  # seconds between two words


class Status(TrainerCallback):
    """Writes `progress.json` in the trial's record. `pace`: a callback that was added before, which knows what is
    left."""

    def __init__(self, task, record, pace):
        self.task, self.path, self.pace, self.said = task, record / "progress.json", pace, 0.0

    def on_train_begin(self, args, state, control, **kwargs):
        self._say(args, state)

    def on_step_end(self, args, state, control, **kwargs):
        if time.monotonic() - self.said > EVERY:
            self._say(args, state)

    def on_evaluate(self, args, state, control, **kwargs):
        self._say(args, state)

    def on_train_end(self, args, state, control, **kwargs):
        self._say(args, state)

    def _say(self, args, state):
        if not is_main():
            return
        self.said = time.monotonic()
        left = round(self.pace.left(args, state), 1) if self.pace.steps else None
        write_json(
            self.path,
            {
                "step": state.global_step, "steps": state.max_steps, "left": left, "score": self.task.best,
                "best": state.best_metric,
            },
        )  # fmt: skip
