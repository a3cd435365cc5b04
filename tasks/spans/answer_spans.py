"""Answers as spans of a context: offsets checked and put right, contexts read in windows, spans put together again.

Offsets count Unicode code points (as Python's strings do) from 0.
"""

import re
from collections import defaultdict
from itertools import groupby
from math import exp, isfinite

from tasks.contract import IGNORED, Finding
from tasks.words import entity_pairs
from tasks.words.char_spans import words_of

NEEDED = (
    "Write {'text': [...], 'answer_start': [...]}, a list of objects with text and answer_start, or a list of texts; "
    "empty where there is no answer."
)
SHOWN = 120  # characters of context on each side of a span, for the run's page
SENTENCE = re.compile(r"[^.!?。！？\n]+[.!?。！？]*")  # noqa: RUF001


def check_answerable(train: dict) -> None:
    for i, answers in enumerate(train["answers"], start=1):
        if not answers["text"]:
            raise ValueError(f"train example {i} has no answer, but task.no_answer=false. Set it to null or true.")


def read_answers(split: str, examples: dict) -> tuple[dict, list[Finding]]:
    """The examples with their answers as {"text": [...], "answer_start": [...]}, each a slice of its context.

    An answer that stands elsewhere gets the nearest place that holds it; raises ValueError for one that its context
    does not hold.
    """
    read, moved = [], 0
    ids = examples.get("id")
    for i, (context, value) in enumerate(zip(examples["context"], examples["answers"], strict=True)):
        where = f"{split} example {i + 1}" + (f" (id {ids[i]})" if ids else "")
        places = [_located(context, text, start, where) for text, start in _pairs(value, where)]
        moved += sum(is_moved for *_, is_moved in places)
        read.append({"text": [text for text, *_ in places], "answer_start": [start for _, start, _ in places]})
    what = f"{moved} answers do not stand where their offset says, or have none: the nearest place was taken"
    advice = "Offsets count characters (code points), not bytes or UTF-16 units."
    return {**examples, "answers": read}, [Finding("warning", split, what, advice)] if moved else []


def _pairs(value, where):
    """[(text, offset or None)] of the forms that files have; texts that are blank are no answers."""
    if isinstance(value, dict) and isinstance(value.get("text"), list):
        starts = value.get("answer_start") or [None] * len(value["text"])
        value = [{"text": t, "answer_start": s} for t, s in zip(value["text"], starts, strict=False)]
    value = [value] if isinstance(value, dict | str) else value
    if not isinstance(value, list):
        raise ValueError(f"{where}: data.columns.answers holds {repr(value)[:60]}. {NEEDED}")
    pairs = [(a.get("text"), a.get("answer_start")) if isinstance(a, dict) else (a, None) for a in value]
    for text, start in pairs:
        if not isinstance(text, str) or (start is not None and type(start) is not int):
            raise ValueError(f"{where}: {repr((text, start))[:60]} is not an answer and its offset. {NEEDED}")
    return [(text, start) for text, start in pairs if text.strip()]


def _located(context, text, start, where):
    """-> (the text without white space around it, where it stands: nearest to its offset, first without one; whether
    that is elsewhere)."""
    bare = text.strip()
    wanted = None if start is None else start + len(text) - len(text.lstrip())
    found = [match.start() for match in re.finditer(f"(?={re.escape(bare)})", context)]
    if not found:
        there = "" if start is None or start < 0 else f", at {start} stands {context[start : start + len(bare)]!r}"
        raise ValueError(f"{where}: the context does not hold the answer {bare!r}{there}. Correct it, or remove it.")
    place = min(found, key=lambda place: abs(place - (wanted or 0)))
    return bare, place, place != wanted


