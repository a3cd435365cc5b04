"""What a search makes better: scores of finished runs, or the time that they took."""

import json
from dataclasses import dataclass
from math import isfinite

from stages.folder import FINISHED
from stages.typos import nearest

BEST, SECONDS = "best", "seconds"
SPLITS = ("validation", "test")


@dataclass(frozen=True)
class Objective:
    """`name`: a score of the task, or `seconds` of training; `split`: where the score is taken, None for seconds;
    `greater`: whether more is better."""

    name: str
    split: str | None
    greater: bool

    def __str__(self):
        return self.name if self.split in ("validation", None) else f"{self.split}/{self.name}"


def objectives_of(metrics: list[str], task) -> list[Objective]:
    """The objectives that `sweeper.metrics` names, for a task; ValueError for an unknown one."""
    if not metrics:
        raise ValueError("sweeper.metrics=[] names nothing to make better. Write sweeper.metrics=[best]")
    found = [_objective(metric, task) for metric in metrics]
    if len(set(found)) < len(found):
        raise ValueError(
            f"sweeper.metrics={metrics} names one thing twice; best is {task.best}. Leave one of them out."
        )
    return found


def _objective(metric, task):
    if metric == SECONDS:
        return Objective(SECONDS, None, False)
    split, _, name = metric.rpartition("/")
    name = task.best if name == BEST else name
    if name not in task.directions or split not in ("", *SPLITS):
        known = [BEST, SECONDS, *task.directions]
        hint = f"Nearest: {', '.join(near)}. " if (near := nearest(metric, known)) else ""
        raise ValueError(f"sweeper.metrics: {task.name} has no {metric}. {hint}Known: {', '.join(known)}.")
    return Objective(name, split or "validation", task.directions[name])


def values_of(place, objectives) -> list[float]:
    """The values that a finished run reached; ValueError for one that is missing, or no number."""
    metrics = json.loads((place / FINISHED).read_text(encoding="utf-8"))
    return [_value(objective, metrics) for objective in objectives]


def _value(objective, metrics):
    found = (
        metrics["training_seconds"] if objective.split is None else metrics.get(objective.split, {}).get(objective.name)
    )
    if not isinstance(found, int | float) or not isfinite(found):
        raise ValueError(f"its {objective} is {found}")
    return float(found)
