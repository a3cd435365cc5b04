"""Data files and configurations that nobody would think of, as strategies of hypothesis."""

import csv
import gzip
import io
import json

import yaml
from hypothesis import strategies as st

# What each task reads: its columns, and a value that is right for each.
ROWS = {
    "text_classification": {"text": "a good film", "label": "good"},
    "ner": {"tokens": ["Anna", "lives"], "tags": ["B-PER", "O"]},
    "pos": {"tokens": ["a", "b"], "tags": ["DET", "NOUN"]},
    "regression": {"text": "a good film", "target": 1.5},
    "question_answering": {
        "question": "who?",
        "context": "Anna lives",
        "answers": [{"text": "Anna", "answer_start": 0}],
    },
    "multiple_choice": {"question": "which?", "choices": ["a", "b"], "answer": 0},
    "ranking": {"query": "q", "candidates": ["a", "b"], "relevance": [1, 0]},
    "relation_extraction": {"text": "Anna lives in Oslo", "e1": [0, 4], "e2": [14, 18], "relation": "in"},
    "joint_intent_slots": {"tokens": ["to", "Oslo"], "slots": ["O", "B-city"], "intent": "go"},
    "translation": {"source": "a", "target": "b"},
    "summarization": {"text": "a long text", "summary": "short"},
    "dialogue": {"messages": ["hello", "hi"]},
    "causal_lm": {"text": "some words"},
    "masked_lm": {"text": "some words"},
}
# Every second row: no data have one label only.
OTHER = {"label": "bad", "tags": ["O", "B-LOC"], "target": 2, "answer": 1, "relevance": [0, 1], "relation": "Other",
         "slots": ["O", "O"], "intent": "stop"}  # fmt: skip
EMPTY = [
    "",
    " ",
    "\n",
    "\t",
    "\x00",
    "a\x00b",
    "\ufeff",
    "\u2028",
    "\u0085",
    "\u200b",
    "\xa0",
    "\r",
    "\x1b[2J",
    "\ud800",
]
SCRIPTS = ["שלום עולם", "مرحبا", "\u202eabc", "e\u0301" * 9, "👩\u200d👩\u200d👧", "🏳\ufe0f\u200d🌈", "x" * 1000]
MARKS = [
    '"',
    "'",
    ",",
    ";",
    "|",
    "#",
    "# text = x",
    "-DOCSTART-",
    "O",
    "B-",
    "I-X",
    "B-X",
    "_",
    "<s>",
    "[MASK]",
    "[",
    "{}",
]
READ = ["null", "NaN", "-1", "0", "1e999", "[]", "[1, 2]", "a.b", "../../x", "<e1>a</e1>"]
ODD = [*EMPTY, *SCRIPTS, *MARKS, *READ]
TEXTS = st.one_of(st.sampled_from(ODD), st.text(max_size=12), st.sampled_from(["a", "b", "the city", "good", "bad"]))
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 9), st.just(10**40), st.floats(), st.just(float("nan")), TEXTS
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["text", "a", "answer_start"]), inner, max_size=2)
    ),
    max_leaves=5,
)


@st.composite
def rows(draw, task):
    """Rows of a task's data: right ones, some with texts or values or keys exchanged; sometimes one row, or none."""
    size = draw(st.sampled_from([20, 20, 20, 20, 8, 2, 1, 0]))
    made = [{**ROWS[task]} for _ in range(size)]
    for i, row in enumerate(made):
        first = next(iter(row))
        row[first] = f"{row[first]} {i}" if isinstance(row[first], str) else [f"{word}{i}" for word in row[first]]
        row |= {key: value for key, value in OTHER.items() if key in row and i % 2}
    kinds = draw(st.sampled_from([["text"], ["text"], ["text", "texts"], ["value"], ["text", "value", "gone"]]))
    for _ in range(draw(st.integers(0, 3)) if made else 0):
        row = draw(st.sampled_from(made))
        key = draw(st.sampled_from(list(ROWS[task])))
        what = draw(st.sampled_from(kinds))
        if what == "gone":
            row.pop(key, None)
        else:
            row[key] = draw({"value": VALUES, "text": TEXTS, "texts": st.lists(TEXTS, max_size=4)}[what])
    if made and draw(
        st.sampled_from([False] * 5 + [True])
    ):  # one value for all: one class, no positive, all texts empty
        key, value = draw(st.sampled_from(list(ROWS[task]))), draw(VALUES)
        for row in made:
            row[key] = value
    return made


def as_jsonl(made, draw):
    return "".join(json.dumps(row, ensure_ascii=draw(st.booleans())) + "\n" for row in made)


