"""CoNLL-U, documents, JSON, gzip and raw text, on small files written here."""

import gzip
import json

import pytest
from small_files import message, problems, written

from stages.readers import read_table

write = pytest.fixture(written)
NAMES = ["id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc"]


def word(number, form, upos="X"):
    return f"{number}\t{form}\t{form.lower()}\t{upos}\t_\t_\t0\troot\t_\t_\n"


# --- CoNLL-U


def test_conllu_keeps_words_and_leaves_out_ranges_and_empty_nodes(write):
    text = "# sent_id = 1\n" + "1-2\tdel" + "\t_" * 8 + "\n" + word(1, "de", "ADP") + word(2, "el", "DET")
    text += "2.1\tfue" + "\t_" * 8 + "\n" + word(3, "New York") + "\n" + word(1, "#", "SYM")
    table = read_table(write("a.conllu", text))
    assert list(table.columns) == NAMES
    assert table.columns["form"] == [["de", "el", "New York"], ["#"]]
    assert table.columns["upos"] == [["ADP", "DET", "X"], ["SYM"]]
    assert table.columns["id"] == [["1", "2", "3"], ["1"]]
    assert table.columns["misc"] == [["_", "_", "_"], ["_"]]
    assert table.lines == [3, 8]


def test_conllu_text_is_kept_where_every_sentence_has_it(write):
    first, second = "# text = A b = c \n" + word(1, "A"), "# text_en = no\n" + word(1, "B")
    assert read_table(write("a.conllu", first)).columns["text"] == ["A b = c "]
    assert "text" not in read_table(write("b.conllu", f"{first}\n{second}")).columns
    assert read_table(write("c.conllu", f"{first}\n# text = {second}")).columns["text"][1].startswith("# text_en")


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("2\tx\n", "2 columns, but CoNLL-U has 10, with tabs between them"),
        ("2 x x X _ _ 0 root _ _\n", "1 column, but CoNLL-U has 10, with tabs between them"),
        (word(2, "x").replace("\troot", "\t"), "column deprel is empty (write _ instead)"),
        (word("two", "x"), "id 'two' is no number, no range like 1-2 and no empty node like 1.1"),
        (word(1, "x"), "id 1, but 2 comes next in this sentence; a word or a blank line is missing"),
        (word(3, "x"), "id 3, but 2 comes next in this sentence; a word or a blank line is missing"),
    ],
)
def test_conllu_broken_lines(write, line, what):
    text = "# c\n" + word(1, "x") + line + word(3, "y") + word(4, "y") + "\n" + word(1, "z")
    assert problems(write("a.conllu", text)) == [f"a.conllu:3: {what}"]


# --- documents


def test_documents_are_numbered_where_the_file_marks_them(write):
    mark = "-DOCSTART- -X- O O\n"
    table = read_table(write("a.conll", f"{mark}\nx O\n\ny O\n\n{mark}\nz O\n"))
    assert table.columns == {"0": [["x"], ["y"], ["z"]], "1": [["O"]] * 3, "document": ["1", "1", "2"]}
    assert "document" not in read_table(write("b.conll", "x O\n\ny O\n")).columns


def test_sentences_before_the_first_mark_are_the_first_document(write):
    text = "x O\n\ny O\n-DOCSTART- O\nz O\n"
    assert read_table(write("a.conll", text)).columns["document"] == ["1", "1", "2"]


@pytest.mark.parametrize("name", ["a.conllu", "a.iob2"])
def test_documents_of_universal_dependencies(write, name):
    text = (
        f"# newdoc id = a\n# text = x\n{word(1, 'x')}\n# text = y\n{word(1, 'y')}\n# newdoc\n# text = z\n{word(1, 'z')}"
    )
    assert read_table(write(name, text)).columns["document"] == ["1", "1", "2"]


# --- JSON


