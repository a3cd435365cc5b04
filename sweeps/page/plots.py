"""Charts of a comparison as SVG: scores with intervals, curves with bands, parallel coordinates, cost against score."""

import math

from stages.page import shapes
from stages.page.markup import element, join, number
from stages.page.numbers import finite

WIDE = 760


def intervals(label, sides, baseline):
    """A row per group: each run's score, their mean and its interval; the baseline's mean as a line through all.
    `sides`: [(name, scores, mean, (low, high))]."""
    values = [v for _, scores, _, ends in sides for v in (*scores, *ends) if finite(v)]
    low, high = min(values), max(values)
    room = (high - low) * 0.05 or abs(high) * 0.05 or 1
    frame = shapes.Frame(
        (low - room, high + room), (0, 1), width=WIDE, height=60 + 34 * len(sides), left=270, top=12, right=70
    )
    bottom = frame.height - frame.bottom
    marks = shapes.nice_ticks(*frame.x)
    parts = [shapes.line(frame.across(v), frame.top, frame.across(v), bottom, "grid") for v in marks]
    parts += [shapes.ticks(frame, marks)]
    if baseline is not None:
        x = frame.across(baseline)
        parts.append(shapes.line(x, frame.top, x, bottom, "chosen"))
    for i, side in enumerate(sides):
        parts.append(_row(frame, frame.top + 17 + 34 * i, i + 1, *side))
    return shapes.svg(frame, label, parts)


def _row(frame, y, place, name, scores, mean, ends):
    parts = [shapes.words(frame.left - 10, y + 4, f"{_ends(name)} ({place})", "end")]
    if finite(ends[0]):
        parts.append(shapes.line(frame.across(ends[0]), y, frame.across(ends[1]), y, "whisker"))
    parts += [_dot(frame.across(score), y, 2.6, "dot-q", f"{name}: {score:.4f}") for score in scores]
    parts.append(_dot(frame.across(mean), y, 5, "dot-a", f"{name}: mean {mean:.4f}"))
    return join([*parts, shapes.words(frame.width - 4, y + 4, number(float(mean), 4), "end strong")])


def _ends(name, most=36):
    """A long name without its middle: what differs may stand at either end."""
    return name if len(name) <= most else f"{name[: most // 2]}…{name[1 - most // 2 :]}"


def _dot(x, y, radius, class_, hint):
    return element("circle", element("title", hint), cx=float(x), cy=float(y), r=radius, class_=class_)


def band(label, points, others, across, up):
    """The mean of a group over steps, in the band of its runs; the means of the others behind it. `points`: [(step,
    mean, least, greatest)]; `across`, `up`: the ranges that all groups share."""
    frame = shapes.Frame(across, up, top=14)
    steps = [v for v in shapes.nice_ticks(*across) if v == int(v)]
    parts = [shapes.grid(frame), shapes.ticks(frame, steps)]
    parts.append(shapes.words((frame.left + frame.width) / 2, frame.height - 6, "step", "quiet"))
    parts += [_line(frame, line, "curve-q") for line in others]
    edge = [(x, low) for x, _, low, _ in points] + [(x, high) for x, _, _, high in reversed(points)]
    parts.append(element("polygon", points=_path(frame, edge), class_="band"))
    parts.append(_line(frame, [(x, y) for x, y, *_ in points], "curve-a"))
    return shapes.svg(frame, label, parts)


def _line(frame, points, class_):
    return element("polyline", points=_path(frame, points), class_=class_)


def _path(frame, points):
    return " ".join(f"{frame.across(x):.1f},{frame.up(y):.1f}" for x, y in points)


def parallel(label, axes, lines):
    """One line per run through an axis per key, the score's last. `axes`: [(name, [value], is a number)] with the
    values of all runs; `lines`: each run's standing from 0, the worst, to 1."""
    frame = shapes.Frame((0, len(axes) - 1), (0, 1), width=WIDE, height=300, left=60, right=70, top=34, bottom=14)
    scales = [_scale(values, is_number) for _, values, is_number in axes]
    parts = []
    for run in sorted(range(len(lines)), key=lambda run: lines[run]):
        points = [(i, place(axes[i][1][run])) for i, (place, _) in enumerate(scales)]
        kind = "curve-a" if lines[run] >= 0.75 else "curve-q"
        parts.append(_line(frame, points, kind))
    for i, ((name, _, _), (place, marks)) in enumerate(zip(axes, scales, strict=True)):
        x = frame.across(i)
        parts.append(shapes.line(x, frame.top, x, frame.height - frame.bottom, "axis"))
        parts.append(shapes.words(x, 16, shapes.clip(name, 24), "strong"))
        parts += [shapes.words(x + 5, frame.up(place(v)) + 4, shapes.clip(text, 14), "start halo") for v, text in marks]
    return shapes.svg(frame, label, parts)


def _scale(values, is_number):
    """-> (value -> 0 to 1, [(value, its words)]); numbers that differ 20-fold and more stand by their logarithm."""
    if not is_number:
        names = sorted(set(values))
        place = {name: (i + 0.5) / len(names) for i, name in enumerate(names)}
        return place.get, [(name, name) for name in names]
    low, high = min(values), max(values)
    bend = math.log if low > 0 and high >= 20 * low else float
    span = (bend(high) - bend(low)) or 1
    different = sorted(set(values))
    marks = different if len(different) <= 6 else [low, high]
    return lambda v: (bend(v) - bend(low)) / span if high > low else 0.5, [(v, shapes.shown(v)) for v in marks]


def scatter(label, points, unit, means):
    """Cost against score. `points`: [(cost, score, name)]; `means`: the same of the groups, numbered from 1."""
    costs, scores = ([point[i] for point in points] for i in (0, 1))
    room = (max(scores) - min(scores)) * 0.08 or abs(scores[0]) * 0.05 or 1
    frame = shapes.Frame((0, max(costs) * 1.08 or 1), (min(scores) - room, max(scores) + room), width=520, height=300,
                         top=12, left=60)  # fmt: skip
    parts = [shapes.grid(frame), shapes.ticks(frame, shapes.nice_ticks(*frame.x))]
    parts.append(shapes.words(frame.across(frame.x[1] / 2), frame.height - 6, unit, "quiet"))
    parts += [_dot(frame.across(x), frame.up(y), 2.6, "dot-q", f"{name}: {y:.4f}, {x:,.0f} s") for x, y, name in points]
    for i, (x, y, name) in enumerate(means, start=1):
        parts.append(_dot(frame.across(x), frame.up(y), 5, "dot-a", f"{name}: {y:.4f}, {x:,.0f} s"))
        parts.append(shapes.words(frame.across(x) + 8, frame.up(y) - 6, str(i), "start strong"))
    return shapes.svg(frame, label, parts)
