"""Real-valued targets, one or several per example: read, described, scaled and scored."""

from bisect import bisect_left
from itertools import pairwise
from math import isfinite
from statistics import fmean, pstdev

from tasks.contract import IGNORED, Finding

ONE = "target"  # the name of a target that stands alone
BINS = 5  # of the table by gold value


def by_name(value) -> dict[str, float]:
    """Targets as an object of numbers, whether there is one or several."""
    return value if isinstance(value, dict) else {ONE: value}


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


def scale(numbers) -> tuple[float, float]:
    """Mean and standard deviation; a constant target keeps its unit."""
    return fmean(numbers), pstdev(numbers) or 1.0


def scores(gold, predicted):
    """Pearson's and Spearman's correlation (0 where a side is constant: undefined), squared and absolute error, R2."""
    from scipy.stats import pearsonr, spearmanr
    from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

    varied = min(len(set(gold)), len(set(predicted))) > 1
    correlations = {"pearson": pearsonr, "spearman": spearmanr}
    errors = {"mse": mean_squared_error, "mae": mean_absolute_error}
    return {
        **{name: float(score(gold, predicted).statistic) if varied else 0.0 for name, score in correlations.items()},
        **{name: float(score(gold, predicted)) for name, score in errors.items()},
        "r2": float(r2_score(gold, predicted)) if len(gold) > 1 else 0.0,
    }


def by_gold_value(name, gold, predicted):
    """Rows of a table: bins by gold value, with the mean prediction and error in each; of about the same
    size, but equal values stay together, and of few different ones (ratings) each has its own."""
    order, values = sorted(range(len(gold)), key=gold.__getitem__), sorted(gold)
    kinds = sorted(set(gold))
    lowest = kinds if len(kinds) <= BINS else [values[len(gold) * b // BINS] for b in range(BINS)]
    starts = sorted({bisect_left(values, value) for value in lowest})
    groups = [order[low:high] for low, high in pairwise([*starts, len(order)])]
    return [
        {"target": name, "gold": _range(gold[group[0]], gold[group[-1]]), "examples": len(group),
         "mean gold": fmean(gold[i] for i in group), "mean predicted": fmean(predicted[i] for i in group),
         "mae": fmean(abs(gold[i] - predicted[i]) for i in group)}
        for group in groups
    ]  # fmt: skip


def _range(low, high):
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"
