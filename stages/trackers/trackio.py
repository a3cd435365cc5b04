"""trackio: a dashboard on the own machine, or in a Hugging Face Space."""

import io
from contextlib import contextmanager, redirect_stdout

import trackio
from trackio.sqlite_storage import SQLiteStorage

from stages.files import write_text
from stages.trackers.contract import Tracker, confusion_matrix


class Run(Tracker):
    """A trackio run; it knows no state, so an alert says how it ended."""

    title = "trackio"

    def __init__(self, config, folder):
        choices = config["tracking"]
        self.project, space = choices["project"] or "uncategorized", choices["trackio"]["space_id"]
        mark = folder / "trackio_id"
        resume = "allow" if mark.is_file() else "never"  # of a repeated experiment, the old run keeps its name
        with _quiet():
            self.run = trackio.init(
                self.project, folder.name, group=choices["group"], space_id=space, config=config, resume=resume,
                embed=False,
            )  # fmt: skip
        write_text(mark, self.run.id)
        kept = SQLiteStorage.get_log_count(self.project, folder.name, run_id=self.run.id)
        if not kept:
            self.run.log({}, 0)  # or a run that fails before its first number is not shown
        self.rows = max(0, kept - 1)
        # A Space tells no more than its last step: of that one all is sent again, or some of it might be missing.
        self.last = (self.run._initial_last_step or 0) if space else 0

    def where(self):
        if self.run.url:
            return f"trackio {self.run.url}"
        return f'trackio: trackio show --project "{self.project}"'

    def log(self, numbers, step, row):
        if step >= self.last:
            self.run.log(numbers, step)

    def add_results(self, scores, tables, step, row):
        if self.rows > row:
            return
        shown = {name: confusion_matrix(rows) if name == "confusion" else rows for name, rows in tables.items()}
        values = {f"scores/{name}": value for name, value in scores.items()}
        self.run.log({**values, **{name: trackio.Table(data=rows) for name, rows in shown.items()}}, step)

    def add_model(self, folder):
        with _quiet():
            self.run.log_artifact(folder, name=f"model-{folder.parent.name}", type="model")

    def finish(self, outcome):
        levels = {"failed": trackio.AlertLevel.ERROR, "interrupted": trackio.AlertLevel.WARN}
        with _quiet():
            self.run.alert(outcome, level=levels.get(outcome, trackio.AlertLevel.INFO))
            trackio.finish()


@contextmanager
def _quiet():
    """One line of ours instead."""
    with redirect_stdout(io.StringIO()):
        yield
