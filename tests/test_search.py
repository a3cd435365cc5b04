"""Searches: resumed, grown, joined; trials that fail; seeds; several objectives. Nothing is trained here."""

import json
import math
import subprocess
import sys

import pytest
from conftest import PROJECT
from optuna.trial import TrialState
from searching import F1, WORDS, bump, run

from sweeps.best import best_of, importance
from sweeps.objective import Objective, objectives_of
from sweeps.trial import sweep_folder, sweep_name
from tasks.ner import NER


def told(searching):
    """The words of each trial that the study knows, by number."""
    return [trial.user_attrs["words"] for trial in searching.candidates.trials()]


def test_a_search_goes_on_where_it_was_and_grows(tmp_path):
    whole = told(run(tmp_path / "whole", 14))
    run(tmp_path / "grown", 6)
    seen = []
    grown = run(tmp_path / "grown", 14, value=lambda words: seen.append(words) or bump(words))
    assert told(grown) == whole, "each trial is drawn by its number and by what was known"
    assert len(seen) == 8 and len(whole) == 14
    assert len({tuple(words) for words in whole}) == 14
    assert run(tmp_path / "grown", 14, value=None).trials, "nothing is left to do"


def test_a_trial_that_a_dead_process_left_is_taken_up(tmp_path):
    left = run(tmp_path, 8, stop=4)
    assert [trial.state.name for trial in left.candidates.trials()] == ["COMPLETE"] * 3 + ["RUNNING"]
    done = run(tmp_path, 8)
    assert [trial.state.name for trial in done.candidates.trials()] == ["COMPLETE"] * 8
    assert told(done) == told(run(tmp_path / "whole", 8))


def test_a_trial_that_fails_or_has_no_number_is_no_end(tmp_path):
    def value(words):
        return "failed" if float(words["x"]) < 0 else math.nan if words["y"] == "1" else bump(words)

    done = run(tmp_path, 12, value=value)
    states = [trial.state for trial in done.candidates.trials()]
    assert len(states) == 12 and states.count(TrialState.FAIL) > 3 and states.count(TrialState.COMPLETE) > 3
    failed = [trial for trial in done.trials if trial.state == "failed"]
    assert len(failed) == states.count(TrialState.FAIL)
    assert "its f1 is nan" in {trial.reason for trial in failed}
    again = [trial for trial in run(tmp_path, 12).trials if not trial.before]
    assert {tuple(trial.words) for trial in again} == {tuple(trial.words) for trial in failed if trial.reason is None}
    assert {trial.state for trial in again} == {"done"}, "typed again, what failed is tried again"


def test_two_processes_share_one_search(tmp_path):
    command = [sys.executable, "tests/searching.py", str(tmp_path), "16", "random"]
    together = [subprocess.Popen(command, cwd=PROJECT, env={"PYTHONPATH": str(PROJECT)}) for _ in range(2)]
    assert [process.wait(60) for process in together] == [0, 0]
    done = run(tmp_path, 16, name="random", value=None)
    trials = done.candidates.counted()
    assert len(trials) == 16 and {trial.state for trial in trials} == {TrialState.COMPLETE}
    assert len({trial.params["x"] for trial in trials}) == 16, "each draws its own"
    assert len(list(tmp_path.glob("0*/trial.json"))) == 16


def test_the_same_configuration_is_not_run_twice(tmp_path):
    seen = []
    done = run(tmp_path, 9, value=lambda words: seen.append(words) or 0.5, words=("y=choice(1,2,3)",))
    assert len(seen) == len({words["y"] for words in seen}) < 9 == len(done.candidates.trials())


def test_starting_points_come_first(tmp_path):
    done = run(tmp_path, 4, starts=({"x": 0.3, "y": "2"}, {"y": "3"}))
    assert told(done)[0] == ["x=0.3", "y=2"] and told(done)[1][1] == "y=3"
    assert told(run(tmp_path, 5, starts=({"x": 0.3, "y": "2"},)))[4] != ["x=0.3", "y=2"]


