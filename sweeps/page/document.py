"""The page of a comparison: one file, nothing loaded from elsewhere."""

from functools import partial
from math import isfinite
from statistics import fmean

from stages.page import charts
from stages.page.document import page_of
from stages.page.markup import data, element, figure, join, note, number, table
from stages.page.numbers import finite
from sweeps.conclusions import NULLS
from sweeps.groups import decisive, shown, varying
from sweeps.importance import importances
from sweeps.page import plots
from sweeps.tables import comparison_rows, score_rows, test_rows

MOST_CURVES, MOST_AXES = 12, 7


def document(found, runs) -> str:
    """The whole page as text. `found`: a Conclusion; `runs`: all that it is about."""
    sections = {
        "Conclusions": partial(_conclusions, found), "Scores": partial(_scores, found),
        "Tests": partial(_tests, found), "Learning curves": partial(_curves, found),
        "Importance": partial(_importance, found, runs), "Parallel coordinates": partial(_parallel, found, runs),
        "Cost": partial(_cost, found), "Runs": partial(_runs, found, runs),
    }  # fmt: skip
    return page_of(found.title, _header(found, runs), sections, "Drawn by Tunesmith: python -m sweeps.compare.")


def _header(found, runs):
    facts = [f"{len(runs)} runs", f"{len(found.sides)} groups", f"intervals over {found.covers}"]
    facts += [f"{found.examples:,} {found.split} examples"] if found.examples else []
    best = found.sides[0]
    headline = [
        element("strong", number(float(best.spread["mean"]))), element("span", f"{found.split}/{found.metric}"),
        element("span", data(best.name, 120), class_="quiet"),
    ]  # fmt: skip
    return element(
        "header", element("p", "Tunesmith comparison", class_="eyebrow"), element("h1", data(found.title, 200)),
        element("p", *(element("span", fact) for fact in facts), class_="facts"),
        element("p", *headline, class_="headline"),
    )  # fmt: skip


def _conclusions(found):
    sentences = [element("li", data(one.sentence)) for one in found.comparisons]
    said = [element("span", "▲ warning", class_="level warning"), " "]
    warnings = [element("p", *said, data(warning)) for warning in found.warnings]
    if not sentences and not warnings:
        return note("One group: there is nothing to compare it with.")
    return join([element("ul", *sentences) if sentences else "", *warnings])


def _scores(found):
    baseline = found.comparisons[0].baseline.spread["mean"] if found.comparisons else None
    sides = [(side.name, list(map(float, side.scores)), side.spread["mean"], side.interval) for side in found.sides]
    drawn = plots.intervals(f"{found.metric} of each group with its interval", sides, baseline)
    words = f"Dot: mean; small dots: runs; line: 95 % interval over {found.covers}. Dotted: the baseline's mean."
    numbers = [[data(row.pop("group"), 200), *row.values()] for row in score_rows(found)]
    columns = ["group", "seeds#", "mean#", "sd#", "min#", "max#", "95 % interval#"]
    shown_rows = [[head, *(number(v, 4) for v in rest)] for head, *rest in numbers]
    chart = element("div", figure(f"{found.split}/{found.metric}", drawn, below=words), class_="wide")
    return join([chart, table("Best first.", columns, shown_rows)])


def _tests(found):
    if not found.comparisons:
        return None
    against = f"Against {found.comparisons[0].baseline.name}; g is Hedges' over seeds."
    parts = [_rows_table(against, comparison_rows(found)), _rows_table("Other tests, p:", test_rows(found))]
    named = {"seeds and examples", *(name for one in found.comparisons for name in one.tests)}
    rows = [[name, null] for name, null in NULLS.items() if name in named]
    return join([*parts, table("What each test's null hypothesis says.", ["test", "null hypothesis"], rows, "prose")])


def _rows_table(caption, rows):
    if not rows:
        return ""
    columns = [name if i == 0 or name == "verdict" else f"{name}#" for i, name in enumerate(rows[0])]
    return table(caption, columns, [[data(row["group"], 200), *list(row.values())[1:]] for row in rows])


