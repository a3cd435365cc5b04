"""Predicted numbers in the targets' own form, and how near they come: correlations, errors, bins of the gold value."""

from bisect import bisect_left
from itertools import pairwise
from statistics import fmean

from tasks.contract import Answer, Scores
from tasks.texts.real_targets import ONE, by_name

BINS = 5  # of the table by gold value


def as_predictions(values, names: tuple[str, ...]) -> list[dict]:
    """Numbers (rows, targets) as predictions, to six digits: a number where the only target has no name."""
    named = [{n: float(f"{value:.6g}") for n, value in zip(names, row, strict=True)} for row in values]
    return [{"prediction": found[ONE] if names == (ONE,) else found} for found in named]


def target_scores(predicted: list, gold: list, names: tuple[str, ...]) -> Scores:
    """The scores of each target, and the means over the targets of those called `names`."""
    rows, guesses = [by_name(value) for value in gold], [by_name(value) for value in predicted]
    sides = {name: ([row[name] for row in rows], [row[name] for row in guesses]) for name in rows[0]}
    targets = [{"target": name, **scores(*side)} for name, side in sides.items()]
    values = {score: fmean(row[score] for row in targets) for score in names}
    bins = [row for name, side in sides.items() for row in by_gold_value(name, *side)]
    return Scores(values, {"targets": targets, "by gold value": bins})


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


def mean_of_train(targets: list, count: int) -> tuple[str, list[dict]]:
    """The mean of each target in training, as the prediction for `count` examples."""
    rows = [by_name(value) for value in targets]
    means = {name: fmean(row[name] for row in rows) for name in rows[0]}
    return "the mean of train", [{"prediction": means[ONE] if [*means] == [ONE] else means}] * count


def without_names(predicted: list, gold: list) -> dict[str, list]:
    """What a metric of the `evaluate` library compares: objects of numbers become lists of them."""
    sides = {"predictions": predicted, "references": gold}
    return {s: [list(v.values()) if isinstance(v, dict) else v for v in values] for s, values in sides.items()}


def target_answers(row: dict) -> list[Answer]:
    """One answer per target of a row of predictions; its error is in the target's own unit."""
    gold, predicted = by_name(row["gold"]), by_name(row["prediction"])
    marks = {name: "" if name == ONE else f"{name} " for name in gold}
    return [
        Answer(f"{marks[name]}{value:g}", f"{marks[name]}{predicted[name]:g}", abs(value - predicted[name]))
        for name, value in gold.items()
    ]
