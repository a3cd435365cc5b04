"""What charts are made of: the plotting area, axes, marks, as SVG. Colours come from the page's style sheet."""

import math
from dataclasses import dataclass

from stages.page.markup import element, join, text

WIDTH, HEIGHT = 360, 230


@dataclass(frozen=True)
class Frame:
    """The plotting area: ranges of the data and their place in pixels."""

    x: tuple[float, float]
    y: tuple[float, float]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = 46
    bottom: int = 40
    top: int = 30
    right: int = 14

    def across(self, value):
        low, high = self.x
        return self.left + (value - low) / ((high - low) or 1) * (self.width - self.left - self.right)

    def up(self, value):
        low, high = self.y
        return self.height - self.bottom - (value - low) / ((high - low) or 1) * (self.height - self.top - self.bottom)


def data_range(values):
    """The range of an axis: from 0 where that costs little room, with a margin."""
    low, high = min(values), max(values)
    if low >= 0 and low < 0.6 * high:
        low = 0
    room = (high - low) * 0.06 or abs(high) * 0.1 or 1
    return (low if low == 0 else low - room), high + room


def nice_ticks(low, high, wanted=5):
    """Round numbers between two ends: steps of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / wanted or 1
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= rough * 0.999)
    return [k * step for k in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def shown(value):
    """A number beside an axis."""
    if value and abs(value) < 0.001:
        return f"{value:.1e}".replace(".0e", "e").replace("e-0", "e-")
    return f"{value:,.4f}".rstrip("0").rstrip(".") or "0"


def grid(frame, values=None):
    """Lines across at these values, with their numbers; at round numbers by default."""
    values = nice_ticks(*frame.y) if values is None else values
    right = frame.width - frame.right
    lines = [line(frame.left, frame.up(v), right, frame.up(v), "grid") for v in values]
    return join(lines + [words(frame.left - 6, frame.up(v) + 4, shown(v), "end quiet") for v in values])


def ticks(frame, values):
    """Numbers below the axis."""
    y = frame.height - frame.bottom + 16
    return join(words(frame.across(v), y, shown(v), "quiet") for v in values)


def clip(name, most=19):
    return name if len(name) <= most else name[: most - 1] + "…"


def svg(frame, label, parts):
    """A whole chart; `label` is what a screen reader says."""
    size = {"viewBox": f"0 0 {frame.width} {frame.height}", "style": f"max-width:{frame.width * 1.2:.0f}px"}
    return element("svg", element("title", label), *parts, class_="chart", role="img", aria_label=label, **size)


def box(x, y, width, height, class_, hint=None, **more):
    """A rectangle; `hint` shows under the pointer."""
    title = [element("title", hint)] if hint else []
    place = {name: float(value) for name, value in (("x", x), ("y", y), ("width", width), ("height", height))}
    return element("rect", *title, **place, class_=class_, **more)


def line(x1, y1, x2, y2, class_):
    return element("line", x1=float(x1), y1=float(y1), x2=float(x2), y2=float(y2), class_=class_)


def words(x, y, content, class_=None, **more):
    return element("text", text(content), x=float(x), y=float(y), class_=class_, **more)


def turned(x, y, content, class_, style=None):
    return words(x, y, content, class_, style=style, transform=f"rotate(-90 {x:.1f} {y:.1f})")