def test_a_condition_leaves_a_parameter_out(tmp_path):
    words = ("kind=a,b", "r=interval(0.0,1.0)")
    done = run(tmp_path, 20, lambda w: float(w.get("r", 0.5)), words, {"r": {"kind": "b"}}, startup=5)
    kinds = {len(own): own[0] for own in told(done)}
    assert kinds == {1: "kind=a", 2: "kind=b"}


def test_further_seeds_are_for_promising_configurations(tmp_path):
    """The first configurations, and those among the best quarter, run with all three seeds; the objective is their
    mean."""
    done = run(tmp_path, 16, lambda words: bump(words) + 0.01 * int(words["seed"]), seeds=3, name="random")
    trials = done.candidates.trials()
    seeds = [len(trial.user_attrs["seeds"]) for trial in trials]
    assert seeds[0] == 3 and set(seeds) == {1, 3} and seeds.count(3) < 10
    assert trials[0].value == pytest.approx(sum(values[0] for values in trials[0].user_attrs["seeds"]) / 3)
    (best,) = best_of(done.candidates.study, trials, (F1,))
    assert len(best.user_attrs["seeds"]) == 3
    assert {path.name for path in tmp_path.glob("001*")} == {"001", "001-2", "001-3"}


def test_several_objectives_end_in_those_that_nothing_beats(tmp_path):
    """Score x and time x^2: more of both, so no trial beats another one; those with y=2 cost more for nothing."""

    def value(words):
        x = abs(float(words["x"]))
        return {"f1": x, "seconds": x**2 + (words["y"] == "2")}

    both = (F1, Objective("seconds", None, False))
    done = run(tmp_path, 30, value, objectives=both, name="nsga2", startup=6)
    best = best_of(done.candidates.study, done.candidates.trials(), both)
    assert len(best) > 3 and sum(trial.params["y"] == "2" for trial in best) <= 1
    assert set(importance(done.candidates.study, best)) == {"x", "y"}
    assert len({tuple(trial.user_attrs["words"]) for trial in best}) == len(best)


def test_a_search_for_something_else_in_the_same_folder_is_refused(tmp_path):
    run(tmp_path, 2)
    with pytest.raises(ValueError, match="begun for something else"):
        run(tmp_path, 2, words=("x=interval(0.0,1.0)",))


def test_the_folder_and_the_group_of_a_search_that_grows_stay():
    words = ["sweeper=tpe", "sweeper.trials=40", "a=interval(0,1)"]
    grown = ["sweeper=tpe", "sweeper.trials=100", "a=interval(0,1)", "sweeper.enqueue=[{a: 0.5}]"]
    other = ["sweeper=random", "sweeper.trials=40", "a=interval(0,1)"]
    assert sweep_folder(words, "runs") == sweep_folder(grown, "runs") != sweep_folder(other, "runs")
    assert sweep_name(words) == sweep_name(grown)


def test_objectives_are_scores_of_the_task():
    task = NER(name="ner", best="f1")
    assert list(map(str, objectives_of(["best", "seconds", "test/f1", "loss"], task))) == [
        "f1",
        "seconds",
        "test/f1",
        "loss",
    ]
    assert [one.greater for one in objectives_of(["best", "seconds"], task)] == [True, False]
    with pytest.raises(ValueError, match="names one thing twice; best is f1"):
        objectives_of(["best", "f1"], task)
    with pytest.raises(ValueError, match="has no f2"):
        objectives_of(["f2"], task)


@pytest.mark.parametrize("name", ["random", "cmaes", "nsga2"])
def test_every_sampler_proposes(tmp_path, name):
    done = run(tmp_path, 8, name=name, startup=2)
    assert len({tuple(words) for words in told(done)}) > 4


def test_what_became_of_a_trial_stands_in_its_record(tmp_path):
    run(tmp_path, 1)
    record = json.loads((tmp_path / "001" / "trial.json").read_text())
    assert record["state"] == "done" and set(record["parameters"]) == {"x", "y"}
    assert record["values"] == {"f1": pytest.approx(bump(dict(word.split("=") for word in record["words"])))}
    assert WORDS[0].startswith("x=")
