"""Every rule of reading CoNLL columns, on small files written here."""

import pytest
from small_files import message, problems, written

from stages.readers import read_table

write = pytest.fixture(written)


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
    assert table.columns == {"0": [["x", "y"]], "1": [["O", "O"]], "document": ["1"]}
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
