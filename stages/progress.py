"""What a user sees while a model trains: one bar, one line per evaluation; the same numbers kept in history.jsonl."""

import json
import time

from tqdm.auto import tqdm
from transformers import TrainerCallback

from stages.clock import duration
from stages.files import write_lines
from stages.pace import FIRST, SHORT, evaluations_left
from stages.terminal import is_main, say, shows_bars, stage


class Progress(TrainerCallback):
    """Bar over optimizer steps, with loss and learning rate; a line with the scores after each evaluation. `pace`: a
    callback that was added before, which knows what is left."""

    def __init__(self, task, folder, pace):
        self.task, self.path, self.pace = task, folder / "history.jsonl", pace
        self.bar, self.started = None, time.time()

    def on_train_begin(self, args, state, control, **kwargs):
        self.started = time.time()
        if is_main():
            write_lines(self.path, [{"step": row["step"], **row} for row in state.log_history])  # as of the checkpoint
            start, quiet = state.global_step, not shows_bars()
            self.bar = tqdm(total=state.max_steps, initial=start, desc="training", unit="step", disable=quiet)

    def on_step_end(self, args, state, control, **kwargs):
        if self.bar:
            self.bar.update(1)
            if self.pace.count == FIRST:
                self._forecast(args, state)

    def _forecast(self, args, state):
        """Say once, after the first steps, when the run will be done; evaluations bring it up to date."""
        left = self.pace.left(args, state)
        if left > SHORT:
            checks = evaluations_left(args, state, self.pace.per_epoch)
            end = time.strftime("%H:%M" if left < 6 * 3600 else "%a %H:%M", time.localtime(time.time() + left))
            self.bar.clear()
            steps = f"{state.max_steps - state.global_step} more steps, {checks} evaluations"
            steps = f"at most {steps}" if self.pace.deadline else steps
            stage("expected", f"about {duration(left)} for {steps} and the scores, done at {end}")

    def on_log(self, args, state, control, logs=None, **kwargs):
        if not is_main() or not self.bar:
            return
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": state.global_step, **logs}) + "\n")
        if "loss" in logs:
            self.bar.set_postfix(loss=f"{logs['loss']:.3f}", lr=f"{logs['learning_rate']:.1e}")

    def on_evaluate(self, args, state, control, metrics=None, **kwargs):
        if not self.bar or not metrics:
            return
        best = f"{self.task.best} {metrics[f'eval_{self.task.best}']:.4f}"
        steps = f"step {state.global_step}/{state.max_steps}"
        losses = [log["loss"] for log in state.log_history if "loss" in log]
        seen = f"loss {losses[-1]:.3f}  " if losses else ""
        left = self.pace.left(args, state)
        more = f", {duration(left)} left" if left > SHORT else ""
        self.bar.clear()
        say(
            f"  epoch {state.epoch:.4g}  {steps}  {seen}validation loss {metrics['eval_loss']:.3f}  {best}  "
            f"{time.time() - self.started:.0f} s{more}"
        )

    def on_train_end(self, args, state, control, **kwargs):
        if self.bar:
            self.bar.close()
