"""Where a step's time goes: a few steps under torch.profiler, a trace, and seconds by phase and operation."""

import time
from collections import Counter
from functools import wraps

import torch
from torch.profiler import ProfilerActivity, profile, record_function
from transformers import TrainerCallback

from stages.folder import write_json
from stages.terminal import is_main, table, warn

WARM_UP = 2  # steps that are slower than all later ones
SHOWN = 15  # operations in the table


class Profile(TrainerCallback):
    """Profiles `steps` optimizer steps of a Trainer behind the first `WARM_UP`; leaves trace.json and summary.json."""

    def __init__(self, trainer, steps, folder):
        self.steps, self.folder, self.seconds, self.done, self.measured = steps, folder, Counter(), 0, 0
        self.kinds = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if torch.cuda.is_available() else [])]
        self.profiler, self.running, self.begun = profile(activities=self.kinds), False, 0.0
        trainer.get_batch_samples = self._measure("data", trainer.get_batch_samples)
        trainer.compute_loss = self._measure("forward", trainer.compute_loss)
        trainer.accelerator.backward = self._measure("backward", trainer.accelerator.backward)

    def _measure(self, phase, function):
        """The function, its seconds added to a phase while the profiler runs."""

        @wraps(function)
        def measured(*args, **kwargs):
            if not self.running:
                return function(*args, **kwargs)
            started = time.perf_counter()
            if phase == "data":
                self._begin_step(started)
            with record_function(f"phase: {phase}"):
                result = function(*args, **kwargs)
                _wait()
            self.seconds[phase] += time.perf_counter() - started
            return result

        return measured

    def _begin_step(self, now):
        """A step begins where its batch is asked for; what lies between steps (evaluation, saving) is no part of it."""
        self.begun = now
        self.profiler.toggle_collection_dynamic(True, self.kinds)

    def on_pre_optimizer_step(self, args, state, control, **kwargs):
        self.before_step = time.perf_counter()

    def on_optimizer_step(self, args, state, control, **kwargs):
        if self.running:
            _wait()
            self.seconds["optimizer"] += time.perf_counter() - self.before_step

    def on_step_end(self, args, state, control, **kwargs):
        self.done += 1
        if self.running:
            self.measured += 1
            self.seconds["whole step"] += time.perf_counter() - self.begun
            self.profiler.toggle_collection_dynamic(False, self.kinds)
        if self.running and self.measured == self.steps:
            self._stop()
        elif self.done == WARM_UP:
            self.profiler.start()
            self.running = True

    def on_train_end(self, args, state, control, **kwargs):
        if self.running:
            self._stop()
        if is_main() and not self.measured:
            warn(f"nothing was profiled: the first {WARM_UP} steps do not count. Raise training.max_steps.")
        elif is_main():
            self._report()

    def _stop(self):
        self.running = False
        self.profiler.stop()

    def _report(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.profiler.export_chrome_trace(str(self.folder / "trace.json"))
        phases, operations = phase_rows(self.seconds, self.measured), operation_rows(self.profiler.key_averages())
        write_json(self.folder / "summary.json", {"steps": self.measured, "phases": phases, "operations": operations})
        table(f"seconds per step, {self.measured} steps", phases)
        table(f"operations, their own time, {self.measured} steps", operations[:SHOWN])


def phase_rows(seconds, steps):
    """Seconds of phases over several steps -> rows per step; the rest of the whole step (clipping, logging) as one."""
    seconds = dict(seconds)
    whole = seconds.pop("whole step")
    phases = {**seconds, "rest": max(whole - sum(seconds.values()), 0.0), "whole step": whole}
    return [{"phase": name, "seconds": s / steps, "share": s / whole} for name, s in phases.items()]


def operation_rows(averages):
    """torch.profiler's averages -> rows, the operations that take most time of their own first; on a GPU its time."""
    kind = "self_device_time_total" if torch.cuda.is_available() else "self_cpu_time_total"
    operations = [a for a in averages if not a.key.startswith(("phase: ", "Profiler"))]
    operations.sort(key=lambda a: -getattr(a, kind))
    return [{"operation": a.key, "seconds": getattr(a, kind) / 1e6, "calls": a.count} for a in operations]


def _wait():
    """Kernels run on behind Python's back: wait for them, so that their time counts where they were asked for."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
