"""The table at the end of a sweep: mean and standard deviation over the seeds of each choice."""

import json
from collections import defaultdict
from shlex import quote
from statistics import mean, stdev

from stages.config import build_task
from stages.finished import frozen_config
from stages.folder import FINISHED
from stages.terminal import console, say, table
from sweeps.board import labels
from sweeps.trial import LOG

SCORE = 19  # columns of a terminal that `0.1234 ± 0.1234` takes in a table
FEWEST, MOST = 1, 4  # scores of the table, the task's first


def show_summary(trials, folder) -> None:
    """Print the table of the trials that were done, where to learn what it proves, and the list of those that failed.
    `folder`: the sweep's."""
    done = [(trial.words, *_read(trial.place)) for trial in trials if trial.state == "done"]
    if done:
        table("sweep: mean ± standard deviation over the seeds", rows(done, console().width))
    if len(done) > 1:
        say(f"what it proves: python -m sweeps.compare {quote(str(folder))}")
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


def rows(trials: list[tuple[list[str], tuple, dict, dict]], width: int) -> list[dict]:
    """(typed words, names of scores, values, the baseline's) of each trial -> a row per choice, which is all words but
    the seed's, a column per key: the first scores, as many as `width` columns take, or, where trials have different
    ones, the first that a baseline has too."""
    groups = defaultdict(list)
    for words, *scored in trials:
        groups[tuple(word for word in words if not word.startswith("seed="))].append(scored)
    common, alike = set.intersection(*map(set, groups)), len({names for _, names, *_ in trials}) == 1
    choices = _columns([[word for word in words if word not in common] for words in groups])
    taken = sum(max(map(len, (key, *(row[key] for row in choices)))) + 3 for key in choices[0]) + len("trials") + 4
    count = min(max((width - taken) // SCORE, FEWEST), MOST)
    return [
        {**choice, "trials": len(group), **(_scores(group, count) if alike else _best(group))}
        for choice, group in zip(choices, groups.values(), strict=True)
    ]


def _columns(of_groups):
    """The words that tell groups apart -> {the key's last part, where that is enough: value} of each."""
    pairs = [dict(word.lstrip("+~").partition("=")[::2] for word in words) for words in of_groups]
    keys = list(dict.fromkeys(key for own in pairs for key in own))
    if not keys:
        return [{"choice": "all trials"}]
    ends = [key.rpartition(".")[2] for key in keys]
    names = [end if ends.count(end) == 1 and end != "trials" else key for key, end in zip(keys, ends, strict=True)]
    return [{name: own.get(key, "") for name, key in zip(names, keys, strict=True)} for own in pairs]


def _scores(group, count):
    return {name: _spread([values.get(name) for _, values, _ in group]) for name in group[0][0][:count]}


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
