"""Where a step's time goes: a few steps under torch.profiler, a trace, and seconds by phase and operation."""

import time
from collections import Counter
from contextlib import contextmanager
from functools import wraps

import torch
from torch.profiler import ProfilerActivity, profile, record_function
from transformers import TrainerCallback

from stages.files import write_json
from stages.terminal import is_main, table, warn

WARM_UP = 2  # steps that are slower than all later ones
SHOWN = 15  # operations in the table


class Profile(TrainerCallback):
    """Profiles `steps` optimizer steps of a Trainer behind the first `WARM_UP`; leaves their traces and summary.json.

    A step begins where its batch is asked for and ends with the optimizer: each has a profiler of its own, so that
    evaluating and saving between steps is no part of them.
    """

    def __init__(self, trainer, steps, folder):
        self.folder, self.done, self.wanted, self.left, self.profiler = folder, 0, steps, steps, None
        self.seconds, self.own, self.calls = Counter(), Counter(), Counter()
        trainer.get_batch_samples = self._measure("data", trainer.get_batch_samples)
        trainer.compute_loss = self._measure("forward", trainer.compute_loss)
        trainer.accelerator.backward = self._measure("backward", trainer.accelerator.backward)

    def _measure(self, phase, function):
        """The function, its seconds added to a phase in the steps that are profiled."""

        @wraps(function)
        def measured(*args, **kwargs):
            if phase == "data" and self.done >= WARM_UP and self.left:
                self._begin()
            with self._phase(phase):
                return function(*args, **kwargs)

        return measured

    def _begin(self):
        self.profiler = profile(activities=[ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_gpu() else [])])
        self.profiler.start()
        self.begun = time.perf_counter()

    @contextmanager
    def _phase(self, name):
        if self.profiler is None:
            yield
            return
        started = time.perf_counter()
        with record_function(f"phase: {name}"):
            yield
            _wait()
        self.seconds[name] += time.perf_counter() - started

    def on_pre_optimizer_step(self, args, state, control, **kwargs):
        self.updating = self._phase("optimizer")
        self.updating.__enter__()

    def on_optimizer_step(self, args, state, control, **kwargs):
        self.updating.__exit__(None, None, None)

    def on_step_end(self, args, state, control, **kwargs):
        self.done += 1
        if self.profiler is None:
            return
        self.seconds["whole step"] += time.perf_counter() - self.begun
        self.profiler.stop()
        self.left -= 1
        if is_main():
            self._keep(state.global_step)
        self.profiler = None

    def _keep(self, step):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.profiler.export_chrome_trace(str(self.folder / f"step_{step}.json"))
        for name, seconds, calls in operations(self.profiler.key_averages()):
            self.own[name] += seconds
            self.calls[name] += calls

    def on_train_end(self, args, state, control, **kwargs):
        if is_main() and not self.seconds:
            warn(f"nothing was profiled: the first {WARM_UP} steps do not count. Raise training.max_steps.")
        elif is_main():
            self._report(self.wanted - self.left)

    def _report(self, steps):
        phases = phase_rows(self.seconds, steps)
        names = [{"operation": name, "seconds": s, "calls": self.calls[name]} for name, s in self.own.most_common()]
        write_json(self.folder / "summary.json", {"steps": steps, "phases": phases, "operations": names})
        table(f"profile of {steps} steps", phases)
        table(f"operations by their own time in {steps} steps", names[:SHOWN])


def phase_rows(seconds, steps):
    """Seconds of phases over several steps -> rows per step; the rest of the whole step (clipping, logging) as one."""
    seconds = dict(seconds)
    whole = seconds.pop("whole step")
    phases = {**seconds, "rest": max(whole - sum(seconds.values()), 0.0), "whole step": whole}
    return [{"phase": name, "seconds": s / steps, "share": s / whole} for name, s in phases.items()]


def operations(averages):
    """torch.profiler's averages -> (operation, seconds of its own, calls); on a GPU its seconds there."""
    kind = "self_device_time_total" if on_gpu() else "self_cpu_time_total"
    return [(a.key, getattr(a, kind) / 1e6, a.count) for a in averages if not a.key.startswith(("phase: ", "Profiler"))]


def on_gpu():
    return torch.cuda.is_available()


def _wait():
    """Kernels run on behind Python's back: wait for them, so that their time counts where they were asked for."""
    if on_gpu():
        torch.cuda.synchronize()
