"""Sweeps: each trial its own process, folder and W&B run, one shared group; a failure does not stop the others."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from stages.folder import run_folder
from sweeps.board import Board, labels
from sweeps.keeping import keep_best
from sweeps.plan import check_different
from sweeps.summary import rows
from sweeps.trial import LONGEST, Trial, freeze, frozen, sweep_folder, sweep_name
from tests.conftest import PROJECT

QUICK = ("training.max_steps=1", "data.limit=16", "batch_size=8", "hardware=cpu")


def trial(number, words, state="waiting", **more):
    return Trial(number, words, {}, Path(f"run{number}"), Path(f"record{number}"), state, **more)


def test_sweep_name():
    assert sweep_name(["seed=1,2", "task=ner"]) == "sweep seed=1,2 task=ner"
    long = [f"model.path={'x' * 200}", "seed=1"]
    assert len(sweep_name(long)) <= 128 and sweep_name(long) != sweep_name([*long, "batch_size=8"])
    assert sweep_name(long)[:LONGEST] == sweep_name([*long, "batch_size=8"])[:LONGEST]


def test_how_trials_are_run_names_no_other_sweep():
    folder = sweep_folder(["model=a,b", "seed=range(1,3)"], "runs")
    assert folder.parent == Path("runs/sweeps") and folder.name.startswith("model-seed-")
    apart = ("launcher.slots=2", "tracking=disabled", "hardware=cpu", "output_root=runs", "tracking.project=x")
    assert sweep_folder(["model=a,b", "seed=range(1,3)", *apart], "runs") == folder
    assert sweep_folder(["model=a,b", "seed=range(1,4)"], "runs") != folder
    assert ".." not in sweep_folder(["x.../../y=1,2"], "runs").name


def test_what_is_frozen_is_for_the_owner_and_gone_when_unknown(tmp_path):
    one = Trial(1, ["seed=1"], {"seed": 1, "model": {"path": "x"}}, tmp_path / "run", tmp_path / "001")
    freeze(one)
    assert frozen(tmp_path / "001") == ({"seed": 1, "model": {"path": "x"}}, ["seed=1"])
    assert (tmp_path / "001" / "frozen.json").stat().st_mode & 0o777 == 0o600
    with pytest.raises(ValueError, match=r"launcher.trial=.*002 is set by a sweep"):
        frozen(tmp_path / "002")


def test_two_trials_that_are_the_same_experiment():
    trials = [trial(1, ["seed=1"]), trial(2, ["seed=1", "hardware=cpu"])]
    check_different([trials[0]])
    trials[1].place = trials[0].place
    with pytest.raises(ValueError, match="trials 1 and 2 are the same experiment"):
        check_different(trials)


def test_the_lines_of_a_sweep(capsys):
    """Where there is no terminal to draw on: a line when a trial starts, one when it ends, none twice."""
    trials = [trial(i, ["task=ner", f"seed={i}"]) for i in (1, 2, 3)]
    trials[2].state, trials[2].before = "done", True
    board = Board(trials, labels(trials))
    trials[0].state = "running"
    board.update()
    board.update()
    trials[0].state, trials[0].seconds, trials[0].reason = "failed", 41.2, "error: no such layer"
    board.update()
    assert capsys.readouterr().out.splitlines() == [
        "  trial 1/3 started  seed=1",
        "  trial 1/3 failed after 41 s  seed=1: error: no such layer",
    ]


def test_the_live_table_shows_what_runs_and_what_fits():
    from rich.console import Console

    trials = [trial(i, [f"seed={i}"], "done" if i < 40 else "running" if i == 40 else "waiting") for i in range(1, 61)]
    console = Console(width=100, file=io.StringIO())
    console.print(Board(trials, labels(trials))._table())
    text = console.file.getvalue()
    assert "39 of 60 trials" in text and "seed=40" in text and "seed=39" in text and "seed=41" in text
    assert text.count("seed=") == 20


@pytest.mark.parametrize(("best", "kept"), [("f1", [2, 3]), ("loss", [1, 3])])
def test_the_models_of_the_best_are_kept(tmp_path, monkeypatch, best, kept):
    """Of those the sweep trained: 0.2, 0.9, 0.5; a run that was there before keeps its model."""
    monkeypatch.setattr("sweeps.keeping.validation_score", lambda place, config: (config["score"], best == "f1"))
    trials, owners = [], {}
    monkeypatch.setattr("sweeps.keeping.frozen_config", owners.get)
    for number, score in ((1, 0.2), (2, 0.9), (3, 0.5), (4, 0.1 if best == "f1" else 0.99)):
        record, place = tmp_path / f"{number:03}", tmp_path / f"run{number}"
        (place / "model").mkdir(parents=True)
        owner = record if number < 4 else None
        owners[place] = {"launcher": {"trial": str(owner)}}
        config = {"score": score, "launcher": {"trial": str(record)}}
        trials.append(Trial(number, [], config, place, record, "done"))
    keep_best(trials, None)
    assert all((t.place / "model").is_dir() for t in trials)
    keep_best(trials, 2)
    assert [t.number for t in trials if (t.place / "model").is_dir()] == [*kept, 4]


@pytest.mark.slow
def test_a_sweep_with_a_failing_trial(run_command, tiny_bert, tmp_path):
    """The second of three trials asks for a layer that does not exist."""
    lora = ("method=lora", "method.target_modules=[query],[nothing],[value]")
    words = ("-m", "experiment=quickstart/text_classification", f"model.path={tiny_bert}", *lora, *QUICK)
    done = run_command(*words, f"output_root={tmp_path}")
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    assert "trial 2 failed" in done.stdout and "method.target_modules" in done.stdout
    assert len(list(tmp_path.glob("*/metrics.json"))) == 2
    assert "sweep: mean ± standard deviation over the seeds" in done.stdout and "[value]" in done.stdout
    runs = [read_run(folder) for folder in tmp_path.glob("wandb/offline-run-*")]
    assert sorted(run["state"] for run in runs) == ["failed", "finished", "finished"]
    assert len({run["run_id"] for run in runs}) == 3
    tracking = [run["config"]["tracking"] for run in runs]
    assert len({t["group"] for t in tracking}) == 1 and tracking[0]["group"].startswith("sweep ")
    assert {t["job_type"] for t in tracking} == {"trial"}
    (record,) = tmp_path.glob("sweeps/*/sweep.json")
    assert [t["state"] for t in json.loads(record.read_text())["trials"]] == ["done", "failed", "done"]
    again = run_command(*words, f"output_root={tmp_path}")
    assert again.returncode == 1 and "3 trials, 2 of them finished before" in again.stdout
    assert again.stdout.count("started") == 1


def read_run(folder):
    wandb = str(Path(sys.executable).with_name("wandb"))
    done = subprocess.run(
        [wandb, "leet", "inspect", "--summary", "--json", str(folder)], capture_output=True, text=True
    )
    return json.loads(done.stdout)


def test_a_wrong_trial_ends_the_sweep_before_it_starts(run_command, tmp_path):
    done = run_command("-m", "experiment=quickstart/ner", "batch_size=8,-8", f"output_root={tmp_path}", *QUICK[::3])
    assert done.returncode == 2 and "trial 2" in done.stderr and "batch_size=-8" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_sweep_needs_nothing_heavy_before_its_trials():
    """So that a wrong trial is said at once."""
    code = "import sys, sweeps.sweeper; print({'torch', 'transformers', 'datasets', 'optuna'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT)
    assert done.stdout.strip() == "set()", done.stderr


def test_a_sweep_under_a_launcher_is_refused(run_command, tmp_path):
    done = run_command("-m", "seed=1,2", f"output_root={tmp_path}", WORLD_SIZE="2", RANK="0")
    assert done.returncode == 2 and "leave out accelerate launch" in done.stderr


def test_a_trial_is_the_experiment_of_its_words(compose_config):
    """What a sweep adds decides nothing: typed alone, the same words find the same run."""
    alone = compose_config("task=ner", "data=sample", "seed=3")
    added = {**alone, "launcher": {**alone["launcher"], "trial": "x", "slots": 2}}
    added["tracking"] = {**alone["tracking"], "group": "sweep", "job_type": "trial"}
    assert run_folder(alone) == run_folder(added)


def test_the_table_of_a_sweep_by_hand():
    """0.5, 0.7, 0.9: mean 0.7, squared distances 0.04 + 0 + 0.04, over n - 1 = 2, root 0.2."""
    trials = [
        (["task=x", f"seed={seed}", "model=a"], ("f1", "p"), {"f1": value, "p": None}, {"f1": 0.1})
        for seed, value in enumerate((0.5, 0.7, 0.9))
    ]
    trials.append((["task=x", "seed=0", "model=b"], ("f1", "p"), {"f1": 0.25, "p": 1.0}, {"f1": 0.1}))
    assert rows(trials, 80) == [
        {"model": "a", "trials": 3, "f1": "0.7000 ± 0.2000", "p": ""},
        {"model": "b", "trials": 1, "f1": "0.2500", "p": "1.0000"},
    ]
    assert rows(trials[:3], 80)[0]["choice"] == "all trials"
    assert list(rows(trials, 40)[0]) == ["model", "trials", "f1"]  # no room for a second score


def test_trials_that_differ_in_two_words_show_both():
    words = [["model=a", "optimizer.learning_rate=1"], ["model=b", "optimizer.learning_rate=2", "+method.r=4"]]
    found = rows([(own, ("f1",), {"f1": 0.5}, {}) for own in words], 80)
    assert [[row[key] for key in ("model", "learning_rate", "r")] for row in found] == [["a", "1", ""], ["b", "2", "4"]]
    alike = [[f"training.steps={n}", f"data.steps={n}"] for n in (1, 2)]
    assert list(rows([(own, ("f1",), {"f1": 0.5}, {}) for own in alike], 80)[0])[:2] == ["training.steps", "data.steps"]


def test_trials_of_different_tasks_show_a_score_that_a_baseline_has_too():
    trials = [
        (["task=x"], ("f1", "p"), {"f1": 0.5, "p": 0.1}, {"f1": 0.25}),
        (["task=y"], ("loss",), {"loss": 2.0}, {}),
        (["task=z"], ("loss", "rouge1"), {"loss": 2.0, "rouge1": 0.75}, {"rouge1": 0.5}),
    ]
    assert rows(trials, 80) == [
        {"task": "x", "trials": 1, "score": "f1", "reached": "0.5000", "baseline": "0.2500"},
        {"task": "y", "trials": 1, "score": "loss", "reached": "2.0000", "baseline": ""},
        {"task": "z", "trials": 1, "score": "rouge1", "reached": "0.7500", "baseline": "0.5000"},
    ]
