"""How relations are scored: SemEval-2010 task 8's official macro F1, and F1 over all labels but the negative one; and
a baseline that remembers pairs of entities."""

import re
from collections import Counter

from tasks.contract import Finding, Scores
from tasks.spans.marked_entities import entity_texts
from tasks.tables import confusion

DIRECTION = re.compile(r"\((e1,e2|e2,e1)\)$")


def relation_of(label: str) -> str:
    """A label without its direction: `Cause-Effect(e1,e2)` is Cause-Effect."""
    return DIRECTION.sub("", label)


def find_negative(train: list[str], negative: str | None) -> list[Finding]:
    """What is to be said where none of the labels of train is the negative one; nothing without a training split."""
    if not train or negative is None or negative in train:
        return []
    what = f"no example has the label {negative}, which F1 leaves out: all labels count"
    return [Finding("note", "train", what, "Name another one in task.negative.")]


def relation_scores(gold: list[str], predicted: list[str], negative: str | None) -> Scores:
    """`relation_values`, with `relation_table` and the confusion matrix as tables."""
    table = relation_table(gold, predicted, negative)
    tables = {"relations": table, "confusion": confusion(gold, predicted)}
    return Scores(relation_values(gold, predicted, negative, table), tables)


def relation_table(gold: list[str], predicted: list[str], negative: str | None) -> list[dict]:
    """Per relation of the gold labels, both directions pooled: precision, recall, F1, support and how many are it in
    the wrong direction, which is an error; the last only where labels have one.

    The official one of the three evaluations of semeval2010_task8_scorer-v1.2.pl (Hendrickx et al., 2010): precision is
    right / (predicted as it, in whichever direction), recall right / gold.
    """
    right = Counter(relation_of(g) for g, p in zip(gold, predicted, strict=True) if g == p)
    turned = Counter(relation_of(g) for g, p in zip(gold, predicted, strict=True)
                     if g != p and relation_of(g) == relation_of(p))  # fmt: skip
    directed = any(DIRECTION.search(label) for label in gold)
    of_gold, of_predicted = (Counter(map(relation_of, labels)) for labels in (gold, predicted))
    return [
        {
            "relation": name, "precision": _share(right[name], of_predicted[name]),
            "recall": _share(right[name], of_gold[name]),
            "f1": _share(2 * right[name], of_gold[name] + of_predicted[name]),
            "support": of_gold[name], **({"wrong direction": turned[name]} if directed else {}),
        }
        for name in sorted(of_gold) if name != negative
    ]  # fmt: skip


def _share(part, whole):
    return part / whole if whole else 0.0


def relation_values(gold: list[str], predicted: list[str], negative: str | None, table: list[dict]) -> dict[str, float]:
    """`f1_official`: the mean over the rows of `relation_table`. `f1`, `precision`, `recall`: over all examples whose
    gold or predicted label is not the negative one (as TACRED's scorer); `f1_macro`: the mean over such labels that
    occur. `accuracy` counts all."""
    pairs = list(zip(gold, predicted, strict=True))
    right = sum(g == p != negative for g, p in pairs)
    guessed, there = (sum(label != negative for label in labels) for labels in (predicted, gold))
    labels = sorted({*gold, *predicted} - {negative})
    per_label = [_share(2 * sum(g == p == label for g, p in pairs), sum((g == label) + (p == label) for g, p in pairs))
                 for label in labels]  # fmt: skip
    return {
        "f1_official": _share(sum(row["f1"] for row in table), len(table)),
        "f1": _share(2 * right, guessed + there), "precision": _share(right, guessed), "recall": _share(right, there),
        "f1_macro": _share(sum(per_label), len(labels)), "accuracy": _share(sum(g == p for g, p in pairs), len(pairs)),
    }  # fmt: skip


def remembered_relations(train: dict, examples: dict, negative: str | None) -> list[dict]:
    """The relation of the same two entities in training, else the most frequent one that is not negative, as
    predictions."""
    memory = dict(zip(entity_texts(train), train["relation"], strict=True))
    counts = Counter(label for label in train["relation"] if label != negative)
    (frequent, _), *_ = (counts or Counter(train["relation"])).most_common(1)
    return [{"prediction": memory.get(pair, frequent)} for pair in entity_texts(examples)]
