"""Tags counted by arrays: equal to seqeval and scikit-learn to the last digit, whatever the tags are."""

import random
import warnings
from itertools import chain

import numpy as np
import pytest
from seqeval.metrics import classification_report
from seqeval.metrics.sequence_labeling import precision_recall_fscore_support as default
from seqeval.metrics.v1 import precision_recall_fscore_support as strict
from seqeval.scheme import IOB2
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from tasks.tables import confusion
from tasks.words.chunks import count_chunks
from tasks.words.entity_scores import entity_scores, entity_tables, token_table
from tasks.words.tag_pairs import TagPairs
from tasks.words.tag_scores import tag_scores

USUAL = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
# Types with hyphens, of hyphens alone, without a name; two that only the strict reading takes for one.
ODD = ["O", "O", "B-A-B", "I-A-B", "B-A", "I-A", "B--A-", "I--A-", "B-", "I-", "B", "I", "B-_", "I-_"]
NUMBERS = ("precision", "recall", "f1", "support")


def random_pairs(seed, tags, sentences=3):
    """A few short sentences, some without words; predictions that are partly right."""
    rng = random.Random(seed)
    gold = [[rng.choice(tags) for _ in range(rng.randint(0, 9))] for _ in range(sentences)]
    return gold, [[tag if rng.random() < 0.6 else rng.choice(tags) for tag in of_one] for of_one in gold]


def reports(gold, predicted):
    """By seqeval: its six scores, its two tables where they have any type."""
    values, tables = {}, {}
    for prefix, scorer, reading in (("", default, {}), ("strict_", strict, {"scheme": IOB2})):
        p, r, f1, _ = scorer(gold, predicted, average="micro", zero_division=0, **reading)
        values |= {f"{prefix}f1": f1, f"{prefix}precision": p, f"{prefix}recall": r}
    for title, reading in (("x by type", {}), ("x by type, strict", {"mode": "strict", "scheme": IOB2})):
        with np.errstate(invalid="ignore"):
            report = classification_report(gold, predicted, output_dict=True, zero_division=0, **reading)
        tables[title] = [[name, *row.values()] for name, row in report.items()] if len(report) > 3 else []
    return values, tables


def check_equal_to_seqeval(gold, predicted):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # seqeval's, of odd tags and of no types
        values, tables = reports(gold, predicted)
    found = entity_scores(gold, predicted).values
    assert {name: found[name] for name in values} == values
    own = entity_tables(TagPairs.of(gold, predicted), "x")
    assert {title: [list(row.values()) for row in rows] for title, rows in own.items()} == tables


@pytest.mark.parametrize("tags", [USUAL, ODD])
def test_chunks_equal_seqeval(tags):
    for seed in range(150):
        check_equal_to_seqeval(*random_pairs(seed, tags))


@pytest.mark.slow
def test_chunks_equal_seqeval_on_ten_thousand_sequences():
    for seed in range(1700):
        check_equal_to_seqeval(*random_pairs(seed, USUAL, 3))
        check_equal_to_seqeval(*random_pairs(seed, ODD, 3))


def test_an_inside_behind_another_type_is_a_chunk_only_in_the_default_reading():
    gold = [["B-A", "I-A", "I-B"], ["I-A"], [], ["B-A"]]
    tags = TagPairs.of(gold, gold)
    assert [list(part) for part in count_chunks(tags, strict=False)] == [["A", "B"], [3, 1], [3, 1], [3, 1]]
    assert [list(part) for part in count_chunks(tags, strict=True)] == [["A"], [2], [2], [2]]


def test_a_tag_of_another_scheme_is_refused():
    with pytest.raises(ValueError, match="tag 'E-A' is not a tag of IOB2"):
        entity_scores([["B-A", "E-A"]], [["B-A", "I-A"]])


def test_sentences_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="not of the same words"):
        TagPairs.of([["O", "O"]], [["O"]])


@pytest.mark.parametrize("tags", [USUAL, ["O", "B-A"], ["O"], ["A", "B", "C", "O"]])
def test_token_tables_equal_scikit_learn(tags):
    for seed in range(12):
        gold, predicted = random_pairs(seed, tags)
        gold = [["O"] * len(of_one) for of_one in gold] if seed == 3 else gold  # nothing to find
        pairs, flat = TagPairs.of(gold, predicted), (list(chain(*gold)), list(chain(*predicted)))
        names = sorted({*flat[0], *flat[1]} - {"O"})
        rows = [[row["tag"], *(row[n] for n in NUMBERS)] for row in token_table(pairs)]
        assert rows == (by_scikit_learn(*flat, names) if names else [])
        assert pairs.confusion() == confusion(*flat)
        assert pairs.accuracy() == (accuracy_score(*flat) if flat[0] else 0.0)


def by_scikit_learn(gold, predicted, names):
    columns = precision_recall_fscore_support(gold, predicted, labels=names, zero_division=0)
    rows = [list(row) for row in zip(names, *columns, strict=True)]
    for average in ("micro", "macro", "weighted"):
        row = precision_recall_fscore_support(gold, predicted, labels=names, zero_division=0, average=average)
        rows.append([f"{average} avg", *row[:3], sum(columns[3])])
    return rows


def test_words_without_a_gold_tag_are_not_counted():
    gold, predicted = [["A", "_", "B"], ["_"]], [["A", "B", "A"], ["C"]]
    scores = tag_scores(TagPairs.of(gold, predicted), [[False, True, True], [True]])
    assert scores.values == {"accuracy": 1 / 2, "unseen_accuracy": 0.0, "tag_f1_macro": pytest.approx(1 / 3)}
    assert [row["tag"] for row in scores.tables["tags"]] == ["A", "B", "micro avg", "macro avg", "weighted avg"]
    assert sum(cell["count"] for cell in scores.tables["confusion"]) == 2
