"""Scores of one order against scikit-learn and by hand, an order without learning, what is learned from."""

import math

import numpy
import pytest
from sklearn.metrics import average_precision_score, ndcg_score

from tasks.texts import ranked

# --- scores of one order


def test_scores_by_hand():
    """Relevant at ranks 2 and 4 of five: reciprocal rank 1/2; average precision (1/2 + 2/4) / 2; one of the two
    relevant is among the first three; nDCG@3 with gains 1 and 3: 3 / log2(3) over 3 / log2(2) + 1 / log2(3)."""
    relevance = [0.0, 3.0, 0.0, 1.0, 0.0]
    assert ranked.reciprocal_rank(relevance) == 0.5 and ranked.reciprocal_rank(relevance, 1) == 0.0
    assert ranked.average_precision(relevance) == 0.5
    assert ranked.recall(relevance, 3) == 0.5 and ranked.recall(relevance, 4) == 1.0
    assert ranked.ndcg(relevance, 3) == pytest.approx((3 / math.log2(3)) / (3 + 1 / math.log2(3)))


@pytest.mark.parametrize("k", [1, 2, 5, 20, None])
@pytest.mark.parametrize("seed", range(5))
def test_ndcg_equals_that_of_scikit_learn(k, seed):
    chosen = numpy.random.default_rng(seed)
    relevance, scores = chosen.integers(0, 4, 12), chosen.permutation(12)
    by_rank = [float(relevance[i]) for i in numpy.argsort(-scores)]
    assert ranked.ndcg(by_rank, k) == pytest.approx(ndcg_score([relevance], [scores], k=k))


@pytest.mark.parametrize("seed", range(5))
def test_average_precision_equals_that_of_scikit_learn(seed):
    chosen = numpy.random.default_rng(seed)
    relevance, scores = chosen.integers(0, 2, 12), chosen.permutation(12)
    by_rank = [float(relevance[i]) for i in numpy.argsort(-scores)]
    assert ranked.average_precision(by_rank) == pytest.approx(average_precision_score(relevance, scores))


def test_nothing_relevant_scores_nothing():
    nothing = [0.0, 0.0]
    assert ranked.reciprocal_rank(nothing) == ranked.average_precision(nothing) == ranked.recall(nothing, 1) == 0.0
    assert ranked.ndcg(nothing, 1) == 0.0 and ranked.means([], 3) == {"mrr": 0.0, "ndcg": 0.0, "recall": 0.0}


def test_first_ranks():
    found = ranked.first_ranks([[1.0], [0.0, 2.0], [0.0] * 4 + [1.0], [1.0, 1.0]])
    assert found == [
        {"rank": "1", "queries": 2, "share": 0.5}, {"rank": "2", "queries": 1, "share": 0.25},
        {"rank": "4 to 10", "queries": 1, "share": 0.25},
    ]  # fmt: skip


# --- an order without learning


def test_shared_words_and_characters():
    assert ranked.shared_terms("Where is Berlin, Berlin?", "berlin is a city") == 2
    assert ranked.shared_terms("東京は何処", "東京 の 城") == 2
    assert ranked.shared_terms("", "x") == 0


def test_the_baseline_orders_by_shared_words_and_not_by_the_file():
    query, texts = "red car", ["the red car", "a red bus", "blue", "green"]
    assert ranked.by_shared_terms(query, texts)[:2] == [0, 1]
    orders = {tuple(t[i] for i in ranked.by_shared_terms("x", t)) for t in (texts, texts[::-1])}
    assert len(orders) == 1, "ties do not follow the file"


# --- what is learned from


def test_sampled_rows_hold_all_that_is_relevant():
    relevance = [0.0, 2.0, 0.0, 0.0, 1.0]
    chosen = ranked.sample_rows(relevance, 2, "1 0")
    assert {1, 4} < set(chosen) and len(chosen) == 4 and chosen == ranked.sample_rows(relevance, 2, "1 0")
    assert ranked.sample_rows(relevance, None, "1 0") == [0, 1, 2, 3, 4]
    assert len({tuple(ranked.sample_rows(relevance, 2, str(seed))) for seed in range(20)}) > 1


def test_pairs_hold_the_more_relevant_first():
    relevance = [0.0, 2.0, 0.0, 1.0]
    assert sorted(ranked.sample_pairs(relevance, None, "1")) == [(1, 0), (1, 2), (1, 3), (3, 0), (3, 2)]
    few = ranked.sample_pairs(relevance, 1, "1")
    assert [i for i, _ in few] == [1, 3] and all(relevance[i] > relevance[j] for i, j in few)
