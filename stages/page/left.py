"""What a run left in its folder, read back: all that the page is made of."""

from dataclasses import dataclass
from pathlib import Path

from omegaconf import OmegaConf

from stages.files import read_json, read_lines
from stages.finished import tuned_task
from stages.folder import FINISHED, PROVENANCE, UNFINISHED
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
    metrics = read_json(scored if scored.is_file() else folder / FINISHED)
    splits = list(metrics["tables"])
    rows = read_lines(folder / "predictions" / f"{splits[-1]}.jsonl")
    return Left(
        folder, task, config, metrics, read_lines(folder / "history.jsonl"), read_json(folder / "findings.json", []),
        read_json(folder / PROVENANCE, {}), splits, rows, [task.answers(row) for row in rows],
    )  # fmt: skip
