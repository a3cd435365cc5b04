"""What a run left in its folder, read back: all that the page is made of."""

import json
from dataclasses import dataclass
from pathlib import Path

from omegaconf import OmegaConf

from stages.finished import tuned_task
from stages.folder import FINISHED, UNFINISHED
from tasks.contract import Answer, Task


@dataclass(frozen=True)
class Left:
    """`rows` and `answers`: the predictions of the last scored split, and what each row answers. What is not there is
    empty."""

    folder: Path
    task: Task
    config: dict
    metrics: dict
    history: list[dict]
    findings: list[dict]
    provenance: dict
    splits: list[str]
    rows: list[dict]
    answers: list[list[Answer]]

    @property
    def split(self):
        return self.splits[-1]

    @property
    def tables(self):
        return self.metrics["tables"][self.split]


def read_left(folder):
    """Read the folder of a run that is finished, or that needs only its page to be."""
    config = OmegaConf.to_container(OmegaConf.load(folder / "config.yaml"))
    task = tuned_task(folder)
    scored = folder / UNFINISHED
    metrics = _json(scored if scored.is_file() else folder / FINISHED, None)
    splits = list(metrics["tables"])
    rows = _lines(folder / "predictions" / f"{splits[-1]}.jsonl")
    return Left(
        folder, task, config, metrics, _lines(folder / "history.jsonl"), _json(folder / "findings.json", []),
        _json(folder / "provenance.json", {}), splits, rows, [task.answers(row) for row in rows],
    )  # fmt: skip


def _json(path, missing):
    if missing is not None and not path.is_file():
        return missing
    return json.loads(path.read_text(encoding="utf-8"))


def _lines(path):
    """JSON lines; only a newline ends one, whatever else Unicode calls a line break."""
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
