"""The predictions of a group of runs, whose test examples can be drawn anew, or exchanged with another group's."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isclose
from time import perf_counter
from typing import Any

import numpy as np

from stages.page.numbers import examples_of, scores
from stages.typos import nearest
from sweeps.runs import Run
from sweeps.sums import families

LONGEST = 90.0  # seconds for scoring anew, all runs together
FEWEST, MOST = 50, 200  # draws of such a score
MANY = 60  # numbers of an example above which most of them are 0


@dataclass(frozen=True)
class Sums:
    """A score that is a function of sums over examples. `sums`: (runs, examples, numbers)."""

    sums: np.ndarray
    score: Callable[[np.ndarray], np.ndarray]
    draws: float = float("inf")

    @property
    def size(self) -> int:
        return self.sums.shape[1]

    def drawn(self, counts: np.ndarray) -> np.ndarray:
        """Scores where each example stands as often as `counts` says, (draws, examples) -> (draws, runs)."""
        return self.score(self._total(self.sums, counts))

    def exchanged(self, other: "Sums", swap: np.ndarray) -> np.ndarray:
        """Differences of the means where both sides exchange the examples marked 1, (draws, examples) -> (draws,)."""
        runs = min(len(self.sums), len(other.sums))
        mine, theirs = self.sums[:runs].astype(float), other.sums[:runs].astype(float)
        moved = self._total(theirs - mine, swap)
        return (self.score(mine.sum(axis=1) + moved) - self.score(theirs.sum(axis=1) - moved)).mean(axis=-1)

    def _total(self, sums, counts):
        runs, size, numbers = sums.shape
        flat = sums.transpose(1, 0, 2).reshape(size, runs * numbers).astype(float)
        if numbers > MANY:
            from scipy.sparse import csr_array

            flat = csr_array(flat)  # one class of many is not 0 in an example
        return (counts.astype(float) @ flat).reshape(len(counts), runs, numbers)


@dataclass(frozen=True)
class Rescored:
    """Any other score of a task: scored anew for each draw. `rows`: the predictions of each run."""

    task: Any
    metric: str
    rows: list[list[dict]]
    draws: float

    @property
    def size(self) -> int:
        return len(self.rows[0])

    def drawn(self, counts: np.ndarray) -> np.ndarray:
        places = [np.repeat(np.arange(self.size), count) for count in counts]
        return np.array([[self._score([rows[i] for i in at]) for rows in self.rows] for at in places])

    def exchanged(self, other: "Rescored", swap: np.ndarray) -> np.ndarray:
        return np.array([self._exchanged(other, marks) for marks in swap])

    def _exchanged(self, other, marks):
        sides = []
        for mine, theirs in zip(self.rows, other.rows, strict=False):
            pairs = [(b, a) if mark else (a, b) for a, b, mark in zip(mine, theirs, marks, strict=True)]
            sides.append([self._score(list(side)) for side in zip(*pairs, strict=True)])
        return float(np.mean([a - b for a, b in sides]))

    def _score(self, rows):
        return scores(self.task, rows)[self.metric]


def samples(groups: list[list[Run]], split: str, metric: str) -> tuple[list[Sums] | list[Rescored] | None, str]:
    """One sample per group, all of one kind -> (samples or None, why there are none). Raises ValueError where the runs
    were scored on different examples."""
    runs = [run for group in groups for run in group]
    rows = [run.predictions(split) for run in runs]
    check_same_examples(runs, rows, split)
    lacking = next((run for run, own in zip(runs, rows, strict=True) if not own), None)
    if lacking:
        return None, f"{lacking.folder.name} has no predictions/{split}.jsonl"
    wanted, task = [run.value(split, metric) for run in runs], runs[0].task
    found = _as_sums(task, metric, rows, wanted) or _as_rescored(task, metric, rows, wanted)
    if isinstance(found, str):
        return None, found
    ends = np.cumsum([len(group) for group in groups])
    return [found(slice(end - len(g), end)) for end, g in zip(ends, groups, strict=True)], ""


def _as_sums(task, metric, rows, wanted):
    """-> what makes the sample of some runs, where a family of sums gives the runs' own scores; else None."""
    examples = examples_of(task, rows[0])
    try:
        ways = families(task, metric, rows, examples)
    except (KeyError, TypeError, ValueError):
        return None
    for way in ways:
        try:
            sums, score = way()
            reached = score(sums.sum(axis=1, dtype=float))
        except (KeyError, TypeError, ValueError, IndexError, AttributeError):
            continue  # predictions of another kind than this family is about
        if np.shape(reached) == (len(rows),) and all(map(_close, reached, wanted)):
            return lambda part, sums=sums, score=score: Sums(sums[part], score)
    return None


