"""A W&B workspace and a report, as code: `python -m sweeps.dashboard runs --project tunesmith`.

Panels per task, made of what the runs logged. Without a server the description that it would get is written to a file.
"""

import argparse
import os
import sys
from pathlib import Path

from stages.command_line import clear_errors
from stages.config import register_open_nodes
from stages.files import write_json
from stages.terminal import say, stage
from sweeps.groups import varying
from sweeps.runs import Run, find_runs

FILE = "dashboard.json"
MOST = 8  # keys that differ, as axes of a plot
OFFLINE = (
    "Offline, python -m sweeps.compare {places} --out comparison writes a page with the same plots; "
    "wandb leet {root}/wandb shows the offline runs in the terminal."
)


def arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m sweeps.dashboard",
        description="Write a W&B workspace and a report for finished runs: validation curves with bands over seeds, "
        "test scores, choices, importance, cost, confusion matrix, errors.",
    )
    add = parser.add_argument
    add("places", nargs="*", default=["runs"], metavar="RUNS", help="run folders, folders of runs, a sweep's name")
    add("--project", help="default: the one that the runs are in")
    add("--entity", help="the user or team; default: the one of the key")
    add("--name", default="Tunesmith", help="of the workspace and the report")
    add("--out", metavar="FILE", help=f"write the description there ({FILE} where no server is asked)")
    return parser.parse_args(words)


def dashboard(chosen: argparse.Namespace) -> None:
    """What the command does."""
    from sweeps import panels

    runs = find_runs(chosen.places)
    project = chosen.project or runs[0].config["tracking"]["project"]
    online = _is_online()
    entity = chosen.entity or (_default_entity() if online else None)
    boards = boards_of(runs)
    made = panels.workspace(boards, entity, project, chosen.name), panels.report(boards, entity, project, chosen.name)
    reason = _sent(made) if online else "nobody is logged in"
    if reason:
        stage("W&B", f"no server was reached ({reason}), so nothing was sent")
        say(OFFLINE.format(places=" ".join(chosen.places), root=runs[0].folder.parent))
    if reason or chosen.out:
        path = Path(chosen.out or FILE)
        write_json(path, spec(*made))
        stage("written", f"{path}: the workspace and the report as the server gets them")


def boards_of(runs: list[Run]) -> list:
    """A board per task of these runs, from what they sent to W&B."""
    from stages.tracking import read_results
    from sweeps.panels import Board

    boards = []
    for name in dict.fromkeys(run.config["task"]["name"] for run in runs):
        own = [run for run in runs if run.config["task"]["name"] == name]
        results = [read_results(run.folder) for run in own]
        board = Board(
            task=name,
            best=own[0].task.best,
            curves=_together(map(_curves, own)),
            scores=_together(scores for scores, *_ in results),
            tables=_together(map(_logged_tables, (tables for _, tables, *_ in results))),
            keys=tuple(varying(own)[:MOST]),
            groups=_together([run.config["tracking"]["group"] or run.folder.name.rsplit("-", 1)[0]] for run in own),
        )
        boards.append(board)
    return boards


def spec(workspace, report) -> dict:
    """What the server gets of both."""
    view, page = workspace._to_model(), report._to_model()
    return {kind: model.model_dump(mode="json", by_alias=True, exclude_none=True)
            for kind, model in (("workspace", view), ("report", page))}  # fmt: skip


def _together(names):
    return tuple(dict.fromkeys(name for some in names for name in some))


def _curves(run):
    """The names of the curves, as stages/tracking.py sends them."""
    from stages.tracking import log_all

    names = _Names()
    log_all([names], run.history)
    return names.seen


class _Names:
    """A tracker that keeps the names of what it gets."""

    title, rows = "dashboard", 0

    def __init__(self):
        self.seen = {}

    def log(self, numbers, step, row):
        self.seen |= numbers


def _logged_tables(tables):
    """The keys of W&B under which tables lie; it has a chart of its own for the confusion matrix."""
    return ["confusion_matrix_table" if name == "confusion" else name for name in tables]


def _is_online():
    from stages.trackers.wandb import is_logged_in

    return os.environ.get("WANDB_MODE", "online") == "online" and is_logged_in()


def _default_entity():
    import wandb

    try:
        return wandb.Api(timeout=10).default_entity
    except Exception:  # of the network or the account: sending says what is wrong
        return None


def _sent(made):
    """Send a workspace and a report; -> why that failed, None where it did not."""
    try:
        for one in made:
            one.save()
            stage("W&B", one.url)
    except Exception as error:  # of the network, the server or the account
        return next(iter(str(error).splitlines()), type(error).__name__)[:200]
    return None


if __name__ == "__main__":
    register_open_nodes()
    with clear_errors():
        dashboard(arguments(sys.argv[1:]))
