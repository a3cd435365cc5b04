"""Raw text with character spans: cut into words, turned into tags and back without loss, scored in full."""

import json
import random
from itertools import pairwise

import pytest
from run_files import predicted

from tasks.ner import NER
from tasks.words.char_spans import pieces, read_spans, tags_of, words_of
from tasks.words.entity_answers import entity_answer

TASK = NER("ner", "f1")
ALPHABET = "ab c1-.,'  \t\n\u00a0äß中文ひらカタไทย한국🙂👩\u200d👩\u200b\u200c\ufeffe\u0301हिन्दी"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Anna's car.", ["Anna", "'", "s", "car", "."]),
        ("U.S. e-mail 3.5", ["U", ".", "S", ".", "e", "-", "mail", "3", ".", "5"]),
        ("北京2008 ひらカタ", ["北", "京", "2008", "ひ", "ら", "カ", "タ"]),
        ("e\u0301te\u0301 हिन्दी", ["e\u0301te\u0301", "हिन्दी"]),
        ("a\u200bb 👩\u200d👩", ["a", "\u200b", "b", "👩", "\u200d", "👩"]),
        (" \t\u00a0\u3000", []),
        ("", []),
    ],
)
def test_words(text, expected):
    assert [text[start:end] for start, end in words_of(text)] == expected


def test_words_lose_nothing_but_white_space():
    generator = random.Random(0)
    for _ in range(300):
        text = "".join(generator.choices(ALPHABET, k=30))
        words = words_of(text)
        assert "".join(text[s:e] for s, e in words) == "".join(text.split())
        assert all(before[1] <= after[0] for before, after in pairwise(words))


@pytest.mark.parametrize(
    "span",
    [
        [5, 11, "LOC"],
        {"start": 5, "end": 11, "type": "LOC"},
        {"start_offset": 5, "end_offset": 11, "label": "LOC"},
        [4, 12, "LOC"],
    ],
)
def test_ways_to_write_a_span(span):
    assert read_spans("near Berlin now", [span], "x") == [(5, 11, "LOC")]


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([[0, 4, "A"], [3, 6, "B"]], r"the spans \[0, 4, 'A'\] and \[3, 6, 'B'\] overlap"),
        ([[0, 4, "A"], [1, 3, "B"]], r"the spans \[0, 4, 'A'\] and \[1, 3, 'B'\] are nested. Keep one"),
        ([[0, 4, "A"], [0, 4, "B"]], "are nested"),
        ([[0, 9, "A"]], r"the span \[0, 9, 'A'\] lies outside its text of 8 characters"),
        ([[3, 3, "A"]], "lies outside"),
        ([["0", 2, "A"]], "is not a span"),
        ([[0, 2]], "is not a span"),
        ([True], "is not a span"),
        ([[4, 5, "A"]], "only white space"),
        ("none", "must hold a list of spans"),
        ([{"start": 0, "end": 4, "label": "A", "text": "ab🙂"}], "but 'ab🙂d' stands there. Offsets count characters"),
    ],
)
def test_spans_that_cannot_be(spans, expected):
    with pytest.raises(ValueError, match=expected):
        read_spans("ab🙂d efg", spans, "train example 1: data.columns.spans")


def test_tags_of_neighbouring_spans():
    words = words_of("Rome Paris Paris x")
    assert tags_of(words, [(0, 4, "L"), (5, 16, "L")]) == ["B-L", "B-L", "I-L", "O"]


def test_pieces_are_cut_at_the_edges_of_spans():
    words = words_of("preBerlinpost x")
    assert pieces(words, [(3, 9, "L")]) == [(0, 3), (3, 9), (9, 13), (14, 15)]


def random_texts(seed, number=40):
    """Texts of odd characters with spans that begin and end at words, never overlapping."""
    generator = random.Random(seed)
    examples = {"text": [], "spans": []}
    while len(examples["text"]) < number:
        text = "".join(generator.choices(ALPHABET, k=generator.randint(0, 40)))
        words, spans, i = words_of(text), [], 0
        while i < len(words):
            size = generator.randint(1, 3)
            if generator.random() < 0.4 and i + size <= len(words):
                spans.append([words[i][0], words[i + size - 1][1], generator.choice(["PER", "a b"])])
            i += size
        examples["text"].append(text)
        examples["spans"].append(spans)
    return examples


@pytest.mark.parametrize("seed", range(5))
def test_spans_to_tags_and_back(seed):
    given = random_texts(seed)
    splits, findings = TASK.prepare({"train": given})
    examples = splits["train"]
    answers = [entity_answer(tags, [0.9] * len(tags), examples, i) for i, tags in enumerate(examples["tags"])]
    back = [[[s["start"], s["end"], s["label"]] for s in answer["prediction"]] for answer in answers]
    assert back == given["spans"] and not findings
    assert all(s["text"] == text[s["start"] : s["end"]]
               for answer, text in zip(answers, given["text"], strict=True) for s in answer["prediction"])  # fmt: skip
    assert TASK.metrics(answers, examples).values["f1"] == 1.0


def test_a_span_inside_a_word_is_in_the_support_and_missed():
    splits, findings = TASK.prepare({"test": {"text": ["preBerlin Rome"], "spans": [[[3, 9, "LOC"], [10, 14, "LOC"]]]}})
    examples = splits["test"]
    assert examples["tags"] == [["B-LOC", "B-LOC"]]
    assert "1 span begins or ends inside a word" in findings[0].what
    whole = entity_answer(examples["tags"][0], [1.0, 1.0], examples, 0)
    scores = TASK.metrics([whole], examples)
    assert scores.values["recall"] == 0.5 and scores.tables["entities by type"][0]["support"] == 2


def test_the_least_sure_word_gives_the_confidence():
    splits, _ = TASK.prepare({"test": {"text": ["New York is big"]}})
    answer = entity_answer(["B-LOC", "I-LOC", "O", "O"], [0.9, 0.7, 0.2, 1.0], splits["test"], 0)
    assert answer == {
        "prediction": [{"start": 0, "end": 8, "label": "LOC", "text": "New York"}],
        "confidence": [0.7],
    }


def test_a_run_on_spans(run_here, tiny_bert, tmp_path):
    """JSON lines in, spans of the raw text out, in input order; blank text too."""
    texts = ["Anna saw 👩\u200d👩 in Berlin\u200b!", "", "the river  Seine", "x" * 300 + " Rome"]
    spans = [[[0, 4, "PER"], [16, 22, "LOC"]], [], [[11, 16, "LOC"]], [[301, 305, "LOC"]]]
    rows = [{"text": t, "spans": s, "document": str(i // 2)} for i, (t, s) in enumerate(zip(texts, spans, strict=True))]
    data = tmp_path / "data.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows * 5), encoding="utf-8")
    words = ["task=ner", "task.context=3", "task.head=crf", "data=files", "training.max_steps=2"]
    words += [f"data.{split}={data}" for split in ("train", "validation", "test")]
    folder = run_here(*words, f"model.path={tiny_bert}")
    left = predicted(folder)
    assert [row["text"] for row in left] == texts * 5 and set(left[0]) == {
        "id", "text", "document", "gold", "prediction", "confidence"
    }  # fmt: skip
    assert [[[s["start"], s["end"], s["label"]] for s in row["gold"]] for row in left] == spans * 5
    for row in left:
        assert len(row["prediction"]) == len(row["confidence"])
        assert all(s["text"] == row["text"][s["start"] : s["end"]] for s in row["prediction"])
