"""Examples and rows of several tasks in one table: kept apart by `part`, the name of each one's task."""

import json
from random import Random

from tasks.contract import IGNORED, Task


def check_part(part: str, task: Task) -> None:
    """Raise ValueError for a task that cannot share an encoder, or whose score cannot be averaged with others."""
    if not part.isidentifier():
        raise ValueError(f"task.parts.{part}: a part is called by one word of letters, digits and underscores.")
    extra = ("training_rows", "settle", "respond")
    own = [name for name in extra if getattr(type(task), name) is not getattr(Task, name)]
    if own or task.generates or task.members or task.images:
        raise ValueError(f"task.parts.{part}: {task.name} is more than a head on an encoder, so it cannot be a part.")
    if not task.directions[task.best] or task.best == "loss":
        raise ValueError(f"task.parts.{part}.best={task.best}: the mean needs a score of which more is better.")


def select(examples: dict, part: str) -> tuple[list[int], dict]:
    """-> (places of one part's examples, their columns, without those that are not the part's)."""
    places = [i for i, name in enumerate(examples["part"]) if name == part]
    columns = {c: [values[i] for i in places] for c, values in examples.items() if c not in ("part", "gold")}
    return places, {c: values for c, values in columns.items() if any(value is not None for value in values)}


def with_gold(examples: dict, part: str, task) -> tuple[list[int], dict]:
    """The same; what stands in the column `gold` becomes the gold column of the part's own task."""
    places, columns = select(examples, part)
    gold = task.form(columns)[-1]
    if places and "gold" in examples and gold not in columns:
        columns[gold] = [examples["gold"][i] for i in places]
    return places, columns


def join(pieces: dict[str, tuple[list[int], dict]], tasks: dict) -> dict:
    """(places, columns) of each part -> columns of all examples: `part`, every part's own with None elsewhere, and
    `gold`, the answer of each as its task calls it."""
    size = sum(len(places) for places, _ in pieces.values())
    joined, gold = {"part": [None] * size}, [None] * size
    for part, (places, columns) in pieces.items():
        target = tasks[part].form(columns)[-1]
        own = {**columns, "part": [part] * len(places)}
        for column, values in own.items():
            whole = joined.setdefault(column, [None] * size)
            for i, value in zip(places, values, strict=True):
                whole[i] = value
        for i, value in zip(places, columns.get(target, ()), strict=False):
            gold[i] = value
    return {**joined, "gold": gold} if any(value is not None for value in gold) else joined


def check_names(splits: dict[str, dict], known) -> None:
    """Raise ValueError for an example of a part that there is not."""
    for split, examples in splits.items():
        for i, part in enumerate(examples["part"], start=1):
            if part not in known:
                raise ValueError(f"{split} example {i}: part={part!r} is not one of task.parts: {', '.join(known)}.")


def labels_of(labels, part):
    """The names of one part among those of all, `part/name`."""
    return tuple(label.removeprefix(f"{part}/") for label in labels if label.startswith(f"{part}/"))


def epoch(of_row: list[int], sampling: str, temperature: float, seed: int) -> list[int]:
    """The rows that make an epoch, from the part's number of each row. The largest part comes once; the others in
    proportion to size, to size ** (1 / temperature), or as often: as Conneau and Lample (2019) sample languages,
    but with no row left out. What is not a multiple of a part's size is drawn with the seed."""
    places = [[i for i, part in enumerate(of_row) if part == number] for number in range(max(of_row) + 1)]
    power = {"size": 1.0, "temperature": 1 / temperature, "equal": 0.0}[sampling]
    largest, rng, chosen = max(map(len, places)), Random(f"{seed} parts"), []
    for own in [own for own in places if own]:
        whole, more = divmod(int(largest * (len(own) / largest) ** power + 0.5), len(own))
        drawn = list(own)
        rng.shuffle(drawn)
        chosen += own * whole + drawn[:more]
    return chosen


def encode(examples: dict, tasks: dict, tokenizer, labels) -> dict[str, list]:
    """The rows of all parts, one part after the other, each encoded by its own task; `tasks` by part."""
    rows = {}
    for i, (part, task) in enumerate(tasks.items()):
        places, own = select(examples, part)
        if places:
            encoded = task.encode(own, tokenizer, labels_of(labels, part))
            for name, values in to_rows(encoded, i, places).items():
                rows.setdefault(name, []).extend(values)
    return rows


def to_rows(encoded: dict, part: int, places: list[int]) -> dict:
    """A part's encoded rows in the form that all parts share: `row` holds everything of a row as JSON, `labels` the
    part's number, or IGNORED where the row has no gold answer; `example` counts among all examples."""
    names = [name for name in encoded if name != "example"]
    count = len(encoded["example"])
    return {
        "part": [part] * count,
        "row": [json.dumps({name: encoded[name][i] for name in names}) for i in range(count)],
        "input_ids": [flat(ids) for ids in encoded["input_ids"]],
        "example": [places[example] for example in encoded["example"]],
        "cut": list(encoded["cut"]),
        "labels": [part if holds_gold(labels) else IGNORED for labels in encoded["labels"]],
    }


def flat(ids) -> list[int]:
    """The sub-words of a row, of all its texts where it has several: what its length is known by."""
    return [one for inner in ids for one in flat(inner)] if ids and isinstance(ids[0], list | tuple) else list(ids)


def holds_gold(labels) -> bool:
    """Whether a row's labels, a number or lists of numbers, hold one that is not IGNORED."""
    return any(map(holds_gold, labels)) if isinstance(labels, list | tuple) else labels != IGNORED


def blank(labels):
    """The same labels, all IGNORED."""
    return [blank(label) for label in labels] if isinstance(labels, list | tuple) else IGNORED


def from_rows(rows, part: int) -> tuple[list[int], dict]:
    """-> (places of one part's rows, their columns as `encode` made them; `example` as in `rows`)."""
    places = [i for i, of_row in enumerate(rows["part"][:]) if of_row == part]
    texts, examples = rows["row"][:], rows["example"][:]
    own = [json.loads(texts[i]) for i in places]
    columns = {name: [row[name] for row in own] for name in (own[0] if own else ())}
    return places, {**columns, "example": [examples[i] for i in places]}
