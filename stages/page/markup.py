"""HTML and SVG as text that is safe by construction: whatever is not `Html` already gets escaped."""

import html
import math
import re

DASH = "\N{EN DASH}"  # for what is missing
VOID = ("br", "meta", "wbr")
# Control characters, lone surrogates and signs without a width or with power over the direction of what follows. The
# joiners that emoji and Arabic script need are not among them.
UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u200b\u200e\u200f\u2060\ufeff\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


MARKDOWN = re.compile(r"([\\`*_~|\[\]])")


class Html(str):
    """Markup: text of the data never becomes one without `text`."""


def text(value):
    """Any value as text: escaped, and characters that nobody can see by their numbers."""
    if isinstance(value, Html):
        return value
    seen = UNSEEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", str(value))
    return Html(html.escape(seen))


def plain(value):
    """Any value as one line of Markdown that shows as it is: no markup, no link, no cell of a table."""
    return " ".join(MARKDOWN.sub(r"\\\1", html.escape(str(value), quote=False)).split())


def join(parts):
    return Html("".join(map(text, parts)))


def element(name, /, *content, **attributes):
    """`element("a", "here", href="#x", class_="link")`; underscores become hyphens, None leaves an attribute out."""
    given = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items() if value is not None}
    words = "".join(f' {key}="{text(_short(value))}"' for key, value in given.items())
    return Html(f"<{name}{words}>" if name in VOID else f"<{name}{words}>{join(content)}</{name}>")


def _short(value):
    """Coordinates need no more than a tenth of a pixel."""
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else value


def number(value, digits=3):
    """A number for a reader; a dash for what is missing or not finite."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return DASH if value is None else str(value)
    if not math.isfinite(value):
        return DASH
    return f"{value:,}" if isinstance(value, int) else f"{value:,.{digits}f}".replace("-", "\N{MINUS SIGN}")


def data(value, limit=600):
    """Text of the data: kept apart from the direction of the page, cut in the middle where it is very long; names may
    break after an underscore."""
    shown = str(value)
    if len(shown) > limit:
        shown = f"{shown[: limit // 2]} … {shown[-limit // 2 :]}"
    return element("bdi", Html(text(shown).replace("_", "_<wbr>")))


def table(caption, columns, rows, class_=None, foot=()):
    """A table in a box that scrolls by itself. `columns`: names, those that end in # hold numbers, to the right; the
    first cell of a row heads it; `foot`: rows below the others."""
    kinds = ["number" if name.endswith("#") else None for name in columns]
    names = zip(columns, kinds, strict=True)
    parts = [
        element("caption", element("span", caption)),
        element("thead", element("tr", *(element("th", n.removesuffix("#"), scope="col", class_=k) for n, k in names))),
        element("tbody", *(_row(kinds, row) for row in rows)),
        element("tfoot", *(_row(kinds, row) for row in foot)) if foot else "",
    ]
    return element("div", element("table", *parts, class_=class_), class_="scroll", tabindex="0", role="group",
                   aria_label=caption)  # fmt: skip


def _row(kinds, row):
    cells = zip(kinds[1:], row[1:], strict=True)
    head = element("th", row[0], scope="row")
    return element("tr", head, *(element("td", number(v) if k else v, class_=k) for k, v in cells))


def details(summary, *content):
    return element("details", element("summary", summary), *content)


def note(*content):
    return element("p", *content, class_="note")


def figure(title, *content, below=None):
    """Charts under a title, with words `below` them."""
    foot = element("p", below, class_="note") if below else ""
    return element("figure", element("figcaption", title), *content, foot)