def windows(examples: dict, tokenizer, stride: int, most: int) -> tuple[dict, list[str]]:
    """Questions with as much of their contexts as the model reads, neighbours sharing `stride` sub-words.

    -> (rows, the model's inputs among their columns). A question is cut after `most` sub-words. Rows hold `region`, the
    first sub-word of all and where the context begins and ends; `starts` and `ends`, the characters of each of its
    sub-words; `example`; and `cut`, here the set of examples whose question is cut.
    """
    room = tokenizer.model_max_length - tokenizer.num_special_tokens_to_add(pair=True)
    most = min(most, room // 2)
    if most < 1:
        raise ValueError(f"model.max_length={tokenizer.model_max_length} leaves no room for a question. Give more.")
    questions = [_shortened(question, tokenizer, most) for question in examples["question"]]
    batch = tokenizer(
        questions, list(examples["context"]), truncation="only_second", max_length=tokenizer.model_max_length,
        stride=min(stride, (room - most) // 2), return_overflowing_tokens=True, return_offsets_mapping=True,
    )  # fmt: skip
    names = [name for name in tokenizer.model_input_names if name in batch]
    rows = {name: list(batch[name]) for name in names} | {"example": list(batch["overflow_to_sample_mapping"])}
    inside = [[p for p, part in enumerate(batch.sequence_ids(i)) if part == 1] for i in range(len(rows["example"]))]
    rows["region"] = [[0, places[0], places[-1] + 1] if places else [0, 0, 0] for places in inside]
    offsets = [[batch["offset_mapping"][i][p] for p in places] for i, places in enumerate(inside)]
    rows["starts"] = [[start for start, _ in of_row] for of_row in offsets]
    rows["ends"] = [[end for _, end in of_row] for of_row in offsets]
    pairs = enumerate(zip(questions, examples["question"], strict=True))
    rows["cut"] = {e for e, (shown, whole) in pairs if shown != whole}
    return rows, names


def _shortened(question, tokenizer, most):
    offsets = tokenizer(question, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    return question if len(offsets) <= most else question[: offsets[most - 1][1]]


def mark_first(of_rows: list[int], examples: set[int]) -> list[bool]:
    """Per row, whether it is the first one of one of these examples; `of_rows`: the example of each row."""
    return [e in examples and (i == 0 or of_rows[i - 1] != e) for i, e in enumerate(of_rows)]


def gold_positions(rows: dict, answers: list[dict] | None) -> list[list[int]]:
    """Per row the first and the last sub-word of its example's first answer; the first sub-word of all, twice, where
    the row does not hold it; IGNORED without gold, and where no row of the example holds the answer whole."""
    if answers is None:
        return [[IGNORED, IGNORED] for _ in rows["example"]]
    labels = []
    for example, group in groupby(range(len(rows["example"])), key=rows["example"].__getitem__):
        of_example = list(group)
        if not answers[example]["text"]:
            labels += [[0, 0] for _ in of_example]
            continue
        start = answers[example]["answer_start"][0]
        end = start + len(answers[example]["text"][0])
        places = [_place(rows, i, start, end, i == of_example[0], i == of_example[-1]) for i in of_example]
        labels += [place or [0, 0] for place in places] if any(places) else [[IGNORED, IGNORED] for _ in of_example]
    return labels


def _place(rows, i, start, end, is_first, is_last):
    """Where a row holds the characters from start to end, None where it does not hold all of them."""
    starts, ends, begin = rows["starts"][i], rows["ends"][i], rows["region"][i][1]
    first = next((p for p, to in enumerate(ends) if to > start), None)
    last = next((p for p in reversed(range(len(starts))) if starts[p] < end), None)
    if first is None or last is None or first > last:
        return None
    whole = (is_first or starts[0] <= start) and (is_last or ends[-1] >= end)
    return [begin + first, begin + last] if whole else None


def best_answers(reduced, rows, contexts: list[str], count: int) -> list[tuple[list[dict], float]]:
    """Per example the best answers over all its windows, best first, each text once, and its score of no answer: the
    least over the windows, as one of them is enough to hold an answer.

    `reduced`: scores, first and last sub-words of spans (rows, spans), counted from where the context begins, and the
    score of no answer (rows,).
    """
    found, nothing = defaultdict(dict), [float("inf")] * len(contexts)
    of_rows = zip(*reduced, rows["example"], rows["starts"], rows["ends"], strict=True)
    for scores, first, last, none, example, starts, ends in of_rows:
        nothing[example] = min(nothing[example], float(none))
        for score, a, b in zip(scores, first, last, strict=True):
            if 0 <= a <= b < len(ends):
                text = contexts[example][starts[a] : ends[b]]
                start, bare = starts[a] + len(text) - len(text.lstrip()), text.strip()
                if bare and score > found[example].get(bare, (-float("inf"), 0))[0]:
                    found[example][bare] = float(score), start
    ranked = [sorted(found[e].items(), key=lambda item: (-item[1][0], item[1][1])) for e in range(len(contexts))]
    listed = [[{"text": t, "start": start, "score": s} for t, (s, start) in one[:count]] for one in ranked]
    return list(zip(listed, nothing, strict=True))


def as_prediction(listed: list[dict], nothing: float, threshold: float | None) -> dict:
    """The answer as a text (empty: none), where it starts, and all that were considered with their probability among
    them. `threshold`: by how much no answer must score above the best one; None: there is always one."""
    above = nothing - listed[0]["score"] if listed else 0.0
    empty = {"text": "", "start": None, "score": nothing if isfinite(nothing) else 0.0}
    considered = listed if listed and threshold is None else sorted([*listed, empty], key=lambda a: -a["score"])
    weights = [exp(answer["score"] - considered[0]["score"]) for answer in considered]
    n_best = [
        {"text": answer["text"], "start": answer["start"], "confidence": round(weight / sum(weights), 4)}
        for answer, weight in zip(considered, weights, strict=True)
    ]
    lacks = not listed or (threshold is not None and above > threshold)
    best = next(answer for answer in n_best if lacks == (not answer["text"]))
    given = {"prediction": best["text"], "confidence": best["confidence"], "start": best["start"]}
    return {**given, **({"no_answer_score": round(above, 4)} if threshold is not None else {}), "n_best": n_best}


def marked(row: dict) -> list[tuple]:
    """The question of a row of predictions, and its context around the first gold and the predicted answer."""
    gold, predicted = row["gold"], row["prediction"]
    places = {
        "gold": zip(gold["answer_start"][:1], gold["text"], strict=False),
        "prediction": [(row["start"], predicted)] if predicted and "start" in row else [],
    }
    spans = {
        side: [{"start": start, "end": start + len(text), "label": "answer"} for start, text in found]
        for side, found in places.items()
    }
    pieces = entity_pairs.marked({"text": row["context"], **spans})
    return [(row["question"], None, None), *(_near(i, pieces) for i in range(len(pieces)))]


def _near(i, pieces):
    """A piece of context, of which only what stands near a span is left."""
    text, *labels = pieces[i]
    if any(labels) or len(text) <= 2 * SHOWN or len(pieces) == 1:
        return pieces[i]
    before, after = text[:SHOWN] if i else "", text[-SHOWN:] if i + 1 < len(pieces) else ""
    return f"{before} … {after}", *labels


def likely_sentence(question: str, context: str) -> str:
    """The sentence of a context that shares most words with the question, the first of these."""
    asked = _words(question)
    sentences = [match.group().strip() for match in SENTENCE.finditer(context)] or [context]
    return max(sentences, key=lambda sentence: len(asked & _words(sentence)))


def _words(text):
    return {text[start:end].lower() for start, end in words_of(text)}
