"""Weights & Biases: online where somebody is logged in, else offline with the command that uploads."""

import json
import os
import secrets
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

import wandb
from wandb.proto import wandb_internal_pb2 as pb
from wandb.sdk.lib.wbauth import read_netrc_auth

from stages.files import write_text
from stages.secrets import hidden_words
from stages.terminal import warn
from stages.trackers.contract import Tracker

OPENING = 20  # seconds; a server that is gone: go on offline, do not wait for ever
# Seconds; schedulers kill 30 s after their signal.
CLOSING = {"finished": 30, "pruned": 30, "failed": 30, "interrupted": 10}
ANSWER = 3.0  # seconds for the server to say whether it wants a run to stop
ID = "wandb_id"  # the file in the run's folder with the id of its W&B run
FLUSH = 1.0  # seconds between two writes to the run's file, which is what a killed run keeps


class Run(Tracker):
    """A W&B run."""

    title = "W&B"

    def __init__(self, config, folder):
        os.environ.setdefault("WANDB_SILENT", "true")  # one line of ours instead
        wanted = os.environ.get("WANDB_MODE")
        mode = wanted or ("online" if is_logged_in() else "offline")
        self.reason = f"WANDB_MODE={wanted}" if wanted else "nobody is logged in"
        # Without the console: its capture raises inside print() once wandb's own process is gone.
        typed_secret = hidden_words(sys.argv) != sys.argv  # wandb sends the command line, nothing else of it all
        settings = wandb.Settings(
            silent=True, console="off", x_disable_meta=typed_secret, init_timeout=OPENING,
            x_transaction_log_flush_interval=FLUSH,
        )  # fmt: skip
        self.silent = None  # what was wrong when the server was asked first
        # A run that the server may know goes on behind what it has. Every other start holds the whole history: what
        # `wandb sync` sends of it replaces, line for line, what the server may have got already.
        self.goes_on = (folder / ID).is_file() and mode == "online"
        words = {**_words(config, folder), "settings": settings}
        try:
            self.run = wandb.init(**words, mode=mode, resume="allow" if self.goes_on else None)
        except Exception as error:  # of the network, the server, the account, or wandb's own process
            first = _first_line(str(error)) or type(error).__name__
            warn(f"Weights & Biases does not answer ({first}). The run is kept offline.")
            wandb.teardown()  # or the run's id counts as taken
            self.run, self.silent, self.goes_on = wandb.init(**words, mode="offline"), first, False
            self.reason = "the server does not answer"
        self.rows = self.run.starting_step
        self.run.define_metric("*", step_metric="step")

    def where(self):
        if self.run.disabled:
            return "W&B disabled by WANDB_MODE"
        if not self.run.offline:
            return f"W&B {self.run.url}"
        return f"W&B offline ({self.reason}). To upload: wandb login && {self._upload()}"

    def _upload(self):
        """The command that sends what is left, which passes over a run that was online unless it is told; the starts
        that were killed come first."""
        online = "" if self.run.offline else "--include-online "
        own = Path(self.run.settings.sync_dir)
        return f"wandb sync {online}{' '.join(map(str, [*_left(own, self.run.id), own]))}"

    def log(self, numbers, step, row):
        self.run.log({**numbers, "step": step}, step=row, commit=True)

    def add_results(self, scores, tables, step, row):
        self.run.summary.update(scores)
        if self.rows > row:
            return
        shown = {name: _table(rows) for name, rows in tables.items() if name != "confusion"}
        if "confusion" in tables:
            shown["confusion_matrix"] = _confusion_chart(tables["confusion"])
        with _unasked(self.run):
            self.run.log({**shown, "step": step}, step=row, commit=True)
        self.rows = row + 1

    def add_model(self, folder):
        with _unasked(self.run):
            self.run.log_artifact(str(folder), name=f"model-{folder.parent.name}", type="model")

    def finish(self, outcome):
        """An interrupted run counts as preempted: the agent of a W&B sweep takes it up again. But one that the sweep
        itself has given up is over, with the scores that it has."""
        given_up = outcome == "interrupted" and self._is_given_up()
        if outcome == "interrupted" and not given_up:
            self.run.mark_preempting()
        if outcome == "pruned":
            self.run.tags = (*(self.run.tags or ()), "pruned")
        code, seconds = int(outcome not in ("finished", "pruned") and not given_up), CLOSING[outcome]
        in_time = within(seconds, lambda: self.run.finish(exit_code=code))
        if not in_time:
            end_process()
        reason = self.silent or (self._given_up() if in_time else f"not done within {seconds} s")
        self.lacks = bool(reason) and self.goes_on
        if reason:
            # `wandb sync` would append all that this start has logged to what has arrived of it
            later = "The same command sends the rest." if self.lacks else f"To send them later: {self._upload()}"
            warn(f"W&B has not got all of this run ({reason}). Nothing is lost: all {self.rows} rows are kept. {later}")
        elif outcome == "finished" and not self.run.offline:
            self._set_aside()

    def _is_given_up(self):
        """Whether the server wants this run to stop: Hyperband in a sweep, or somebody who clicked."""
        question = pb.Record(request=pb.Request(stop_status=pb.StopStatusRequest()))
        if self.run.offline or self.run.disabled:
            return False
        try:
            answer = self.run._backend.interface._deliver(question).wait_or(timeout=ANSWER)
        except Exception:  # of the network, or of wandb's own process
            return False
        return answer.response.stop_status_response.run_should_stop

    def _set_aside(self):
        """Offline folders of earlier starts hold nothing that has not been sent by now; sent later, their older state
        would replace it."""
        for earlier in _left(Path(self.run.settings.sync_dir), self.run.id):
            _sent_mark(earlier).touch()

    def _given_up(self):
        """What wandb could not send, by the last error in the log of its process, which tells nobody else; or None."""
        if self.run.offline or self.run.disabled:
            return None
        lines = Path(self.run.settings.log_internal).read_text(encoding="utf-8").splitlines()
        errors = [line for line in map(json.loads, lines) if line["level"].startswith("ERROR")]
        return _first_line(errors[-1].get("error") or errors[-1]["msg"]) if errors else None