def as_json(made, draw):
    form = draw(st.sampled_from(["list", "holder", "columns", "squad", "snips"]))
    columns = {key: [row.get(key) for row in made] for row in made[:1] for key in row}
    question = {"id": "1", "question": "q", "answers": made and made[0].get("answers", draw(VALUES))}
    paragraph = {"context": draw(TEXTS), "qas": draw(st.sampled_from([[question], [], None, [1]]))}
    squad = {"data": [{"title": draw(SCALARS), "paragraphs": draw(st.sampled_from([[paragraph], [1], [{}]]))}]}
    snips = {"go": [{"data": [{"text": draw(TEXTS)}, {"text": "x", "entity": draw(SCALARS)}]}]}
    return json.dumps({"list": made, "holder": {"x": made}, "columns": columns, "squad": squad, "snips": snips}[form])


def as_csv(made, draw, delimiter=","):
    file = io.StringIO()
    names = list(dict.fromkeys(key for row in made for key in row)) or ["text"]
    writer = csv.writer(file, delimiter=delimiter, lineterminator=draw(st.sampled_from(["\n"] * 6 + ["\r\n", "\r"])))
    if draw(st.sampled_from([True] * 9 + [False])):
        writer.writerow(names)
    for row in made:
        cells = [row.get(name, "") for name in names]
        cells = [json.dumps(cell) if isinstance(cell, list | dict) else cell for cell in cells]
        writer.writerow(cells[: draw(st.sampled_from([None] * 40 + [-1]))])
    return file.getvalue()


def as_conll(made, draw):
    mark = draw(st.sampled_from([" ", "\t", "  ", ","]))
    lines = []
    for row in made:
        columns = [row[key] for key in row if isinstance(row[key], list)] or [[str(value)] for value in row.values()]
        lines += [mark.join(map(str, cells)) for cells in zip(*columns, strict=False)]
        lines += [draw(st.sampled_from([""] * 40 + ["-DOCSTART- -X-", "# text = x", "a"]))]
    return "\n".join(lines)


def as_conllu(made, draw):
    lines = []
    for row in made:
        tokens = row.get("tokens") if isinstance(row.get("tokens"), list) else ["a"]
        lines += [f"{i}\t{token}\t_\tNOUN\t_\t_\t0\t_\t_\t_" for i, token in enumerate(tokens, 1)]
        lines += [draw(st.sampled_from([""] * 40 + ["\n# newdoc", "x\ty"]))]
    return "\n".join(lines)


def as_talks(made, draw):
    talks = [row.get("messages", ["a", "b"]) for row in made]
    return yaml.safe_dump({"conversations": draw(st.sampled_from([talks] * 6 + [None, "x", [1]])), "categories": ["a"]})


def as_parquet(made, draw):
    import pyarrow
    import pyarrow.parquet

    file = io.BytesIO()
    try:
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(made), file)
    except (pyarrow.ArrowException, OverflowError, UnicodeEncodeError):  # what no column can hold
        plain = [{key: ascii(value) for key, value in row.items()} for row in made]
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(plain), file := io.BytesIO())
    return file.getvalue()


WRITERS = {
    "jsonl": as_jsonl, "json": as_json, "csv": as_csv, "tsv": lambda made, draw: as_csv(made, draw, "\t"),
    "conll": as_conll, "conllu": as_conllu, "yml": as_talks, "parquet": as_parquet, "txt": as_conll,
}  # fmt: skip


@st.composite
def data_files(draw):
    """(task, ending, bytes): rows as a file of some format, and then some of its bytes exchanged."""
    task = draw(st.sampled_from(list(ROWS)))
    endings = {"ner": "conll", "pos": "conllu", "joint_intent_slots": "conll", "dialogue": "yml"}
    usual = st.sampled_from(["jsonl", "json", "csv", "tsv", "parquet", endings.get(task, "jsonl")])
    ending = draw(st.one_of(usual, usual, usual, st.sampled_from(list(WRITERS))))
    if draw(st.sampled_from([False] * 29 + [True])):
        return task, ending, draw(st.binary(max_size=60))
    content = WRITERS[ending](draw(rows(task)), draw)
    if isinstance(content, str):
        code = draw(st.sampled_from(["utf-8"] * 12 + ["utf-16", "latin-1", "utf-8-sig"]))
        content = content.encode(code, errors="surrogatepass" if code.startswith("utf") else "replace")
        if draw(st.sampled_from([False] * 9 + [True])):
            content, ending = gzip.compress(content, mtime=0), f"{ending}.gz"
    return task, ending, damaged(content, draw, draw(st.sampled_from([0, 0, 0, 0, 1, 2])))


def damaged(content, draw, times):
    """Bytes with some of them exchanged, left out or added."""
    for _ in range(times):
        at = draw(st.integers(0, len(content)))
        piece = draw(st.one_of(st.binary(max_size=3), st.sampled_from([b"\0", b"\n", b"\r", b'"', b"\t", b"\xff"])))
        content = content[:at] + piece + content[at + draw(st.integers(0, 3)) :]
    return content
