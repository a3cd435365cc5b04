"""The files of SemEval-2010 task 8, on small ones written here."""

import pytest
from small_files import problems, written

from stages.readers import read_table

write = pytest.fixture(written)
FIRST = '1\t"The <e1>child</e1> said ""no"" in the <e2>cradle</e2>."'


def read(path):
    return read_table(path, "semeval")


def test_labelled_sentences_with_comments_and_windows_line_ends(write):
    text = f'{FIRST}\r\nOther\r\nComment:\r\n\r\n22\t"<e1>范</e1>，<e2>宁</e2>"\r\nA-B(e2,e1)\r\nComment: x y\r\n\r\n'  # noqa: RUF001
    table = read(write("TRAIN_FILE.TXT", text))
    assert table.columns == {
        "id": ["1", "22"],
        "sentence": ['The <e1>child</e1> said ""no"" in the <e2>cradle</e2>.', "<e1>范</e1>，<e2>宁</e2>"],  # noqa: RUF001
        "relation": ["Other", "A-B(e2,e1)"],
    }
    assert table.lines == [1, 5]


def test_sentences_without_relations(write):
    table = read(write("a.txt", f'{FIRST}\n2\t"<e1>a</e1> <e2>b</e2>"\n'))
    assert list(table.columns) == ["id", "sentence"] and table.columns["id"] == ["1", "2"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{FIRST}\nOther\n2\tx\n3\ty\nOther\n", ["a.txt:3: no relation below this sentence"]),
        (f"{FIRST}\n2\tx\nOther\n", ["a.txt:2: a relation, but the first one has none"]),
        (f"{FIRST}\nOther\nmore\n", ["a.txt:3: 'more' is no sentence: these begin with a number and a tab"]),
        ("x\n", ["a.txt:1: 'x' is no sentence: these begin with a number and a tab"]),
    ],
)
def test_what_is_wrong_is_named_with_its_line(write, text, expected):
    path = write("a.txt", text)
    assert problems(path, "semeval") == expected
