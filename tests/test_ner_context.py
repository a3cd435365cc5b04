"""Document context: neighbours are read, never labelled, and never those of another document."""

import pytest

from stages.processor import load_tokenizer
from tasks.contract import IGNORED
from tasks.ner import NER
from tasks.words.entity_data import with_neighbours

LABELS = ("O", "B-X", "I-X")
SENTENCES = [["a", "b"], ["c"], ["d", "e", "f"], ["g"]]


def test_neighbours_stop_at_the_size_and_at_the_document():
    found = with_neighbours({"tokens": SENTENCES, "document": ["1", "1", "1", "2"]}, 2)
    assert found["_before"] == [[], ["a", "b"], ["b", "c"], []]
    assert found["_after"] == [["c", "d"], ["d", "e"], [], []]


def test_without_documents_a_split_is_one():
    found = with_neighbours({"tokens": SENTENCES}, 100)
    assert found["_before"][3] == ["a", "b", "c", "d", "e", "f"] and found["_after"][0] == ["c", "d", "e", "f", "g"]
    _, findings = NER("ner", "f1", context=3).prepare({"test": {"tokens": SENTENCES}})
    assert "each split is read as one document" in findings[0].what


def test_a_document_that_comes_back_later_is_not_joined():
    found = with_neighbours({"tokens": [["a"], ["b"], ["c"]], "document": ["1", "2", "1"]}, 1)
    assert found["_before"] == [[], [], []] and found["_after"] == [[], [], []]


@pytest.mark.parametrize("context", [0, 1, 5, 40])
@pytest.mark.parametrize("head", ["linear", "crf"])
def test_the_sentence_alone_is_labelled(tiny_bert, context, head):
    task, tokenizer = NER("ner", "f1", context=context, head=head), load_tokenizer(tiny_bert, True)
    tokens = [[letter] * 30 for letter in "abcd"]
    tags = [["B-X"] + ["I-X"] * 29] * 4
    (examples,) = task.prepare({"train": {"tokens": tokens, "tags": tags}})[0].values()
    rows = task.encode(examples, tokenizer, LABELS)
    words = [[] for _ in tokens]
    for i, example in enumerate(rows["example"]):
        names = tokenizer.convert_ids_to_tokens(rows["input_ids"][i])
        assert {names[start] for start, _ in rows["words"][i]} == {"abcd"[example]}
        assert all(end - start == 1 for start, end in rows["words"][i])
        assert IGNORED not in rows["labels"][i] and rows["positions"][i]
        words[example] += rows["positions"][i]
        shown = sum(name in "abcd" and name != "abcd"[example] for name in names)
        assert shown <= 2 * context
    assert [sorted(of_example) for of_example in words] == [list(range(30))] * 4


def test_neighbours_change_what_the_model_sees(tiny_bert):
    task, tokenizer = NER("ner", "f1", context=2), load_tokenizer(tiny_bert, True)
    (examples,) = task.prepare({"test": {"tokens": SENTENCES, "document": ["1"] * 3 + ["2"]}})[0].values()
    rows = task.encode(examples, tokenizer, LABELS)
    assert [tokenizer.convert_ids_to_tokens(ids)[1:-1] for ids in rows["input_ids"]] == [
        ["a", "b", "c", "d"], ["a", "b", "c", "d", "e"], ["b", "c", "d", "e", "f"], ["g"],
    ]  # fmt: skip
    assert rows["positions"] == [[0, 1], [0], [0, 1, 2], [0]]
