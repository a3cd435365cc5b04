"""Answers as spans of a context: read in the forms that files have, offsets checked and put right.

Offsets count Unicode code points (as Python's strings do) from 0.
"""

import re

from tasks.checks import check_text
from tasks.contract import Finding

NEEDED = (
    "Write {'text': [...], 'answer_start': [...]}, a list of objects with text and answer_start, or a list of texts; "
    "empty where there is no answer."
)
# The head scores each sub-word as first and as last of the answer. Names of these scores tell whether the model also
# says that there is none, which it does with its first sub-word.
ALWAYS, MAYBE = ("answer", "end of answer"), ("answer", "no answer")


def read_all(splits: dict[str, dict], no_answer: bool | None) -> tuple[dict, list[Finding]]:
    """Examples of all splits, their answers as `read_answers` reads them; ValueError for a question of train without
    one where `no_answer` is False."""
    ready, findings = {}, []
    for split, examples in splits.items():
        check_text(split, examples, ("question", "context"))
        found = []
        if "answers" in examples:
            examples, found = read_answers(split, examples)
        if split == "train" and no_answer is False:
            check_answerable(examples)
        ready[split], findings = examples, findings + found
    return ready, findings


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


def score_names(answers: list[dict], no_answer: bool | None) -> tuple[str, str]:
    """MAYBE where questions may have no answer, else ALWAYS; None: as those of train have them."""
    return MAYBE if no_answer or (no_answer is None and not all(one["text"] for one in answers)) else ALWAYS
