"""Sweeps: each trial its own process, folder and W&B run, one shared group; a failure does not stop the others."""

import json
import subprocess
import sys
from pathlib import Path

from sweeps.summary import rows
from sweeps.trials import LONGEST, sweep_name

QUICK = ("training.max_steps=1", "data.limit=16", "batch_size=8", "hardware=cpu")


def test_sweep_name():
    assert sweep_name(["-m", "seed=1,2", "task=ner"]) == "sweep seed=1,2 task=ner"
    long = [f"model.path={'x' * 200}", "seed=1"]
    assert len(sweep_name(long)) <= 128 and sweep_name(long) != sweep_name([*long, "batch_size=8"])
    assert sweep_name(long)[:LONGEST] == sweep_name([*long, "batch_size=8"])[:LONGEST]


def test_a_sweep_with_a_failing_trial(run_command, tiny_bert, tmp_path):
    """The second of three trials asks for a layer that does not exist."""
    lora = ("method=lora", "method.target_modules=[query],[nothing],[value]")
    words = ("-m", "experiment=quickstart/text_classification", f"model.path={tiny_bert}", *lora, *QUICK)
    done = run_command(*words, f"output_root={tmp_path}")
    assert done.returncode != 0
    assert "method.target_modules" in done.stderr and "exit code 2" in done.stderr
    finished = list(tmp_path.glob("*/metrics.json"))
    assert len(finished) == 2
    assert "sweep: mean ± standard deviation over the seeds" in done.stdout and "[value]" in done.stdout
    runs = [read_run(folder) for folder in tmp_path.glob("wandb/offline-run-*")]
    assert sorted(run["state"] for run in runs) == ["failed", "finished", "finished"]
    assert len({run["run_id"] for run in runs}) == 3
    groups = {run["config"]["tracking"]["group"] for run in runs}
    assert len(groups) == 1 and groups.pop().startswith("sweep ")
    again = run_command(*words, f"output_root={tmp_path}")
    assert again.stdout.count("This experiment is finished") == 2


def read_run(folder):
    wandb = str(Path(sys.executable).with_name("wandb"))
    done = subprocess.run(
        [wandb, "leet", "inspect", "--summary", "--json", str(folder)], capture_output=True, text=True
    )
    return json.loads(done.stdout)


def test_a_sweep_under_a_launcher_is_refused(run_command, tmp_path):
    done = run_command("-m", "seed=1,2", f"output_root={tmp_path}", WORLD_SIZE="2", RANK="0")
    assert done.returncode == 2 and "leave out accelerate launch" in done.stderr


def test_the_table_of_a_sweep_by_hand():
    """0.5, 0.7, 0.9: mean 0.7, squared distances 0.04 + 0 + 0.04, over n - 1 = 2, root 0.2."""
    trials = [
        (["task=x", f"seed={seed}", "model=a"], ("f1", "p"), {"f1": value, "p": None}, {"f1": 0.1})
        for seed, value in enumerate((0.5, 0.7, 0.9))
    ]
    trials.append((["task=x", "seed=0", "model=b"], ("f1", "p"), {"f1": 0.25, "p": 1.0}, {"f1": 0.1}))
    assert rows(trials) == [
        {"model": "a", "trials": 3, "f1": "0.7000 ± 0.2000", "p": ""},
        {"model": "b", "trials": 1, "f1": "0.2500", "p": "1.0000"},
    ]
    assert rows(trials[:3])[0]["choice"] == "all trials"


def test_trials_that_differ_in_two_words_show_both():
    trials = [([f"model={m}", f"batch_size={n}"], ("f1",), {"f1": 0.5}, {}) for m, n in (("a", 1), ("b", 2))]
    assert [row["choice"] for row in rows(trials)] == ["model=a batch_size=1", "model=b batch_size=2"]


def test_trials_of_different_tasks_show_a_score_that_a_baseline_has_too():
    trials = [
        (["task=x"], ("f1", "p"), {"f1": 0.5, "p": 0.1}, {"f1": 0.25}),
        (["task=y"], ("loss",), {"loss": 2.0}, {}),
        (["task=z"], ("loss", "rouge1"), {"loss": 2.0, "rouge1": 0.75}, {"rouge1": 0.5}),
    ]
    assert rows(trials) == [
        {"task": "x", "trials": 1, "score": "f1", "reached": "0.5000", "baseline": "0.2500"},
        {"task": "y", "trials": 1, "score": "loss", "reached": "2.0000", "baseline": ""},
        {"task": "z", "trials": 1, "score": "rouge1", "reached": "0.7500", "baseline": "0.5000"},
    ]
