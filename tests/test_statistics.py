"""Intervals and tests: against scipy where it has them, against numbers worked out by hand elsewhere."""

from itertools import product
from math import isnan, sqrt

import numpy as np
import pytest
from scipy import stats

from sweeps import paired, statistics
from sweeps.samples import Sums
from sweeps.statistics import Parts
from sweeps.sums import mean

A, B = np.array([0.81, 0.84, 0.79, 0.86]), np.array([0.78, 0.80, 0.77])


def test_spread_by_hand():
    assert statistics.spread([0.5, 0.7, 0.9]) == pytest.approx({"mean": 0.7, "sd": 0.2, "min": 0.5, "max": 0.9})
    assert isnan(statistics.spread([0.5])["sd"])


def test_seeds_alone_are_the_tests_of_student_and_welch():
    of = statistics.parts(A, None)
    low, high = stats.t.interval(0.95, 3, A.mean(), stats.sem(A))
    assert statistics.half_width(of) == pytest.approx((high - low) / 2)
    assert statistics.p_value(A.mean(), of) == pytest.approx(stats.ttest_1samp(A, 0).pvalue, rel=1e-6)
    of, welch = statistics.difference_parts(A, B, None, 0), stats.ttest_ind(A, B, equal_var=False)
    assert statistics.p_value(A.mean() - B.mean(), of) == pytest.approx(welch.pvalue, rel=1e-6)
    assert statistics.half_width(of) == pytest.approx(np.diff(welch.confidence_interval())[0] / 2)


def test_examples_add_their_part_with_their_own_quantile():
    """(t(2) * 4 + t(99) * (9 - 1)) / sqrt(4 + 9 - 1) with t(2) = 4.3027 and t(99) = 1.9842."""
    of = Parts(((4.0, 3),), examples=9.0, shared=1.0, count=100)
    assert statistics.half_width(of) == pytest.approx((4.3027 * 4 + 1.9842 * 8) / sqrt(12), rel=1e-4)
    half = statistics.half_width(of)
    assert statistics.p_value(half, of) == pytest.approx(0.05) and statistics.p_value(0.0, of) == 1.0
    assert isnan(statistics.half_width(Parts(()))) and isnan(statistics.p_value(1.0, Parts(())))
    assert statistics.half_width(Parts((), 9.0, 0.0, 100)) == pytest.approx(3 * 1.9842, rel=1e-4)


def test_what_seeds_and_examples_share_is_found():
    """Two seeds whose draws vary by themselves, each with variance 1: their mean's is 1 / 2, all of it is shared."""
    draws = np.random.default_rng(0).normal(size=(20_000, 2))
    of = statistics.parts(np.array([0.0, 2.0]), draws, 50)
    assert of.seeds == ((1.0, 2),) and of.examples == pytest.approx(0.5, rel=0.05)
    assert of.shared == pytest.approx(0.5, rel=0.05)
    together = statistics.parts(np.array([0.0, 2.0]), np.repeat(draws[:, :1], 2, axis=1), 50)
    assert together.examples == pytest.approx(1, rel=0.05) and together.shared == pytest.approx(0, abs=1e-9)


def test_holm_by_hand():
    """Least first: 0.01 * 3, 0.03 * 2, then 0.04 * 1 but no less than the one before."""
    assert statistics.holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    adjusted = statistics.holm([0.5, float("nan"), 0.9])
    assert adjusted[0] == 1.0 and isnan(adjusted[1]) and adjusted[2] == 1.0


def test_effect_size_by_hand():
    """Variances 1 and 1, difference 2, freedom 4: J = gamma(2) / (sqrt(2) * gamma(1.5)) = 0.7979."""
    assert statistics.hedges_g([3, 4, 5], [1, 2, 3]) == pytest.approx(2 * 0.79788, rel=1e-4)
    assert isnan(statistics.hedges_g([1], [1, 2])) and statistics.hedges_g([2, 2], [1, 1]) == float("inf")


@pytest.mark.parametrize("only", [(3, 12), (0, 5), (40, 20)])
def test_mcnemar(only):
    a = [True] * only[0] + [False] * only[1] + [True] * 30
    b = [False] * only[0] + [True] * only[1] + [True] * 30
    few = stats.binomtest(only[0], sum(only)).pvalue
    many = stats.chi2.sf((abs(only[0] - only[1]) - 1) ** 2 / sum(only), 1)
    assert paired.mcnemar_p(a, b) == pytest.approx(few if sum(only) < 25 else many)
    assert paired.mcnemar_p([True], [True]) == 1.0


def test_wilcoxon():
    for differences in ([1.5, -0.5, 2.0, 3.0, -1.0], [0.1, 0.2, 0.3], list(np.arange(-4, 9) + 0.25)):
        assert paired.wilcoxon_p(differences) == pytest.approx(stats.wilcoxon(differences, method="exact").pvalue)
    with_ties = [1, 1, -2, 3, 0, 3]
    by_signs = stats.wilcoxon(with_ties, method=stats.PermutationMethod(n_resamples=np.inf)).pvalue
    assert paired.wilcoxon_p(with_ties) == pytest.approx(by_signs)
    assert paired.wilcoxon_p([1.0] * 5) == pytest.approx(2 / 2**5) and isnan(paired.wilcoxon_p([0.0, 0.0]))


def rights(*values):
    """Samples of right and wrong answers of one run each."""
    return [Sums(np.array([[(float(v), 1.0) for v in one]]), mean) for one in values]


def test_randomization_against_all_exchanges():
    """Ten examples: all 1,024 exchanges can be counted."""
    a, b = rights([1, 1, 1, 1, 1, 1, 1, 0, 1, 1], [0, 1, 0, 1, 0, 1, 0, 1, 0, 0])
    seen = np.array(a.sums[0, :, 0] - b.sums[0, :, 0])
    every = [abs(np.dot(signs, seen)) for signs in product((1, -1), repeat=10)]
    exact = np.mean(np.array(every) >= abs(seen.sum()) - 1e-9)
    assert paired.randomization_p(a, b, 20_000) == pytest.approx(exact, abs=0.01)
    assert paired.randomization_p(a, a, 100) == 1.0


def test_the_paired_bootstrap_counts_what_is_as_far():
    a, b = np.array([[1.0], [2.0], [3.0]]), np.array([[0.0], [0.0], [0.0]])
    assert paired.bootstrap_p(a, b, 1.0) == pytest.approx((1 + 2) / 4)  # 2 and 3 lie 1 or more from 1; itself too


def test_draws_are_the_same_for_every_group():
    rng = np.random.default_rng(1)
    a, b = rights(rng.integers(0, 2, 40), rng.integers(0, 2, 40))
    first, again = paired.resampled(a, 50), paired.resampled(a, 50)
    assert first.shape == (50, 1) and (first == again).all()
    both = Sums(np.concatenate([a.sums, b.sums]), mean)
    assert np.allclose(paired.resampled(both, 50)[:, :1], first)
