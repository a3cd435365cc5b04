"""Scores of tag sequences: by entity as seqeval counts them, by token as scikit-learn does."""

import numpy as np

from tasks.contract import Scores
from tasks.words.chunks import are_iob, count_chunks
from tasks.words.tag_pairs import TagPairs

AVERAGES = ("micro", "macro", "weighted")


def entity_scores(gold, predicted):
    """Entity scores by seqeval 1.2.2, default (as conlleval) and strict IOB2; token scores by scikit-learn over all
    tags but O, as papers and tutorials print them."""
    tags = TagPairs.of(gold, predicted)
    tokens = token_table(tags)
    tables = {**entity_tables(tags, "entities"), "tokens by tag": tokens, "confusion": tags.confusion()}
    return Scores({**entity_values(tags), **token_values(tags, tokens)}, tables)


def entity_values(tags):
    """Micro precision, recall and F1 over entities, in seqeval's default reading and under strict IOB2."""
    values = {}
    for prefix, strict in (("", False), ("strict_", True)):
        precision, recall, f1, _ = _averaged("micro", *count_chunks(_checked(tags), strict)[1:], _by_rates)
        values |= {f"{prefix}f1": f1, f"{prefix}precision": precision, f"{prefix}recall": recall}
    return values


def entity_tables(tags, what):
    """Scores by type, and their averages, in both readings: `<what> by type` and `<what> by type, strict`."""
    readings = {f"{what} by type": False, f"{what} by type, strict": True}
    counts = {title: count_chunks(_checked(tags), strict) for title, strict in readings.items()}
    return {title: _table("type", *of_types, _by_rates) for title, of_types in counts.items()}


def _checked(tags):
    if not are_iob(tags.names):
        wrong = next(name for name in tags.names if not are_iob([name]))
        raise ValueError(f"tag {wrong!r} is not a tag of IOB2. Correct the tag.")
    return tags


def token_table(tags, outside="O", of="tag"):
    """Scores by tag (or what else they are `of`), and their averages, over all tags but `outside`."""
    counts = tags.counts()
    right, predicted, gold = np.diagonal(counts), counts.sum(axis=0), counts.sum(axis=1)
    kept = [i for i, name in enumerate(tags.names) if name != outside and predicted[i] + gold[i]]
    return _table(of, [tags.names[i] for i in kept], right[kept], predicted[kept], gold[kept], _by_counts)


def token_values(tags, table):
    """F1 over tokens, O left out; accuracy over all tokens."""
    averages = {row["tag"]: row["f1"] for row in table}
    values = {f"token_f1_{a}": averages.get(f"{a} avg", 0.0) for a in AVERAGES}
    return {**values, "token_accuracy": tags.accuracy()}


def _table(first, names, right, predicted, gold, f1):
    """Rows of names and of their averages, from counts of each, (names,); `f1`: which of the two ways below."""
    if not names:
        return []
    of_names = zip(names, *_rates(right, predicted, gold, f1), gold, strict=True)
    averages = ((f"{average} avg", *_averaged(average, right, predicted, gold, f1)) for average in AVERAGES)
    return [_row(first, *row) for row in (*of_names, *averages)]


def _averaged(average, right, predicted, gold, f1):
    """-> (precision, recall, F1, support) over all of them."""
    support = int(gold.sum())
    if average == "micro":
        right, predicted, gold = (np.array([count.sum()]) for count in (right, predicted, gold))
    weights = gold if average == "weighted" else None
    return (*(_mean(rates, weights, f1) for rates in _rates(right, predicted, gold, f1)), support)


def _mean(rates, weights, f1):
    """Where nothing is gold, a weighted mean is 0 for seqeval and a plain one for scikit-learn."""
    if weights is not None and not weights.sum():
        return 0.0 if f1 is _by_rates else float(np.average(rates))
    return float(np.average(rates, weights=weights))


def _rates(right, predicted, gold, f1):
    """-> precision, recall, F1, an array each; 0 where there is nothing to divide by."""
    precision, recall = _share(right, predicted), _share(right, gold)
    return precision, recall, f1(precision, recall, right, predicted, gold)


def _by_rates(precision, recall, right, predicted, gold):
    """F1 as seqeval computes it; the last digit may differ from the other way."""
    return _share(2.0 * precision * recall, precision + recall)


def _by_counts(precision, recall, right, predicted, gold):
    """F1 as scikit-learn computes it."""
    return _share(2.0 * right, gold + predicted)


def _share(part, whole):
    return part / np.where(whole == 0, 1, whole)


def _row(first, name, precision, recall, f1, support):
    numbers = {"precision": float(precision), "recall": float(recall), "f1": float(f1)}
    return {first: name, **numbers, "support": int(support)}
