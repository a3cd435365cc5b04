"""The table at the end of a sweep: mean and standard deviation over the seeds of each choice."""

import json
from collections import defaultdict
from contextlib import contextmanager
from statistics import mean, stdev

from stages.config import build_task
from stages.finished import frozen_config
from stages.folder import FINISHED
from stages.terminal import table
from sweeps.trials import ENDED

SHOWN = 4  # scores, the task's first


@contextmanager
def summed_up():
    """Around a command: prints the table of its trials, where it had several; of those that ended, where one failed."""
    try:
        yield
    finally:
        if len(ENDED) > 1:
            table("sweep: mean ± standard deviation over the seeds", rows([(w, *_read(place)) for w, place in ENDED]))


def _read(place):
    """-> (the scores' names, best first; the values of the last split that was scored)."""
    metrics = json.loads((place / FINISHED).read_text(encoding="utf-8"))
    split = next(split for split in ("test", "validation") if split in metrics)
    return build_task(frozen_config(place)).shown, metrics[split]


def rows(trials: list[tuple[list[str], tuple, dict]]) -> list[dict]:
    """(typed words, names of scores, values) of each trial -> a row per choice, which is all words but the seed's."""
    groups = defaultdict(list)
    for words, names, values in trials:
        groups[tuple(word for word in words if not word.startswith("seed="))].append((names, values))
    common = set.intersection(*map(set, groups))
    shown = list(dict.fromkeys(name for _, names, _ in trials for name in names[:SHOWN]))
    return [
        {
            "choice": " ".join(word for word in words if word not in common) or "all trials",
            "trials": len(group),
            **{name: _spread([values[name] for _, values in group if values.get(name) is not None]) for name in shown},
        }
        for words, group in groups.items()
    ]


def _spread(values):
    """The mean with the sample's standard deviation (n - 1); the value alone of one trial."""
    if not values:
        return ""
    return f"{mean(values):.4f} ± {stdev(values):.4f}" if len(values) > 1 else f"{values[0]:.4f}"
