"""Charts as inline SVG. Colours come from the page's style sheet, so that they follow light, dark and print."""

import math

from stages.page import shapes
from stages.page.markup import element, join, number
from stages.page.numbers import by_number, finite

QUARTERS = [0, 0.25, 0.5, 0.75, 1]
LABELLED, COUNTED = 28, 12  # classes up to which a heat map names its rows and columns, and writes its counts


def line_chart(label, series, chosen=None):
    """Curves over steps. `series`: {name: points}, the second one dashed; `chosen`: the step to mark, or None."""
    points = [point for line in series.values() for point in line]
    frame = shapes.Frame((0, max(x for x, _ in points)), shapes.data_range([y for _, y in points]))
    parts = [shapes.grid(frame), _steps(frame)]
    if chosen is not None:
        parts.append(_chosen(frame, chosen))
    for i, (name, line) in enumerate(series.items()):
        parts += [_curve(frame, line, "ab"[i % 2]), _key(frame, i, name)]
    return shapes.svg(frame, label, parts)


def bar_chart(label, bars, unit):
    """Bars with their values. `bars`: [(name, value or None, count)]; `unit` names the axis."""
    values = [value for _, value, _ in bars if finite(value)]
    frame = shapes.Frame((0, len(bars)), (min([0, *values]), _nice_top(max([0, *values]))), bottom=56, top=16)
    parts = [shapes.grid(frame)]
    for i, (name, value, count) in enumerate(bars):
        middle, left, right = (frame.across(i + share) for share in (0.5, 0.14, 0.86))
        if finite(value):
            top, ground = sorted((frame.up(value), frame.up(0)))
            parts.append(
                shapes.box(left, top, right - left, max(ground - top, 1.0), "bar", f"{name} {unit}: {value:.3f}")
            )
            parts.append(shapes.words(middle, top - 5, number(value), "strong"))
        parts += [
            shapes.words(middle, frame.height - 40, name),
            shapes.words(middle, frame.height - 25, f"n={count}", "quiet"),
        ]
    parts.append(shapes.words(frame.width / 2, frame.height - 6, unit, "quiet"))
    return shapes.svg(frame, label, parts)


def reliability_diagram(label, bins, number_of_bins):
    """Share of right answers by confidence, against the diagonal; below it, how many answers each bin holds."""
    frame = shapes.Frame((0, 1), (0, 1), height=270, top=8, bottom=22)
    parts = [shapes.grid(frame, QUARTERS), shapes.ticks(frame, QUARTERS)]
    for b, count, right, confidence in bins:
        left, end = frame.across((b - 1) / number_of_bins) + 1, frame.across(b / number_of_bins) - 1
        hint = f"confidence {confidence:.3f}, right {right:.3f}, {count} answers"
        parts.append(
            shapes.box(left, frame.up(right), end - left, max(frame.up(0) - frame.up(right), 1.0), "bar", hint)
        )
        parts.append(shapes.line(left, frame.up(confidence), end, frame.up(confidence), "second thick"))
    parts.append(shapes.line(frame.across(0), frame.up(0), frame.across(1), frame.up(1), "diagonal"))
    return shapes.svg(frame, label, parts)


def histogram(label, bins, number_of_bins):
    """How many answers each bin of confidence holds; the same axis as the reliability diagram."""
    most = max(count for _, count, _, _ in bins)
    frame = shapes.Frame((0, 1), (0, most), height=120, top=14)
    parts = [shapes.grid(frame, [0, most]), shapes.ticks(frame, QUARTERS)]
    for b, count, _, _ in bins:
        left, end = frame.across((b - 1) / number_of_bins) + 1, frame.across(b / number_of_bins) - 1
        size = max(frame.up(0) - frame.up(count), 1.0)
        parts.append(shapes.box(left, frame.up(0) - size, end - left, size, "bar quiet", f"{count} answers"))
    parts.append(shapes.words(frame.across(0.5), frame.height - 6, "confidence", "quiet"))
    return shapes.svg(frame, label, parts)


