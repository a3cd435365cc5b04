"""What a tracker is: an outside program that shows runs. One module each, named as in conf/tracking/."""

from abc import ABC, abstractmethod


class Tracker(ABC):
    """One run in one tracker; every method may raise, the caller keeps it from harming the run."""

    title: str  # its name for readers
    lacks = False  # after the end: whether the same command, typed again, has more to send
    rows = 0  # how many rows of the run's history it has, the first ones: those are not sent again

    @abstractmethod
    def __init__(self, config, folder):
        """Open the run of `folder`, or take up the one of an interrupted experiment, with its configuration; `rows`
        tells what arrived of that one, 0 where the new start holds the whole history by itself."""

    @abstractmethod
    def where(self):
        """Where to look at the run, in one line."""

    @abstractmethod
    def log(self, numbers, step, row):
        """Points of curves: {"train/loss": 0.1, "validation/f1": 0.9}. `row`: their number in the run's history, which
        is the same in every start of the run."""

    @abstractmethod
    def add_results(self, scores, tables, step, row):
        """The end: {"test/f1": 0.9}, and {"entities_by_type": rows}, each row a dict with the same keys. `step` is the
        last one, `row` the number behind the history's; sent a second time, they must not count twice. The table
        `confusion` has the columns gold, predicted, count. Scores must not end up in the curves: those of validation
        are the best checkpoint's."""

    @abstractmethod
    def add_model(self, folder):
        """Keep the model's folder, where the tracker holds files."""

    @abstractmethod
    def finish(self, outcome):
        """Close the run: `finished`, `failed` by an error, `interrupted` by a signal, to be taken up again, or `pruned`
        by a search, which is no failure."""


def confusion_matrix(cells):
    """Rows of the table `confusion` -> one row per gold label, one column per predicted one."""
    names = sorted({str(cell[side]) for cell in cells for side in ("gold", "predicted")})
    counts = {(str(cell["gold"]), str(cell["predicted"])): cell["count"] for cell in cells}
    return [{"gold": gold, **{name: counts.get((gold, name), 0) for name in names}} for gold in names]
