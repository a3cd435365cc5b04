"""Scores of tag sequences: by entity as seqeval counts them, by token as scikit-learn does."""

from itertools import chain

from tasks.contract import Scores
from tasks.tables import confusion
from tasks.words.tags import spans


def entity_scores(gold, predicted):
    """Entity scores by seqeval 1.2.2, default (as conlleval) and strict IOB2; token scores by scikit-learn over all
    tags but O, as papers and tutorials print them."""
    tokens = token_table(gold, predicted)
    tables = {
        **entity_tables(gold, predicted, "entities"),
        "tokens by tag": tokens,
        "confusion": confusion(chain(*gold), chain(*predicted)),
    }
    return Scores({**entity_values(gold, predicted), **token_values(gold, predicted, tokens)}, tables)


def entity_values(gold, predicted):
    """Micro precision, recall and F1 over entities, in seqeval's default reading and under strict IOB2."""
    from seqeval.metrics.sequence_labeling import precision_recall_fscore_support as default
    from seqeval.metrics.v1 import precision_recall_fscore_support as strict
    from seqeval.scheme import IOB2

    values = {}
    for prefix, scorer, reading in (("", default, {}), ("strict_", strict, {"scheme": IOB2})):
        precision, recall, f1, _ = scorer(gold, predicted, average="micro", zero_division=0, **reading)
        values |= {f"{prefix}f1": float(f1), f"{prefix}precision": float(precision), f"{prefix}recall": float(recall)}
    return values


def entity_tables(gold, predicted, what):
    """Scores by type, and their averages, in both readings: `<what> by type` and `<what> by type, strict`."""
    from seqeval.scheme import IOB2

    title = f"{what} by type"
    found = any(spans(tags) for tags in chain(gold, predicted))
    strict = any(tag.startswith("B-") for tags in chain(gold, predicted) for tag in tags)
    return {
        title: _report(gold, predicted) if found else [],  # seqeval averages over no types, and warns
        f"{title}, strict": _report(gold, predicted, mode="strict", scheme=IOB2) if strict else [],
    }


def _report(gold, predicted, **reading):
    from seqeval.metrics import classification_report

    report = classification_report(gold, predicted, output_dict=True, zero_division=0, **reading)
    return [_row("type", name, *row.values()) for name, row in report.items()]


def token_table(gold, predicted, outside="O", of="tag"):
    """Scores by tag (or what else they are `of`), and their averages, over all tags but `outside`."""
    from sklearn.metrics import precision_recall_fscore_support

    gold, predicted = list(chain(*gold)), list(chain(*predicted))
    tags = sorted({*gold, *predicted} - {outside})
    if not tags:
        return []
    scores = {"labels": tags, "zero_division": 0}
    by_tag = precision_recall_fscore_support(gold, predicted, **scores)
    rows = [_row(of, *row) for row in zip(tags, *by_tag, strict=True)]
    for average in ("micro", "macro", "weighted"):
        p, r, f1, _ = precision_recall_fscore_support(gold, predicted, average=average, **scores)
        rows.append(_row(of, f"{average} avg", p, r, f1, sum(by_tag[-1])))
    return rows


def token_values(gold, predicted, table):
    """F1 over tokens, O left out; accuracy over all tokens."""
    averages = {row["tag"]: row["f1"] for row in table}
    pairs = [g == p for g, p in zip(chain(*gold), chain(*predicted), strict=True)]
    values = {f"token_f1_{a}": averages.get(f"{a} avg", 0.0) for a in ("micro", "macro", "weighted")}
    return {**values, "token_accuracy": sum(pairs) / max(len(pairs), 1)}


def _row(first, name, precision, recall, f1, support):
    numbers = {"precision": float(precision), "recall": float(recall), "f1": float(f1)}
    return {first: name, **numbers, "support": int(support)}
