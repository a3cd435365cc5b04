"""Sections on what came out: scores, curves, confusion, classes, calibration, input length."""

from stages.page import charts, numbers
from stages.page.markup import DASH, data, details, element, figure, join, note, number, table

PAIRS = 15  # of the table of confused pairs
WORST, BEST = 20, 10  # classes shown at once, where there are more
AVERAGES = ("micro avg", "macro avg", "weighted avg")
PER_CLASS = {"precision", "recall", "f1", "support"}
CELLS = {"gold", "predicted", "count"}


def scores(left):
    """All scores by split, beside the baseline; the one that chooses the checkpoint first."""
    task, baseline = left.task, left.metrics.get("baseline") or {"name": "", "split": left.split, "values": {}}
    known = {name for split in left.splits for name in left.metrics[split]}
    names = [n for n in dict.fromkeys((task.best, *task.shown, *sorted(known))) if n in known]
    rows = []
    for name in names:
        reached = [left.metrics[split].get(name) for split in left.splits]
        floor = baseline["values"].get(name)
        label = element("strong", name, element("span", "chooses the checkpoint", class_="tag"))
        rows.append([label if name == task.best else name, *reached, floor, gain(reached[-1], floor)])
    columns = ["score", *(f"{split}#" for split in left.splits), "baseline#", f"{left.split} \N{MINUS SIGN} baseline#"]
    caption = f"Baseline, without learning, on {baseline['split']}: {baseline['name']}."
    return table(caption, columns, rows, class_="scores")


def gain(reached, floor):
    if not (numbers.finite(reached) and numbers.finite(floor)):
        return None
    return ("+" if reached >= floor else "") + number(reached - floor)


def best_score(left):
    """(name, value on the last split, value of the baseline) of the score that the page is about."""
    values = left.metrics[left.split]
    name = left.task.best if left.task.best in values else left.task.shown[0]
    return name, values.get(name), (left.metrics.get("baseline") or {}).get("values", {}).get(name)


def chosen_step(left):
    """The step of the checkpoint that was kept: the first of the best on validation; None without evaluations."""
    best, line = left.task.best, _line(left, f"eval_{left.task.best}")
    if not line:
        return None
    sign = 1 if left.task.directions[best] else -1
    return max(line, key=lambda point: sign * point[1])[0]


def curves(left):
    """Loss, the best score and the learning rate over steps."""
    best, chosen = left.task.best, chosen_step(left)
    wanted = {
        "Loss": {"train": "loss", "validation": "eval_loss"},
        f"Validation {best}": {best: f"eval_{best}"},
        "Learning rate": {"learning rate": "learning_rate"},
    }
    drawn = []
    for title, series in wanted.items():
        lines = {name: numbers.thinned(_line(left, key)) for name, key in series.items()}
        lines = {name: line for name, line in lines.items() if line}
        if lines:
            drawn.append(figure(title, charts.line_chart(f"{title} over steps", lines, chosen)))
    if not drawn:
        return None
    mark = note(f"▼ The checkpoint that was kept: step {chosen}.") if chosen is not None else ""
    return join([element("div", *drawn, class_="columns three"), mark])


def _line(left, key):
    return [(row["step"], row[key]) for row in left.history if numbers.finite(row.get(key)) and "step" in row]


def confusion(left):
    """Each table of cells as a heat map, beside the pairs that are confused most."""
    cells = next((rows for rows in left.tables.values() if rows and rows[0].keys() >= CELLS), None)
    if not cells:
        return None
    caption = "Shade: share of the row. Blue, on the diagonal: right; orange: confused."
    heat = figure(
        "Rows: gold. Columns: predicted.", charts.heat_map(f"Confusion matrix, {left.split}", cells), below=caption
    )
    pairs = numbers.confused(cells)
    if not pairs:
        return join([heat, note("No pair was confused.")])
    rows = [[data(g, 60), data(p, 60), count, f"{share:.1%}"] for g, p, count, share in pairs[:PAIRS]]
    columns = ["gold", "predicted", "count#", "of gold#"]
    shown = f"The {len(rows)} most confused of {len(pairs)} pairs" if len(pairs) > PAIRS else "Confused pairs"
    return element("div", heat, table(shown, columns, rows, class_="prose"), class_="columns")


