"""Queries with their candidates as rows, which of them are learned from, and rows back in order."""

from collections import defaultdict

from tasks.contract import IGNORED
from tasks.texts.ranked import in_order, sample_pairs, sample_rows
from tasks.texts.rows import encode_texts


def candidate_rows(examples: dict, tokenizer) -> dict[str, list]:
    """One row per candidate, so that memory does not depend on how many a query has; where both are too long, the
    candidate loses its end, and the row is marked."""
    pairs = [(e, c) for e, texts in enumerate(examples["candidates"]) for c in range(len(texts))]
    queries = [examples["query"][e] for e, _ in pairs]
    rows = encode_texts(tokenizer, queries, [examples["candidates"][e][c] for e, c in pairs], cut="only_second")
    known = "relevance" in examples
    gold = [examples["relevance"][e][c] if known else float(IGNORED) for e, c in pairs]
    return {**rows, "example": [e for e, _ in pairs], "candidate": [c for _, c in pairs], "labels": gold}


def sampled_rows(rows, negatives: int | None, seed: int):
    """Some of the candidates of each query (a `datasets.Dataset`). ValueError where none at all is relevant."""
    chosen = _sampled(rows, sample_rows, negatives, seed)
    return rows.select([group[i] for group, positions in chosen for i in positions])


def paired_rows(rows, names: list[str], negatives: int | None, seed: int):
    """Rows of two candidates each, the more relevant one first; `names`: the columns that the model reads. ValueError
    where no query has candidates of different relevance."""
    chosen = _sampled(rows, sample_pairs, negatives, seed)
    pairs = [(group[i], group[j]) for group, positions in chosen for i, j in positions]
    if not pairs:
        raise ValueError("task.objective=pairwise: no query of train has candidates of different relevance.")
    return _paired(rows, pairs, names)


def _sampled(rows, sample, negatives, seed):
    """Per query its rows, and the positions among them that are drawn."""
    groups, relevance = defaultdict(list), rows["labels"][:]
    for row, example in enumerate(rows["example"]):
        groups[example].append(row)
    if not any(relevance):
        raise ValueError("no query of train has a relevant candidate. Check data.train and data.columns.relevance.")
    return [
        (group, sample([relevance[row] for row in group], negatives, f"{seed} {example}"))
        for example, group in groups.items()
    ]


def _paired(rows, pairs, names):
    """Rows of two texts each, as a Dataset."""
    from datasets import Dataset

    columns = {name: rows[name][:] for name in names if name in rows.column_names}
    texts = {name: [[values[i], values[j]] for i, j in pairs] for name, values in columns.items()}
    lengths = [sum(map(len, ids)) for ids in texts["input_ids"]]
    return Dataset.from_dict({**texts, "length": lengths, "labels": [1.0] * len(pairs)})


def ranked_candidates(scores, rows: dict, examples: dict) -> list[dict]:
    """The candidates of each query in the order of the scores that their rows got, (rows,)."""
    found = [[0.0] * len(candidates) for candidates in examples["candidates"]]
    for example, candidate, score in zip(rows["example"], rows["candidate"], scores, strict=True):
        found[example][candidate] = round(float(score), 4)
    pairs = zip(examples["candidates"], found, strict=True)
    return [_ranked(candidates, own, in_order(own, candidates)) for candidates, own in pairs]


def _ranked(candidates, scores, order):
    return {**as_ranking(candidates, order), "scores": [scores[i] for i in order]}


def as_ranking(candidates: list[str], order: list[int]) -> dict:
    """A prediction: candidates in order, and the positions that they have in the data."""
    return {"prediction": [candidates[i] for i in order], "order": list(order)}
