"""Finished runs, read from their folders: what was chosen, what came out, what was predicted. No torch here."""

import re
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from pathlib import Path

import yaml

from stages.config import build_task
from stages.files import read_json, read_lines
from stages.finished import TUNED
from stages.folder import CONFIG, FINISHED, IDENTITY, PROVENANCE
from stages.typos import nearest

SPLITS = ("test", "validation")
SWEEPS, RECORD = "sweeps", "sweep.json"  # where sweeps keep their records, and what became of each trial
ASIDE = re.compile(r"\.\d+$")  # what rerun=true moved away
NO_ANSWER = ("id", "prediction", "confidence")
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # OmegaConf's own takes 20 ms a file


@dataclass(frozen=True)
class Run:
    """One run's folder. `config`: the whole configuration; `metrics`: metrics.json, empty while it is not finished."""

    folder: Path
    config: dict
    metrics: dict

    @cached_property
    def task(self):
        """The task, with what it found on the validation split."""
        return self._built(read_json(self.folder / TUNED, {}))

    @cached_property
    def chosen_task(self):
        """The task as it was asked for, with the defaults of what an older run did not know yet."""
        return self._built({})

    def _built(self, more):
        try:
            return build_task({"task": {**self.config["task"], **more}})
        except ValueError as error:
            raise ValueError(f"{self.folder} is a run of another version: {error}") from error

    @cached_property
    def provenance(self) -> dict:
        return read_json(self.folder / PROVENANCE, {})

    @cached_property
    def content(self) -> dict:
        """{what: digest} of code, data and model, as far as the run kept them."""
        kept = read_json(self.folder / IDENTITY, {}).get("content", {})
        data = self.provenance.get("data") or {}
        found = {f"data.{s}": of["sha256"] for s, of in data.items() if isinstance(of, dict) and "sha256" in of}
        code = {"the code": self.provenance["code"]} if "code" in self.provenance else {}
        return {**found, **code, **kept}

    @cached_property
    def history(self) -> list[dict]:
        return read_lines(self.folder / "history.jsonl")

    @property
    def seed(self):
        return self.config.get("seed")

    @property
    def splits(self):
        """The splits with scores, test first."""
        return [split for split in SPLITS if split in self.metrics]

    def value(self, split: str, name: str) -> float | None:
        """A score; None where it is missing, or no number."""
        value = self.metrics.get(split, {}).get(name)
        return value if isinstance(value, int | float) and isfinite(value) else None

    def predictions(self, split: str) -> list[dict]:
        """The rows of its predictions; empty where there are none."""
        return read_lines(self.folder / "predictions" / f"{split}.jsonl")


def read_run(folder: Path) -> Run:
    """A run's folder, finished or not; ValueError where a file of it cannot be read."""
    try:
        config = yaml.load((folder / CONFIG).read_text(encoding="utf-8"), Loader)
        metrics = read_json(folder / FINISHED, {})
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ValueError(f"{folder} cannot be read as a run: {' '.join(str(error).split())[:200]}") from error
    if not isinstance(config, dict) or not isinstance(config.get("task"), dict):
        raise ValueError(f"{folder}/{CONFIG} holds no configuration of a run.")
    return Run(folder, config, metrics)


def find_runs(places: list[str], root: str = "runs") -> list[Run]:
    """The finished runs that are meant: run folders, folders of runs or of a sweep, or
    names of sweeps whose runs lie in `root`.

    Raises ValueError or FileNotFoundError where a word names none.
    """
    found = [run for place in places for run in _runs_of(place, root)]
    return list({run.folder.resolve(): run for run in found}.values())


def folders_in(place: Path) -> list[Path]:
    """The folders of runs in a folder, finished or not, without those that were moved aside."""
    marks = sorted(place.glob(f"*/{CONFIG}")) if place.is_dir() else []
    return [mark.parent for mark in marks if not (ASIDE.search(mark.parent.name) and _is_aside(mark.parent))]


def _is_aside(folder):
    return folder.with_name(ASIDE.sub("", folder.name)).is_dir()


def _runs_of(place, root):
    folder = Path(place).expanduser()
    if (folder / FINISHED).is_file() and (folder / CONFIG).is_file():
        return [read_run(folder)]
    if (folder / CONFIG).is_file():
        raise ValueError(f"{place} is not finished: it has no {FINISHED}. Its command goes on where it stopped.")
    if (folder / RECORD).is_file():
        return _runs_of_record(folder)
    if folder.is_dir():
        runs = [read_run(inner) for inner in folders_in(folder) if (inner / FINISHED).is_file()]
        if not runs:
            raise ValueError(f"{place} holds no finished run. Give folders of runs, or a folder that holds some.")
        return runs
    return _runs_of_sweep(place, root)


def _runs_of_record(folder):
    """The finished runs of a sweep's folder; it holds what became of each trial, the runs lie beside all others."""
    places = [Path(trial["run"]) for trial in trials_of(folder) if "run" in trial]
    near = [place if place.is_dir() else folder.parent.parent / place.name for place in places]
    runs = [read_run(place) for place in near if (place / FINISHED).is_file()]
    if not runs:
        raise ValueError(f"{folder} has {len(places)} trials, and none of them is finished.")
    return runs


def trials_of(folder: Path) -> list[dict]:
    """What a sweep recorded of its trials."""
    return read_json(folder / RECORD, {}).get("trials", [])


def _runs_of_sweep(name, root):
    """The runs of the sweep with this folder, or whose group is, or contains, this name."""
    if (Path(root) / SWEEPS / name / RECORD).is_file():
        return _runs_of_record(Path(root) / SWEEPS / name)
    runs = [read_run(inner) for inner in folders_in(Path(root)) if (inner / FINISHED).is_file()]
    groups = {str(group) for run in runs if (group := (run.config.get("tracking") or {}).get("group"))}
    meant = {name} & groups or {group for group in groups if name in group}
    if meant:
        return [run for run in runs if (run.config.get("tracking") or {}).get("group") in meant]
    near = nearest(Path(name).name, [run.folder.name for run in runs]) or sorted(groups)[:3]
    hint = f" Nearest: {', '.join(near)}." if near else ""
    raise FileNotFoundError(
        f"{name}: there is no such folder, and no run in {root}/ belongs to a sweep of that name.{hint} "
        "python -m sweeps.list shows what there is."
    )
