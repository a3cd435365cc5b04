"""A run that its search stopped early because it fell behind: marked in its folder, with its history."""

import json
import shutil
import time
from contextlib import contextmanager
from pathlib import Path

from stages.files import write_json
from stages.terminal import is_main, stage

MARK = "pruned.json"


class Pruned(Exception):
    """`facts`: {"score", "value", "step", "of"}."""

    def __init__(self, facts):
        super().__init__(describe(facts))
        self.facts = facts


def describe(facts: dict) -> str:
    """Where a run stopped, and what it had reached."""
    return f"{facts['score']} {facts['value']:.4f} after step {facts['step']} of {facts['of']}"


def reason(run) -> str | None:
    """Why the run of this folder was stopped, None where it was not."""
    path = run / MARK
    return describe(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None


def by(run, search) -> bool:
    """Whether it was this search, given by its folder, that stopped the run: another one may want all of it."""
    path = run / MARK
    return path.is_file() and Path(json.loads(path.read_text(encoding="utf-8"))["trial"]).parent == search


@contextmanager
def marked(run, trial):
    """Around training and scoring, of a run with this record of its trial: one that was stopped keeps no checkpoint,
    which would fill a disk in a search; one that ends as it should loses its mark."""
    try:
        yield
        if is_main():
            (run / MARK).unlink(missing_ok=True)
    except Pruned as ended:
        if is_main():
            write_json(run / MARK, {**ended.facts, "trial": trial, "when": time.strftime("%Y-%m-%dT%H:%M:%S%z")})
            shutil.rmtree(run / "checkpoints", ignore_errors=True)
        raise


@contextmanager
def said():
    """A run that its search stopped ends here, as a run that did what it was asked for."""
    try:
        yield
    except Pruned as ended:
        stage("pruned", f"{ended}: the search goes on with others")
