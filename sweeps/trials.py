"""Trials of a sweep, each in a fresh process: nothing leaks from one to the next, and the imports are paid once."""

import hashlib
import multiprocessing
import os
from math import prod

from stages import lock, signals
from stages.command_line import clear_errors, overrides, parsed
from stages.folder import run_folder
from stages.terminal import say

PRELOADED = ["torch", "transformers.trainer", "datasets", "accelerate", "wandb"]
LONGEST = 100  # characters; W&B allows 128 for a group
ELSEWHERE = 75  # exit code of a trial that another process runs
SKIPPED = []  # folders of such trials
ENDED = []  # (typed words, folder) of each trial of this process's sweep that did not fail; Hydra hands on no results


def sweep_name(words):
    """The group that all trials of a sweep share: the words that were typed, the same when they are typed again."""
    name = "sweep " + " ".join(word for word in words if word not in ("-m", "--multirun"))
    return name if len(name) <= LONGEST else f"{name[:LONGEST]} {hashlib.sha256(name.encode()).hexdigest()[:8]}"


def run_trial(run_experiment, config, words, sweep):
    """Run one trial in a process forked from a server with the heavy imports done; raises ValueError if it fails."""
    if "WORLD_SIZE" in os.environ:
        raise ValueError(
            "a sweep starts its trials' processes itself: leave out accelerate launch, add hardware=multi_gpu."
        )
    config["tracking"]["group"] = config["tracking"]["group"] or sweep_name(sweep)
    place = run_folder(config)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    trial = context.Process(target=_trial, args=(run_experiment, config, words))
    trial.start()
    with signals.passed_on(trial, lambda: _left(sweep)):
        trial.join()
    if trial.exitcode == ELSEWHERE:
        SKIPPED.append(place)
        say(f"The trial {' '.join(words)} is left to that process.")
        return
    if trial.exitcode:
        raise ValueError(f"the trial {' '.join(words)} failed with exit code {trial.exitcode}, see above.")
    ENDED.append((words, place))


def _trial(run_experiment, config, words):
    os.setsid()  # Ctrl-C in a terminal reaches the sweep alone, which passes it on
    try:
        with clear_errors():
            run_experiment(config, words)
    except SystemExit as ended:
        raise SystemExit(ELSEWHERE if isinstance(ended.__context__, lock.Running) else ended.code) from None


def _left(sweep):
    """What a sweep that was stopped says of its trials."""
    counts = [
        len(list(o.sweep_string_iterator())) for o in map(parsed, overrides(sweep)) if o and o.is_sweep_override()
    ]
    left = prod(counts) - len(ENDED) - len(SKIPPED)
    return f"{left} of {prod(counts)} trials are left, the same command goes on with them."
