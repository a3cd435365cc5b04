"""Every rule of reading JSON lines, CSV and TSV, on small files written here."""

import pytest
from small_files import message, problems, written

from stages.readers import read_table

write = pytest.fixture(written)


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
        "a.jsonl:20: key 'txet' is missing in most other examples",
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
    assert "a carriage return inside the line" in problems(write("a.csv", "a,b\rx,1\ry,2\r"))[0]


def test_csv_long_cells(write):
    assert len(read_table(write("a.csv", f"a,b\n{'x' * 300_000},1\n")).columns["a"][0]) == 300_000


def test_csv_nul_bytes(write):
    assert read_table(write("a.csv", b"a,b\nx\x00y,1\n")).columns["a"] == ["x\x00y"]


def test_tsv_commas_and_quotes_inside_are_text(write):
    table = read_table(write("a.tsv", 'a\tb\nx, "y" z\t1\n"t\tu"\t2\n'))
    assert table.columns == {"a": ['x, "y" z', "t\tu"], "b": ["1", "2"]}


# --- bare cells


def test_cells_are_numbered_and_quotes_mean_nothing(write):
    path = write("a.tsv", '"Hi" she said\t2,14\tx1\r\n\n \n"one \t27\t\n他说“好”\t1\t"\n')
    table = read_table(path, "cells")
    assert table.columns == {
        "0": ['"Hi" she said', '"one ', "他说“好”"],
        "1": ["2,14", "27", "1"],
        "2": ["x1", "", '"'],
    }
    assert table.lines == [1, 4, 5]


def test_cells_of_another_number_are_named(write):
    found = problems(write("a.tsv", "a\tb\nc\nd\te\tf\n"), "cells")
    assert found == ["a.tsv:2: 1 cell, but the first line has 2", "a.tsv:3: 3 cells, but the first line has 2"]
