"""Real-valued targets, one or several per example: read, described, and as labels of rows."""

from math import isfinite
from statistics import fmean, pstdev

from tasks.checks import check_text
from tasks.contract import IGNORED, Finding

ONE = "target"  # the name of a target that stands alone


def by_name(value) -> dict[str, float]:
    """Targets as an object of numbers, whether there is one or several."""
    return value if isinstance(value, dict) else {ONE: value}


def read_examples(splits: dict[str, dict]) -> tuple[dict, list[Finding]]:
    """Examples of all splits whose targets are a number, or an object of numbers by name; what is none is named."""
    for split, examples in splits.items():
        check_text(split, examples, ("text", "pair"))
    targets = read_targets({split: e["target"] for split, e in splits.items() if "target" in e})
    found = [finding for split, of_split in targets.items() for finding in describe(split, of_split)]
    return {s: {**e, **({"target": targets[s]} if s in targets else {})} for s, e in splits.items()}, found


def read_targets(splits: dict[str, list]) -> dict[str, list]:
    """The targets of all splits as numbers, or as objects of numbers where there are several; ValueError names where
    one is none, and an example with other targets than the first one."""
    names, read = None, {}
    for split, targets in splits.items():
        read[split] = []
        for i, value in enumerate(targets, start=1):
            row = read_target(value, f"{split} example {i}")
            names = names or set(row)
            if set(row) != names:
                held, wanted = ", ".join(row), ", ".join(sorted(names))
                raise ValueError(f"{split} example {i} has the targets {held}, the first one has {wanted}.")
            read[split].append(row[ONE] if names == {ONE} else row)
    return read


def read_target(value, where: str) -> dict[str, float]:
    """A number, a list of numbers (named 1, 2, ...) or an object of numbers; text may hold a number."""
    if isinstance(value, list):
        value = {str(i): one for i, one in enumerate(value, 1)}
    if isinstance(value, dict) and len(value) == 1:
        (value,) = value.values()
    if value in ({}, None):
        raise ValueError(f"{where} has no target. Fill it in, or remove the example.")
    return {name: _number(one, where, "" if name == ONE else f" ({name})") for name, one in by_name(value).items()}


def _number(value, where, name):
    try:
        number = float("" if isinstance(value, bool) else value)
    except (TypeError, ValueError):
        number = None
    if number is None or not isfinite(number):
        raise ValueError(f"{where}: data.columns.target{name} must be a finite number, it is {repr(value)[:60]}.")
    return number


def target_names(targets: list, known: list[str] | None) -> tuple[str, ...]:
    """The targets' names; ValueError where the data set declares others."""
    names = tuple(by_name(targets[0]))
    if known and set(known) != set(names):
        raise ValueError(f"data.labels={', '.join(known)}: targets have the names {', '.join(names)}. Set null.")
    return names


def as_labels(targets: list | None, names: tuple[str, ...], count: int) -> list[list[float]]:
    """The targets of `count` examples as rows hold them, in the order of their names; IGNORED without gold."""
    if targets is None:
        return [[float(IGNORED)] * len(names)] * count
    return [[as_label(by_name(value)[name]) for name in names] for value in targets]


def as_label(number: float) -> float:
    """The number as a row holds it: IGNORED marks what is not known, so a target of just that value moves by the
    smallest step that float32 knows there."""
    return number + 2**-17 if abs(number - IGNORED) < 2**-18 else number


def describe(split: str, targets: list) -> list[Finding]:
    """One finding per target: its range, mean and spread."""
    rows = [by_name(value) for value in targets]
    return [_describe(split, name, [row[name] for row in rows]) for name in (rows[0] if rows else ())]


def _describe(split, name, numbers):
    mean, std = fmean(numbers), pstdev(numbers)
    what = f"{name}: {min(numbers):g} to {max(numbers):g}, mean {mean:.4g}, standard deviation {std:.4g}"
    if std == 0:
        return Finding("warning", split, f"{name} is {mean:g} everywhere", "There is nothing to tell apart.")
    return Finding("note", split, what)
