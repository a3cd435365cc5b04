"""Weights & Biases: one run per experiment, opened by the main process, never in the way of training."""

import os
import secrets
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from transformers import TrainerCallback

from stages.folder import write_text
from stages.terminal import is_main, stage, warn

SAMPLE = 200  # rows of the table of predictions
SECONDS = {"init_timeout": 20, "finish_timeout": 30}  # a server that is gone: go on offline, do not wait for ever


@contextmanager
def harmless():
    """Whatever goes wrong inside, on the way to the server or in wandb's own process, costs no run: it is said."""
    try:
        yield
    except Exception as error:
        reason = ": ".join([type(error).__name__, *str(error).splitlines()[:1]])
        _warn_once(f"W&B failed ({reason}). The run goes on, its folder holds all numbers.")


@cache
def _warn_once(message):
    warn(message)


class Curves(TrainerCallback):
    """Training and validation numbers of a run over its steps."""

    def __init__(self, run):
        self.run = run

    def on_log(self, args, state, control, logs=None, **kwargs):
        if self.run is not None:
            with harmless():
                self.run.log({**_sorted_by_split(logs), "step": state.global_step})


def _sorted_by_split(logs):
    """eval_f1 -> validation/f1, loss -> train/loss."""
    return {
        f"validation/{name.removeprefix('eval_')}" if name.startswith("eval_") else f"train/{name}": value
        for name, value in logs.items()
    }


@contextmanager
def tracked(config, folder):
    """The W&B run of an experiment, None without tracking; finished on every way out, as failed after an exception."""
    run = open_run(config, folder) if is_main() and config["tracking"]["name"] == "wandb" else None
    code = 1
    try:
        yield run
        code = 0
    finally:
        if run is not None:
            with harmless():
                run.finish(exit_code=code)


def open_run(config, folder):
    """Start a W&B run, or take up the one of an interrupted experiment; offline where nobody is logged in, or where the
    server does not answer."""
    os.environ.setdefault("WANDB_SILENT", "true")  # one line of ours instead
    import wandb

    choices = config["tracking"]
    words = {
        "project": choices["project"], "entity": choices["entity"],
        "group": choices["group"] or folder.name.rsplit("-", 1)[0],
        "job_type": choices["job_type"], "tags": list(choices["tags"]), "notes": choices["notes"],
        "name": folder.name, "id": _run_id(folder), "resume": "allow", "config": config,
        "dir": str(folder.parent), "save_code": False,
    }  # fmt: skip
    wanted = os.environ.get("WANDB_MODE")
    mode = wanted or ("online" if is_logged_in() else "offline")
    reason = f"WANDB_MODE={wanted}" if wanted else "nobody is logged in"
    # Without the console: its capture raises inside print() once wandb's own process is gone.
    settings = wandb.Settings(silent=True, console="off", **SECONDS)
    try:
        run = wandb.init(**words, mode=mode, settings=settings)
    except Exception as error:  # of the network, the server, the account, or wandb's own process
        warn(f"Weights & Biases does not answer ({str(error).splitlines()[0]}). The run is kept offline.")
        wandb.teardown()  # or the run's id counts as taken
        run, reason = wandb.init(**words, mode="offline", settings=settings), "the server does not answer"
    run.define_metric("*", step_metric="step")
    stage("tracking", _where(run, reason))
    return run


def is_logged_in():
    """Whether wandb would find a key without asking for one: in its variables, or in the netrc file."""
    import wandb
    from wandb.sdk.lib.wbauth import read_netrc_auth

    if os.environ.get("WANDB_API_KEY") or os.environ.get("WANDB_IDENTITY_TOKEN_FILE"):
        return True
    return read_netrc_auth(host=wandb.setup().settings.base_url) is not None


def _run_id(folder):
    """A random id, kept in the run's folder: what is resumed goes on in the same W&B run."""
    path = folder / "wandb_id"
    if not path.is_file():
        write_text(path, secrets.token_hex(4))
    return path.read_text(encoding="utf-8")


def _where(run, reason):
    if run.disabled:
        return "W&B disabled by WANDB_MODE"
    if not run.offline:
        return f"W&B {run.url}"
    return f"W&B offline ({reason}). To upload: wandb login && wandb sync {Path(run.settings.sync_dir)}"


def log_results(run, scores, baseline, predictions, findings):
    """The summary of a finished run and its tables. `predictions`: rows of the test split."""
    if run is None:
        return
    import wandb

    for split, of_split in scores.items():
        run.summary.update({f"{split}/{name}": value for name, value in of_split.values.items()})
    run.summary.update({f"baseline/{name}": value for name, value in baseline["values"].items()})
    last = scores[list(scores)[-1]]
    tables = {title.replace(" ", "_"): rows for title, rows in last.tables.items()}
    confusion = tables.pop("confusion", [])
    tables["predictions"] = [_flat(row) for row in errors_first(predictions)[:SAMPLE]]
    tables["findings"] = [vars(finding) for finding in findings]
    run.log({name: _table(rows) for name, rows in tables.items() if rows})
    if confusion:
        run.log({"confusion_matrix": _confusion_matrix(wandb, confusion)})


def errors_first(rows):
    """Wrong predictions first, the most confident of them on top."""
    return sorted(rows, key=lambda row: (row["prediction"] == row["gold"], -_confidence(row)))


def _confidence(row):
    value = row["confidence"]
    return min(value, default=0.0) if isinstance(value, list) else value


def _flat(row):
    """Lists as one text, so that a table cell can show them."""
    return {k: " ".join(map(str, v)) if isinstance(v, list) else v for k, v in row.items()} | {
        "right": row["prediction"] == row["gold"]
    }


def _table(rows):
    import wandb

    return wandb.Table(columns=list(rows[0]), data=[list(row.values()) for row in rows])


def _confusion_matrix(wandb, cells):
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


def log_model(run, config, folder):
    """The saved model as an artifact, where `tracking.log_model` asks for it."""
    if run is not None and config["tracking"]["log_model"]:
        run.log_artifact(str(folder / "model"), name=f"model-{folder.name}", type="model")
