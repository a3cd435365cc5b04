"""Data sets from files: columns mapped, labels by name, what is wrong named with its place."""

import json

import pyarrow
import pyarrow.parquet
import pytest

from stages.data import load_data
from tasks.ner import NER
from tasks.text_classification import TextClassification

TEXT = TextClassification("text_classification", "accuracy")
WORDS = NER("ner", "f1")
KEYS = {
    "name": "files", "source": "files", "format": None, "train": None, "validation": None, "test": None, "columns": {},
    "labels": None, "validation_share": 0.1, "test_share": 0.1, "limit": None,
    "per_class": None,
}  # fmt: skip
SAMPLE = {
    "name": "sample",
    "source": "sample",
    "limit": None,
    "per_class": None,
    **{s: s for s in ("train", "validation", "test")},
}


@pytest.fixture
def write(tmp_path):
    """Write columns (or text) to a file in the format of its ending; -> its path."""

    def write_file(name, content):
        path = tmp_path / name
        if name.endswith(".parquet"):
            pyarrow.parquet.write_table(pyarrow.table(content), path)
        elif name.endswith(".jsonl"):
            rows = [dict(zip(content, row, strict=True)) for row in zip(*content.values(), strict=True)]
            path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        else:
            path.write_text(content, encoding="utf-8")
        return str(path)

    return write_file


def load(task, train, validation=None, **keys):
    """With `validation` the same file as `train` unless given, so that nothing is cut."""
    given = {"train": train, "validation": validation or train, "test_share": 0, **keys}
    return load_data({"data": {**KEYS, **given}}, task)


def message(*arguments, error=ValueError, **keys):
    with pytest.raises(error) as caught:
        load(*arguments, **keys)
    return str(caught.value)


TEXTS = ["good", "bad", "Ärger \u2028 中文 🙂", "so-so"]


# --- columns


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl", "a.parquet"])
def test_columns_are_mapped_in_every_format(write, name):
    rows = {"review": TEXTS, "other": ["1"] * 4, "stars": ["x", "y", "x", "y"]}
    comma = "\t" if name.endswith("tsv") else ","
    separated = "\n".join(comma.join(row) for row in [list(rows), *zip(*rows.values(), strict=True)])
    path = write(name, separated if name[-3:] in ("csv", "tsv") else rows)
    data = load(TEXT, path, columns={"text": "review", "label": "stars"})
    assert data.splits["train"] == {"text": TEXTS, "label": ["x", "y", "x", "y"]}
    assert data.labels == ("x", "y")
    assert data.source["train"]["path"] == path
    assert len(data.source["train"]["sha256"]) == 64


def test_a_missing_column_names_those_that_exist_and_the_nearest(write):
    path = write("a.csv", "texts,stars\nx,1\n")
    assert message(TEXT, path) == (
        f"{path} has no column 'text' for the task's text. It has: texts, stars. Map one with data.columns.text=texts"
    )
    text = message(TEXT, path, columns={"text": "texts"})
    assert "for the task's label. It has: texts, stars. Map one with data.columns.label=<column>" in text


@pytest.mark.parametrize(
    ("columns", "tags"),
    [
        ({}, ["B-PER", "O"]),
        ({"tags": 1}, ["I-NP", "O"]),
        ({"tags": "-2"}, ["I-NP", "O"]),
        ({"tags": 2}, ["B-PER", "O"]),
    ],
)
def test_conll_columns_are_numbers(write, columns, tags):
    data = load(WORDS, write("a.conll", "Ann I-NP B-PER\nsees O O\n"), columns=columns)
    assert data.splits["train"]["tokens"] == [["Ann", "sees"]]
    assert data.splits["train"]["tags"] == [["B-" + tag[2:] if tag != "O" else tag for tag in tags]]


@pytest.mark.parametrize("column", [3, -4, "tags", "--1"])
def test_a_conll_column_that_does_not_exist(write, column):
    text = message(WORDS, write("a.conll", "a b O\n"), columns={"tags": column})
    assert f"has no column '{column}' for the task's tags. It has: 0, 1, 2." in text


# --- labels and other values


def labels_of(write, values, name="a.jsonl", **keys):
    texts = [f"text {i}" for i in range(len(values))]
    data = load(TEXT, write(name, {"text": texts, "label": values}), **keys)
    return data.splits["train"]["label"], data.labels


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 10, 9, 0], ["0", "10", "9", "0"]),
        ([True, False], ["true", "false"]),
        ([1.0, 2.0], ["1", "2"]),
        ([0.5, 1.0], ["0.5", "1"]),
        (["1", "2"], ["1", "2"]),
        ([-1, 0, 1], ["-1", "0", "1"]),
    ],
)
@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet"])
def test_labels_without_names_keep_their_spelling(write, name, values, expected):
    found, names = labels_of(write, values, name)
    assert found == expected
    assert names == tuple(
        sorted(set(expected), key=lambda label: (label.isalpha(), label if label.isalpha() else float(label)))
    )


@pytest.mark.parametrize(
    "values", [[0, 1, 1], ["0", "1", "1"], [0.0, 1.0, 1.0], [False, True, True], ["no", "yes", "yes"]]
)
@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet"])
def test_data_labels_name_numbers_however_they_are_written(write, name, values):
    assert labels_of(write, values, name, labels=["no", "yes"]) == (["no", "yes", "yes"], ("no", "yes"))


