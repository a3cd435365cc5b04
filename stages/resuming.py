"""A Trainer whose interrupted runs end with the bits of uninterrupted ones; `checkpoints` looks after the files."""

import json
import time
from pathlib import Path

import torch
from transformers import EarlyStoppingCallback, Trainer

from stages import checkpoints
from stages.files import write_json
from stages.terminal import is_main


class ResumingTrainer(Trainer):
    """The Trainer with whole checkpoints, and with what it forgets when it resumes: the running loss, the best
    checkpoint of a folder that was moved, that training has ended."""

    writing_in = None  # where a checkpoint is written, while it is
    taken_up = None  # the checkpoint that this run goes on from
    looked_at = None  # the last step after which the Trainer looked what is to be done
    closing = False  # it looks for the second time after the same step, at the end of the epoch
    waiting = False  # a checkpoint is due, and waits for that
    started = None  # when the command was, in seconds since the epoch
    spent = 0.0  # seconds that earlier starts took to get to the checkpoint that this one goes on from

    def _get_output_dir(self, trial):
        return self.writing_in or super()._get_output_dir(trial)

    def _save_checkpoint(self, model, trial):
        """The Trainer's, out of sight until all processes have written their part."""
        folder = Path(self.args.output_dir)
        self.writing_in = str(folder / checkpoints.PARTIAL)
        super()._save_checkpoint(model, trial)
        self.writing_in = None
        if self.state.best_model_checkpoint:
            self.state.best_model_checkpoint = str(folder / Path(self.state.best_model_checkpoint).name)
        self.accelerator.wait_for_everyone()
        if is_main():
            written = folder / checkpoints.PARTIAL / f"checkpoint-{self.state.global_step}"
            self.state.save_to_json(str(written / checkpoints.STATE))
            if self.started:
                write_json(written / checkpoints.CLOCK, {"seconds": self.spent + time.time() - self.started})
            whole = checkpoints.seal(written, folder)
            self._prune_behind(whole)
        self.accelerator.wait_for_everyone()

    def _prune_behind(self, checkpoint):
        """Raises OSError where what was just written does not read back as it was written; the older ones stay."""
        reason = checkpoints.damage(checkpoint)
        if reason:
            raise OSError(f"{checkpoint} was not written as it should be: {reason}. Is the disk in order?")
        checkpoints.prune(checkpoint.parent, self.args.save_total_limit, self.state.best_model_checkpoint)

    def _save_rng_state(self, output_dir):
        """The Trainer's, and of each process the loss since the last log and the sum of those before."""
        super()._save_rng_state(output_dir)
        losses = {
            "running": self._tr_loss.item(), "logged": self._total_loss_scalar, "until": self._globalstep_last_logged
        }  # fmt: skip
        Path(output_dir, self._losses).write_text(json.dumps(losses), encoding="utf-8")

    @property
    def _losses(self):
        return "losses.json" if self.args.world_size <= 1 else f"losses_{self.args.process_index}.json"

    def _load_rng_state(self, checkpoint):
        """The Trainer's, with the losses: the next number that is logged is that of an uninterrupted run."""
        super()._load_rng_state(checkpoint)
        own = Path(checkpoint, self._losses)  # of other processes, where there were more or fewer
        path = own if own.is_file() else min(Path(checkpoint).glob("losses*.json"))
        losses = json.loads(path.read_text(encoding="utf-8"))
        self._tr_loss = torch.tensor(losses["running"], device=self.args.device)
        self._total_loss_scalar, self._globalstep_last_logged = losses["logged"], losses["until"]

    def _init_training_state(self, max_steps, steps_of_epoch, epochs, checkpoint, trial):
        """The Trainer's, which forgets the best checkpoint where the run's folder was moved."""
        done = super()._init_training_state(max_steps, steps_of_epoch, epochs, checkpoint, trial)
        self.taken_up = checkpoint
        if checkpoint:
            best = checkpoints.best_of(Path(checkpoint))
            self.state.best_model_checkpoint = str(best) if best else None
        return done

    @property
    def _has_ended(self):
        """Whether training is over: the last step is done, or patience has run out."""
        stoppers = [c for c in self.callback_handler.callbacks if isinstance(c, EarlyStoppingCallback)]
        impatient = any(c.early_stopping_patience_counter >= c.early_stopping_patience for c in stoppers)
        return impatient or self.state.global_step >= self.state.max_steps

    def _run_epoch(self, *args, **kwargs):
        """Nothing where a run was taken up at its end: the Trainer looks only after a step, and would add some."""
        if self._has_ended:
            self.control.should_training_stop = True
        else:
            super()._run_epoch(*args, **kwargs)

    def _maybe_log_save_evaluate(self, *args, **kwargs):
        """The Trainer's. A checkpoint of the last step of an epoch waits for the log and the evaluation that close it:
        who goes on from it begins with the next epoch."""
        step, control = self.state.global_step, self.control
        self.closing, self.looked_at = self.looked_at == step, step
        if self.closing:
            control.should_save, self.waiting = control.should_save or self.waiting, False
        elif self.state.epoch == int(self.state.epoch) or step >= self.state.max_steps:
            control.should_save, self.waiting = False, control.should_save
        super()._maybe_log_save_evaluate(*args, **kwargs)

    def _evaluate(self, *args, **kwargs):
        """The Trainer's. Where it ends training, the epoch closes there: the checkpoint waits for that, too."""
        metrics = super()._evaluate(*args, **kwargs)
        if self.control.should_training_stop and not self.closing:
            self.control.should_save, self.waiting = False, self.waiting or self.control.should_save
        return metrics

    def _finalize_training(self, *args, **kwargs):
        if self.taken_up and self.state.global_step == self._initial_global_step:  # nothing was left to do
            self._load_rng_state(self.taken_up)
        return super()._finalize_training(*args, **kwargs)

    def log(self, logs, start_time=None):
        """The Trainer's; the mean loss is that of all steps, not of those since the run was taken up."""
        if "train_loss" in logs:
            logs["train_loss"] = self._total_loss_scalar / max(self.state.global_step, 1)
        super().log(logs, start_time)
