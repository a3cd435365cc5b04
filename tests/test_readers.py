"""Which reader a file gets, its text, and Parquet, on small files written here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from small_files import message, problems, written

from stages.readers import Table, read_table

write = pytest.fixture(written)


# --- which file, which format


@pytest.mark.parametrize("ending", ["conll", "bio", "iob", "iob2", "bioes", "txt", "annotated", "CONLL"])
def test_conll_endings(write, ending):
    assert read_table(write(f"a.{ending}", "x O\n")).columns == {"0": [["x"]], "1": [["O"]]}


@pytest.mark.parametrize("ending", ["jsonl", "ndjson"])
def test_json_lines_endings(write, ending):
    assert read_table(write(f"a.{ending}", '{"a": 1}\n')).columns == {"a": [1]}


@pytest.mark.parametrize("name", ["a.jsn", "a.gz", "a.jsn.gz", "noending"])
def test_unknown_ending_names_the_known_ones_and_the_key(write, name):
    text = message(write(name, "x O\n"))
    assert "data.format" in text
    for known in (".conll", ".annotated", ".jsonl", ".ndjson", ".json", ".gz", ".csv", ".tsv", ".parquet"):
        assert known in text


def test_given_format_wins_over_the_ending(write):
    assert read_table(write("a.csv", '{"a": 1}\n'), "jsonl").columns == {"a": [1]}
    assert read_table(write("a.csv", "x O\n"), "conll").columns == {"0": [["x"]], "1": [["O"]]}


def test_unknown_format_suggests_the_nearest(write):
    text = message(write("a.csv", "a\n1\n"), "jsnol")
    assert "data.format='jsnol'" in text
    assert "did you mean jsonl?" in text


def test_missing_file_suggests_the_nearest_name(write, tmp_path):
    write("train.conll", "x O\n")
    text = message(str(tmp_path / "trian.conll"), error=FileNotFoundError)
    assert "trian.conll does not exist: there is no such file in" in text
    assert f"Nearest: {tmp_path}/train.conll" in text


def test_missing_folder_is_named(tmp_path):
    text = message(str(tmp_path / "nowhere" / "train.csv"), error=FileNotFoundError)
    assert f"there is no folder {tmp_path / 'nowhere'}" in text


@pytest.mark.parametrize("name", ["a.conll", "a.jsonl", "a.csv", "a.tsv"])
@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n"])
def test_file_without_examples(write, name, content):
    assert "holds no examples" in message(write(name, content))


def test_table_keeps_the_path_and_is_frozen(write):
    path = write("a.csv", "a\n1\n")
    table = read_table(path)
    assert table == Table(path, {"a": ["1"]}, [2], [f"{path}:2"])
    with pytest.raises(AttributeError):
        table.path = "other"


def test_no_heavy_import():
    code = (
        "import stages.readers, tasks.words.tags, sys; print(sorted({'torch', 'pyarrow', 'numpy'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout == "[]\n"


# --- text


@pytest.mark.parametrize("name", ["a.conll", "a.csv", "a.tsv", "a.jsonl"])
def test_bytes_that_are_not_utf8_are_named_with_line_and_byte(write, name):
    found = problems(write(name, b'{"a":\t"x"}\n{"a":\t"\xe9t"}\n{"a":\t"y"}\n'))
    assert f"{name}:2: byte 0xE9 (byte 8 of the line) is not UTF-8; convert the file to UTF-8" in found


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_utf16_is_one_problem(write, encoding):
    text = "\ufeff" * (encoding != "utf-16") + "x O\ny O\n"
    assert "Convert the file to UTF-8" in message(write("a.conll", text.encode(encoding)))


@pytest.mark.parametrize(
    ("name", "content", "columns", "lines"),
    [
        ("a.conll", "x\tO\ny\tB-A\n\t\nz\tO", {"0": [["x", "y"], ["z"]], "1": [["O", "B-A"], ["O"]]}, [1, 4]),
        ("a.jsonl", '{"a": "x"}\n\n{"a": "y"}', {"a": ["x", "y"]}, [1, 3]),
        ("a.csv", "a,b\nx,1\ny,2", {"a": ["x", "y"], "b": ["1", "2"]}, [2, 3]),
        ("a.tsv", "a\tb\nx\t1\ny\t2", {"a": ["x", "y"], "b": ["1", "2"]}, [2, 3]),
    ],
)
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["", "\n", "\n\n\n"])
def test_bom_line_ends_and_file_end_change_nothing(write, name, content, columns, lines, bom, line_end, last):
    table = read_table(write(name, bom + (content + last).replace("\n", line_end).encode()))
    assert table.columns == columns
    assert table.lines == lines


ODD = ["\x85", "a\u2028b", "\u2029", "\u200b", "\xa0", "a\xa0b", "\u3000", "\ufeff", "\x1c", "\x0b\x0c", "\x00", "#"]


@pytest.mark.parametrize("token", ODD)
@pytest.mark.parametrize("separator", ["\t", " "])
def test_conll_keeps_odd_tokens(write, token, separator):
    table = read_table(write("a.conll", f"x{separator}O\n{token}{separator}B-A\ny{separator}O\n"))
    assert table.columns == {"0": [["x", token, "y"]], "1": [["O", "B-A", "O"]]}


@pytest.mark.parametrize("token", ODD)
def test_other_formats_keep_odd_text(write, token):
    quoted = json.dumps({"a": f"x{token}"}, ensure_ascii=False) if token >= " " else json.dumps({"a": f"x{token}"})
    assert read_table(write("a.jsonl", f'{quoted}\n{{"a": "y"}}\n')).columns == {"a": [f"x{token}", "y"]}
    table = read_table(write("a.csv", f"a,b\nx{token},1\ny,2\n"))
    assert table.columns == {"a": [f"x{token}", "y"], "b": ["1", "2"]}
    assert table.lines == [2, 3]


# --- Parquet


@pytest.fixture
def parquet():
    pytest.importorskip("pyarrow")
    import pyarrow
    import pyarrow.parquet

    def write_parquet(path, columns):
        path.parent.mkdir(exist_ok=True)
        table = pyarrow.table([pyarrow.array(values) for _, values in columns], names=[name for name, _ in columns])
        pyarrow.parquet.write_table(table, path, row_group_size=2)
        return str(path)

    return write_parquet


def test_parquet_columns_and_row_numbers(parquet, tmp_path):
    path = parquet(tmp_path / "a.parquet", [("tokens", [["x", "y"], [], ["z"]]), ("label", [1, None, 3])])
    table = read_table(path)
    assert table.columns == {"tokens": [["x", "y"], [], ["z"]], "label": [1, None, 3]}
    assert table.lines == [1, 2, 3]


def test_parquet_folder_name_adds_no_column(parquet, tmp_path):
    assert list(read_table(parquet(tmp_path / "year=2020" / "a.parquet", [("a", [1])])).columns) == ["a"]


def test_parquet_repeated_column(parquet, tmp_path):
    assert "more than one column 'a'" in message(parquet(tmp_path / "a.parquet", [("a", [1]), ("a", [2])]))


def test_parquet_without_rows(parquet, tmp_path):
    assert "holds no examples" in message(parquet(tmp_path / "a.parquet", [("a", [])]))


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n"])
def test_file_that_is_no_parquet(parquet, write, content):
    assert "is not a readable Parquet file" in message(write("a.parquet", content))