def heat_map(label, cells):
    """A confusion matrix: rows are gold classes, columns predicted ones, shade the share of the row."""
    names = sorted({str(cell[side]) for cell in cells for side in ("gold", "predicted")}, key=by_number)
    place = {name: i for i, name in enumerate(names)}
    named = len(names) <= LABELLED
    margin = min(12 + 6.4 * max(map(len, names)), 120) if named else 22
    side = 330 / max(len(names), 6)
    size = round(margin + side * len(names) + 6)
    frame = shapes.Frame((0, 1), (0, 1), width=size, height=size)
    totals = {name: sum(c["count"] for c in cells if str(c["gold"]) == name) for name in names}
    parts = [shapes.box(margin, margin, side * len(names), side * len(names), "paper")]
    for cell in cells:
        parts.append(_heat(cell, place, totals, margin, side, len(names) <= COUNTED))
    parts += _names(names, margin, side) if named else []
    parts.append(shapes.words(margin + side * len(names) / 2, 13, "predicted →", "quiet") if not named else "")
    parts.append(shapes.turned(13, margin + side * len(names) / 2, "← gold", "quiet") if not named else "")
    return shapes.svg(frame, label, parts)


def _heat(cell, place, totals, margin, side, counted):
    gold, predicted, count = str(cell["gold"]), str(cell["predicted"]), cell["count"]
    share = count / totals[gold]
    x, y = margin + place[predicted] * side, margin + place[gold] * side
    kind = "right" if gold == predicted else "wrong"
    hint = f"gold {gold}, predicted {predicted}: {count} ({share:.0%} of {gold})"
    most = 0.5 if counted else 1.0  # the counts must stay readable on it, in light and in dark
    shade = f"{most * (0.15 + 0.85 * math.sqrt(share)):.2f}"
    box = shapes.box(x, y, side, side, f"heat {kind}", hint, fill_opacity=shade)
    return join([box, shapes.words(x + side / 2, y + side / 2 + 4, number(count))]) if counted else box


def _names(names, margin, side):
    size = f"font-size:{min(11, max(side * 0.8, 6)):.1f}px"
    rows = [
        shapes.words(margin - 5, margin + (i + 0.5) * side + 4, shapes.clip(n), "end", style=size)
        for i, n in enumerate(names)
    ]
    columns = [
        shapes.turned(margin + (i + 0.5) * side + 4, margin - 5, shapes.clip(n), "start", size)
        for i, n in enumerate(names)
    ]
    return rows + columns


def share_bars(label, shares):
    """Thin bars from 0 to 1, one below the other, the first one thickest; for a cell of a table."""
    parts, top = [element("rect", x=0, y=0, width=100, height=16, class_="track")], 0
    for i, share in enumerate(shares):
        high = 8 if i == 0 else 4
        wide = 100 * min(max(share, 0), 1) if finite(share) else 0
        parts.append(element("rect", x=0, y=top, width=float(wide), height=high - 1, class_=f"bar-{i}"))
        top += high
    words = {"viewBox": f"0 0 100 {max(top, 8)}", "preserveAspectRatio": "none", "class_": "bars"}
    return element("svg", *parts, role="img", aria_label=label, **words)


def _nice_top(value):
    return 1.08 if 0.55 < value <= 1 else value * 1.12 or 1


def _steps(frame):
    label = shapes.words((frame.left + frame.width) / 2, frame.height - 6, "step", "quiet")
    return join([shapes.ticks(frame, [v for v in shapes.nice_ticks(*frame.x) if v == int(v)]), label])


def _chosen(frame, step):
    x, top = frame.across(step), frame.top - 4
    flag = element("polygon", points=f"{x - 5:.1f},{top - 7} {x + 5:.1f},{top - 7} {x:.1f},{top}", class_="flag")
    return join([shapes.line(x, top, x, frame.height - frame.bottom, "chosen"), flag])


def _curve(frame, line, kind):
    places = [(frame.across(x), frame.up(y)) for x, y in line]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = [element("circle", cx=x, cy=y, r=2.6, class_=f"dot-{kind}") for x, y in places] if len(line) <= 40 else []
    return join([element("polyline", points=path, class_=f"curve-{kind}"), *dots])


def _key(frame, i, name):
    x = frame.left + i * 90
    return join([shapes.line(x, 12, x + 22, 12, f"curve-{'ab'[i % 2]}"), shapes.words(x + 28, 16, name, "start")])