def within(seconds, act):
    """Whether `act()` came back in this time; else it is left alone. Its errors are raised."""
    errors = []

    def run():
        try:
            act()
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    for error in errors:
        raise error
    return not thread.is_alive()


def end_process():
    """End wandb's own process, which would keep this one from ending: its `finish_timeout` does not count while a table
    or a model waits for the server. It has written all records to the run's file by now."""
    connection = wandb.setup()._connection
    if connection and connection._proc:
        connection._proc._process.kill()
    with suppress(Exception, SystemExit):  # it reports the end that it was given
        wandb.teardown()


@contextmanager
def _unasked(run):
    """Tables and models go to wandb's own process as those of an offline run do. Else wandb asks the server first
    whether it may: where that is gone, half a minute is lost, and the table with it."""

    def publish(artifact, name=None, type=None, aliases=None, **_):
        artifact, aliases = run._prepare_artifact(artifact, name, type, aliases)
        run._interface.publish_artifact(run, artifact, aliases)

    run._log_artifact = publish
    try:
        yield
    finally:
        del run._log_artifact


def _first_line(text):
    return next(iter(text.splitlines()), "")


def is_logged_in():
    """Whether wandb would find a key without asking for one: in its variables, or in the netrc file."""
    if os.environ.get("WANDB_API_KEY") or os.environ.get("WANDB_IDENTITY_TOKEN_FILE"):
        return True
    return read_netrc_auth(host=wandb.setup().settings.base_url) is not None


def _words(config, folder):
    choices = config["tracking"]
    return {
        "project": choices["project"], "entity": choices["wandb"]["entity"], "group": choices["group"],
        "job_type": choices["job_type"], "tags": choices["tags"], "notes": choices["notes"], "name": folder.name,
        "id": _run_id(folder), "config": config, "dir": str(folder.parent), "save_code": False,
    }  # fmt: skip


def _run_id(folder):
    """A random id, kept in the run's folder: what is resumed goes on in the same W&B run. The agent of a W&B sweep
    gives its own, and waits for the scores of the run that has it."""
    path = folder / ID
    given = os.environ.get("WANDB_RUN_ID") if os.environ.get("WANDB_SWEEP_ID") else None
    if given or not path.is_file():
        write_text(path, given or secrets.token_hex(4))
    return path.read_text(encoding="utf-8")


def _left(own, run):
    """The offline folders of a run that earlier starts left beside its `own` one and nobody has sent, oldest first."""
    kept = [path for path in own.parent.glob(f"offline-run-*-{run}") if path != own]
    return sorted(path for path in kept if not _sent_mark(path).is_file())


def _sent_mark(folder):
    """The file that `wandb sync` leaves beside what it has sent."""
    return next(folder.glob("*.wandb"), folder / "none").with_suffix(".wandb.synced")


def _table(rows):
    return wandb.Table(columns=list(rows[0]), data=[list(row.values()) for row in rows])


def _confusion_chart(cells):
    """W&B's own chart, from the counts (its helper wants one entry per prediction)."""
    names = sorted({cell[side] for cell in cells for side in ("gold", "predicted")})
    counts = {(cell["gold"], cell["predicted"]): cell["count"] for cell in cells}
    data = [[g, p, counts.get((g, p), 0)] for g in names for p in names]
    return wandb.plot_table(
        vega_spec_name="wandb/confusion_matrix/v1",
        data_table=wandb.Table(columns=["Actual", "Predicted", "nPredictions"], data=data),
        fields={"Actual": "Actual", "Predicted": "Predicted", "nPredictions": "nPredictions"},
        string_fields={"title": "confusion matrix"},
    )
