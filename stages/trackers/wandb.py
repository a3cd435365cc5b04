"""Weights & Biases: online where somebody is logged in, else offline with the command that uploads."""

import os
import secrets
import sys
from pathlib import Path

import wandb
from wandb.sdk.lib.wbauth import read_netrc_auth

from stages.folder import write_text
from stages.secrets import hidden_words
from stages.terminal import warn
from stages.trackers.contract import Tracker

SECONDS = {"init_timeout": 20, "finish_timeout": 30}  # a server that is gone: go on offline, do not wait for ever


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
        settings = wandb.Settings(silent=True, console="off", x_disable_meta=typed_secret, **SECONDS)
        words = {**_words(config, folder), "settings": settings}
        try:
            self.run = wandb.init(**words, mode=mode)
        except Exception as error:  # of the network, the server, the account, or wandb's own process
            first = next(iter(str(error).splitlines()), type(error).__name__)
            warn(f"Weights & Biases does not answer ({first}). The run is kept offline.")
            wandb.teardown()  # or the run's id counts as taken
            self.run, self.reason = wandb.init(**words, mode="offline"), "the server does not answer"
        self.run.define_metric("*", step_metric="step")

    def where(self):
        if self.run.disabled:
            return "W&B disabled by WANDB_MODE"
        if not self.run.offline:
            return f"W&B {self.run.url}"
        upload = f"wandb login && wandb sync {Path(self.run.settings.sync_dir)}"
        return f"W&B offline ({self.reason}). To upload: {upload}"

    def log(self, numbers, step):
        self.run.log({**numbers, "step": step})

    def add_results(self, scores, tables, step):
        self.run.summary.update(scores)
        shown = {name: _table(rows) for name, rows in tables.items() if name != "confusion"}
        if "confusion" in tables:
            shown["confusion_matrix"] = _confusion_chart(tables["confusion"])
        self.run.log(shown)

    def add_model(self, folder):
        self.run.log_artifact(str(folder), name=f"model-{folder.parent.name}", type="model")

    def finish(self, outcome):
        """An interrupted run counts as preempted: the agent of a W&B sweep takes it up again."""
        if outcome == "interrupted":
            self.run.mark_preempting()
        self.run.finish(exit_code=int(outcome != "finished"))


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
        "id": _run_id(folder), "resume": "allow", "config": config, "dir": str(folder.parent), "save_code": False,
    }  # fmt: skip


def _run_id(folder):
    """A random id, kept in the run's folder: what is resumed goes on in the same W&B run. The agent of a W&B sweep
    gives its own, and waits for the scores of the run that has it."""
    path = folder / "wandb_id"
    given = os.environ.get("WANDB_RUN_ID") if os.environ.get("WANDB_SWEEP_ID") else None
    if given or not path.is_file():
        write_text(path, given or secrets.token_hex(4))
    return path.read_text(encoding="utf-8")


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
