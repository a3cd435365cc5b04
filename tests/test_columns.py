"""What a column of the task is read from: one column, a key inside one, several columns; splits named by a column."""

import json

import pytest
from small_files import written

from stages.columns import absent, by_split, from_end, map_columns, values
from stages.data import load_data
from stages.inputs import map_inputs, read_parts
from stages.readers import read_table
from tasks.text_classification import TextClassification

write = pytest.fixture(written)
TASK = TextClassification("text_classification", "accuracy")
KEYS = {
    "name": "files", "source": "files", "format": None, "train": None, "validation": None, "test": None, "columns": {},
    "labels": None, "validation_share": 0.1, "test_share": 0, "limit": None, "per_class": None, "split_column": None,
}  # fmt: skip
PLACES = ["a:1", "a:2"]


def mapped(found, **columns):
    return map_columns({"columns": columns}, TASK, found, "a.csv")


# --- one, inside, several


def test_several_columns_are_one_object_in_the_given_order():
    columns = {"a": ["x", "y"], "b": [1, 2], "c": [3, 4]}
    assert values(columns, ["b", "a"], PLACES) == [{"b": 1, "a": "x"}, {"b": 2, "a": "y"}]
    assert values(columns, "c", PLACES) == [3, 4]


def test_a_key_inside_an_object_and_inside_a_list_of_objects():
    columns = {"choices": [{"text": ["x"]}, {"text": ["y", "z"]}], "q": [{"c": [{"t": 1}, {"t": 2}]}, {"c": []}]}
    assert values(columns, "choices.text", PLACES) == [["x"], ["y", "z"]]
    assert values(columns, "q.c.t", PLACES) == [[1, 2], []]


def test_a_column_whose_name_has_a_dot_is_itself():
    assert values({"a.b": [1, 2], "a": [{"b": 3}, {"b": 4}]}, "a.b", PLACES) == [1, 2]


@pytest.mark.parametrize("value", [{"label": 1}, "text", None])
def test_an_object_without_the_key_is_named_with_its_place(value):
    with pytest.raises(ValueError, match=r"^a:2 has no text: it holds .*(label|text|None)"):
        values({"choices": [{"text": 1}, value]}, "choices.text", PLACES)


def test_columns_that_are_not_there():
    found = ["text", "a", "b"]
    assert absent(["a", "c"], found) == "c" and absent("c.d", found) == "c.d"
    assert absent(["a", "b"], found) is absent("a.x", found) is None
    assert mapped(found, label=["a", "b"]) == {"text": "text", "label": ["a", "b"]}
    with pytest.raises(ValueError, match=r"a\.csv has no column 'c' for the task's label"):
        mapped(found, label=["a", "c"])


def test_numbered_columns_are_counted_from_both_ends():
    assert from_end(["0", "-1"], {"-1": "2"}) == ["0", "2"]
    assert mapped(["0", "1", "2"]) == {"text": "0", "label": "2"}
    assert mapped(["0", "1", "2"], text=[1, -1], label=0) == {"text": ["1", "2"], "label": "0"}


def test_new_text_is_mapped_in_the_same_way(write):
    assert map_inputs(TASK, ["a", "b"], {}, {"text": ["b", "a"]}, "new") == {"text": ["b", "a"]}
    with pytest.raises(ValueError, match=r"new has no column 'c' for the task's text"):
        map_inputs(TASK, ["a", "b"], {"text": ["a", "c"]}, {}, "new")
    file = write("new.jsonl", json.dumps({"a": {"b": "x"}}) + "\n")
    assert list(read_parts(file, TASK, {"text": "a.b"}, {})) == [{"text": ["x"]}]


# --- splits named by a column

ROWS = "text,label,fold\n" + "".join(
    f"{s} {i},{'ab'[i % 2]},{s}\n" for s in ("train", " Dev", "TEST") for i in range(4)
)


def load(path, **keys):
    return load_data({"data": {**KEYS, "train": path, "split_column": "fold", **keys}}, TASK)


def test_one_file_holds_all_splits(write):
    path = write("a.csv", ROWS)
    data = load(path)
    assert {split: len(examples["text"]) for split, examples in data.splits.items()} == {
        "train": 4, "validation": 4, "test": 4,
    }  # fmt: skip
    assert data.splits["test"]["text"][0] == "TEST 0" and data.splits["validation"]["text"][1] == " Dev 1"
    assert {source["path"] for source in data.source.values()} == {path}


def test_a_split_with_a_file_of_its_own_is_read_from_there(write):
    other = write("b.csv", ROWS.replace("TEST 0", "other"))
    assert load(write("a.csv", ROWS), test=other).splits["test"]["text"][0] == "other"


def test_a_split_that_the_column_does_not_name_is_cut_from_train(write):
    data = load(write("a.csv", ROWS.replace("Dev", "train")))
    assert {split: len(examples["text"]) for split, examples in data.splits.items()} == {
        "train": 7, "validation": 1, "test": 4,
    }  # fmt: skip


def test_what_is_wrong_with_the_column(write):
    path = write("a.csv", ROWS.replace(",TEST", ",fold 3"))
    with pytest.raises(ValueError) as caught:
        load(path)
    assert str(caught.value) == (
        f"{path}:10: fold is 'fold 3', which names no split: train, training, validation, valid, val, dev, "
        "development, test, testing. data.split_column=fold holds train (4), dev (4), fold 3 (4)."
    )
    with pytest.raises(
        ValueError, match=r"data\.split_column=split: .* has no such column\. It has: text, label, fold"
    ):
        by_split(read_table(path), "split")
    with pytest.raises(ValueError, match=r"no row of .* is for train"):
        load(write("b.csv", ROWS.replace(",train", ",dev")))
