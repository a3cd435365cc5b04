"""The choices of a multiple-choice question and its answer, however it is written."""

from collections import Counter

from tasks.contract import Finding

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


def by_size(right: list[bool], sizes: list[int]) -> list[dict]:
    """Rows of a table: accuracy by the number of choices, beside that of guessing."""
    groups = {size: [r for r, s in zip(right, sizes, strict=True) if s == size] for size in sorted(set(sizes))}
    return [
        {"choices": size, "examples": len(group), "accuracy": sum(group) / len(group), "chance": 1 / size}
        for size, group in groups.items()
    ]


def by_position(gold: list[int], predicted: list[int]) -> list[dict]:
    """Rows of a table: how often each position holds the answer, how often it is chosen, and how often rightly."""
    pairs, golds, guesses = Counter(zip(gold, predicted, strict=True)), Counter(gold), Counter(predicted)
    return [
        {"position": LETTERS[p], "answers": golds[p], "chosen": guesses[p], "right": pairs[p, p],
         "accuracy": pairs[p, p] / golds[p] if golds[p] else 0.0}
        for p in sorted({*golds, *guesses})
    ]  # fmt: skip