@pytest.mark.parametrize(
    "content",
    [
        [{"a": 1, "b": [{"c": None}]}, {"b": [], "a": 2}],
        {"data": [{"a": 1, "b": [{"c": None}]}, {"a": 2, "b": []}]},
        {"a": [1, 2], "b": [[{"c": None}], []]},
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_json_layouts(write, content, indent):
    path = write("a.json", json.dumps(content, indent=indent))
    table = read_table(path)
    assert table.columns == {"a": [1, 2], "b": [[{"c": None}], []]}
    assert table.lines == [1, 2]
    assert table.places == [f"{path}, object 1", f"{path}, object 2"]


def test_json_with_one_column(write):
    assert read_table(write("a.json", '{"text": ["x", "y"]}')).columns == {"text": ["x", "y"]}


def test_json_lines_in_a_json_file(write):
    path = write("a.json", '\n{"a": [1]}\n\n{"a": [2, 3]}\n')
    table = read_table(path)
    assert table.columns == {"a": [[1], [2, 3]]}
    assert table.places == [f"{path}:2", f"{path}:4"]
    assert problems(write("b.json", '{"a": 1}\n{"a": 2\n'))[0].startswith("b.json:2: invalid JSON (")


def test_json_objects_are_checked_and_counted(write):
    content = [{"a": 1}, {"a": 2}, {"b": 3}, 4]
    assert problems(write("a.json", json.dumps(content, indent=1))) == [
        "a.json, object 3: key 'a' is missing",
        "a.json, object 3: key 'b' is missing in most other examples",
        "a.json, object 4: int, but each element of the list must be a JSON object",
    ]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ('"x"', "holds str. Needed: a list of objects;"),
        ('{"a": "x", "b": [1]}', "holds one object with a (str), b (list). Needed:"),
        ("{}", "holds one object with nothing in it. Needed:"),
        ('{"a": [1], "b": [1, 2]}', "holds lists of different lengths: a 1, b 2. Needed:"),
        ('[{"a": 1},\n{"a" 2}]', "invalid JSON (Expecting ':' delimiter: line 2 column 6 (char 16))"),
        ("[" * 200_000, "invalid JSON ("),
        (b'[\n{"a": "\xe9"}]', "a.json:2: byte 0xE9 (byte 8 of the line) is not UTF-8"),
        ("[]", "holds no examples"),
        ('{"data": []}', "holds no examples"),
        ("\n", "holds no examples"),
    ],
)
def test_json_that_is_no_table(write, content, what):
    assert what in message(write("a.json", content))


# --- gzip


@pytest.mark.parametrize(
    ("name", "text", "columns"),
    [
        ("a.conll.gz", "x O\n", {"0": [["x"]], "1": [["O"]]}),
        ("a.TXT.GZ", "x O\n", {"0": [["x"]], "1": [["O"]]}),
        ("a.jsonl.gz", '{"a": 1}\n', {"a": [1]}),
        ("a.json.gz", '[{"a": 1}]', {"a": [1]}),
        ("a.csv.gz", '\ufeffa\n"x\r\ny"\n', {"a": ["x\r\ny"]}),
    ],
)
def test_gzip(write, name, text, columns):
    assert read_table(write(name, gzip.compress(text.encode()))).columns == columns


def test_gzip_names_the_line_inside(write):
    path = write("a.jsonl.gz", gzip.compress(b'{"a": 1}\n{"a": 1}\n{"a": 1\n'))
    assert problems(path)[0].startswith("a.jsonl.gz:3: invalid JSON (")


def damaged():
    whole = gzip.compress(b"x O\n\n" * 50_000)
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0xFF
    return {
        "cut": whole[:-20],
        "flipped": bytes(flipped),
        "no archive": b"x O\n",
        "broken": whole[:10] + b"\xff" * 50,
        "cut header": whole[:5],
    }


@pytest.mark.parametrize("how", ["cut", "flipped", "no archive", "cut header", "broken"])
def test_a_damaged_archive(write, how):
    text = message(write("a.conll.gz", damaged()[how]))
    assert "a.conll.gz is no whole gzip archive (" in text
    assert "Fetch or pack it again." in text


def test_an_archive_without_its_ending(write):
    text = message(write("a.jsonl", gzip.compress(b'{"a": 1}\n')))
    assert text.endswith("a.jsonl is a gzip archive. Add .gz to its name.")


# --- raw text


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a b\n\n c\t\n", ["a b", "", " c\t"]),
        ("a\r\n\r\nb", ["a", "", "b"]),
        ("\n\n", ["", ""]),
        ("\ufeffa\u2028b\x85\n# -DOCSTART-\n", ["a\u2028b\x85", "# -DOCSTART-"]),
    ],
)
def test_text_keeps_every_line(write, text, rows):
    table = read_table(write("a.txt", text), "text")
    assert table.columns == {"text": rows}
    assert table.lines == list(range(1, len(rows) + 1))


def test_text_without_lines(write):
    assert "holds no examples" in message(write("a.txt", ""), "text")


def test_text_names_bytes_that_are_no_text(write):
    assert problems(write("a.txt", b"a\n\xff\n"), "text")[0].startswith("a.txt:2: byte 0xFF (byte 1 of the line)")
