"""The page: its sections in order, its head, and the file."""

from functools import partial
from pathlib import Path

from stages.files import write_text
from stages.page import about, errors, results
from stages.page.left import read_left
from stages.page.markup import Html, element, join, note
from stages.terminal import warn

HERE = Path(__file__).parent
PAGE = "report.html"
SECTIONS = {
    "Scores": results.scores,
    "Learning curves": results.curves,
    "Confusion": results.confusion,
    "Classes": results.classes,
    "More tables": results.other_tables,
    "Calibration": results.calibration,
    "Input length": results.lengths,
    "Data findings": about.findings,
    "Worst errors": errors.worst,
    "Time": about.phases,
    "Configuration": about.configuration,
    "Provenance": about.provenance,
}


def write_page(folder):
    """Draw the page of a run. Whatever goes wrong is said, and costs no run: the page can be drawn again."""
    try:
        draw(folder)
    except Exception as error:
        warn(f"{PAGE} is not drawn ({_said(error)}). Again: python -m stages.page {folder}")


def draw(folder):
    """Write `report.html` into a run's folder; -> its path."""
    page = folder / PAGE
    write_text(page, document(read_left(folder)))
    return page


def document(left):
    """The whole page as text."""
    sections = {title: partial(draw, left) for title, draw in SECTIONS.items()}
    return page_of(
        about.title(left), about.header(left), sections, "Drawn by Tunesmith from the files beside this page."
    )


def page_of(title, header, sections, foot):
    """A whole page as text. `sections`: {title: what draws it, or gives None where there is nothing}."""
    drawn = {title: content for title, draw in sections.items() if (content := _drawn(title, draw)) is not None}
    links = [element("a", title, href=f"#{_anchor(title)}") for title in drawn]
    body = [
        header,
        element("nav", *links, aria_label="Sections"),
        element("main", *(_section(title, content) for title, content in drawn.items())),
        element("footer", foot),
        element("script", Html((HERE / "page.js").read_text(encoding="utf-8"))),
    ]
    head = [
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", Html((HERE / "style.css").read_text(encoding="utf-8"))),
    ]
    return "<!doctype html>\n" + element("html", element("head", *head), element("body", *body), lang="en") + "\n"


def _drawn(title, draw):
    """The content of a section; one that fails does not cost the others."""
    try:
        return draw()
    except Exception as error:
        warn(f"{title} is not drawn ({_said(error)}).")
        return note(f"This part could not be drawn: {_said(error)}")


def _section(title, content):
    return element("section", element("h2", title), join([content]), id=_anchor(title))


def _anchor(title):
    return title.lower().replace(" ", "-")


def _said(error):
    return f"{type(error).__name__}: {error}"
