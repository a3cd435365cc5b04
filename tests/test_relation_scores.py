"""Scores of relations as SemEval-2010 task 8's own scorer gives them, by hand and against scikit-learn."""

import pytest
from sklearn.metrics import f1_score

from tasks.spans.relation_scores import relation_table, relation_values

# The confusion matrix and the scores that semeval2010_task8_scorer-v1.2.pl printed for a text CNN, as published in the
# README of its author. Rows: gold, columns: predicted in the right direction; then how many in the wrong one.
NAMES = ["Cause-Effect", "Component-Whole", "Content-Container", "Entity-Destination", "Entity-Origin",
         "Instrument-Agency", "Member-Collection", "Message-Topic", "Product-Producer", "Other"]  # fmt: skip
MATRIX = """
296 0 0 0 9 1 0 1 2 15 4
2 209 5 3 1 9 13 5 2 32 31
0 4 160 10 2 0 0 1 0 11 4
0 2 10 260 0 0 0 2 1 16 1
2 1 0 12 221 1 0 1 3 16 1
0 4 1 2 2 101 1 3 9 31 2
0 6 0 0 2 3 195 4 2 20 1
1 2 0 2 0 0 3 228 3 19 3
4 4 2 1 9 10 0 5 167 24 5
20 25 25 25 32 20 39 39 26 203 0
"""
PRINTED = """
89.97 90.24 90.11
72.57 66.99 69.67
77.29 83.33 80.20
82.28 89.04 85.53
79.21 85.66 82.31
68.71 64.74 66.67
77.38 83.69 80.41
78.08 87.36 82.46
75.91 72.29 74.06
"""


def scored_by_perl():
    """Gold and predicted labels with that matrix."""
    gold, predicted = [], []
    for name, line in zip(NAMES, MATRIX.strip().split("\n"), strict=True):
        *counts, turned = map(int, line.split())
        for other, count in zip([*NAMES, name], [*counts, turned], strict=True):
            way = "" if other == "Other" else "(e2,e1)" if (other, count) == (name, turned) else "(e1,e2)"
            gold += [name if name == "Other" else f"{name}(e1,e2)"] * count
            predicted += [f"{other}{way}"] * count
    return gold, predicted


def values(gold, predicted, negative="Other"):
    return relation_values(gold, predicted, negative, relation_table(gold, predicted, negative))


# --- scores


def test_scores_equal_those_of_the_official_scorer():
    gold, predicted = scored_by_perl()
    assert len(gold) == 2717
    table = relation_table(gold, predicted, "Other")
    printed = [[float(number) for number in line.split()] for line in PRINTED.strip().split("\n")]
    for row, expected in zip(table, printed, strict=True):
        assert [round(100 * row[name], 2) for name in ("precision", "recall", "f1")] == expected
    assert [row["wrong direction"] for row in table] == [4, 31, 4, 1, 1, 2, 1, 3, 5]
    found = values(gold, predicted)
    assert round(100 * found["f1_official"], 2) == 79.05
    assert round(100 * found["accuracy"], 2) == 75.08
    assert [round(100 * found[name], 2) for name in ("precision", "recall", "f1")] == [78.84, 81.18, 79.99]  # its micro


def test_scores_by_hand():
    """A: 1 right of 3 predicted in any direction and of 2 gold, F1 2/5; B: never predicted."""
    gold = ["A(e1,e2)", "A(e2,e1)", "B(e1,e2)", "Other", "Other"]
    predicted = ["A(e1,e2)", "A(e1,e2)", "Other", "Other", "A(e2,e1)"]
    assert relation_table(gold, predicted, "Other") == [
        {"relation": "A", "precision": 1 / 3, "recall": 1 / 2, "f1": 2 / 5, "support": 2, "wrong direction": 1},
        {"relation": "B", "precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 1, "wrong direction": 0},
    ]
    found = values(gold, predicted)
    assert found["f1_official"] == pytest.approx(1 / 5)
    assert (found["precision"], found["recall"], found["f1"]) == (1 / 3, 1 / 3, 1 / 3)
    assert found["accuracy"] == 2 / 5


@pytest.mark.parametrize("negative", ["no_relation", None])
def test_micro_and_macro_f1_are_those_of_scikit_learn_without_the_negative_label(negative):
    gold = ["per:age", "no_relation", "per:age", "org:city", "no_relation", "per:title"]
    predicted = ["per:age", "per:age", "no_relation", "org:city", "no_relation", "org:city"]
    labels = sorted({*gold, *predicted} - {negative})
    found = values(gold, predicted, negative)
    for name, average in (("f1", "micro"), ("f1_macro", "macro")):
        expected = f1_score(gold, predicted, labels=labels, average=average, zero_division=0)
        assert found[name] == pytest.approx(expected)
    assert found["f1_official"] == pytest.approx(found["f1_macro"])  # no directions, all predicted labels are gold ones


def test_nothing_to_score():
    assert set(values(["Other"], ["Other"]).values()) == {0.0, 1.0}
