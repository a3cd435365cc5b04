"""What the look at the data finds, on literals where each number can be counted by hand."""

from datasets import Dataset

from stages.features import Split
from stages.findings import find, find_long
from tasks.ner import NER
from tasks.text_classification import TextClassification

TEXT = TextClassification("text_classification", "accuracy")
WORDS = NER("ner", "f1")


def texts(*pairs):
    return {"text": [text for text, _ in pairs], "label": [label for _, label in pairs]}


def sentences(*pairs):
    return {"tokens": [text.split() for text, _ in pairs], "tags": [tags.split() for _, tags in pairs]}


def said(findings, level=None):
    return [(f.split, f.what) for f in findings if level in (None, f.level)]


def test_clean_splits_are_counted_and_nothing_else():
    splits = {"train": texts(("a", "x"), ("b", "y"), ("c", "x")), "test": texts(("d", "y"), ("e", "x"))}
    assert said(find(splits, TEXT)) == [("train", "3 examples: x: 2, y: 1"), ("test", "2 examples: y: 1, x: 1")]


def test_entities_are_counted_and_not_tags():
    examples = sentences(("a b c", "B-PER I-PER B-PER"), ("d e", "B-LOC O"))
    assert said(find({"train": examples}, WORDS)) == [("train", "2 examples: PER: 2, LOC: 1")]
    assert said(find({"train": sentences(("a", "O"))}, WORDS)) == [("train", "1 examples: no labels")]


def test_many_labels_are_not_all_shown():
    examples = texts(*((f"text {i} {j}", f"label {i}") for i in range(10) for j in range(10 - i)))
    ((_, what),) = said(find({"train": examples}, TEXT))
    assert what.startswith("55 examples: label 0: 10, label 1: 9, ")
    assert what.endswith("label 7: 3 and 2 more labels")


def test_empty_examples():
    found = find({"train": texts(("", "x"), (" \n", "y"), ("a", "x"))}, TEXT)
    assert said(found, "warning") == [("train", "2 examples are empty")]
    found = find({"train": {"tokens": [[], ["", " "], ["a"]], "tags": [[], ["O", "O"], ["O"]]}}, WORDS)
    assert said(found, "warning") == [("train", "2 examples are empty")]
    assert all("Remove them" in f.advice for f in found if f.level == "warning")


def test_repetitions_inside_a_split_are_normal_but_different_labels_are_not():
    examples = texts(("a", "x"), ("a", "x"), ("a", "x"), ("b", "x"), ("b", "y"), ("c", "y"))
    found = find({"train": examples}, TEXT)
    assert ("train", "3 examples repeat another one's input") in said(found, "note")
    assert said(found, "warning") == [("train", "1 inputs carry different labels, e.g. 'b'")]
    assert "Decide on one label" in found[-1].advice


def test_the_same_words_with_other_tags():
    found = find({"train": sentences(("a b", "B-PER O"), ("a b", "B-LOC O"), ("a b c", "B-LOC O O"))}, WORDS)
    assert said(found, "warning") == [("train", "1 inputs carry different labels, e.g. 'a b'")]


def test_labels_that_are_in_one_split_only():
    splits = {
        "train": texts(("a", "x"), ("b", "y")),
        "validation": texts(("c", "x"), ("d", "z"), ("e", "z")),
        "test": texts(("f", "x"), ("g", "y")),
    }
    found = find(splits, TEXT)
    assert said(found, "warning") == [("validation", "labels that train does not have: z (2)")]
    assert ("validation", "1 labels of train do not occur: y") in said(found, "note")
    assert "count as missed" in next(f.advice for f in found if f.level == "warning")


def test_inputs_that_stand_in_two_splits():
    splits = {
        "train": texts(("a", "x"), ("b", "y"), ("c", "y")),
        "validation": texts(("a", "y"), ("d", "x"), ("a", "y")),
        "test": texts(("b", "y"), ("d", "x"), ("e", "x")),
    }
    warnings = [f for f in find(splits, TEXT) if f.level == "warning"]
    assert said(warnings) == [
        ("validation", "2 of 3 inputs also stand in train"),
        ("test", "1 of 3 inputs also stand in train"),
        ("test", "1 of 3 inputs also stand in validation"),
    ]
    assert warnings[0].advice == "Scores on them flatter: remove them from train."


def test_words_are_compared_as_words():
    splits = {"train": sentences(("a b", "O O")), "test": {"tokens": [["a b"]], "tags": [["O"]]}}
    assert not said(find(splits, WORDS), "warning")


def test_broken_transitions_and_schemes_are_noticed_while_reading():
    splits = {
        "train": sentences(("a b c", "O I-PER B-PER"), ("d", "I-LOC"), ("e", "B-LOC")),
        "test": sentences(("f", "O")),
    }
    splits, found = WORDS.prepare(splits)
    assert said(found, "note") == [("all", "tag scheme IOB2")]
    assert said(found, "warning") == [("train", "2 tags break the IOB2 scheme, e.g. an I- that follows no B-")]
    assert splits["train"]["tags"] == [["O", "B-PER", "B-PER"], ["B-LOC"], ["B-LOC"]]


def test_long_examples():
    def split(example, cut):
        return Split({}, Dataset.from_dict({"example": example, "cut": cut}))

    windows = split([0, 1, 1, 1, 2, 2, 3], [False] * 7)
    cut = split([0, 1, 2], [True, False, True])
    found = find_long({"train": windows, "test": cut, "validation": split([0, 1], [False, False])}, TEXT)
    assert said(found) == [
        ("train", "2 examples are longer than the model reads: read in windows"),
        ("test", "2 examples are longer than the model reads: their end is not seen"),
    ]
    assert [f.level for f in found] == ["note", "warning"]


def test_all_findings_of_a_level_that_asks_for_something_say_what():
    splits = {"train": texts(("", "x"), ("a", "x"), ("a", "y")), "validation": texts(("a", "z"), ("", "x"))}
    found = find(splits, TEXT)
    assert {f.level for f in found} == {"note", "warning"}
    assert all(f.advice for f in found if f.level == "warning")


def test_swapped_columns_are_found():
    right = [(f"text number {i}", "good" if i % 2 else "bad") for i in range(20)]
    swapped = texts(*((label, text) for text, label in right))
    (what,) = [w for _, w in said(find({"train": swapped}, TEXT), "warning") if "different labels (" in w]
    assert what == "there are more different labels (20) than inputs (2), e.g. 'text number 0'"
    alone = texts(*((text, f"label {i}") for i, (text, _) in enumerate(right)))  # one example of each class
    assert said(find({"train": texts(*right)}, TEXT), "warning") == said(find({"train": alone}, TEXT), "warning") == []
