"""Reading in parts gives what reading whole gives, in little memory, whatever the file."""

import csv
import gzip
import io
import json
import random
import tracemalloc

import pytest
from small_files import message, written

from stages.readers import read_in_parts, read_table

write = pytest.fixture(written)
PIECES = ["a", "B", "ü", "词", "#", "# ", "-", "1", "\u2028", "\x85", "🙂", ",", '"', "\xa0"]


def text(chance, more=()):
    return "".join(chance.choices([*PIECES, *more], k=chance.randint(1, 6)))


def conll(chance):
    width, separator = chance.randint(1, 4), chance.choice(["\t", " "])
    rows = []
    for _ in range(chance.randint(1, 40)):
        rows += chance.choices(
            ["-DOCSTART- x", "# newdoc id = 1 2 3 4 5", "", "# c o m m e n t s"], k=chance.choice([0, 2])
        )
        words = [text(chance).replace(" ", "") for _ in range(chance.randint(1, 5) * width)]
        rows += [separator.join(words[i : i + width]) for i in range(0, len(words), width)] + [""]
    return "\n".join([separator.join(["w"] * width)] * 60 + ["", *rows])


def conllu(chance):
    all_texts, rows = chance.random() < 0.5, []
    for i in range(chance.randint(1, 40)):
        rows += ["# newdoc"] * (chance.random() < 0.2) + [f"# text = {i}"] * (all_texts or chance.random() < 0.5)
        rows += ["1-2" + "\t_" * 9] * (chance.random() < 0.2)
        rows += ["\t".join([str(n)] + [text(chance) for _ in range(8)] + ["_"]) for n in range(1, chance.randint(2, 6))]
        rows.append("")
    return "\n".join(rows)


def value(chance, depth=0):
    kinds = [None, 1, 2.5, True, text(chance), [], {}]
    if depth < 3 and chance.random() < 0.4:
        return [value(chance, depth + 1), {text(chance): value(chance, depth + 1)}]
    return chance.choice(kinds)


def objects(chance):
    keys = [f"k{i}" for i in range(chance.randint(1, 4))]
    return [{k: value(chance) for k in chance.sample(keys, len(keys))} for _ in range(chance.randint(2, 40))]


def jsonl(chance):
    return "\n".join(json.dumps(row, ensure_ascii=False) + "\n" * chance.choice([0, 0, 2]) for row in objects(chance))


def as_json(chance):
    return json.dumps(objects(chance), indent=chance.choice([None, 1]))


def separated(delimiter):
    def write_rows(chance):
        out, width = io.StringIO(), chance.randint(2, 4)
        rows = csv.writer(out, delimiter=delimiter, lineterminator=chance.choice(["\n", "\r\n"]))
        rows.writerow([f"c{i}" for i in range(width)])
        for _ in range(chance.randint(1, 40)):
            rows.writerow([text(chance, ["\n", "\r\n", "\t"]) for _ in range(width)])
            out.write("\n" * chance.choice([0, 0, 1]))
        return out.getvalue()

    return write_rows


def raw(chance):
    return "".join(text(chance) + chance.choice(["\n", "\r\n", "\n\n"]) for _ in range(chance.randint(1, 40)))


FORMATS = {
    "conll": conll, "conllu": conllu, "jsonl": jsonl, "json": as_json, "csv": separated(","), "tsv": separated("\t"),
    "txt": raw, "as.json": jsonl,
}  # fmt: skip


def assert_parts_are_the_table(path, format=None):
    whole = read_table(path, "text" if path.endswith((".txt", ".txt.gz")) else format)
    for size in (1, 2, 7, 1000):
        parts = list(read_in_parts(path, format, size))
        assert {name: [v for part in parts for v in part.columns[name]] for name in whole.columns} == whole.columns
        assert all(part.columns.keys() == whole.columns.keys() for part in parts)
        assert [n for part in parts for n in part.lines] == whole.lines
        assert [place for part in parts for place in part.places] == whole.places
        assert all(len(part.lines) == size for part in parts[:-1])
        assert 1 <= len(parts[-1].lines) <= size


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("seed", range(12))
def test_parts_together_are_the_whole(write, ending, seed):
    content = FORMATS[ending](random.Random(seed)).encode()
    path = write(f"a.{ending}", content) if seed % 2 else write(f"a.{ending}.gz", gzip.compress(content))
    assert_parts_are_the_table(path)


