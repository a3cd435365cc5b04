"""Trackers: what they get to see of a run. Only the main process talks to them, and none is ever in the way."""

import json
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from threading import Thread

from transformers import TrainerCallback

from stages import trackers as known
from stages.files import read_json, read_lines, write_text
from stages.folder import FINISHED, PROVENANCE
from stages.pruned import Pruned
from stages.secrets import hidden
from stages.terminal import is_main, stage, warn

SAMPLE = 200  # rows of the table of predictions
PATIENCE = 5  # seconds for trackers that still open when a run is interrupted or fails


@contextmanager
def harmless(title):
    """Whatever goes wrong inside, on the way to a server or in a tracker's own process, costs no run: it is said."""
    try:
        yield
    except Exception as error:
        reason = ": ".join([type(error).__name__, *str(error).splitlines()[:1]])
        _warn_once(f"{title} failed ({reason}). The run goes on, its folder holds all numbers.")


@cache
def _warn_once(message):
    warn(message)


@contextmanager
def tracked(config, folder):
    """The open trackers of an experiment; finished on every way out, as failed after an exception, as interrupted after
    a signal, as pruned where a search stopped it. Until they have got all of it, a mark in its folder says that they
    lack something."""
    trackers, mark = [], folder / known.UNSENT
    if is_main() and known.chosen(config["tracking"]):
        write_text(mark, "")
        trackers = Opening(config, folder)
    outcome = "failed"
    try:
        yield trackers
        outcome = "finished"
    except KeyboardInterrupt:
        outcome = "interrupted"
        raise
    except Pruned:
        outcome = "pruned"
        raise
    finally:
        if trackers and outcome in ("interrupted", "failed"):  # the grace is for saving; an error is not held back
            trackers.wait(PATIENCE)
        for tracker in trackers:
            with harmless(tracker.title):
                tracker.finish(outcome)
        if trackers and outcome in ("finished", "pruned") and trackers.have_all():
            mark.unlink(missing_ok=True)


class Opening:
    """The trackers of a run, opened while it goes on: a server that is slow costs it nothing until it has something to
    tell. Whoever goes through them waits until all are open; then it is said where they are."""

    def __init__(self, config, folder):
        names = known.chosen(config["tracking"])
        self._asked = len(names)
        aside, here = ([name for name in names if (name in known.ASIDE) == is_aside] for is_aside in (True, False))
        self._open, self._said = open_trackers(config, folder, here) if here else [], False
        self._thread = Thread(target=lambda: self._open.extend(open_trackers(config, folder, aside)), daemon=True)
        if aside:
            with harmless(aside[0]):
                import_module(f"stages.trackers.{aside[0]}")  # here: two threads import no faster than one
            self._thread.start()

    def __iter__(self):
        if not self._said:
            self._said = True
            self.wait()
            for tracker in self._open:
                with harmless(tracker.title):
                    stage("tracking", tracker.where())
        return iter(list(self._open))

    def have_all(self):
        """Whether all that were asked for are open and got all of it."""
        return len(self._open) == self._asked and not any(tracker.lacks for tracker in self._open)

    def wait(self, seconds=None):
        """Until all are open, or so many seconds; what opens later than that is left to itself."""
        if self._thread.ident:  # started
            self._thread.join(seconds)
        self._said = self._said or self._thread.is_alive()


def open_trackers(config, folder, names):
    """Open the run in the trackers of these names; one that cannot be opened is left out."""
    group = config["tracking"]["group"] or folder.name.rsplit("-", 1)[0]
    config = hidden({**config, "tracking": {**config["tracking"], "group": group}})
    trackers = []
    for name in names:
        with harmless(name):
            trackers.append(import_module(f"stages.trackers.{name}").Run(config, folder))
    return trackers


