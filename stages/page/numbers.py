"""What the page computes from predictions: calibration, scores by length, confused pairs."""

import math
import re
import warnings
from collections import Counter, defaultdict

READ = ("context", "pair")  # optional columns that a model reads; the others say where an example comes from
BINS = 15  # of the reliability diagram, where a task has no `calibration_bins`


def finite(value):
    return isinstance(value, int | float) and math.isfinite(value)


def calibration(answers, bins):
    """[(bin, count, share of right answers, mean confidence)] of the answers with a prediction and a confidence.

    Bin b holds confidences in ((b - 1) / bins, b / bins] (Guo et al., 2017); bins that hold nothing are left out.
    """
    groups = defaultdict(list)
    for answer in answers:
        if answer.predicted is not None and finite(answer.confidence):
            groups[max(math.ceil(answer.confidence * bins), 1)].append((answer.error == 0, answer.confidence))
    return [(b, len(group), *(sum(side) / len(group) for side in zip(*group, strict=True)))
            for b, group in sorted(groups.items())]  # fmt: skip


def expected_calibration_error(bins):
    """|share of right answers - mean confidence|, weighted by answers per bin (Guo et al., 2017, equation 3)."""
    total = sum(count for _, count, _, _ in bins)
    return sum(count * abs(right - confidence) for _, count, right, confidence in bins) / max(total, 1)


def unit(task, row):
    """What the length of an input counts: the words of a list of words, or characters."""
    first = row[task.form(row)[0]]
    return "words" if isinstance(first, list) and all(isinstance(word, str) for word in first) else "characters"


def length(task, row):
    """The words of a list of words, else the characters of all texts: a question with its context and choices."""
    *inputs, _ = task.form(row)
    if unit(task, row) == "words":
        return len(row[inputs[0]])
    return sum(_characters(row[name]) for name in (*inputs, *(n for n in task.optional if n in READ)) if name in row)


def _characters(value):
    if isinstance(value, list | dict):
        return sum(map(_characters, value.values() if isinstance(value, dict) else value))
    return len(value) if isinstance(value, str) else 0


def length_bins(lengths, bins=6):
    """Cut lengths at their quantiles: [(shortest, longest, positions)], equal lengths always in one bin."""
    order = sorted(lengths)
    edges = sorted({order[math.ceil(len(order) * k / bins) - 1] for k in range(1, bins + 1)}) if order else []
    members = defaultdict(list)
    for position, value in enumerate(lengths):
        members[next(edge for edge in edges if value <= edge)].append(position)
    return [(min(lengths[i] for i in group), edge, group) for edge, group in sorted(members.items())]


def examples_of(task, rows):
    """The examples that rows of predictions answer, as the task's `metrics` reads them."""
    *inputs, gold = form = task.form(rows[0])
    examples = {name: [row[name] for row in rows] for name in inputs}
    examples |= {gold: [row["gold"] for row in rows]} if "gold" in rows[0] else {}
    return examples if form == task.columns else task.prepare({"test": examples})[0]["test"]


def scores(task, rows):
    """The task's scores over some rows of predictions only: {name: value}."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few rows need not hold every class
        return task.metrics(rows, examples_of(task, rows)).values


def confused(cells):
    """[(gold, predicted, count, share of that gold class)] of what is confused, most frequent first."""
    totals = Counter()
    for cell in cells:
        totals[cell["gold"]] += cell["count"]
    wrong = [c for c in cells if c["gold"] != c["predicted"]]
    wrong.sort(key=lambda c: -c["count"])
    return [(c["gold"], c["predicted"], c["count"], c["count"] / totals[c["gold"]]) for c in wrong]


def by_number(name):
    """Sort key: class 2 before class 10."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"([0-9]+)", str(name))]


def thinned(points, most=300):
    """At most so many points of a curve, each the mean of its neighbours: [(x, y)]."""
    points = [(x, y) for x, y in points if finite(x) and finite(y)]
    size = math.ceil(len(points) / most)
    groups = [points[i : i + size] for i in range(0, len(points), size)] if points else []
    return [(group[-1][0], sum(y for _, y in group) / len(group)) for group in groups]