def test_parts_of_parquet(tmp_path):
    pytest.importorskip("pyarrow")
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.table({"a": [[i] for i in range(2500)], "b": [{"c": str(i)} for i in range(2500)]})
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet", row_group_size=999)
    assert_parts_are_the_table(str(tmp_path / "a.parquet"))
    assert next(read_in_parts(str(tmp_path / "a.parquet"), size=2)).columns == {
        "a": [[0], [1]],
        "b": [{"c": "0"}, {"c": "1"}],
    }


BROKEN = {
    "a.conll": ("x O\n\n" * 30, "x\n\n", "a.conll:61: 1 column, but most lines have 2"),
    "a.conllu": ("1" + "\tx" * 9 + "\n\n", "1\tx\n\n", "a.conllu:3: 2 columns, but CoNLL-U has 10, with tabs"),
    "a.jsonl": ('{"a": 1}\n' * 30, '{"b": 1}\n', "a.jsonl:31: key 'a' is missing"),
    "a.csv": ('a,b\n"x\ny",1\n', "z\n", "a.csv:4: 1 cell, but the header has 2"),
    "a.tsv": ("a\tb\nx\t1\n", '"x"y\t1\n', "a.tsv:3: '\t' expected after '\"'"),
    "a.txt": ("x\n" * 30, b"\xff\n", "a.txt:31: byte 0xFF (byte 1 of the line) is not UTF-8"),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_bad_line_is_named_when_its_part_is_reached(write, name, size):
    good, bad, what = BROKEN[name]
    bad = bad if isinstance(bad, bytes) else bad.encode()
    path = write(name, good.encode() + bad + good.encode().removeprefix(b"a,b\n"))
    parts, before = read_in_parts(path, size=size), len(list(read_in_parts(write(f"good{name}", good), size=1)))
    for _ in range(before // size):
        assert len(next(parts).lines) == size
    with pytest.raises(ValueError) as caught:
        next(parts)
    assert f"  {what}" in str(caught.value)
    if name != "a.txt":
        assert f"  {what}" in message(path)


@pytest.mark.parametrize(("name", "text"), [("a.csv", "a\n" + '"x"y\n' * 30), ("a.jsonl", "x\n" * 30)])
def test_a_file_of_bad_lines_is_not_read_to_its_end(write, name, text):
    with pytest.raises(ValueError, match="has 3 problems"):
        next(read_in_parts(write(name, text), size=3))


def test_the_layout_of_conll_does_not_depend_on_the_parts(write):
    path = write("a.conll", "# a comment of words\n\n#\tO\n\nx\n\n" + "y\tO\n\n" * 20)
    parts = read_in_parts(path, size=1)
    assert next(parts).columns == {"0": [["#"]], "1": [["O"]]}
    with pytest.raises(ValueError, match=r"a\.conll:5: 1 column, but most lines have 2"):
        next(parts)


def test_a_wrong_path_is_an_error_at_once_and_an_empty_file_when_it_is_read(write):
    with pytest.raises(FileNotFoundError):
        read_in_parts("nowhere.csv")
    with pytest.raises(ValueError, match="holds no examples"):
        next(read_in_parts(write("a.txt", "")))


@pytest.mark.parametrize(
    ("name", "row", "first"),
    [
        ("a.conll.gz", "word O\n\n", ""),
        ("a.conllu.gz", "1" + "\tx" * 9 + "\n\n", ""),
        ("a.jsonl.gz", '{"text": "some words", "label": 1}\n', ""),
        ("a.csv.gz", '"some\nwords",1\n', "text,label\n"),
        ("a.txt.gz", "some words\n", ""),
    ],
)
def test_memory_is_bounded_by_the_part(write, name, row, first):
    path = write(name, gzip.compress((first + row * 6_000).encode()))
    next(read_in_parts(path, size=100))  # imports and caches
    assert 4 * peak(path, 100) < peak(path, None)


def peak(path, size):
    """Bytes that reading the file in parts of that size took at most."""
    tracemalloc.start()
    try:
        assert sum(len(part.lines) for part in read_in_parts(path, size=size)) == 6_000
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
