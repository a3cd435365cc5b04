"""Which files a path means, from the configuration to the run: endings, folders, documents, the digest."""

import json

import pytest
from small_files import written

from stages.columns import map_columns
from stages.data import load_data
from stages.data_files import TEXT, data_files, guess_format
from stages.folder import digest
from tasks.ner import NER

write = pytest.fixture(written)
TASK = NER("ner", "f1")
NAMED = "-DOCSTART- -X- O\n\nAnna NNP B-PER\n\nin IN O\n\n-DOCSTART- -X- O\n\nRome NNP B-LOC\n\n"


@pytest.mark.parametrize(
    ("name", "format"),
    [("a.txt", "conll"), ("a.b.CSV", "csv"), ("a.JSON.gz", "json"), ("a.conllu.GZ", "conllu"), ("a.ndjson", "jsonl")],
)
def test_the_ending_decides(name, format):
    assert guess_format(name) == format


def test_txt_is_raw_text_where_the_caller_says_so():
    assert guess_format("a.txt.gz", TEXT) == "text"
    assert guess_format("a.conll", TEXT) == "conll"


@pytest.mark.parametrize(
    ("name", "ending"), [("a.gz", ".gz"), ("a.jsn.gz", ".jsn.gz"), ("a.jsn", ".jsn"), ("a", "(none)")]
)
def test_an_unknown_ending_is_named(name, ending):
    with pytest.raises(ValueError) as caught:
        guess_format(name)
    assert f"{name}: the ending {ending} is not known. Rename it or set data.format. Known: " in str(caught.value)


def test_files_of_the_given_format_only(write, tmp_path):
    for name in ("b.txt", "a.txt.gz", "c.conll", "d.csv", ".e.txt"):
        write(name, "x")
    assert [file.name for file in data_files(str(tmp_path), "conll")] == ["a.txt.gz", "b.txt", "c.conll"]
    assert [file.name for file in data_files(str(tmp_path), "text")] == ["a.txt.gz", "b.txt"]


# --- from the configuration on


def test_the_configuration_takes_a_folder(write, tmp_path, compose_config):
    write("a.csv", "text,label\nx,1\n")
    words = ("task=text_classification", "data=files", f"data.train={tmp_path}")
    assert compose_config(*words)["data"]["train"] == str(tmp_path)
    write("b.tsv", "text\tlabel\nx\t1\n")
    with pytest.raises(ValueError) as caught:
        compose_config(*words)
    assert str(caught.value).startswith(
        f"data.train={tmp_path}: the folder {tmp_path} holds files of several formats: "
    )
    assert compose_config(*words, "data.format=tsv")["data"]["format"] == "tsv"


def test_the_configuration_checks_the_format(write, tmp_path, compose_config):
    with pytest.raises(ValueError, match=r"data\.format='jsnol' is not known; did you mean jsonl"):
        compose_config("task=ner", "data=files", f"data.train={write('a.csv', '')}", "data.format=jsnol")


def test_the_content_of_a_folder_is_in_the_digest(write, tmp_path, compose_config):
    def digest_now():
        return digest(compose_config("task=ner", "data=files", f"data.train={tmp_path}"))

    write("a.conll", "Anna\tB-PER\n")
    before = digest_now()
    write("README.md", "x")
    assert digest_now() == before
    write("b.conll", "Anna\tO\n")
    more = digest_now()
    write("b.conll", "Anna\tB-PER\n")
    assert len({before, more, digest_now()}) == 3


def test_a_document_is_no_numbered_column(write, compose_config):
    files = (f"data.train={write('a.conll', NAMED)}", f"data.validation={write('b.conll', NAMED)}")
    data = load_data(compose_config("task=ner", "data=files", *files, "data.test_share=0"), TASK)
    assert data.splits["train"] == {
        "tokens": [["Anna"], ["in"], ["Rome"]],
        "tags": [["B-PER"], ["O"], ["B-LOC"]],
        "document": ["1", "1", "2"],
    }


@pytest.mark.parametrize(("given", "name"), [({}, "2"), ({"tags": -2}, "1"), ({"tags": 1}, "1"), ({"tags": "-3"}, "0")])
def test_columns_are_counted_without_the_document(given, name):
    found = ["0", "1", "2", "document"]
    mapped = map_columns({"columns": given}, TASK, found, "a.conll")
    assert mapped == {"tokens": "0", "tags": name, "document": "document"}


def test_a_run_on_a_folder_of_texts(tmp_path, run_here, tiny_bert):
    for label in ("good", "bad"):
        (tmp_path / "reviews" / label).mkdir(parents=True)
        for i in range(6):
            (tmp_path / "reviews" / label / f"{i}.txt").write_text(f"the {label} film\n{i}\n")
    words = [f"data.{split}={tmp_path}/reviews" for split in ("train", "validation", "test")]
    run = run_here(
        "task=text_classification", "data=files", *words, f"model.path={tiny_bert}", "training.num_train_epochs=1"
    )
    assert sum(1 for _ in (run / "predictions/test.jsonl").open()) == 12
    source = json.loads((run / "provenance.json").read_text())["data"]["train"]
    assert source["path"] == str(tmp_path / "reviews")
    assert len(source["sha256"]) == 64