def _curves(found):
    """Validation scores over steps, a chart for each group."""
    key = f"eval_{found.metric}"
    lines = {side.name: _band(side.group.runs, key) for side in found.sides[:MOST_CURVES]}
    lines = {name: points for name, points in lines.items() if len(points) > 1}
    if not lines:
        return None
    steps = [x for points in lines.values() for x, *_ in points]
    values = [v for points in lines.values() for _, *three in points for v in three]
    room = (max(values) - min(values)) * 0.06 or 1
    ranges = (0, max(steps)), (min(values) - room, max(values) + room)
    drawn = []
    for name, points in lines.items():
        others = [[(x, y) for x, y, *_ in own] for other, own in lines.items() if other != name]
        drawn.append(
            figure(data(name, 80), plots.band(f"{found.metric} of {name} over steps", points, others, *ranges))
        )
    words = f"Validation {found.metric}: mean over the seeds, band from their least to their greatest; grey: others."
    more = f" The first {MOST_CURVES} groups." if len(found.sides) > MOST_CURVES else ""
    return join([element("div", *drawn, class_="columns three"), note(words + more)])


def _band(runs, key):
    """[(step, mean, least, greatest)] at the steps that all runs have."""
    lines = [{row["step"]: row[key] for row in run.history if finite(row.get(key)) and "step" in row} for run in runs]
    common = sorted(set.intersection(*map(set, lines))) if lines else []
    columns = [(step, [line[step] for line in lines]) for step in common]
    return [(step, fmean(values), min(values), max(values)) for step, values in columns]


def _importance(found, runs):
    ranked = importances(runs, found.split, found.metric, found.greater)
    if not ranked:
        return None
    rows = [
        [one.key, charts.share_bars(f"{one.share:.0%}", [one.share]), f"{one.share:.0%}", one.values,
         data(one.best, 60), one.mean] for one in ranked
    ]  # fmt: skip
    caption = (
        "Share of the variance of scores that each key explains by itself, without what chance would (epsilon squared; "
        "Kelley, 1935). The rest: seeds, and keys together."
    )
    return table(caption, ["key", "share", "%#", "values#", "best value", "mean there#"], rows, class_="classes")


def _parallel(found, runs):
    keys = varying(runs)[: MOST_AXES - 1]
    if len(runs) < 3 or not keys:
        return None
    scores = [float(run.value(found.split, found.metric)) for run in runs]
    axes = [(key.removesuffix(".name"), *_axis(key, runs)) for key in keys]
    axes.append((found.metric, scores, True))
    order = sorted(range(len(runs)), key=lambda i: scores[i] if found.greater else -scores[i])
    standing = [0.0] * len(runs)
    for rank, run in enumerate(order):
        standing[run] = rank / max(len(runs) - 1, 1)
    drawn = plots.parallel("Choices and score of each run", axes, standing)
    return element("div", figure("Each line a run", drawn, below="Blue: the best quarter of the runs."), class_="wide")


def _axis(key, runs):
    values = [decisive(run).get(key) for run in runs]
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return [float(value) for value in values], True
    return [shown(run, key) for run in runs], False


def _cost(found):
    """Seconds of training against the score."""
    points, means = [], []
    for side in found.sides:
        own = [(run.metrics.get("training_seconds"), float(score), side.name)
               for run, score in zip(side.group.runs, side.scores, strict=True)]  # fmt: skip
        own = [point for point in own if finite(point[0])]
        points += own
        means += [(fmean(x for x, *_ in own), fmean(y for _, y, _ in own), side.name)] if own else []
    if not points:
        return None
    drawn = plots.scatter(f"Seconds of training against {found.metric}", points, "seconds of training", means)
    rows = [[f"{i}. {name}", x, y] for i, (x, y, name) in enumerate(means, start=1)]
    columns = ["group", "seconds#", f"{found.metric}#"]
    words = "Machines may differ: provenance.json of each run says which it was."
    listed = table("Means of the groups.", columns, [[head, number(x, 0), number(y, 4)] for head, x, y in rows])
    return element("div", figure("Small dots: runs; numbered: groups", drawn, below=words), listed, class_="columns")


def _runs(found, runs):
    keys, group_of = varying(runs), {id(run): side.name for side in found.sides for run in side.group.runs}
    rows = []
    for run in runs:
        score = run.value(found.split, found.metric)
        choices = [data(shown(run, key), 60) for key in keys]
        took = run.metrics.get("training_seconds")
        cells = [number(float(score), 4), number(took, 0) if finite(took) and isfinite(took) else None]
        rows.append([data(run.folder.name, 80), data(group_of.get(id(run), ""), 80), str(run.seed), *choices, *cells])
    named = [key.removesuffix(".name") for key in keys]
    columns = ["run", "group", "seed", *named, f"{found.metric}#", "seconds#"]
    return table(f"All {len(runs)} runs.", columns, rows, class_="sortable")
