"""Rankings of all queries beside their gold answers: scores, an order without learning, rows as a reader sees them."""

from functools import partial

from tasks.contract import Answer, Scores
from tasks.texts.candidate_rows import as_ranking
from tasks.texts.ranked import (
    average_precision,
    by_shared_terms,
    first_ranks,
    mean,
    means,
    reciprocal_rank,
)

CUTS = (1, 3, 5, 10)  # of the table by k


def ranking_scores(predictions: list[dict], relevance: list[list[float]], k: int, more: dict[str, float]) -> Scores:
    """Means over the queries that have a relevant candidate, of the others nothing can be said; and `more` values."""
    lists = [[gold[i] for i in p["order"]] for p, gold in zip(predictions, relevance, strict=True)]
    lists = [by_rank for by_rank in lists if any(by_rank)]
    values = means(lists, k) | {
        "mrr": mean(reciprocal_rank, lists),
        "map": mean(average_precision, lists),
        "precision_at_1": mean(partial(reciprocal_rank, k=1), lists),
        **more,
    }
    by_k = [{"k": cut, **means(lists, cut)} for cut in sorted({*CUTS, k})]
    return Scores(values, {"by k": by_k, "first relevant candidate": first_ranks(lists)})


def shared_words_ranking(examples: dict) -> tuple[str, list[dict]]:
    """The candidates that share most words with the query first."""
    pairs = zip(examples["query"], examples["candidates"], strict=True)
    return "words shared with the query", [as_ranking(texts, by_shared_terms(query, texts)) for query, texts in pairs]


def ranking_answers(row: dict) -> list[Answer]:
    """What a row of predictions answers: nothing where no candidate is relevant, else what stands first; its error
    grows with the rank of the first relevant candidate."""
    if not any(row["gold"]):
        return []
    best = row["candidates"][row["gold"].index(max(row["gold"]))]
    return [Answer(best, row["prediction"][0], 1 - reciprocal_rank([row["gold"][i] for i in row["order"]]))]


def marked_candidates(row: dict) -> list[tuple]:
    """The query, what stands first, and the first relevant candidate."""
    top = row["order"][0]
    first = next((i for i in row["order"] if row["gold"][i]), top)
    sides = [(i, "relevant" if row["gold"][i] else None, "relevant" if i == top else None) for i in {top: 0, first: 0}]
    return [(row["query"], None, None), *((row["candidates"][i], *marks) for i, *marks in sides)]
