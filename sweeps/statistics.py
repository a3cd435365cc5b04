"""Means, intervals and p-values of scores over seeds and test examples, as small pure functions.

The model behind them: a score of seed s is mean + a seed's effect + the effect of which examples the test split holds
+ what of the two goes together (a crossed random-effects model; Searle, Casella and McCulloch, 1992, chapter 4). The
variance of the seeds' mean has a part of the seeds and a part of the examples; each has its own degrees of freedom.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite, sqrt

import numpy as np
from scipy.special import gammaln, stdtrit

LEVEL = 0.95


@dataclass(frozen=True)
class Parts:
    """Estimates of the variance of a mean over seeds. `seeds`: sample variance / seeds, for each side that has seeds,
    with its number; `examples`: of the mean over seeds when the test examples are drawn anew, 0 where that is unknown;
    `shared`: what of `examples` stands in `seeds` already; `count`: test examples."""

    seeds: tuple[tuple[float, int], ...]
    examples: float = 0.0
    shared: float = 0.0
    count: int = 0


def spread(values: Sequence[float]) -> dict[str, float]:
    """Mean, standard deviation of the sample (n - 1; nan of one value), least and greatest."""
    values = np.asarray(values, float)
    deviation = float(values.std(ddof=1)) if len(values) > 1 else float("nan")
    return {"mean": float(values.mean()), "sd": deviation, "min": float(values.min()), "max": float(values.max())}


def parts(scores: np.ndarray, resampled: np.ndarray | None, count: int = 0) -> Parts:
    """The parts of the variance of one group's mean. `scores`: (seeds,); `resampled`: the same under examples drawn
    anew, (draws, seeds), or None; `count`: test examples."""
    seeds = ((float(scores.var(ddof=1)) / len(scores), len(scores)),) if len(scores) > 1 else ()
    if resampled is None:
        return Parts(seeds)
    return Parts(seeds, _variance(resampled.mean(axis=1)), _shared(resampled), count)


def difference_parts(a: np.ndarray, b: np.ndarray, draws: tuple[np.ndarray, np.ndarray] | None, count: int) -> Parts:
    """The same of the difference of two groups' means, on the same examples: what both owe to them cancels out. The
    seeds of the groups are independent; `draws`: `resampled` of both, under the same draws."""
    seeds = tuple(part for scores in (a, b) for part in parts(scores, None).seeds)
    if draws is None:
        return Parts(seeds)
    examples = _variance(draws[0].mean(axis=1) - draws[1].mean(axis=1))
    return Parts(seeds, examples, sum(map(_shared, draws)), count)


def _variance(values):
    return float(values.var(ddof=1))


def _shared(resampled):
    """The variance of seed and example together, / (seeds * examples): by it the mean of the seeds' own variances
    exceeds that of their mean, times (seeds - 1)."""
    seeds = resampled.shape[1]
    if seeds == 1:
        return 0.0
    own, of_mean = resampled.var(axis=0, ddof=1).mean(), resampled.mean(axis=1).var(ddof=1)
    return max(float(own - of_mean) / (seeds - 1), 0.0)


def half_width(of: Parts, level: float = LEVEL) -> float:
    """Half of the interval of a mean or a difference: the standard error times the mean of both parts' quantiles of
    Student's t, each weighted by its variance (Cochran and Cox, 1950, for two parts; Satterthwaite's degrees of
    freedom, 1946, for the seeds of two groups). With seeds alone it is Student's interval, of two groups Welch's; nan
    where nothing is known to vary. docs/comparing.md has its coverage."""
    if not of.seeds and not of.count:
        return float("nan")
    quantile = (1 + level) / 2
    of_seeds = sum(part for part, _ in of.seeds)
    of_examples = max(of.examples - of.shared, 0.0)
    weighted = t_quantile(quantile, _seed_freedom(of)) * of_seeds if of_seeds else 0.0
    if of_examples:
        weighted += t_quantile(quantile, of.count - 1) * of_examples
    return weighted / sqrt(of_seeds + of_examples) if of_seeds + of_examples else 0.0


def _seed_freedom(of):
    below = sum(part**2 / (n - 1) for part, n in of.seeds)
    return sum(part for part, _ in of.seeds) ** 2 / below if below else inf


def t_quantile(q: float, freedom: float) -> float:
    """The quantile of Student's t; of the normal distribution where freedom is infinite."""
    return float(stdtrit(min(freedom, 1e9), q))


def p_value(difference: float, of: Parts) -> float:
    """The least 1 - level whose interval leaves out 0: the test that belongs to `half_width`, two-sided.

    Null hypothesis: trained with other seeds and scored on other examples of the same kind, both groups have the same
    expected score. So it covers seeds as well as examples, as far as `of` knows of them.
    """
    if not isfinite(half_width(of)):
        return float("nan")
    if abs(difference) <= half_width(of, 0.0):
        return 1.0
    low, high = 1e-12, 1.0  # of p
    for _ in range(60):
        middle = sqrt(low * high)
        low, high = (low, middle) if abs(difference) > half_width(of, 1 - middle) else (middle, high)
    return high


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values: below 0.05 where Holm's step-down procedure (1979) rejects at that level over all of them
    together. nan stays nan, and counts as no comparison."""
    known = [i for i, p in enumerate(p_values) if p == p]
    adjusted, largest = list(map(float, p_values)), 0.0
    for rank, i in enumerate(sorted(known, key=lambda i: p_values[i])):
        largest = max(largest, min((len(known) - rank) * p_values[i], 1.0))
        adjusted[i] = largest
    return adjusted


def hedges_g(a: Sequence[float], b: Sequence[float]) -> float:
    """Effect size: difference of means over the pooled standard deviation of seeds, without the bias of few of them
    (Hedges, 1981, its exact factor). nan with one seed on a side, infinite where seeds do not differ at all."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    freedom = len(a) + len(b) - 2
    if min(len(a), len(b)) < 2:
        return float("nan")
    pooled = sqrt(((len(a) - 1) * a.var(ddof=1) + (len(b) - 1) * b.var(ddof=1)) / freedom)
    difference = float(a.mean() - b.mean())
    if pooled == 0:
        return 0.0 if difference == 0 else float(np.copysign(inf, difference))
    factor = np.exp(gammaln(freedom / 2) - gammaln((freedom - 1) / 2)) / sqrt(freedom / 2)
    return float(factor * difference / pooled)
