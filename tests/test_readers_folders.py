"""Folders of data files, and folders of texts whose names are the labels."""

from pathlib import Path

import pytest
from small_files import message

from stages.digests import files_digest
from stages.readers import read_in_parts, read_table


@pytest.fixture
def folder(tmp_path):
    """-> a function that writes files, with folders in their names, below a new folder and returns that."""

    def write_files(files):
        for name, content in files.items():
            path = tmp_path / "data" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(tmp_path / "data")

    return write_files


def test_files_of_a_folder_are_one_table_in_the_order_of_their_names(folder):
    more = {".hidden.csv": "x\n1\n", "README.md": "x", "LICENSE": "x", "sub/c.csv": "x\n1\n"}
    path = folder({"b.csv": "label,text\n1,u\n", "a.csv": 'text,label\n"x\ny",2\nz,3\n'} | more)
    table = read_table(path)
    assert table.columns == {"text": ["x\ny", "z", "u"], "label": ["2", "3", "1"]}
    assert table.path == path
    assert table.lines == [2, 4, 2]
    assert table.places == [f"{path}/a.csv:2", f"{path}/a.csv:4", f"{path}/b.csv:2"]
    assert [part.columns["text"] for part in read_in_parts(path, size=1)] == [["x\ny"], ["z"], ["u"]]


def test_several_formats_need_a_choice(folder):
    path = folder({"a.csv": "a\n1\n", "b.jsonl.gz": "", "c.csv": "a\n2\n"})
    text = message(path)
    assert "data holds files of several formats: csv (c.csv), jsonl (b.jsonl.gz). Set data.format" in text
    assert read_table(path, "csv").columns == {"a": ["1", "2"]}


@pytest.mark.parametrize("files", [{"README.md": "x"}, {".a.csv": "a\n1\n"}, {"sub/a.csv": "a\n"}, {".x/a.txt": "x"}])
def test_a_folder_without_data(folder, files):
    assert "data holds no data files, nor folders of .txt files or images. Known: conll (" in message(folder(files))


def test_a_folder_without_files_of_the_format(folder):
    path = folder({"a.csv": "a\n1\n", "sub/b.txt": "x"})
    assert "data holds no data files of the format jsonl, nor" in message(path, "jsonl")


def test_the_files_of_a_folder_have_the_same_columns(folder):
    text = message(folder({"a.csv": "a,b\n1,2\n", "b.csv": "a,c\n1,2\n"}))
    assert "b.csv has the columns a, c, but " in text
    assert "a.csv has a, b. All files of a folder need the same columns." in text


def test_a_problem_in_a_folder_names_the_file(folder):
    text = message(folder({"a.jsonl": '{"a": 1}\n', "b.jsonl": '{"a": 1}\n{"a"\n', "c.jsonl": "[]\n"}))
    assert "b.jsonl has 1 problem:\n  b.jsonl:2: invalid JSON (" in text
    assert "b.csv holds no examples" in message(folder({"a.csv": "a\n1\n", "b.csv": "a\n"}), "csv")


def test_documents_of_different_files_are_different(folder):
    path = folder({"a.conll": "-DOCSTART- O\n\nx O\n-DOCSTART- O\ny O\n", "b.conll": "-DOCSTART- O\n\nz O\n"})
    assert read_table(path).columns["document"] == ["a.conll:1", "a.conll:2", "b.conll:1"]


REVIEWS = {"pos/2.txt": "good\r\n\nfilm\n", "pos/10.txt": "\ufefffine", "neg/1.TXT": "bad\n", "neg/.x.txt": "no"}


def test_texts_in_folders_named_by_their_label(folder):
    path = folder(REVIEWS | {"notes.md": "x", ".git/a.txt": "x", "other/a.pdf": b"\xff"})
    table = read_table(path)
    assert table.columns == {"text": ["bad", "fine", "good\n\nfilm"], "label": ["neg", "pos", "pos"]}
    assert table.places == [f"{path}/neg/1.TXT:1", f"{path}/pos/10.txt:1", f"{path}/pos/2.txt:1"]
    assert [len(part.lines) for part in read_in_parts(path, size=2)] == [2, 1]
    assert read_table(path, "text") == table


def test_texts_in_folders_are_checked(folder):
    assert "2.txt:2: byte 0xE9" in message(folder(REVIEWS | {"pos/2.txt": b"a\n\xe9\n"}))


def test_a_data_file_beside_the_folders_is_the_data(folder):
    assert read_table(folder(REVIEWS | {"a.csv": "a\n1\n"})).columns == {"a": ["1"]}


def test_the_digest_follows_what_is_read_and_nothing_else(folder):
    path = folder(REVIEWS)
    before = files_digest(path)
    folder({"notes.md": "x", "pos/.hidden.txt": "x"})
    assert files_digest(path) == before
    folder({"pos/2.txt": "good"})
    changed = files_digest(path)
    Path(path, "pos").rename(Path(path, "positive"))
    assert len({before, changed, files_digest(path)}) == 3
