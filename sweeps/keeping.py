"""Which models of a sweep are kept: those of the best trials, where that is asked for. Scores are kept of all."""

import json
import shutil

from stages.config import build_task
from stages.finished import frozen_config
from stages.folder import FINISHED


def validation_score(place, config) -> tuple[float, bool]:
    """-> (the validation score that chose the checkpoint, whether greater is better) of a finished run."""
    task = build_task(config)
    metrics = json.loads((place / FINISHED).read_text(encoding="utf-8"))
    return metrics["validation"][task.best], task.directions[task.best]


def keep_best(trials, count) -> None:
    """Remove the models of all but the `count` best finished trials of a sweep; of those alone that it trained."""
    if count is None:
        return
    scored = []
    for trial in trials:
        if trial.state == "done" and (trial.place / "model").is_dir() and _trained_by(trial):
            value, greater = validation_score(trial.place, trial.config)
            scored.append((value if greater else -value, -trial.number, trial))
    for _, _, trial in sorted(scored, reverse=True, key=lambda entry: entry[:2])[count:]:
        shutil.rmtree(trial.place / "model", ignore_errors=True)


def _trained_by(trial):
    """Whether the run in the trial's folder was made for this sweep: other runs keep their models."""
    return frozen_config(trial.place).get("launcher", {}).get("trial") == trial.config["launcher"]["trial"]
