"""Intervals and tests hold what they say, in 1,000 simulated experiments each; all figures: benchmarks/."""

import pytest

from benchmarks.intervals_and_tests import WORLDS, rates

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("metric", ["accuracy", "entity F1"])
@pytest.mark.parametrize("world", WORLDS)
def test_over_seeds_and_examples(metric, world):
    covered, rejected = rates(1000, metric, 5, 300, WORLDS[world])
    assert 0.93 <= covered["seeds and examples"] <= 0.975
    assert rejected["p"] <= 0.065 and rejected["Wilcoxon"] == 0.0  # five seeds cannot reject


def test_over_examples_alone():
    """One model a side, no difference between seeds: the null hypothesis of the tests over examples."""
    covered, rejected = rates(1000, "accuracy", 1, 300, (0.0, 2.0, 0.0))
    assert 0.93 <= covered["seeds and examples"] <= 0.97
    for test in ("p", "paired bootstrap", "randomization"):
        assert 0.025 <= rejected[test] <= 0.065
    assert 0.02 <= rejected["McNemar"] <= 0.065  # exact, so a little less
