"""Queries and their candidates, read from lists or from rows of single candidates, and looked at."""

from math import isfinite
from statistics import fmean

from tasks.checks import check_text
from tasks.contract import Finding


def read_queries(splits: dict[str, dict]) -> tuple[dict, list[Finding]]:
    """Examples of all splits as queries with lists of candidates, and what there is to say of those with gold."""
    ready = {split: read(split, examples) for split, examples in splits.items()}
    return ready, [f for split, examples in ready.items() if "relevance" in examples for f in look(split, examples)]


def read(split: str, examples: dict) -> dict:
    """The examples of a split as queries with lists of candidates: rows of single ones are grouped by query where they
    have a gold answer, and stand alone where they have none. ValueError names the place of what is wrong."""
    check_text(split, examples, ("query", "text"))
    if "relevance" in examples and "text" in examples:
        values = [read_relevance(r, f"{split} example {i}") for i, r in enumerate(examples["relevance"], 1)]
        return group_by_query(examples["query"], examples["text"], values)
    if "text" in examples:
        return {"query": examples["query"], "candidates": [[text] for text in examples["text"]]}
    gold = examples.get("relevance", [None] * len(examples["query"]))
    if "relevance" in examples:  # null there is a mistake, not a missing column
        gold = [values if values is not None else "null" for values in gold]
    for i, (candidates, values) in enumerate(zip(examples["candidates"], gold, strict=True), 1):
        check_candidates(candidates, values, f"{split} example {i}")
    if "relevance" not in examples:
        return examples
    where = f"{split} example "
    graded = [[read_relevance(r, f"{where}{i}") for r in values] for i, values in enumerate(gold, 1)]
    return {**examples, "relevance": graded}


def look(split: str, examples: dict) -> list[Finding]:
    """How many candidates there are, and how many queries have none that is relevant."""
    sizes = list(map(len, examples["candidates"])) or [0]
    found = [Finding("note", split, f"candidates per query: {min(sizes)} to {max(sizes)}, mean {fmean(sizes):.1f}")]
    without = sum(not any(values) for values in examples["relevance"])
    if without:
        advice = "They are left out of the scores: nothing can be ranked rightly there."
        found.append(Finding("warning", split, f"{without} queries have no relevant candidate", advice))
    return found


def check_candidates(candidates, relevance: list | None, where: str) -> None:
    """Raise ValueError naming an example whose candidates are no texts, or whose relevance is of another number."""
    if not isinstance(candidates, list) or not candidates or not all(isinstance(text, str) for text in candidates):
        raise ValueError(f"{where}: data.columns.candidates must be a list of texts, it is {repr(candidates)[:60]}.")
    if relevance is not None and (not isinstance(relevance, list) or len(relevance) != len(candidates)):
        held = f"{len(relevance)} values" if isinstance(relevance, list) else repr(relevance)[:60]
        raise ValueError(
            f"{where}: data.columns.relevance needs one value for each of {len(candidates)} candidates, it has {held}."
        )


def read_relevance(value, where: str) -> float:
    """How relevant a candidate is: 0 is not, more is more; text may hold a number. ValueError names the place."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not (isfinite(number) and number >= 0):
        raise ValueError(f"{where}: data.columns.relevance must be a number from 0 up, it is {repr(value)[:60]}.")
    return number


def group_by_query(queries: list[str], texts: list[str], relevance: list) -> dict[str, list]:
    """Rows of query, text and relevance as one example per query, in the order in which queries first come."""
    groups = {}
    for query, text, value in zip(queries, texts, relevance, strict=True):
        candidates, values = groups.setdefault(query, ([], []))
        candidates.append(text)
        values.append(value)
    return {
        "query": list(groups),
        "candidates": [candidates for candidates, _ in groups.values()],
        "relevance": [values for _, values in groups.values()],
    }
