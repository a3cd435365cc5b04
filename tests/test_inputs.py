"""New text: read in parts, its columns found, its neighbours shown."""

import gzip
import json

import pytest

from stages import inputs
from tasks.ner import NER
from tasks.text_classification import TextClassification

TEXT = TextClassification("text_classification", "accuracy")
WORDS = NER("ner", "f1")


def read(path, content, task=TEXT, given=None, trained=None, format=None):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(inputs.read_parts(str(path), task, given or {}, trained or {}, format))


def test_each_form_of_new_text(tmp_path):
    assert read(tmp_path / "a.txt", "one\n\n two \r\n") == [{"text": ["one", "", " two "]}]
    assert read(tmp_path / "a.txt.gz", gzip.compress(b"one\ntwo")) == [{"text": ["one", "two"]}]
    assert read(tmp_path / "a.csv", "text,label\nx,1\ny,2\n") == [{"text": ["x", "y"]}]
    assert read(tmp_path / "a.jsonl", json.dumps({"text": "é"})) == [{"text": ["é"]}]
    assert read(tmp_path / "a.conll", "Anna B-PER\nsings O\n\nYes O\n", WORDS) == [
        {"tokens": [["Anna", "sings"], ["Yes"]]}
    ]
    assert read(tmp_path / "b.conll", "Anna\nsings\n", WORDS) == [{"tokens": [["Anna", "sings"]]}]
    assert read(tmp_path / "w.txt", "Anna\nsings\n", WORDS, format="conll") == [{"tokens": [["Anna", "sings"]]}]
    assert read(tmp_path / "b.jsonl", '{"tokens": ["a"], "more": {"x": 1}}', WORDS) == [{"tokens": [["a"]]}]


def test_parts_are_small(tmp_path, monkeypatch):
    monkeypatch.setattr(inputs, "PART", 2)
    assert [part["text"] for part in read(tmp_path / "a.txt", "1\n2\n3\n4\n5")] == [["1", "2"], ["3", "4"], ["5"]]


def test_typed_columns_come_before_those_of_the_run_and_those_before_the_tasks_own():
    def mapped(found, given=(), trained=(), task=TEXT):
        return inputs.map_inputs(task, found, dict(given), dict(trained), "new.csv")

    assert mapped(["review", "text"], {"text": "text"}, {"text": "review"}) == {"text": "text"}
    assert mapped(["review", "text"], (), {"text": "review"}) == {"text": "review"}
    assert mapped(["text", "x"], (), {"text": "review"}) == {"text": "text"}
    assert mapped(["0", "1", "2"], (), (), WORDS) == {"tokens": "0"}
    assert mapped(["0", "1", "2"], (), {"tokens": 1, "tags": -1}, WORDS) == {"tokens": "1"}
    assert mapped(["0", "1", "2"], {"tokens": -2}, (), WORDS) == {"tokens": "1"}
    assert mapped(["0"], (), {"tokens": "words", "tags": "ner"}, WORDS) == {"tokens": "0"}


@pytest.mark.parametrize("given", [{}, {"text": "titel"}])
def test_a_column_that_is_not_there_is_named_with_the_nearest(given):
    with pytest.raises(ValueError, match=r"It has: id, title. Map one with data.columns.text=") as caught:
        inputs.map_inputs(TEXT, ["id", "title"], given, {"text": "review"}, "new.csv")
    assert f"new.csv has no column {given.get('text', 'text')!r} for the task's text" in str(caught.value)
    assert str(caught.value).endswith("=title") == bool(given)


def test_a_value_that_is_missing_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"a.jsonl:2: data.columns.text has no value"):
        read(tmp_path / "a.jsonl", '{"text": "a"}\n{"text": null}')


def test_neighbours_come_from_the_parts_around():
    parts = [{"x": [0, 1, 2]}, {"x": [3]}, {"x": [4, 5, 6]}]
    assert list(inputs.with_neighbours(iter(parts), 0)) == [(part, 0, len(part["x"])) for part in parts]
    # parts end where files end: short ones are joined, or less would be seen than when the files are read as one
    assert list(inputs.with_neighbours(iter(parts), 2)) == [
        ({"x": [0, 1, 2, 3, 4]}, 0, 3),
        ({"x": [1, 2, 3, 4, 5, 6]}, 2, 4),
    ]
    assert list(inputs.with_neighbours(iter([]), 2)) == []
