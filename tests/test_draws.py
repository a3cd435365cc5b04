"""Few examples per class: by the seed, the same everywhere, and what is missing is named."""

from collections import Counter

import pytest

from stages.data import load_data
from stages.draws import draw
from tasks.ner import NER
from tasks.text_classification import TextClassification

TEXT = TextClassification("text_classification", "accuracy")
SAMPLE = {"name": "sample", "source": "sample", "limit": None, **{s: s for s in ("train", "validation", "test")}}


def examples(**counts):
    pairs = [(f"{label} {i}", label) for label, count in counts.items() for i in range(count)]
    return {"text": [text for text, _ in pairs], "label": [label for _, label in pairs]}


def test_so_many_of_each_class_in_their_old_order():
    whole = examples(a=30, b=20, c=3)
    few, findings = draw(whole, 5, 1, TEXT)
    assert Counter(few["label"]) == {"a": 5, "b": 5, "c": 3}
    assert all(text.split()[0] == label for text, label in zip(*few.values(), strict=True))
    assert few["text"] == sorted(few["text"], key=whole["text"].index)
    assert [finding.what for finding in findings] == ["1 classes have fewer than data.per_class=5 examples: c (3)"]
    assert draw(whole, 3, 1, TEXT)[1] == []


def test_the_seed_decides_and_the_draw_is_fixed():
    """A change of this list changes every few-shot result."""
    whole = examples(a=10, b=10)
    assert draw(whole, 2, 42, TEXT)[0]["text"] == ["a 6", "a 9", "b 1", "b 7"]
    draws = [tuple(draw(whole, 3, seed, TEXT)[0]["text"]) for seed in range(20)]
    assert len(set(draws)) > 15
    assert Counter(text for drawn in draws for text in drawn).keys() == set(whole["text"])


def test_an_example_of_several_classes_or_none_cannot_be_counted():
    tagged = {"tokens": [["a"], ["b"]], "tags": [["B-PER"], ["O"]]}
    with pytest.raises(ValueError, match=r"data\.per_class=8: train example 2 holds 0 classes, and each must hold one"):
        draw(tagged, 8, 1, NER("ner", "f1"))


def test_only_train_is_drawn_from_and_the_labels_stay():
    whole, few = (load_data({"seed": 3, "data": {**SAMPLE, "per_class": number}}, TEXT) for number in (None, 8))
    assert Counter(few.splits["train"]["label"]) == dict.fromkeys(whole.labels, 8)
    assert few.splits["test"] == whole.splits["test"] and few.splits["validation"] == whole.splits["validation"]
    assert few.labels == whole.labels and few.findings == []
