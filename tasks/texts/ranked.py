"""Candidates ranked for a query: the published scores of an order, an order without learning, what to learn from."""

import random
import re
from functools import partial
from math import inf, log2
from statistics import fmean
from zlib import crc32

TERMS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")


def reciprocal_rank(ranked: list[float], k: int | None = None) -> float:
    """1 / the rank of the first relevant candidate, 0 where none is among the first k. `ranked`: relevance by rank."""
    return next((1 / rank for rank, relevance in enumerate(ranked[:k], 1) if relevance > 0), 0.0)


def ndcg(ranked: list[float], k: int | None = None) -> float:
    """Normalized discounted cumulative gain of the first k with gain = relevance and discount 1 / log2(rank + 1), as in
    Jarvelin and Kekalainen (2002), trec_eval and scikit-learn."""
    best = _gain(sorted(ranked, reverse=True)[:k])
    return _gain(ranked[:k]) / best if best else 0.0


def _gain(ranked):
    return sum(relevance / log2(rank + 1) for rank, relevance in enumerate(ranked, 1))


def average_precision(ranked: list[float]) -> float:
    """The mean, over the relevant candidates, of the precision at the rank of each."""
    ranks = [rank for rank, relevance in enumerate(ranked, 1) if relevance > 0]
    return sum(i / rank for i, rank in enumerate(ranks, 1)) / len(ranks) if ranks else 0.0


def recall(ranked: list[float], k: int | None = None) -> float:
    """The share of the relevant candidates that is among the first k."""
    relevant = sum(relevance > 0 for relevance in ranked)
    return sum(relevance > 0 for relevance in ranked[:k]) / relevant if relevant else 0.0


def means(lists: list[list[float]], k: int) -> dict[str, float]:
    """The means of the scores that look no further than k."""
    scores = {"mrr": reciprocal_rank, "ndcg": ndcg, "recall": recall}
    return {name: mean(partial(score, k=k), lists) for name, score in scores.items()}


def mean(score, lists):
    return fmean(map(score, lists)) if lists else 0.0


def first_ranks(lists: list[list[float]]) -> list[dict]:
    """Rows of a table: at which rank the first relevant candidate stands, by the number of queries."""
    ranks = [next(rank for rank, relevance in enumerate(ranked, 1) if relevance > 0) for ranked in lists]
    steps = {"1": (1, 1), "2": (2, 2), "3": (3, 3), "4 to 10": (4, 10), "above 10": (11, inf)}
    counts = {name: sum(low <= rank <= high for rank in ranks) for name, (low, high) in steps.items()}
    return [{"rank": name, "queries": n, "share": n / len(ranks)} for name, n in counts.items() if n]


def shared_terms(query: str, candidate: str) -> int:
    """How many different words of the query the candidate holds; characters of Chinese, Japanese and Korean count as
    words."""
    return len({*TERMS.findall(query.lower())} & {*TERMS.findall(candidate.lower())})


def by_shared_terms(query: str, candidates: list[str]) -> list[int]:
    """The candidates' positions, most shared terms first."""
    return in_order([shared_terms(query, text) for text in candidates], candidates)


def in_order(scores: list[float], candidates: list[str]) -> list[int]:
    """The candidates' positions, highest score first; ties by a digest: files often have the right one first."""
    keys = [(-score, crc32(text.encode()), i) for i, (score, text) in enumerate(zip(scores, candidates, strict=True))]
    return [i for *_, i in sorted(keys)]


def sample_rows(relevance: list[float], negatives: int | None, seed: str) -> list[int]:
    """The positions of one query's candidates to learn from one by one: all relevant ones, so many of the others."""
    chosen = random.Random(seed)
    others = [i for i, r in enumerate(relevance) if r == 0]
    chosen.shuffle(others)
    return sorted([*(i for i, r in enumerate(relevance) if r > 0), *others[:negatives]])


def sample_pairs(relevance: list[float], negatives: int | None, seed: str) -> list[tuple[int, int]]:
    """(more relevant, less relevant) positions of one query's candidates: each relevant one with so many below it."""
    chosen, pairs = random.Random(seed), []
    for i, r in enumerate(relevance):
        lower = [j for j, other in enumerate(relevance) if other < r]
        chosen.shuffle(lower)
        pairs += [(i, j) for j in lower[:negatives]]
    return pairs
