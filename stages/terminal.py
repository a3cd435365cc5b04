"""What the user sees: one line per stage, tables, warnings. Only the main process speaks."""

import os
import re
import sys
import time
from functools import cache

from stages.secrets import hidden_text

IN_A_FILE = 120  # columns of what does not go to a terminal, unless COLUMNS says otherwise
AFTER_MAIN = 40  # seconds; W&B takes up to 30 to close a run
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # what a text of the data could steer a terminal with


def is_main():
    """Whether this is the main process; known from the launcher's environment, before torch is imported."""
    return int(os.environ.get("RANK", 0)) == 0


def shows_bars():
    """Whether progress bars make sense: on the main process, and where somebody can see them move."""
    return is_main() and sys.stderr.isatty()


@cache
def console():
    """The terminal, as rich prints to it."""
    from rich.console import Console

    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else IN_A_FILE
    return Console(highlight=False, soft_wrap=True, stderr=False, width=width)


def say(message, style=None):
    """Print one line."""
    if is_main():
        console().print(shown(message), style=style, markup=False)


def warn(message):
    """Print a warning that says what to do."""
    say(f"warning: {message}", style="yellow")


def stage(name, result):
    """Print the line of a stage that is done: its name, and what came out."""
    say(f"{name:<11}{result}")


def fail(message):
    """Print an error, on standard error, and end with exit code 2. A launcher kills all processes once one has failed:
    the others give the main process the time to speak and to close its trackers, and speak where it did not fail."""
    place = ""
    if not is_main():
        time.sleep(AFTER_MAIN)
        place = f" in process {os.environ['RANK']}"
    print(f"error{place}: {shown(str(message))}", file=sys.stderr, flush=True)
    raise SystemExit(2)


def shown(text):
    """A text as it may stand on a terminal and in its log: no secret, and nothing that steers it."""
    return CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", hidden_text(text))


def table(title, rows):
    """Print rows (dicts with the same keys) as a table; numbers to the right, fractions with four decimals."""
    if not is_main() or not rows:
        return
    from rich.table import Table

    grid = Table(title=_cell(title), title_justify="left", title_style="bold")
    widths = _widths(rows, console().width)
    for name, value in rows[0].items():
        side = "left" if isinstance(value, str) else "right"
        grid.add_column(_cell(name), justify=side, overflow="fold", width=widths.get(name))
    for row in rows:
        grid.add_row(*(_cell(value) for value in row.values()))
    console().print(grid)


def _widths(rows, room):
    """Column -> its width, so that lines break between words alone; nothing where words are too long for that. rich by
    itself would rather break a word of a wide column than a line of a narrow one."""
    texts = {name: [_cell(value).plain for value in (name, *(row[name] for row in rows))] for name in rows[0]}
    least = {name: max((len(word) for text in of for word in text.split()), default=0) for name, of in texts.items()}
    widths, room = {name: max(map(len, of)) for name, of in texts.items()}, room - 3 * len(texts) - 1
    if sum(least.values()) > room:
        return {}
    while sum(widths.values()) > room:
        widest = max((name for name in widths if widths[name] > least[name]), key=widths.get)
        widths[widest] -= 1
    return widths


def _cell(value):
    from rich.text import Text

    return Text(f"{value:.4f}" if isinstance(value, float) else "" if value is None else shown(str(value)))
