"""Paired tests of two groups of runs: on the same test examples, and on the same seeds. Each says what its null
hypothesis covers; all are two-sided."""

from collections.abc import Sequence

import numpy as np
from scipy.special import bdtr, chdtrc

CHUNK = 4_000_000  # numbers held at once
FEW = 25  # answers that only one side has right, below which McNemar's test is exact


def resampled(sample, draws: int, seed: int = 0) -> np.ndarray:
    """Scores when the test examples are drawn anew, with replacement: (draws, seeds). The same `seed` gives the same
    draws to every group, which makes them paired (Koehn, 2004)."""
    rng, size = np.random.default_rng(seed), sample.size
    step = max(CHUNK // size, 1)
    share = np.full(size, 1 / size)
    found = [sample.drawn(rng.multinomial(size, share, min(step, draws - i))) for i in range(0, draws, step)]
    return np.concatenate(found)


def bootstrap_p(a: np.ndarray, b: np.ndarray, difference: float) -> float:
    """The paired bootstrap: how often the difference under examples drawn anew is as far from the one seen as that is
    from 0 (Berg-Kirkpatrick, Burkett and Klein, 2012, two-sided), counting the data itself (Davison and Hinkley, 1997,
    section 4.4). `a`, `b`: `resampled` of both.

    Null hypothesis: on all examples of this kind, these very models do equally well. It says nothing of other seeds.
    """
    drawn = a.mean(axis=1) - b.mean(axis=1)
    return _share(np.abs(drawn - difference), difference)


def randomization_p(a, b, draws: int, seed: int = 0) -> float:
    """Approximate randomization (Noreen, 1989; Yeh, 2000): how often the difference is as large when each example's
    answers of both sides are exchanged by the toss of a coin, counting the data itself (Phipson and Smyth, 2010).

    The runs of both sides are paired in the order of their seeds, as many as both have; an example is exchanged in all
    pairs at once. Null hypothesis: on these examples, the answers of these very models may come from either side. It
    says nothing of other seeds.
    """
    rng, size = np.random.default_rng(seed), a.size
    step, found = max(CHUNK // size, 1), []
    for i in range(0, draws, step):
        swap = rng.integers(0, 2, (min(step, draws - i), size))
        found.append(a.exchanged(b, swap))
    nothing = a.exchanged(b, np.zeros((1, size), int))[0]
    return _share(np.abs(np.concatenate(found)), nothing)


def _share(found, seen):
    return float((1 + np.sum(found >= abs(seen) - 1e-12)) / (1 + len(found)))


def mcnemar_p(a_right: Sequence[bool], b_right: Sequence[bool]) -> float:
    """McNemar's test (1947) of two models' right and wrong answers: exact by the binomial distribution where fewer than
    25 are right on one side only, else by chi-squared with Edwards' correction (1948).

    Null hypothesis: these two models are right equally often on examples of this kind. It says nothing of other seeds.
    """
    a, b = np.asarray(a_right, bool), np.asarray(b_right, bool)
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    either = only_a + only_b
    if either == 0:
        return 1.0
    if either < FEW:
        return min(float(2 * bdtr(min(only_a, only_b), either, 0.5)), 1.0)
    return float(chdtrc(1, max(abs(only_a - only_b) - 1, 0) ** 2 / either))


def wilcoxon_p(differences: Sequence[float]) -> float:
    """Wilcoxon's signed-rank test (1945), exact for any number of pairs, zeros left out and mean ranks for ties. nan
    where no pair differs. With n pairs p cannot be below 2 / 2^n: 0.25 with 3 and 0.0625 with 5.

    Null hypothesis: over seeds, on this very test split, the differences are symmetric around 0. It says nothing of
    other examples.
    """
    values = np.asarray([d for d in differences if d != 0], float)
    if not len(values):
        return float("nan")
    ranks = np.rint(2 * mean_ranks(np.abs(values))).astype(int)
    ways = np.ones(1)  # ways[w]: how many choices of signs give the doubled sum w
    for rank in ranks:
        ways = np.pad(ways, (0, rank)) + np.pad(ways, (rank, 0))
    seen = int(ranks[values > 0].sum())
    return float(min(2 * min(ways[: seen + 1].sum(), ways[seen:].sum()) / ways.sum(), 1.0))


def mean_ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1, equal values share their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[inverse]
