"""Pruning: who is stopped, by what it reported; the run's mark; what its processes and its search make of it."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from searching import DEFAULTS, F1, bump, finish, run

from stages import pruned, tracking
from stages.pruning import Pruning, evaluation
from sweeps.pruners import judge_of
from sweeps.space import space_of
from sweeps.study import open_study, suggest

STEPS = SimpleNamespace(world_size=1, eval_strategy="steps")


def state(step, of=10, epoch=1.0, every=2):
    return SimpleNamespace(global_step=step, max_steps=of, epoch=epoch, eval_steps=every)


def test_evaluations_are_counted_not_steps():
    assert [evaluation(STEPS, state(step)) for step in (2, 4, 5)] == [1, 2, 3]
    epochs = SimpleNamespace(eval_strategy="epoch")
    assert [evaluation(epochs, state(99, epoch=epoch)) for epoch in (1.0, 2.0)] == [1, 2]


def test_a_trial_that_falls_behind_ends_but_not_at_its_last_step():
    told = []
    callback = Pruning(lambda number, value: told.append((number, value)) or value < 0.5, "f1")
    callback.on_evaluate(STEPS, state(2), None, metrics={"eval_f1": 0.5})
    callback.on_evaluate(STEPS, state(10), None, metrics={"eval_f1": 0.1})
    callback.on_evaluate(STEPS, state(0), None, metrics={"eval_f1": 0.1})
    callback.on_evaluate(STEPS, state(4), None, metrics={"eval_loss": 0.1})
    with pytest.raises(pruned.Pruned, match="after step 4 of 10"):
        callback.on_evaluate(STEPS, state(4), None, metrics={"eval_f1": 0.4})
    assert told == [(1, 0.5), (5, 0.1), (2, 0.4)]


def test_a_search_that_does_not_answer_stops_no_run():
    Pruning(lambda number, value: 1 / 0, "f1").on_evaluate(STEPS, state(2), None, metrics={"eval_f1": 0.5})


@pytest.mark.parametrize(("pruner", "stopped"), [("none", []), ("median", [3]), ("asha", [1, 2, 3])])
def test_judges_share_what_was_reported(tmp_path, pruner, stopped):
    """Four trials that report 4, 3, 2, 1 tenths at their first evaluation. Median: the last of them is behind, once
    three have ended; asha: all but the best third."""
    choices = {**DEFAULTS, "pruner": pruner, "pruner_trials": 3}
    parameters, _ = space_of(["x=interval(0.0,1.0)"])
    study, found = open_study(tmp_path, choices, parameters, (F1,)), []
    for number in range(4):
        suggest(study.ask(), parameters)
        record = tmp_path / f"{number + 1:03}"
        record.mkdir()
        (record / "asked.json").write_text(json.dumps({"number": number, "score": "f1"}))
        judge, score = judge_of({"launcher": {"trial": str(record)}, "sweeper": choices})
        assert score == "f1"
        if judge(1, 0.4 - number / 10):
            found.append(number)
        study.tell(number, 0.4 - number / 10)
        assert judge(2, 0.0) is False, "a trial that has ended is not stopped"
    assert found == stopped
    assert judge_of({"launcher": {"trial": str(tmp_path)}}) is None and judge_of({"launcher": {"trial": None}}) is None


def test_the_mark_of_a_run_that_was_stopped(tmp_path):
    (tmp_path / "checkpoints" / "checkpoint-2").mkdir(parents=True)
    facts = {"score": "f1", "value": 0.25, "step": 2, "of": 10}
    with pruned.said(), pruned.marked(tmp_path, "sweeps/x/003"):
        raise pruned.Pruned(facts)
    assert pruned.reason(tmp_path) == "f1 0.2500 after step 2 of 10"
    assert pruned.by(tmp_path, Path("sweeps/x")) and not pruned.by(tmp_path, tmp_path)
    assert not (tmp_path / "checkpoints").exists()
    with pruned.marked(tmp_path, None):
        pass
    assert pruned.reason(tmp_path) is None


def test_trackers_hear_that_a_run_was_stopped(monkeypatch, tmp_path):
    told = []
    tracker = SimpleNamespace(title="fake", lacks=False, where=str, finish=told.append)
    monkeypatch.setattr(tracking, "open_trackers", lambda *_: [tracker])
    with pytest.raises(pruned.Pruned), tracking.tracked({"tracking": {"wandb": {}}}, tmp_path):
        raise pruned.Pruned({"score": "f1", "value": 0.25, "step": 2, "of": 10})
    assert told == ["pruned"] and not list(tmp_path.iterdir())


def test_a_search_counts_stopped_trials_and_repeats_none(tmp_path):
    seen = []

    def value(words):
        seen.append(words["y"])
        return "pruned" if words["y"] == "3" else bump(words)

    done = run(tmp_path, 10, value, pruner="median")
    states = [trial.state.name for trial in done.candidates.trials()]
    assert states.count("PRUNED") == seen.count("3") > 0 and len(states) == 10
    assert [json.loads(path.read_text())["number"] for path in sorted(tmp_path.glob("*/asked.json"))] == list(range(10))
    run(tmp_path, 10, value, pruner="median")
    assert len(seen) == 10


def test_a_run_that_this_search_stopped_before_is_not_trained_again(tmp_path):
    left = run(tmp_path, 2, pruner="median", stop=2)
    (trial,) = [trial for trial in left.trials if trial.state == "waiting"]
    trial.place.mkdir(parents=True)
    with pytest.raises(pruned.Pruned), pruned.marked(trial.place, str(trial.record)):
        raise pruned.Pruned({"score": "f1", "value": 0.2, "step": 2, "of": 10})
    done = run(tmp_path, 2, value=finish, pruner="median")
    assert [trial.state.name for trial in done.candidates.trials()] == ["COMPLETE", "PRUNED"]
