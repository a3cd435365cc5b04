"""What a search gains: each sampler against random search on a function with a known optimum, and what pruners would
have saved of a search that ran without one.

    python benchmarks/searching.py function
    python benchmarks/searching.py pruning runs/sweeps/FOLDER
"""

import argparse
import json
import random
import sys
import tempfile
from math import log10
from pathlib import Path
from statistics import mean, stdev

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

import optuna  # noqa: E402
from optuna.trial import TrialState  # noqa: E402

from sweeps.objective import Objective  # noqa: E402
from sweeps.pruners import Judge  # noqa: E402
from sweeps.space import space_of  # noqa: E402
from sweeps.study import open_study, sampler_of, suggest  # noqa: E402

COMPLETE, PRUNED = TrialState.COMPLETE, TrialState.PRUNED
SPACE = (
    "rate=tag(log, interval(1e-6, 1e-1))",
    "decay=tag(log, interval(1e-5, 1e0))",
    "dropout=interval(0.0, 0.6)",
    "epochs=range(1,11)",
    "batch=choice(8,16,32,64)",
)
REPEATS, TRIALS = 10, 40
CHOICES = {"startup": 10, "name": "tpe", "seed": 0}


def distance(values):
    """A bowl like that of a fine-tuning: 0 at rate 10^-3.5, decay 10^-2, dropout 0.2, 6 epochs, batch 32; else more."""
    rate, decay = log10(values["rate"]) + 3.5, log10(values["decay"]) + 2
    batch = {"8": 0.3, "16": 0.1, "32": 0.0, "64": 0.2}[values["batch"]]
    return rate**2 + 0.2 * decay**2 + 4 * (values["dropout"] - 0.2) ** 2 + 0.03 * (values["epochs"] - 6) ** 2 + batch


def compare_samplers():
    """Print the smallest distance that each sampler found, over the repeats, and how often random search found more."""
    parameters, _ = space_of(SPACE)
    found = {}
    for name in ("random", "tpe", "gp", "cmaes", "nsga2"):
        found[name] = []
        for seed in range(REPEATS):
            sampler = sampler_of({**CHOICES, "name": name, "seed": seed}, conditional=False)
            study = optuna.create_study(sampler=sampler)
            study.optimize(lambda trial: distance(suggest(trial, parameters)), n_trials=TRIALS)
            found[name].append(study.best_value)
        wins = sum(mine < other for mine, other in zip(found[name], found["random"], strict=True))
        values = f"{mean(found[name]):.3f} ± {stdev(found[name]):.3f}"
        print(f"{name:8} {values}, better than random in {wins} of {REPEATS}", flush=True)


def compare_pruners(folder):
    """Print what each pruner saves of the steps of a search without one, whose folder is given, and what it loses. The
    curves of the trials are reported as they were, in the order of the search and in random ones: training is
    deterministic, so a search with this pruner would have reported the same."""
    trials = json.loads((folder / "sweep.json").read_text(encoding="utf-8"))["trials"]
    curves = [_curve(trial) for trial in trials if trial["state"] == "done"]
    best, steps = max(value for _, value in curves), sum(points[-1][0] for points, _ in curves)
    print(f"{len(curves)} trials, {steps} steps, best {best:.4f}", flush=True)
    orders = [curves, *(random.Random(seed).sample(curves, len(curves)) for seed in range(REPEATS))]
    for name in ("median", "asha", "hyperband"):
        outcomes = [_replayed(order, name) for order in orders]
        saved, kept = zip(*((1 - taken / steps, reached) for taken, reached in outcomes), strict=True)
        print(
            f"{name:10} saves {saved[0]:.0%} and keeps {kept[0]:.4f}; in {REPEATS} other orders it saves "
            f"{mean(saved[1:]):.0%} ± {stdev(saved[1:]):.0%} and keeps the best in {sum(k == best for k in kept[1:])}, "
            f"{min(kept):.4f} at least",
            flush=True,
        )


def _curve(trial):
    """-> ([(step, value) of each evaluation], the value that the trial reached)."""
    ((name, value),) = trial["values"].items()
    lines = map(json.loads, (Path(trial["run"]) / "history.jsonl").read_text(encoding="utf-8").splitlines())
    return [(line["step"], line[f"eval_{name}"]) for line in lines if f"eval_{name}" in line and line["step"]], value


def _replayed(curves, pruner):
    """-> (steps that were taken, the best value) of a search with this pruner whose trials report these curves."""
    choices = {**CHOICES, "pruner": pruner, "pruner_trials": 5, "pruner_evaluations": 1, "pruner_factor": 3}
    parameters, _ = space_of(["x=interval(0.0,1.0)"])
    taken, reached = 0, []
    with tempfile.TemporaryDirectory() as folder:
        study = open_study(Path(folder), choices, parameters, [Objective("score", "validation", True)])
        for number, (points, value) in enumerate(curves):
            suggest(study.ask(), parameters)
            judge = Judge(Path(folder) / f"{number:03}", number, choices)
            behind = (step for at, (step, score) in enumerate(points, 1) if judge(at, score) and step < points[-1][0])
            stopped = next(behind, None)
            taken += stopped or points[-1][0]
            reached += [] if stopped else [value]
            study.tell(number, None if stopped else value, state=PRUNED if stopped else COMPLETE)
    return taken, max(reached)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("function", "pruning"))
    parser.add_argument("folder", nargs="?", type=Path)
    given = parser.parse_args()
    compare_samplers() if given.what == "function" else compare_pruners(given.folder)
