"""Every rule of stages/readers.py on small files written here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from stages.readers import Table, read_table


@pytest.fixture
def write(tmp_path):
    """Write text or bytes to a file of that name and return its path."""

    def write_file(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write_file


def message(path, format=None, error=ValueError):
    with pytest.raises(error) as caught:
        read_table(path, format)
    return str(caught.value)


def problems(path, format=None):
    """The lines of a message that name a line of the file."""
    return [line.strip() for line in message(path, format).split("\n")[1:-1]]


# --- which file, which format


@pytest.mark.parametrize("ending", ["conll", "bio", "iob", "iob2", "bioes", "txt", "annotated", "CONLL"])
def test_conll_endings(write, ending):
    assert read_table(write(f"a.{ending}", "x O\n")).columns == {"0": [["x"]], "1": [["O"]]}


@pytest.mark.parametrize("ending", ["jsonl", "ndjson"])
def test_json_lines_endings(write, ending):
    assert read_table(write(f"a.{ending}", '{"a": 1}\n')).columns == {"a": [1]}


@pytest.mark.parametrize("name", ["a.json", "a.gz", "noending"])
def test_unknown_ending_names_the_known_ones_and_the_key(write, name):
    text = message(write(name, "x O\n"))
    assert "data.format" in text
    for known in (".conll", ".annotated", ".jsonl", ".ndjson", ".csv", ".tsv", ".parquet"):
        assert known in text


def test_given_format_wins_over_the_ending(write):
    assert read_table(write("a.json", '{"a": 1}\n'), "jsonl").columns == {"a": [1]}
    assert read_table(write("a.csv", "x O\n"), "conll").columns == {"0": [["x"]], "1": [["O"]]}


def test_unknown_format_suggests_the_nearest(write):
    text = message(write("a.csv", "a\n1\n"), "jsnol")
    assert "data.format='jsnol'" in text
    assert "did you mean jsonl?" in text


def test_missing_file_suggests_the_nearest_name(write, tmp_path):
    write("train.conll", "x O\n")
    text = message(str(tmp_path / "trian.conll"), error=FileNotFoundError)
    assert "trian.conll does not exist; did you mean train.conll?" in text


def test_missing_folder_is_named(tmp_path):
    text = message(str(tmp_path / "nowhere" / "train.csv"), error=FileNotFoundError)
    assert f"nor does the folder {tmp_path / 'nowhere'}" in text


def test_folder_is_no_file(tmp_path):
    assert "is a folder" in message(str(tmp_path))


@pytest.mark.parametrize("name", ["a.conll", "a.jsonl", "a.csv", "a.tsv"])
@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n"])
def test_file_without_examples(write, name, content):
    assert "holds no examples" in message(write(name, content))


def test_table_keeps_the_path_and_is_frozen(write):
    path = write("a.csv", "a\n1\n")
    table = read_table(path)
    assert table == Table(path, {"a": ["1"]}, [2])
    with pytest.raises(AttributeError):
        table.path = "other"


def test_no_heavy_import():
    code = "import stages.readers, tasks.tags, sys; print(sorted({'torch', 'pyarrow', 'numpy'} & set(sys.modules)))"
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
    assert table == Table(table.path, {"a": [f"x{token}", "y"], "b": ["1", "2"]}, [2, 3])


# --- CoNLL


@pytest.mark.parametrize("blank", ["", " ", "\t", "   ", " \t ", "\xa0", "\r"])
def test_conll_blank_lines_separate_sentences(write, blank):
    table = read_table(write("a.conll", f"{blank}\nx\tO\n{blank}\n{blank}\ny\tO\nz\tO\n{blank}\n"))
    assert table.columns["0"] == [["x"], ["y", "z"]]
    assert table.lines == [2, 5]


def test_conll_runs_of_spaces_and_spaces_around(write):
    table = read_table(write("a.conll", "EU   NNP  I-NP B-ORG \n  rejects VBZ I-VP   O\n"))
    assert table.columns == {
        "0": [["EU", "rejects"]],
        "1": [["NNP", "VBZ"]],
        "2": [["I-NP", "I-VP"]],
        "3": [["B-ORG", "O"]],
    }


def test_conll_tabs_keep_spaces_inside_a_column(write):
    table = read_table(write("a.conll", "New York\tB-LOC \n \tO\n"))
    assert table.columns == {"0": [["New York", " "]], "1": [["B-LOC", "O"]]}


def test_conll_lone_tab_separator_does_not_make_a_spaced_file_a_tab_file(write):
    assert read_table(write("a.conll", "x O\n\t\ny O\n")).columns["1"] == [["O"], ["O"]]


@pytest.mark.parametrize("docstart", ["-DOCSTART- -X- O O", "-DOCSTART-", "-DOCSTART-\tO", "-DOCSTART- O"])
def test_conll_docstart_is_skipped_and_ends_a_sentence(write, docstart):
    table = read_table(write("a.conll", f"{docstart}\n\nx O\n{docstart}\ny O\n"))
    assert table.columns["0"] == [["x"], ["y"]]
    assert table.lines == [3, 5]


def test_conll_comments_are_skipped_and_do_not_end_a_sentence(write):
    text = "#begin document (a); part 000\n# id 7 domain=en\nx\tO\n# text = x y\n#\ny\tO\n#end document\n"
    table = read_table(write("a.conll", text))
    assert table.columns == {"0": [["x", "y"]], "1": [["O", "O"]]}
    assert table.lines == [3]


@pytest.mark.parametrize("text", ["#\tO\nx\tO\n", "# O\nx O\n", "#tag\tO\nx\tO\n"])
def test_conll_hash_with_the_columns_of_a_word_is_a_word(write, text):
    assert read_table(write("a.conll", text)).columns["0"][0][0].startswith("#")


def test_conll_file_of_hashes_only(write):
    assert read_table(write("a.conll", "#\tO\n#x\tB-A\n")).columns == {"0": [["#", "#x"]], "1": [["O", "B-A"]]}


def test_conll_broken_hashtag_is_a_bad_line_and_not_a_comment(write):
    assert problems(write("a.conll", "x\tO\n#tag\ny\tO\n")) == ["a.conll:2: 1 column, but most lines have 2"]


def test_conll_one_message_names_three_bad_lines(write):
    path = write("train.conll", "a b c O\nx O\n\na b c O\na b c O\ny z O\na b c d O\n")
    assert problems(path) == [
        "train.conll:2: 2 columns, but most lines have 4",
        "train.conll:6: 3 columns, but most lines have 4",
        "train.conll:7: 5 columns, but most lines have 4",
    ]
    assert message(path).startswith(f"{path} has 3 problems:")
    assert "data.format" in message(path)


def test_conll_bad_first_line_does_not_blame_the_others(write):
    assert problems(write("a.conll", "x\ny O\nz O\n")) == ["a.conll:1: 1 column, but most lines have 2"]


def test_more_than_ten_bad_lines_are_counted(write):
    found = problems(write("a.conll", "a b\n" * 20 + "a\n" * 13))
    assert len(found) == 11
    assert found[0].startswith("a.conll:21: ")
    assert found[9].startswith("a.conll:30: ")
    assert found[10] == "... and 3 more"


def test_exactly_ten_bad_lines_need_no_count(write):
    assert len(problems(write("a.conll", "a b\n" * 20 + "a\n" * 10))) == 10


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("\tO", "column 0 is empty (an empty token or tag)"),
        ("x\t", "column 1 is empty (an empty token or tag)"),
        ("x\t ", "column 1 is empty (an empty token or tag)"),
        ("x O", "1 column, but most lines have 2"),
        ("x\tO\t", "3 columns, but most lines have 2"),
    ],
)
def test_conll_broken_tab_lines(write, line, what):
    assert problems(write("a.conll", f"a\tO\nb\tO\n{line}\n")) == [f"a.conll:3: {what}"]


def test_conll_stray_tab_in_a_spaced_file(write):
    assert problems(write("a.conll", "a O\nb O\nc\tO\n")) == ["a.conll:3: 1 column, but most lines have 2"]


def test_conll_single_column(write):
    assert read_table(write("a.conll", "x\ny\n\nz\n")).columns == {"0": [["x", "y"], ["z"]]}


def test_conll_all_columns_of_a_sentence_are_as_long(write):
    table = read_table(write("a.conll", "a b c\nd e f\n\ng h i\n"))
    assert {name: [len(value) for value in values] for name, values in table.columns.items()} == {
        "0": [2, 1],
        "1": [2, 1],
        "2": [2, 1],
    }


# --- JSON lines


def test_jsonl_values_and_key_order(write):
    table = read_table(write("a.jsonl", '{"b": [1, 2], "a": null}\n \t\n{"a": {"c": 1.5}, "b": []}\n'))
    assert table.columns == {"b": [[1, 2], []], "a": [None, {"c": 1.5}]}
    assert list(table.columns) == ["b", "a"]
    assert table.lines == [1, 3]


def test_jsonl_all_problems_in_one_message(write):
    text = '{"a": 1, "b": 2}\n{"a": 1}\n\n[1]\n{"a": \n"x"\nnull\n{"a": 1, "b": 3}\n'
    found = problems(write("a.jsonl", text))
    assert found[:2] == ["a.jsonl:2: key 'b' is missing", "a.jsonl:4: list, but each line must be a JSON object"]
    assert found[2].startswith("a.jsonl:5: invalid JSON (")
    assert found[3:] == [
        "a.jsonl:6: str, but each line must be a JSON object",
        "a.jsonl:7: NoneType, but each line must be a JSON object",
    ]


def test_jsonl_misspelt_key_is_named_where_it_stands(write):
    lines = ['{"text": "x"}'] * 30
    lines[19] = '{"txet": "x"}'
    assert problems(write("a.jsonl", "\n".join(lines))) == [
        "a.jsonl:20: key 'text' is missing",
        "a.jsonl:20: key 'txet' is missing in most other lines",
    ]


def test_jsonl_absurd_nesting_is_a_bad_line(write):
    assert problems(write("a.jsonl", "[" * 200_000 + "\n"))[0].startswith("a.jsonl:1: invalid JSON (")


# --- CSV and TSV


def test_csv_quoted_line_breaks_keep_text_and_line_numbers(write):
    table = read_table(write("a.csv", 'text,label\n"one\ntwo",a\n\n"say ""hi"", you\n\n",b\nlast,c\n'))
    assert table.columns == {"text": ["one\ntwo", 'say "hi", you\n\n', "last"], "label": ["a", "b", "c"]}
    assert table.lines == [2, 5, 8]


def test_csv_crlf_inside_quotes_stays(write):
    table = read_table(write("a.csv", 'a,b\r\n"x\r\ny",1\r\nz,2\r\n'))
    assert table.columns == {"a": ["x\r\ny", "z"], "b": ["1", "2"]}
    assert table.lines == [2, 4]


def test_csv_lone_carriage_return_in_quotes_is_no_line(write):
    assert read_table(write("a.csv", 'a,b\n"x\ry",1\nz,2\n')).lines == [2, 3]


def test_csv_ragged_rows_are_named_where_they_start(write):
    path = write("a.csv", 'text,label\n"one\ntwo",a\n"three\nfour"\nx,y,z\nfine,b\n')
    assert problems(path) == ["a.csv:4: 1 cell, but the header has 2", "a.csv:6: 3 cells, but the header has 2"]


def test_csv_header_names_must_differ(write):
    assert problems(write("a.csv", "a,b,a\n1,2,3\n")) == ["a.csv:1: the header names 'a' more than once"]


def test_csv_header_may_follow_blank_lines(write):
    assert read_table(write("a.csv", "\n\na\n1\n")).lines == [4]


def test_csv_with_a_header_only_holds_no_examples(write):
    assert "holds no examples" in message(write("a.csv", "text,label\n"))


def test_csv_quote_that_never_closes(write):
    path = write("a.csv", 'a,b\nx,1\n"y,2\nz,3\n')
    assert problems(path) == ["a.csv:3: a quote that is opened here is never closed"]


def test_csv_goes_on_after_a_broken_quote(write):
    found = problems(write("a.csv", 'a,b\n"x"y,1\nz,2\nonly\n'))
    assert found == ["a.csv:2: ',' expected after '\"'", "a.csv:4: 1 cell, but the header has 2"]


def test_csv_lone_carriage_returns_as_line_ends(write):
    assert "a carriage return stands inside the line" in problems(write("a.csv", "a,b\rx,1\ry,2\r"))[0]


def test_csv_long_cells(write):
    assert len(read_table(write("a.csv", f"a,b\n{'x' * 300_000},1\n")).columns["a"][0]) == 300_000


def test_csv_nul_bytes(write):
    assert read_table(write("a.csv", b"a,b\nx\x00y,1\n")).columns["a"] == ["x\x00y"]


def test_tsv_commas_and_quotes_inside_are_text(write):
    table = read_table(write("a.tsv", 'a\tb\nx, "y" z\t1\n"t\tu"\t2\n'))
    assert table.columns == {"a": ['x, "y" z', "t\tu"], "b": ["1", "2"]}


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
    assert read_table(path) == Table(path, {"tokens": [["x", "y"], [], ["z"]], "label": [1, None, 3]}, [1, 2, 3])


def test_parquet_folder_name_adds_no_column(parquet, tmp_path):
    assert list(read_table(parquet(tmp_path / "year=2020" / "a.parquet", [("a", [1])])).columns) == ["a"]


def test_parquet_repeated_column(parquet, tmp_path):
    assert "more than one column 'a'" in message(parquet(tmp_path / "a.parquet", [("a", [1]), ("a", [2])]))


def test_parquet_without_rows(parquet, tmp_path):
    assert "holds no examples" in message(parquet(tmp_path / "a.parquet", [("a", [])]))


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n"])
def test_file_that_is_no_parquet(parquet, write, content):
    assert "is not a readable Parquet file" in message(write("a.parquet", content))