class Curves(TrainerCallback):
    """Training and validation numbers of a run over its steps, each row of its history once: a run that is taken up
    first sends what its checkpoint knows, and the trackers keep what the killed process had not sent."""

    def __init__(self, trackers):
        self.trackers, self.row = trackers, 0

    def on_train_begin(self, args, state, control, **kwargs):
        if args.dataloader_num_workers:
            list(self.trackers)  # all open: a process that is forked meanwhile could take a lock along for good
        log_all(self.trackers, state.log_history)
        self.row = len(state.log_history)

    def on_log(self, args, state, control, logs=None, **kwargs):
        log(self.trackers, logs, state.global_step, self.row)
        self.row += 1


def log_all(trackers, history):
    """Send the rows of a history that the trackers have not got yet."""
    for row, line in enumerate(history):
        log(trackers, {name: value for name, value in line.items() if name != "step"}, line["step"], row)


def log(trackers, numbers, step, row):
    """Send the Trainer's numbers of a step, sorted by split: eval_f1 -> validation/f1, loss -> train/loss. `row`: their
    number in the history; a tracker that has it does not get it again."""
    named = {
        f"validation/{name.removeprefix('eval_')}" if name.startswith("eval_") else f"train/{name}": value
        for name, value in numbers.items()
    }
    for tracker in trackers:
        if row >= tracker.rows:
            with harmless(tracker.title):
                tracker.log(named, step, row)
            tracker.rows = row + 1


def send_results(trackers, config, folder):
    """The scores and tables of a finished run, read back from its folder, and the model where it is asked for."""
    with harmless("tracking"):
        opened = list(trackers)
        results = read_results(folder) if opened else ()
        for tracker in opened:
            with harmless(tracker.title):
                tracker.add_results(*results)
                if config["tracking"]["log_model"]:
                    tracker.add_model(folder / "model")


def send_finished(config, folder):
    """Send an experiment that was finished before as a new run to W&B, for the agent of a W&B sweep that asked for it:
    it would wait for ever for the scores."""
    choices = {k: v for k, v in config["tracking"].items() if k == "wandb" or k not in known.KEYS}
    send_rest({**config, "tracking": choices}, folder)


def send_rest(config, folder):
    """Send what the trackers have not got of a finished run: it was killed on the way to them."""
    with tracked(config, folder) as trackers:
        log_all(trackers, read_lines(folder / "history.jsonl"))
        send_results(trackers, config, folder)


def read_results(folder):
    """-> ({"test/f1": ...}, {"predictions": rows, ...}, last step, length of the history) of a finished run; tables are
    of its last split."""
    metrics = read_json(folder / FINISHED)
    splits = [split for split in ("validation", "test") if split in metrics]
    values = {**{split: metrics[split] for split in splits}, "baseline": metrics["baseline"]["values"]}
    scores = {f"{part}/{name}": value for part in values for name, value in values[part].items()}
    tables = {title.replace(" ", "_"): rows for title, rows in metrics["tables"][splits[-1]].items()}
    predictions = read_lines(folder / "predictions" / f"{splits[-1]}.jsonl")
    tables["predictions"] = [_readable(row) for row in errors_first(predictions)[:SAMPLE]]
    tables["findings"] = read_json(folder / "findings.json")
    history = read_lines(folder / "history.jsonl")
    step = max((line["step"] for line in history), default=0)
    cost = read_json(folder / PROVENANCE, {}).get("cost", {})
    scores |= {f"cost/{name}": value for name, value in cost.items()}
    numbers = {name: value for name, value in scores.items() if isinstance(value, int | float)}
    return numbers, {name: rows for name, rows in tables.items() if rows}, step, len(history)


def errors_first(rows):
    """Wrong predictions first, the most confident of them on top."""
    return sorted(rows, key=lambda row: (_is_right(row), -_confidence(row)))


def _is_right(row):
    """Nobody can tell where a task has no gold beside its input, as in language modelling."""
    return "gold" in row and row["prediction"] == row["gold"]


def _confidence(row):
    value = row.get("confidence")
    return min(value, default=0.0) if isinstance(value, list) else value or 0.0


def _readable(row):
    """Lists and tables as one text, so that a table cell can show them."""
    cells = {name: " ".join(map(str, value)) if isinstance(value, list) else value for name, value in row.items()}
    cells = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in cells.items()}
    return {**cells, **({"right": _is_right(row)} if "gold" in row else {})}
