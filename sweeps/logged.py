"""A comparison as a W&B run of its own beside the runs compared: job type `comparison`, with its tables, a plot and the
page."""

import os
from pathlib import Path

from sweeps.runs import Run

JOB = "comparison"


def log_comparison(found, runs: list[Run]) -> str:
    """Log a conclusion to the W&B project and group of its runs; -> where to look at it. Offline where nobody is logged
    in, as experiments are, and where the server does not answer."""
    import wandb

    from stages.trackers.wandb import CLOSING, within

    run = _opened(wandb, found, runs)
    run.log(_shown(wandb, found, runs))
    run.summary.update({f"{found.split}/{found.metric}": found.sides[0].spread["mean"], "best": found.sides[0].name})
    place = run.settings.sync_dir if run.offline else run.url
    in_time = within(CLOSING["finished"], run.finish)
    later = f". To upload: wandb login && wandb sync {place}" if run.offline or not in_time else ""
    return f"{'offline ' if run.offline else ''}{place}{later}"


def _opened(wandb, found, runs):
    from stages.trackers.wandb import OPENING, is_logged_in

    os.environ.setdefault("WANDB_SILENT", "true")
    choices = [run.config.get("tracking") or {} for run in runs]
    groups = {one.get("group") for one in choices}
    words = {
        "project": choices[0].get("project"), "entity": (choices[0].get("wandb") or {}).get("entity"),
        "group": groups.pop() if len(groups) == 1 else None, "job_type": JOB, "name": found.title[:128],
        "tags": [JOB], "dir": str(Path(runs[0].folder).parent), "save_code": False,
        "config": {"task": found.task, "data": found.data, "runs": [run.folder.name for run in runs]},
        "settings": wandb.Settings(silent=True, console="off", init_timeout=OPENING),
    }  # fmt: skip
    mode = os.environ.get("WANDB_MODE") or ("online" if is_logged_in() else "offline")
    try:
        return wandb.init(**words, mode=mode)
    except Exception:  # of the network, the server or the account
        wandb.teardown()
        return wandb.init(**words, mode="offline")


def _shown(wandb, found, runs):
    """The tables of the terminal, a bar per group, and the page with all plots."""
    from sweeps.page.document import document
    from sweeps.tables import comparison_rows, score_rows, test_rows

    rows = {"scores": score_rows(found), "comparisons": comparison_rows(found), "tests": test_rows(found)}
    tables = {f"comparison/{name}": _table(wandb, some) for name, some in rows.items() if some}
    means = wandb.Table(columns=["group", "mean"], data=[[side.name, side.spread["mean"]] for side in found.sides])
    said = [[text] for text in (*(one.sentence for one in found.comparisons), *found.warnings)]
    return {
        **tables,
        "comparison/means": wandb.plot.bar(means, "group", "mean", title=found.title),
        "comparison/sentences": wandb.Table(columns=["sentence"], data=said),
        "comparison/page": wandb.Html(document(found, runs), inject=False),
    }


def _table(wandb, rows):
    return wandb.Table(columns=list(rows[0]), data=[list(row.values()) for row in rows])