def classes(left):
    """Each table of precision, recall and F1 by class, worst first."""
    tables = {title: rows for title, rows in left.tables.items() if rows and rows[0].keys() >= PER_CLASS}
    return join(_class_table(title, rows) for title, rows in tables.items()) if tables else None


def _class_table(title, rows):
    first = next(iter(rows[0]))
    averages = [_class_row(first, row) for row in rows if row[first] in AVERAGES]
    ranked = sorted((row for row in rows if row[first] not in AVERAGES), key=lambda row: (row["f1"], str(row[first])))
    ranked = [_class_row(first, row) for row in ranked]
    columns = [first, "F1, precision, recall", "F1#", "precision#", "recall#", "support#"]
    bars = "Bars: F1 (thick), precision, recall."
    if len(ranked) <= WORST + BEST:
        parts = [table(f"Worst F1 first. {bars}", columns, ranked, "classes sortable", foot=averages)]
    else:
        worst, between, best = ranked[:WORST], ranked[WORST:-BEST], ranked[: -BEST - 1 : -1]
        parts = [
            table(f"The {WORST} with the worst F1. {bars}", columns, worst, "classes sortable", foot=averages),
            table(f"The {BEST} with the best F1.", columns, best, "classes sortable"),
            details(f"The other {len(between)}", table("Between them, by F1.", columns, between, "classes sortable")),
        ]
    return join([element("h3", title), *parts])


def _class_row(first, row):
    shares = row["f1"], row["precision"], row["recall"]
    label = "F1 {}, precision {}, recall {}".format(*map(number, shares))
    return [data(row[first], 60), charts.share_bars(label, shares), *shares, row["support"]]


def other_tables(left):
    """Tables of the task that have no section of their own."""
    known = (PER_CLASS, CELLS)
    rest = {t: rows for t, rows in left.tables.items() if rows and not any(rows[0].keys() >= k for k in known)}
    return join(_plain_table(title, rows) for title, rows in rest.items()) if rest else None


def _plain_table(title, rows):
    columns = [name if isinstance(value, str) else f"{name}#" for name, value in rows[0].items()]
    cells = [[data(v, 120) if isinstance(v, str) else v for v in row.values()] for row in rows]
    return table(title, columns, cells, class_="prose")


def calibration(left):
    """Confidence against the share of right answers, with the numbers behind the picture."""
    wanted = getattr(left.task, "calibration_bins", numbers.BINS)
    bins = numbers.calibration([answer for answers in left.answers for answer in answers], wanted)
    if not bins:
        return None
    error = numbers.expected_calibration_error(bins)
    words = (
        f"{left.task.answers_are} Bars: how many of the predicted ones are right, by confidence in {wanted} bins; "
        "short lines: a bin's mean confidence. On the diagonal, confidence is what it says."
    )
    label = f"Reliability diagram, expected calibration error {error:.3f}"
    drawn = figure(
        "Share of right answers by confidence",
        charts.reliability_diagram(label, bins, wanted),
        charts.histogram("Histogram of confidence", bins, wanted),
        below=words,
    )
    rows = [[f"{(b - 1) / wanted:.2f}{DASH}{b / wanted:.2f}", confidence, right, n] for b, n, right, confidence in bins]
    caption = f"Expected calibration error {number(error)} (Guo et al., 2017)."
    columns = ["confidence", "mean#", "right#", "answers#"]
    return element("div", drawn, table(caption, columns, rows), class_="columns")


def lengths(left):
    """The best score by the length of the input."""
    if not left.rows or left.task.images or left.task.members:  # words and characters have no axis in common
        return None
    task = left.task
    scored = [
        (
            f"{low}{DASH}{high}" if low < high else str(low),
            numbers.scores(task, [left.rows[i] for i in members]),
            members,
        )
        for low, high, members in numbers.length_bins([numbers.length(task, row) for row in left.rows])
    ]
    name = next(name for name in (task.best, *task.shown) if name in scored[0][1])  # the loss needs the model
    bars = [(label, values[name], len(members)) for label, values, members in scored]
    title = f"{name} on {left.split} by input length"
    return figure(
        title,
        charts.bar_chart(title, bars, numbers.unit(task, left.rows[0])),
        below="Bins of about equal size; n examples each.",
    )
