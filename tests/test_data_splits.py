"""Missing splits are cut from train: the same for any order of rows, in proportion, equal inputs together."""

import json
import random
from collections import Counter

import pytest

from stages.cuts import cut
from stages.data import load_data
from tasks.ner import NER
from tasks.samples.ner import generate
from tasks.text_classification import TextClassification

TEXT = TextClassification("text_classification", "accuracy")
WORDS = NER("ner", "f1")


def examples(**counts):
    """So many different texts per label."""
    pairs = [(f"{label} {i}", label) for label, count in counts.items() for i in range(count)]
    return {"text": [text for text, _ in pairs], "label": [label for _, label in pairs]}


def rows(split):
    return sorted(json.dumps(row) for row in zip(*split.values(), strict=True))


def shuffled(split, seed=0):
    order = list(range(len(next(iter(split.values())))))
    random.Random(seed).shuffle(order)
    return {name: [values[i] for i in order] for name, values in split.items()}


def load(tmp_path, content, **keys):
    path = tmp_path / "a.jsonl"
    lines = [json.dumps(dict(zip(content, row, strict=True))) for row in zip(*content.values(), strict=True)]
    path.write_text("\n".join(lines))
    data = {
        "name": "files", "source": "files", "format": None, "train": str(path), "validation": None, "test": None,
        "columns": {}, "labels": None, "validation_share": 0.1, "test_share": 0.1, "limit": None,
        "per_class": None,
    }  # fmt: skip
    return load_data({"data": {**data, **keys}}, TEXT).splits


@pytest.mark.parametrize("share", [0.013, 0.05, 0.1, 1 / 3, 0.5, 0.9])
def test_nothing_is_lost_and_nothing_doubled(share):
    whole = examples(a=301, b=120, c=33)
    rest, part = cut(whole, share, TEXT)
    assert rows(whole) == sorted(rows(rest) + rows(part))
    assert len(part["text"]) == round(454 * share)


@pytest.mark.parametrize("share", [0.05, 0.1, 1 / 3, 0.5])
def test_classes_keep_their_proportion_within_rounding(share):
    counts = {"a": 301, "b": 120, "c": 33, "d": 7}
    part = Counter(cut(examples(**counts), share, TEXT)[1]["label"])
    assert all(abs(part[label] - count * share) < 1 for label, count in counts.items())


def test_entity_types_keep_their_proportion():
    whole = generate()["train"]
    part = Counter(kind for kinds in WORDS.classes(cut(whole, 0.25, WORDS)[1]) for kind in kinds)
    for kind, count in Counter(kind for kinds in WORDS.classes(whole) for kind in kinds).items():
        assert part[kind] == pytest.approx(count / 4, rel=0.25)


@pytest.mark.parametrize(
    ("task", "whole"),
    [(TEXT, examples(a=60, b=40)), (WORDS, {name: v[:100] for name, v in generate()["train"].items()})],
)
def test_the_order_of_rows_plays_no_part_and_is_kept(task, whole):
    rest, part = cut(whole, 0.2, task)
    for seed in range(3):
        again = cut(shuffled(whole, seed), 0.2, task)
        assert [rows(split) for split in again] == [rows(rest), rows(part)]
    order = [json.dumps(row) for row in zip(*whole.values(), strict=True)]
    for split in (rest, part):
        places = [order.index(json.dumps(row)) for row in zip(*split.values(), strict=True)]
        assert places == sorted(places)


def test_which_examples_are_cut_is_fixed():
    """A change of this list changes every result on cut data."""
    assert cut(examples(a=6, b=6), 0.25, TEXT)[1]["text"] == ["a 0", "a 5", "b 0"]


def test_equal_inputs_stay_together_even_with_different_labels():
    whole = examples(a=20, b=20)
    whole = {"text": whole["text"] * 3, "label": whole["label"] * 2 + whole["label"][::-1]}
    rest, part = cut(whole, 0.3, TEXT)
    assert not set(rest["text"]) & set(part["text"])
    assert len(part["text"]) == 3 * 12


@pytest.mark.parametrize("size", [2, 3, 4, 9])
def test_a_cut_of_little_data_has_one_example(size):
    rest, part = cut(examples(a=size), 0.1, TEXT)
    assert (len(rest["text"]), len(part["text"])) == (size - 1, 1)


# --- as a whole


def test_both_missing_splits_get_their_share(tmp_path):
    splits = load(tmp_path, examples(a=500, b=500), validation_share=0.2, test_share=0.1)
    assert {name: len(split["text"]) for name, split in splits.items()} == {
        "train": 700,
        "validation": 200,
        "test": 100,
    }
    assert list(splits) == ["train", "validation", "test"]
    assert {name: split["label"].count("a") for name, split in splits.items()} == {
        "train": 350, "validation": 100, "test": 50,
    }  # fmt: skip


def test_a_share_of_zero_goes_without_test(tmp_path):
    assert list(load(tmp_path, examples(a=20, b=20), test_share=0)) == ["train", "validation"]


def test_three_examples_can_be_tried(tmp_path):
    splits = load(tmp_path, {"text": ["x", "y", "z", "w"], "label": ["a", "b", "a", "b"]})
    assert {name: len(split["text"]) for name, split in splits.items()} == {"train": 2, "validation": 1, "test": 1}


@pytest.mark.parametrize(
    "content", [{"text": ["x"], "label": ["a"]}, {"text": ["x"] * 9, "label": ["a", "b", "c"] * 3}]
)
def test_too_few_different_examples(tmp_path, content):
    with pytest.raises(ValueError, match=r"data\.train has too few different examples .* Give data\.test="):
        load(tmp_path, content)


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        (
            {"validation_share": 0},
            "data.validation is null and data.validation_share=0: nothing to choose a checkpoint",
        ),
        (
            {"test_share": 0.5, "validation_share": 0.5},
            "data.test_share=0.5 and data.validation_share=0.5 leave nothing",
        ),
    ],
)
def test_shares_that_cannot_work(tmp_path, shares, expected):
    with pytest.raises(ValueError) as caught:
        load(tmp_path, examples(a=20, b=20), **shares)
    assert expected in str(caught.value)


@pytest.mark.parametrize("share", [0.9, 0.99])
def test_train_is_never_emptied(share):
    rest, part = cut(examples(a=3, b=2), share, TEXT)
    assert (len(rest["text"]), len(part["text"])) == (1, 4)