def test_csv_and_json_numbers_are_the_same_labels(write):
    data = load(TEXT, write("a.csv", "text,label\nx,0\ny,1\n"), write("b.jsonl", {"text": ["z"], "label": [1]}))
    assert data.splits["validation"]["label"] == ["1"]
    assert data.labels == ("0", "1")


@pytest.mark.parametrize("value", [2, -1, "2", "-1"])
def test_a_number_without_a_name(write, value):
    path = write("a.jsonl", {"text": ["x", "y"], "label": [0, value]})
    text = message(TEXT, path, labels=["no", "yes"])
    assert text.startswith(
        f"{path}:2: data.columns.label is {value}, which has no name among no, yes. -1 marks a split"
    )


def test_a_name_that_data_labels_lack(write):
    assert "data.labels=a, b: train also has c." in message(
        TEXT, write("a.csv", "text,label\nx,a\ny,c\n"), labels=["a", "b"]
    )


@pytest.mark.parametrize("column", ["text", "label"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet"])
@pytest.mark.parametrize("hole", [None, float("nan")])
def test_missing_values_are_named_with_file_and_row(write, name, column, hole):
    rows = {"text": ["a", "b", "c"], "label": [0.0, 1.0, 1.0]}
    rows[column][2] = hole
    if column == "text":
        rows["text"] = [1.0, 2.0, hole]
    path = write(name, rows)
    assert message(TEXT, path) == f"{path}:3: data.columns.{column} has no value. Fill it in, or remove the example."


@pytest.mark.parametrize("column", ["tokens", "tags"])
def test_missing_values_inside_lists(write, column):
    rows = {"tokens": [["a"], ["b", "c"]], "tags": [["O"], ["O", "B-X"]]}
    rows[column][1][0] = None
    path = write("a.parquet", rows)
    assert f"{path}:2: data.columns.{column} has no value." in message(WORDS, path)


def test_an_empty_text_is_text(write):
    assert load(TEXT, write("a.csv", "text,label\n,x\nb,y\n")).splits["train"]["text"] == ["", "b"]


def test_lists_where_text_is_needed_and_text_where_lists_are(write):
    path = write("a.jsonl", {"text": [["a", "b"]], "label": ["x"]})
    assert f"train example 1 ({path}:1): data.columns.text must hold text, it holds ['a', 'b']." in message(TEXT, path)
    path = write("a.csv", "tokens,tags\nAnn sees,B-PER O\n")
    assert f"train example 1 ({path}:2): data.columns.tokens must hold a list of strings" in message(WORDS, path)


def test_numbered_tags(write):
    rows = {"tokens": [["a", "b"], []], "tags": [[1, 0], []]}
    path = write("a.parquet", rows)
    assert "tag 1 has no name. Name all: data.labels=[O,B-PER,...]" in message(WORDS, path)
    data = load(WORDS, path, labels=["O", "B-PER", "I-PER"])
    assert data.splits["train"] == {"tokens": [["a", "b"], []], "tags": [["B-PER", "O"], []]}
    assert data.labels == ("O", "B-PER", "I-PER")


def test_words_that_are_numbers_are_words(write):
    path = write("a.jsonl", {"tokens": [["in", 1999, 2.5]], "tags": [["O", "B-X", "O"]]})
    assert load(WORDS, path).splits["train"]["tokens"] == [["in", "1999", "2.5"]]


# --- splits that cannot be used


def test_one_label_cannot_be_learned(write):
    text = message(TEXT, write("a.csv", "text,label\na,x\nb,x\n"))
    assert "train has only the label x, learning needs 2. Check data.train and data.columns.label." in text
    assert "train has only the label O" in message(WORDS, write("a.conll", "a O\n"))


def test_no_train_split(write):
    assert "data.train is null" in message(TEXT, None, write("a.csv", "text,label\na,x\n"))


def test_a_file_that_does_not_exist(tmp_path):
    assert "does not exist" in message(TEXT, str(tmp_path / "a.csv"), error=FileNotFoundError)


def test_limit_takes_the_first_examples_and_keeps_all_labels(write):
    """Files are often sorted by label: the head must not lose those that the limit hides."""
    path = write("a.csv", "text,label\n" + "".join(f"text {i},{'abc'[i // 10]}\n" for i in range(30)))
    data = load(TEXT, path, limit=4)
    assert data.splits["train"] == {"text": [f"text {i}" for i in range(4)], "label": ["a"] * 4}
    assert data.labels == ("a", "b", "c")
    assert len(load(TEXT, path, limit=100).splits["train"]["text"]) == 30


def test_the_sample_needs_no_files():
    data = load_data({"data": {**SAMPLE, "limit": 5}}, TEXT)
    assert {split: len(examples["text"]) for split, examples in data.splits.items()} == dict.fromkeys(data.splits, 5)
    assert list(data.splits) == ["train", "validation", "test"]


def test_a_task_without_a_sample(monkeypatch):
    other = TextClassification("some_task", "accuracy")
    with pytest.raises(ValueError, match=r"there is no tasks/samples/some_task\.py\. Use data=files or data=hub\."):
        load_data({"data": SAMPLE}, other)
