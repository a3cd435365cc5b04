"""A finished run's folder: found, explained where it is none, and what its model needs read back without torch."""

import json
from difflib import get_close_matches
from glob import escape
from pathlib import Path

from omegaconf import OmegaConf

from stages import lock
from stages.files import write_json
from stages.folder import FINISHED

TUNED = "tuned.json"  # the task's choices that were found on the validation split
GROUPS = ("task", "data", "model", "method", "metrics", "hardware", "training", "tracking", "guard")
NEEDED = ("config.yaml", "model/config.json")


def find_run(path: str | Path, needed=NEEDED) -> Path:
    """The folder of a finished run that holds what is `needed`; FileNotFoundError or ValueError says what is there
    instead, and which are near."""
    run = Path(path).expanduser()
    if not run.is_dir():
        raise FileNotFoundError(f"from={path}: there is no such folder.{_near(run)} Give the folder of a finished run.")
    if not (run / FINISHED).is_file():
        lock.check(run)
        raise ValueError(f"from={path} {_what_it_is(run)}")
    missing = [name for name in needed if not (run / name).is_file()]
    if missing:
        raise ValueError(f"from={path} has no {missing[0]}: its model cannot be used. Train it again with rerun=true.")
    return run


def kept_attempts(run: Path) -> list[Path]:
    """The finished attempts of a run that later ones moved aside, oldest first."""
    numbers = {p: p.name.removeprefix(f"{run.name}.") for p in run.absolute().parent.glob(f"{escape(run.name)}.*")}
    kept = [path for path, number in numbers.items() if number.isdecimal() and (path / FINISHED).is_file()]
    return sorted(kept, key=lambda path: int(numbers[path]))


def frozen_config(run: Path) -> dict:
    """The whole configuration that a run was trained with; ValueError where the file holds something else."""
    config = OmegaConf.to_container(OmegaConf.load(run / "config.yaml"))
    known = config if isinstance(config, dict) else {}
    wrong = next((group for group in GROUPS if not isinstance(known.get(group, {}), dict)), None)
    wrong = wrong or next((group for group in ("task", "data", "model") if group not in known), None)
    if wrong:
        raise ValueError(f"{run / 'config.yaml'} is not the configuration of a run: there is no {wrong} in it.")
    return {"batching": "examples", "batch_tokens": None, **config}  # runs from before there was a choice


def read_object(file: Path) -> dict:
    """The JSON object that a file of a run holds; ValueError names a file that is damaged."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{file} is damaged: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{file} is damaged: it holds no object.")
    return content


def tuned_task(run: Path):
    """The task of a run, with what it found on the validation split."""
    from stages.config import build_task

    found = run / TUNED
    choices = read_object(found) if found.is_file() else {}
    return build_task({"task": {**frozen_config(run)["task"], **choices}})


def write_tuned(run: Path, task, given) -> None:
    """Keep what `task` has beyond the choices that were `given`, where there is anything."""
    choices = {name: value for name, value in vars(task).items() if value != getattr(given, name)}
    if choices:
        write_json(run / TUNED, choices)


def saved_labels(run: Path, task) -> tuple[str, ...]:
    """The names that the head of a run's model predicts, in id order; none for a task without names."""
    if not task.least_labels:
        return ()
    names = read_object(run / "model" / "config.json").get("id2label")
    if not isinstance(names, dict) or not all(i.isdecimal() for i in names):
        raise ValueError(f"{run / 'model' / 'config.json'} is damaged: its id2label is no table of names.")
    return tuple(names[i] for i in sorted(names, key=int))


def _what_it_is(folder):
    if (folder / "config.yaml").is_file():
        return "is not finished: it has no metrics.json. The command that started it goes on where it stopped."
    around = next((parent for parent in folder.resolve().parents if (parent / FINISHED).is_file()), None)
    if around:
        return f"lies inside a run. Give the run itself: from={around}"
    inside = _runs_in(folder)
    if inside:
        return f"is a folder of {len(inside)} runs. Give one of them, e.g. the newest: from={inside[0]}"
    return f"is no finished run: it has no metrics.json.{_near(folder)}"


def _runs_in(folder):
    """The finished runs in a folder, newest first."""
    marks = folder.glob(f"*/{FINISHED}") if folder.is_dir() else ()
    return [mark.parent for mark in sorted(marks, key=lambda mark: -mark.stat().st_mtime)]


def _near(path):
    """The finished runs with the nearest names, beside the path or in the usual folder; the newest where none is."""
    runs = {run.name: run for folder in (Path("runs"), path.parent) for run in _runs_in(folder) if run != path}
    near = get_close_matches(path.name, runs, n=3, cutoff=0.5) or list(runs)[:1]
    return f" Nearest: {', '.join(str(runs[name]) for name in near)}." if near else ""