def _as_rescored(task, metric, rows, wanted):
    """The same for any score that the predictions alone give again; else why not."""
    try:
        started = perf_counter()
        again = scores(task, rows[0]).get(metric)
        seconds = perf_counter() - started
    except (KeyError, TypeError, ValueError) as error:
        return f"{metric} cannot be computed from the predictions ({type(error).__name__})"
    if again is None or not _close(again, wanted[0]):
        return f"{metric} cannot be computed from the predictions alone"
    draws = min(MOST, int(LONGEST / (seconds * len(rows) + 1e-9)))
    if draws < FEWEST:
        return f"scoring {metric} anew takes {seconds:.1f} s a run, too long for {FEWEST} draws"
    return lambda part: Rescored(task, metric, rows[part], draws)


def _close(reached, wanted):
    """Predictions are rounded to four digits, losses to six."""
    return isclose(float(reached), wanted, rel_tol=1e-4, abs_tol=1e-6)


def check_same_examples(runs: list[Run], rows: list[list[dict]], split: str) -> None:
    """Raise ValueError where two runs have different examples, or different gold answers to them."""
    known = [(run, _asked(run, own)) for run, own in zip(runs, rows, strict=True) if own]
    for run, asked in known[1:]:
        first, of_first = known[0]
        if asked != of_first:
            sizes = f"{len(of_first):,} and {len(asked):,} examples"
            at = next((i for i, pair in enumerate(zip(of_first, asked, strict=False)) if pair[0] != pair[1]), None)
            where = sizes if len(asked) != len(of_first) else f"example {at} is another one"
            raise ValueError(
                f"{first.folder.name} and {run.folder.name} were scored on different {split} examples ({where}): "
                f"scores of different data cannot be compared. Give runs with the same data.{split}."
            )


def _asked(run, rows):
    """Inputs and gold of each example; of images their names, for the same data may lie elsewhere."""
    *inputs, _ = run.task.form(rows[0])
    names = [name for name in (*inputs, "gold") if name in rows[0]]
    images = {*run.task.images}
    return [[str(row[n]).rpartition("/")[2] if n in images else row[n] for n in names] for row in rows]


def choose_metric(runs: list[Run], wanted: str | None) -> tuple[str, str]:
    """-> (split, score): `test/f1`, or `f1` on test where there is one; None for the score that chose the checkpoints.
    Raises ValueError that lists what all runs have."""
    splits = [split for split in runs[0].splits if all(split in run.splits for run in runs)]
    split, _, name = wanted.partition("/") if wanted else ("", "", "")
    if split not in ("test", "validation"):  # a score's own name may hold a slash: ner/f1 of multi_task
        split, name = (splits or ["test"])[0], wanted or runs[0].task.best
    common = [n for n in runs[0].metrics.get(split, {}) if all(run.value(split, n) is not None for run in runs)]
    if name in common:
        return split, name
    everything = [f"{s}/{n}" for s in splits for n in runs[0].metrics[s] if all(n in run.metrics[s] for run in runs)]
    near = nearest(name, common)
    hint = f" Nearest: {', '.join(f'{split}/{n}' for n in near)}." if near else ""
    raise ValueError(f"--metric {wanted or name}: not all runs have it.{hint} They have: {', '.join(everything)}.")
