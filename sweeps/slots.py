"""Slots: which GPUs, or which cores, each of the trials that run side by side has for itself."""

import os
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

ROOM = 4 * 2**30  # bytes of memory for a trial on the CPU that nobody planned: small models, large enough a batch
CGROUP = Path("/sys/fs/cgroup/memory.max")  # what a container may have of the machine's memory


@dataclass(frozen=True)
class Slot:
    """`gpus`: what CUDA_VISIBLE_DEVICES is set to, None: as it is; `cores`: the numbers of its CPU cores, None: all."""

    gpus: str | None = None
    cores: tuple[int, ...] | None = None

    def take(self):
        """Have this process, and those it starts, use nothing else. Before anything looks at a GPU."""
        if self.gpus is not None:
            os.environ["CUDA_VISIBLE_DEVICES"] = self.gpus
        if self.cores is not None:
            import torch

            os.environ["OMP_NUM_THREADS"] = str(len(self.cores))  # for processes that the trial starts
            os.sched_setaffinity(0, self.cores)
            torch.set_num_threads(len(self.cores))


def slots(asked: int | None, gpus: list[str], processes: int, cores: list[int], most: int = 1) -> list[Slot]:
    """The slots of a sweep whose trials have so many `processes` each: by default as many as there are GPUs for, on the
    CPU `most`. Raises ValueError where there are not enough GPUs for those that were asked for."""
    if gpus:
        return _of_gpus(asked, gpus, processes, cores)
    if (asked or most) == 1:
        return [Slot()]
    if asked and asked > len(cores):
        raise ValueError(f"launcher.slots={asked}, but there are {len(cores)} CPU cores. Use at most as many slots.")
    return [Slot(cores=tuple(share)) for share in _split(cores, asked or most)]


def most_on_cpu(trials: int, processes: int, cores: int, memory: int) -> int:
    """Slots of a grid on the CPU: a core for each process, for trials side by side waste less than threads do that wait
    for each other (benchmarks/sweep_cost.py); `memory` in bytes, of all trials. A function of the machine and of all
    trials, done or not, so that a sweep that goes on gives each trial as many threads as before."""
    return max(1, min(trials, cores // processes, memory // (ROOM * processes)))


def _of_gpus(asked, gpus, processes, cores):
    most = len(gpus) // processes
    if (asked or 1) > most:
        each = f" with {processes} processes each" if processes > 1 else ""
        raise ValueError(
            f"launcher.slots={asked or 1}{each}, but {len(gpus)} GPUs are visible. Use launcher.slots={most or 1} "
            "or hardware=cpu."
        )
    parts = _split(gpus[: processes * (asked or most)], asked or most)
    shares = _split(cores, len(parts)) if len(parts) <= len(cores) else [None] * len(parts)
    return [Slot(",".join(part), tuple(share) if share else None) for part, share in zip(parts, shares, strict=True)]


def _split(things, parts):
    """`things` in so many runs of nearly the same length, in order."""
    ends = [len(things) * i // parts for i in range(parts + 1)]
    return [things[a:b] for a, b in pairwise(ends)]


def visible_gpus(hardware: dict) -> list[str]:
    """The GPUs that trials with this hardware may use, as CUDA_VISIBLE_DEVICES names them."""
    from stages.launching import gpus_in_machine

    if hardware.get("use_cpu"):
        return []
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return [n for n in visible.split(",") if n] if visible is not None else [str(n) for n in range(gpus_in_machine())]


def visible_cores() -> list[int]:
    """The numbers of the cores that this process may use; none where the system does not say."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def memory_of_machine() -> int:
    """The bytes of memory that this machine, or the container on it, has."""
    import psutil

    limit = CGROUP.read_text().strip() if CGROUP.is_file() else ""
    whole = psutil.virtual_memory().total
    return min(whole, int(limit)) if limit.isdecimal() else whole
