"""Whole searches: trials that train, stopped early, killed and typed again, joined, through another launcher."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from conftest import PROJECT

pytestmark = pytest.mark.slow
RATE = "optimizer.learning_rate=tag(log, interval(1e-6, 1e-1))"


@pytest.fixture
def words(tiny_bert, tmp_path):
    """A search over learning rates of trainings that take a second."""
    return [
        "-m", "sweeper=random", "experiment=quickstart/text_classification", f"model.path={tiny_bert}", "hardware=cpu",
        "training=steps", "training.max_steps=12", "training.eval_steps=3", "data.limit=48", "batch_size=8",
        "tracking=disabled", RATE, f"output_root={tmp_path}",
    ]  # fmt: skip


def folder_of(tmp_path):
    (folder,) = (tmp_path / "sweeps").iterdir()
    return folder


def states(tmp_path):
    """State of each trial in the sweep's record, by number."""
    trials = json.loads((folder_of(tmp_path) / "sweep.json").read_text())["trials"]
    return [trial["state"] for trial in sorted(trials, key=lambda trial: trial["number"])]


def test_a_search_stops_trials_early_and_its_best_is_an_experiment(run_command, words, tmp_path):
    done = run_command(*words, "sweeper.trials=6", "sweeper.pruner=median", "sweeper.pruner_trials=1")
    assert done.returncode == 0, done.stderr
    assert "pruned" in states(tmp_path) and "done" in states(tmp_path) and len(states(tmp_path)) == 6
    marks = list(tmp_path.glob("*/pruned.json"))
    assert len(marks) == states(tmp_path).count("pruned")
    assert all((mark.parent / "history.jsonl").is_file() for mark in marks)
    assert not [mark for mark in marks if (mark.parent / "checkpoints").exists()]
    again = run_command("--config-dir", str(folder_of(tmp_path)), "experiment=best", "tracking=disabled")
    assert again.returncode == 0 and "This experiment is finished" in again.stdout, again.stdout + again.stderr


def start(words):
    return subprocess.Popen([sys.executable, "run.py", *words], cwd=PROJECT, start_new_session=True, env=os.environ)


def test_killed_and_typed_again_nothing_is_repeated(run_command, words, tmp_path):
    words = [*words, "sweeper.trials=3"]
    killed = start(words)
    until(lambda: len(list(tmp_path.glob("*/metrics.json"))) == 1 and len(list(tmp_path.glob("sweeps/*/0*"))) == 2)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    (first,) = tmp_path.glob("*/metrics.json")
    before = first.stat().st_mtime_ns
    again = run_command(*words)
    assert again.returncode == 0, again.stdout + again.stderr
    assert states(tmp_path) == ["done"] * 3 and len(list(tmp_path.glob("*/metrics.json"))) == 3
    assert first.stat().st_mtime_ns == before


def test_two_processes_on_one_search(words, tmp_path):
    together = [start([*words, "sweeper.trials=4"]) for _ in range(2)]
    assert [process.wait(600) for process in together] == [0, 0]
    assert states(tmp_path) == ["done"] * 4 and len(list(tmp_path.glob("*/metrics.json"))) == 4


def until(true, seconds=300):
    begun = time.monotonic()
    while not true():
        assert time.monotonic() - begun < seconds
        time.sleep(0.2)


def test_another_launcher_is_given_batches(run_command, words, tmp_path):
    done = run_command(*words, "hydra/launcher=basic", "sweeper.trials=3", "sweeper.batch=2")
    assert done.returncode == 0, done.stderr
    assert states(tmp_path) == ["done"] * 3


def test_the_mean_over_seeds(run_command, words, tmp_path):
    done = run_command(*words, "sweeper.trials=2", "sweeper.seeds=2")
    assert done.returncode == 0 and "seeds" in done.stdout, done.stderr
    assert {path.name for path in folder_of(tmp_path).glob("001*")} == {"001", "001-2"}


def test_all_processes_of_a_trial_stop(run_command, words, tmp_path):
    """The first trial learns, the second one cannot: both of its processes end at its first evaluation, as done."""
    starts = "sweeper.enqueue=[{optimizer.learning_rate: 0.01}, {optimizer.learning_rate: 1e-6}]"
    pruning = ("sweeper.trials=2", "sweeper.pruner=median", "sweeper.pruner_trials=1")
    done = run_command(*words, starts, *pruning, "hardware.num_processes=2", "training.max_steps=30")
    assert done.returncode == 0, done.stdout + done.stderr
    assert states(tmp_path) == ["done", "pruned"]
    log = (folder_of(tmp_path) / "002" / "log.txt").read_text()
    assert log.count("the search goes on with others") == 1 and "Traceback" not in log
