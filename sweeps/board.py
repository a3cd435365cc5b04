"""What a user sees of a sweep while it runs: a live table on a terminal, else a line when a trial starts or ends."""

import sys
import time
from contextlib import contextmanager

from rich.live import Live
from rich.table import Table
from rich.text import Text

from stages.clock import duration
from stages.terminal import console, say, shown

ROWS = 20  # trials that the live table shows
STYLES = {"failed": "red", "running": "cyan", "done": "green", "pruned": "yellow", "stopped": "yellow"}


class Board:
    """Shows the trials of a sweep; `label(trial)` is what tells one from the others."""

    def __init__(self, trials, label, total=None):
        self.trials, self.label, self.total = trials, label, total
        self.live, self.began, self.told = None, time.monotonic(), {}

    @contextmanager
    def shown(self):
        """Keep the table on the terminal until the end of the block."""
        if not sys.stdout.isatty():
            yield self
            return
        with Live(console=console(), refresh_per_second=2, transient=True) as self.live:
            try:
                yield self
            finally:
                self.live = None

    def update(self):
        """Show how things stand now."""
        if self.live:
            self.live.update(self._table())
            return
        for trial in self.trials:
            if not trial.before and self.told.get(trial.record) != trial.state:
                self.told[trial.record] = trial.state
                if trial.state != "waiting":
                    say(self._line(trial))

    def _line(self, trial):
        took = f" after {duration(trial.seconds)}" if trial.seconds is not None else ""
        state = {"running": "started"}.get(trial.state, trial.state)
        found = trial.progress() if trial.state in ("done", "pruned") else {}
        best = f", best validation {found['score']} {found['best']:.4f}" if found.get("best") is not None else ""
        reason = f": {trial.reason}" if trial.reason else ""
        return f"  trial {trial.number}/{self._total()} {state}{took}{best}  {self.label(trial)}{reason}"

    def _total(self):
        return self.total or len(self.trials)

    def _table(self):
        over = sum(trial.state not in ("waiting", "running") for trial in self.trials)
        failed = sum(trial.state == "failed" for trial in self.trials)
        title = f"{over} of {self._total()} trials, {duration(time.monotonic() - self.began)}"
        grid = Table(title=title + (f", {failed} failed" if failed else ""), title_justify="left", title_style="bold")
        for name in ("trial", "state", "step", "best", "left", ""):
            grid.add_column(name, justify="right" if name in ("trial", "step", "best", "left") else "left")
        for trial in _shown(self.trials):
            grid.add_row(*map(_text, _cells(trial)), _text(self.label(trial)))
        return grid


def _shown(trials):
    """Those that run, the last that ended, the next that wait: as many as fit."""
    running = [trial for trial in trials if trial.state == "running"]
    over = [trial for trial in trials if trial.state not in ("running", "waiting")]
    waiting = [trial for trial in trials if trial.state == "waiting"]
    room = max(0, ROWS - len(running))
    before = min(len(over), max(room - len(waiting), room // 2))
    return [*over[len(over) - before :], *running, *waiting[: room - before]]


def _cells(trial):
    said = trial.progress() if trial.state != "waiting" and not trial.before else {}
    step = f"{said['step']}/{said['steps']}" if said else ""
    best = f"{said['score']} {said['best']:.4f}" if said.get("best") is not None else ""
    left = duration(said["left"]) if trial.state == "running" and said.get("left") else ""
    state = "finished before" if trial.before else trial.state
    return str(trial.number), Text(state, style=STYLES.get(trial.state, "")), step, best, left


def _text(cell):
    return cell if isinstance(cell, Text) else Text(shown(cell))


def labels(trials):
    """-> a function that gives a trial's words without those that all trials have; of a search, those it chose."""
    common = set.intersection(*(set(trial.words) for trial in trials)) if len(trials) > 1 else set()
    return lambda trial: trial.notes.get("choice") or " ".join(word for word in trial.words if word not in common)
