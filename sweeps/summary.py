"""The table at the end of a sweep: mean and standard deviation over the seeds of each choice."""

import json
from collections import defaultdict
from statistics import mean, stdev

from stages.config import build_task
from stages.finished import frozen_config
from stages.folder import FINISHED
from stages.terminal import say, table
from sweeps.board import labels
from sweeps.trial import LOG

SHOWN = 4  # scores, the task's first


def show_summary(trials) -> None:
    """Print the table of the trials that were done, and the list of those that failed."""
    done = [(trial.words, *_read(trial.place)) for trial in trials if trial.state == "done"]
    if done:
        table("sweep: mean ± standard deviation over the seeds", rows(done))
    show_failed(trials)


def show_failed(trials) -> None:
    """Print the list of the trials that failed, with where to look."""
    label = labels(trials)
    for trial in trials:
        if trial.state in ("failed", "elsewhere"):
            say(f"trial {trial.number} {trial.state}: {label(trial)}", style="red" if trial.state == "failed" else None)
            say(f"  {trial.reason}")
            if trial.state == "failed":
                say(f"  its log: {trial.record / LOG}")


def _read(place):
    """-> (the scores' names, best first; the values of the last split that was scored; those of the baseline)."""
    metrics = json.loads((place / FINISHED).read_text(encoding="utf-8"))
    split = next(split for split in ("test", "validation") if split in metrics)
    task = build_task(frozen_config(place))
    return tuple(dict.fromkeys((task.best, *task.shown))), metrics[split], metrics["baseline"]["values"]


def rows(trials: list[tuple[list[str], tuple, dict, dict]]) -> list[dict]:
    """(typed words, names of scores, values, the baseline's) of each trial -> a row per choice, which is all words but
    the seed's: the first scores, or, where trials have different ones, the first that a baseline has too."""
    groups = defaultdict(list)
    for words, *scored in trials:
        groups[tuple(word for word in words if not word.startswith("seed="))].append(scored)
    common, alike = set.intersection(*map(set, groups)), len({names for _, names, *_ in trials}) == 1
    keys = {tuple(word.partition("=")[0] for word in words if word not in common) for words in groups}
    key = next(iter(keys))[0] if len(keys) == 1 and len(next(iter(keys))) == 1 else "choice"
    return [
        {
            key: _choice(words, common, key),
            "trials": len(group),
            **(_scores(group) if alike else _best(group)),
        }
        for words, group in groups.items()
    ]


def _choice(words, common, key):
    own = " ".join(word for word in words if word not in common) or "all trials"
    return own.removeprefix(f"{key}=")


def _scores(group):
    return {name: _spread([values.get(name) for _, values, _ in group]) for name in group[0][0][:SHOWN]}


def _best(group):
    names, _, baseline = group[0]
    name = next((name for name in names if baseline.get(name) is not None), names[0])
    reached, floor = ([scored[side].get(name) for scored in group] for side in (1, 2))
    return {"score": name, "reached": _spread(reached), "baseline": _spread(floor)}


def _spread(values):
    """The mean with the sample's standard deviation (n - 1); the value alone of one trial."""
    values = [value for value in values if value is not None]
    if not values:
        return ""
    return f"{mean(values):.4f} ± {stdev(values):.4f}" if len(values) > 1 else f"{values[0]:.4f}"
