"""Find runs by their keys: `python -m sweeps.list task=ner status=failed since=2d`."""

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

from stages import lock
from stages.command_line import clear_errors
from stages.config import register_open_nodes
from stages.divergence import MARK
from stages.folder import CONFIG, FINISHED
from stages.terminal import say, table
from sweeps.filters import is_filter, kept, oldest
from sweeps.groups import full_key, shown
from sweeps.runs import RECORD, SWEEPS, Run, folders_in, read_run, trials_of

STATES = ("finished", "running", "interrupted", "failed", "pruned", "diverged")
NAMED = ("task", "data", "model", "seed")  # the first three stand in a run's name, the last has a column
MINUTE, HOUR, DAY = 60, 3600, 86400


def arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m sweeps.list",
        description="Find runs by any key of their configuration, by state and by age; the newest first.",
        epilog="Examples:\n"
        "  python -m sweeps.list task=ner model=roberta* seed=1,2\n"
        "  python -m sweeps.list status=failed,interrupted since=2d\n"
        "  python -m sweeps.list learning_rate=3e-5 /mnt/runs\n\n"
        f"status: {', '.join(STATES)}. since: 30m, 12h, 2d, 1w or a date. Any other key is one of the configuration:\n"
        "model is model.name, learning_rate is optimizer.learning_rate; * stands for anything, commas for or.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("words", nargs="*", metavar="KEY=VALUE", help="what a run must have; other words are folders "
                        "of runs (runs)")  # fmt: skip
    parser.add_argument("--paths", action="store_true", help="print nothing but the runs' folders, one a line")
    return parser.parse_args(words)


def list_runs(chosen: argparse.Namespace) -> None:
    """What the command does."""
    filters = [word for word in chosen.words if is_filter(word) and not Path(word).exists()]
    roots = [Path(word).expanduser() for word in chosen.words if word not in filters] or [Path("runs")]
    own = dict(word.split("=", 1) for word in filters if word.startswith(("status=", "since=")))
    states = _wanted_states(own)
    since = oldest(own["since"]) if "since" in own else 0.0
    found = [(run, started(run)) for root in roots for run in _runs_in(root)]
    runs = [run for run, at in sorted(found, key=lambda pair: -pair[1]) if at >= since]
    rest = [word for word in filters if word.partition("=")[0] not in own]
    ends = {run: end for root in roots for run, end in recorded(root).items()}
    told = [(run, *state(run.folder, ends)) for run in (kept(runs, rest) if rest else runs)]
    told = [one for one in told if not states or one[1] in states]
    if chosen.paths:
        for run, *_ in told:
            print(run.folder)
        return
    keys = [word.partition("=")[0] for word in rest]
    table("runs", [_row(*one, [key for key in keys if key not in NAMED], runs) for one in told])
    counts = Counter(kind for _, kind, _ in told)
    each = ", ".join(f"{counts[kind]} {kind}" for kind in STATES if counts[kind])
    say(f"{len(told)} runs{f': {each}' if each else ''}")


def _wanted_states(own):
    states = own.get("status", "").split(",") if "status" in own else []
    wrong = [name for name in states if name not in STATES]
    if wrong:
        raise ValueError(f"status={wrong[0]}: there is no such state. States: {', '.join(STATES)}.")
    return states


def _runs_in(root):
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: there is no such folder. Give a folder of runs; the usual one is runs/.")
    return [read_run(folder) for folder in folders_in(root)]


def started(run: Run) -> float:
    """When a run began, in seconds since the epoch; of one without provenance when its configuration was written."""
    known = run.provenance.get("started")
    try:
        return time.mktime(time.strptime(known[:19], "%Y-%m-%dT%H:%M:%S")) if known else _written(run)
    except ValueError:
        return _written(run)


def _written(run):
    return (run.folder / CONFIG).stat().st_mtime


def recorded(root: Path) -> dict[str, tuple[str, str]]:
    """{a run's name: how its trial ended, and why} of what sweeps recorded beside these runs, the last word of each."""
    found = {}
    for record in sorted(root.glob(f"{SWEEPS}/*/{RECORD}"), key=lambda path: path.stat().st_mtime):
        for trial in trials_of(record.parent):
            found[Path(trial.get("run", "")).name] = (trial.get("state", ""), trial.get("reason") or "")
    return found


def state(folder: Path, ends: dict[str, tuple[str, str]]) -> tuple[str, str]:
    """-> (one of STATES, why). `ends`: what sweeps recorded."""
    if (folder / FINISHED).is_file():
        return "finished", ""
    if lock.path_of(folder).is_file():
        try:
            lock.check(folder)
        except lock.Running:
            return "running", ""
    if (folder / MARK).is_file():
        return "diverged", ""
    end, why = ends.get(folder.name, ("", ""))
    return (end, why) if end in ("failed", "pruned") else ("interrupted", "")


def _row(run, kind, why, keys, runs):
    split, best = (run.splits or [None])[0], run.config["task"].get("best")
    value = run.value(split, best) if split else None
    more = {key: shown(run, full_key(key, runs)) for key in keys}
    score = f"{split}/{best} {value:.4f}" if isinstance(value, float) else why[:60]
    since = age(time.time() - started(run))
    return {"run": run.folder.name, "state": kind, "seed": str(run.seed), **more, "score": score, "age": since}


def age(seconds: float) -> str:
    """40 s, 3 min, 5 h, 2 d."""
    for unit, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{max(seconds, 0):.0f} s"


if __name__ == "__main__":
    register_open_nodes()
    with clear_errors():
        list_runs(arguments(sys.argv[1:]))
