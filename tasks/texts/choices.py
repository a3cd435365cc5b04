"""Multiple-choice questions as they are read: their choices, and their answers however they are written."""

from collections import Counter

from tasks.checks import check_text
from tasks.contract import Finding, as_line

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
WRITTEN = {  # how an answer may be written -> its position among the choices, None where it is written otherwise
    "text": lambda answer, choices: choices.index(answer) if answer in choices else None,
    "letter": lambda answer, choices: _inside(_number_of(answer.strip("(). ").upper()), choices),
    "index": lambda answer, choices: _inside(int(answer), choices) if answer.isdecimal() else None,
    "number": lambda answer, choices: _inside(int(answer) - 1, choices) if answer.isdecimal() else None,
}


def _number_of(letter):
    return LETTERS.index(letter) if len(letter) == 1 and letter in LETTERS else -1


def _inside(position, choices):
    return position if 0 <= position < len(choices) else None


def read_questions(splits: dict[str, dict], written: str | None) -> tuple[dict, list[Finding]]:
    """Examples of all splits: choices become lists of texts, answers the text of one of them, contexts one text."""
    ready = {split: _read(split, examples) for split, examples in splits.items()}
    gold = find_answers({s: e for s, e in ready.items() if "answer" in e}, written)
    found = [finding for split, examples in ready.items() for finding in describe(split, examples)]
    return {s: {**e, **({"answer": gold[s]} if s in gold else {})} for s, e in ready.items()}, found


def _read(split, examples):
    """The examples of a split with choices and contexts read; the answers are still as the data writes them."""
    choices = [read_choices(value, f"{split} example {i}") for i, value in enumerate(examples["choices"], 1)]
    ready = {**examples, "choices": choices}
    if "context" in examples:
        ready["context"] = [as_line(value) for value in examples["context"]]
    check_text(split, ready, ("question", "context", "answer"))
    return ready


def read_choices(value, where: str) -> list[str]:
    """The choices of one example as a list of texts: a list, or an object of columns; blank ones at the end are those
    that this example does not have. ValueError names the place of what cannot be chosen among."""
    choices = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(choices, list) or not all(isinstance(choice, str) for choice in choices):
        raise ValueError(f"{where}: data.columns.choices must hold a list of texts, it holds {repr(value)[:60]}.")
    while choices and not choices[-1].strip():
        choices = choices[:-1]
    blank = next((i for i, choice in enumerate(choices, 1) if not choice.strip()), None)
    if blank or not 2 <= len(choices) <= len(LETTERS):
        held = f"choice {blank} is blank" if blank else f"it has {len(choices)} choices, 2 to {len(LETTERS)} are needed"
        raise ValueError(f"{where}: {held}. Correct data.columns.choices, or remove the example.")
    return choices


def find_answers(splits: dict[str, dict], written: str | None) -> dict[str, list[str]]:
    """The answers of all splits as texts of their choices. `written`: a key of WRITTEN, None to recognise it: the first
    in which all are. ValueError names an answer that is none of its choices, or the key to set where two ways fit."""
    given = [
        (f"{split} example {i}", answer.strip(), [choice.strip() for choice in choices])
        for split, examples in splits.items()
        for i, (answer, choices) in enumerate(zip(examples["answer"], examples["choices"], strict=True), 1)
    ]
    fits = {way: [place(answer, choices) for _, answer, choices in given] for way, place in WRITTEN.items()}
    way = written or recognise(fits)
    wrong = next((i for i, position in enumerate(fits[way]) if position is None), None)
    if wrong is not None:
        where, answer, choices = given[wrong]
        raise ValueError(
            f"{where}: the answer {answer!r} is not the {way} of one of its {len(choices)} choices "
            f"({'; '.join(choices)[:80]}). Correct it, or say with task.written how answers are written: "
            f"{', '.join(WRITTEN)} (index counts from 0, number from 1)."
        )
    positions = iter(fits[way])
    return {split: [choices[next(positions)] for choices in examples["choices"]] for split, examples in splits.items()}


def recognise(fits: dict[str, list[int | None]]) -> str:
    """The way of writing that most answers fit, the first of those; two ways of counting that both fit are no guess."""
    missing = {way: positions.count(None) for way, positions in fits.items()}
    best = min(missing, key=missing.get)
    if best == "index" and not missing["number"] and fits["index"]:
        raise ValueError("answers are numbers, but neither 0 nor the last occurs. Set task.written=index or number.")
    return best


def describe(split: str, examples: dict) -> list[Finding]:
    """How many choices there are."""
    counts = Counter(map(len, examples["choices"]))
    shown = ", ".join(f"{size} ({count})" for size, count in sorted(counts.items()))
    return [Finding("note", split, f"choices per example: {shown}")] if len(counts) > 1 else []


def positions(examples: dict, answers: list[str]) -> list[int]:
    """The position of each answer among its choices."""
    return [choices.index(answer) for choices, answer in zip(examples["choices"], answers, strict=True)]
