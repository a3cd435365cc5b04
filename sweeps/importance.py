"""How much of the variance of scores each key explains: over all runs of a comparison, one key at a time."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from sweeps.groups import decisive, shown, varying
from sweeps.runs import Run

BINS = 4  # of a number with many values
FEWEST = 4  # runs below which nothing is said


@dataclass(frozen=True)
class Importance:
    """A key, the share of variance that it explains (0 to 1), and the value with the best mean."""

    key: str
    share: float
    values: int
    best: str
    mean: float


def importances(runs: list[Run], split: str, metric: str, greater: bool) -> list[Importance]:
    """The keys that vary, most important first; empty with too few runs.

    The share is that of a one-way analysis of variance, without what chance alone would explain: epsilon squared
    (Kelley, 1935), at least 0. On a full grid it is the main effect that functional ANOVA gives (Hutter, Hoos and
    Leyton-Brown, 2014), without interactions; of a random search it is an estimate. Numbers with more than four values
    are cut at their quartiles.
    """
    scores = np.array([run.value(split, metric) for run in runs], float)
    if len(runs) < FEWEST or not scores.std():
        return []
    found = [_of_key(key, runs, scores, greater) for key in varying(runs)]
    return sorted((one for one in found if one), key=lambda one: -one.share)


def _of_key(key, runs, scores, greater):
    members = defaultdict(list)
    for name, score in zip(levels(key, runs), scores, strict=True):
        members[name].append(score)
    if not 1 < len(members) < len(runs):
        return None  # with one run a value, nothing is left to tell a key from a seed
    means = {name: float(np.mean(own)) for name, own in members.items()}
    best = (max if greater else min)(means, key=means.get)
    return Importance(
        key.removesuffix(".name"), epsilon_squared(list(members.values())), len(members), best, means[best]
    )


def levels(key: str, runs: list[Run]) -> list[str]:
    """The value of a key for each run; of a number with many values the quarter it lies in."""
    values = [decisive(run).get(key) for run in runs]
    are_numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    if not are_numbers or len(set(values)) <= BINS:
        return [shown(run, key) for run in runs]
    edges = np.quantile(values, np.linspace(0, 1, BINS + 1))
    places = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, BINS - 1)
    return [f"{edges[place]:.3g} to {edges[place + 1]:.3g}" for place in places]


def epsilon_squared(groups: list[list[float]]) -> float:
    """(between - (groups - 1) * mean square within) / total, at least 0."""
    values = np.concatenate(groups)
    within = sum(float(((np.array(own) - np.mean(own)) ** 2).sum()) for own in groups)
    total = float(((values - values.mean()) ** 2).sum())
    freedom = len(values) - len(groups)
    if not total or not freedom:
        return 0.0
    return max((total - within - (len(groups) - 1) * within / freedom) / total, 0.0)
