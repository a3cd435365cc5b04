"""What ends a training early: a signal, a loss that is no number, a budget; and what is left then."""

import json
import math
import os
import signal
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from run_files import read_lines

from stages import divergence, progress
from stages.clock import duration
from stages.pace import Pace, evaluations_left
from stages.signals import Interrupted

WORDS = ("experiment=quickstart/text_classification", "data.limit=24", "batch_size=8", "training.logging_steps=1")
STATE = SimpleNamespace(max_steps=100, global_step=10, eval_steps=30)
FACTS = {
    "what": "loss", "value": math.nan, "step": 9, "learning_rate": 1e-3, "examples": [3, 5], "steps": 5,
    "best_checkpoint": "runs/x/checkpoints/checkpoint-4", "best": 0.5,
}  # fmt: skip


@pytest.fixture
def words(tiny_bert):
    return (*WORDS, f"model.path={tiny_bert}", "training.num_train_epochs=3")


@pytest.fixture
def at_step(monkeypatch):
    """`at_step(4, act)` calls `act` when the fourth step begins, whenever training does."""

    def place(step, act):
        def begin(self, args, state, control, **kwargs):
            if state.global_step == step - 1:
                act()

        monkeypatch.setattr(progress.Progress, "on_step_begin", begin, raising=False)

    return place


@pytest.mark.parametrize(("step", "saved"), [(2, 2), (6, 6)])  # inside an epoch, and its last, which is evaluated first
def test_sigterm_in_training(run_here, words, at_step, step, saved):
    """The next step is saved, and the same command ends with the weights of a run that was not stopped."""
    from safetensors.torch import load_file

    whole = run_here(*words)
    expected, history = load_file(whole / "model" / "model.safetensors"), read_lines(whole / "history.jsonl")
    whole.rename(whole.with_name("whole"))
    at_step(step, lambda: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(Interrupted, match=f"SIGTERM. Saved at step {saved} of 9") as stopped:
        run_here(*words)
    assert stopped.value.code == 143 and not list(whole.parent.glob("*.lock"))
    assert (whole / "checkpoints" / f"checkpoint-{saved}").is_dir()
    at_step(0, lambda: None)
    weights = load_file(run_here(*words) / "model" / "model.safetensors")
    assert all(weights[name].equal(tensor) for name, tensor in expected.items())
    steps = [line["step"] for line in history if "eval_loss" in line]
    assert steps == [3, 6, 9] == [r["step"] for r in read_lines(whole / "history.jsonl") if "eval_loss" in r]


@pytest.fixture
def bad_steps(monkeypatch):
    """`bad_steps(4, 5)` makes the gradient norms of these steps infinite; -> the weights before each step."""
    from stages.tuner import Tuner

    def make(*steps):
        weights = []
        take = Tuner.take_numbers

        def take_bad(self):
            weights.append(self.model.classifier.weight.detach().clone())
            bad = {"gradient norm": math.inf} if self.state.global_step + 1 in steps else {}
            return {**take(self), **bad}

        monkeypatch.setattr(Tuner, "take_numbers", take_bad)
        return weights

    return make


def test_a_run_that_diverges(run_here, words, bad_steps, tmp_path):
    bad_steps(5, 6, 7)
    with pytest.raises(divergence.Diverged, match=r"gradient norm is inf after step 6, the last of 2") as caught:
        run_here(*words, "guard.nan_patience=2")
    message = str(caught.value)
    assert "at learning rate " in message and "optimizer.learning_rate" in message and "The best checkpoint" in message
    facts = caught.value.facts
    (folder,) = tmp_path.glob("runs/*")
    assert json.loads((folder / "diverged.json").read_text())["examples"] == facts["examples"]
    assert Path(facts["best_checkpoint"]).is_dir()
    with pytest.raises(ValueError, match=r"was run before, and training diverged: .*guard\.nan_patience=4 goes on"):
        run_here(*words, "guard.nan_patience=2")
    assert run_here(*words, "guard.nan_patience=4") == folder and (folder / "metrics.json").is_file()
    assert not (folder / "diverged.json").exists()


def test_the_examples_of_the_batch(run_here, words, bad_steps, monkeypatch):
    """The ids that are named are those of the batch that was really trained on."""
    from stages.batches import Rows

    seen, take = [], Rows.__getitems__
    monkeypatch.setattr(Rows, "__getitems__", lambda self, of: seen.append((id(self), of)) or take(self, of))
    bad_steps(2)
    with pytest.raises(divergence.Diverged) as caught:
        run_here(*words, "guard.nan_patience=1", "data.limit=24")
    batches = [of for rows, of in seen if rows == seen[0][0]]
    assert caught.value.facts["examples"] == sorted(batches[1]) and len(set(batches[1])) == 8


def test_one_bad_batch_costs_no_run(run_here, words, bad_steps, capsys):
    """Its update is left out, that of the next one is not."""
    weights = bad_steps(4)
    folder = run_here(*words)
    assert [a.equal(b) for a, b in pairwise(weights)] == [i == 4 for i in range(1, 9)]
    assert "step 4: the gradient norm is inf, its update is left out (1 of 5)" in capsys.readouterr().out
    assert (folder / "metrics.json").is_file()


def test_a_budget(run_here, words, monkeypatch):
    """It stops early enough to evaluate, takes the best checkpoint, and says so in what it leaves."""
    monkeypatch.setattr("stages.guard.Guard._is_late", lambda self, state: state.global_step >= 3)
    folder = run_here(*words, "guard.max_minutes=10")
    stopped = {"why": "guard.max_minutes=10", "step": 4, "of": 9}
    assert json.loads((folder / "metrics.json").read_text())["stopped"] == stopped
    assert json.loads((folder / "provenance.json").read_text())["stopped"] == stopped
    assert [row["step"] for row in read_lines(folder / "history.jsonl") if "eval_loss" in row] == [3, 4]


def test_a_budget_is_late_where_the_closing_would_not_fit(monkeypatch):
    from stages.guard import Guard

    pace = SimpleNamespace(step=2.0, closing=lambda state: 30.0)
    tuner = SimpleNamespace(spent=0.0)
    guard = Guard(tuner, {"nan_patience": 1, "max_minutes": 10}, 1000.0, pace)  # 1000 + 588 s
    assert Guard(tuner, {"nan_patience": 1, "max_minutes": 1}, 0.0, pace).deadline == 55
    for now, spent, late in (
        (1000, 0, False),
        (1553, 0, False),
        (1555, 0, True),
        (1453, 100, False),
        (1455, 100, True),
    ):
        monkeypatch.setattr("stages.guard.time.time", lambda now=now: now)
        tuner.spent = float(spent)  # before an interruption
        guard.on_train_begin(None, None, None)
        assert guard._is_late(STATE) is late


def test_pace_by_hand(monkeypatch):
    """Steps of 2 s after a first of 9, an evaluation of 10 s over 40 rows, a checkpoint of 1 s, 60 rows to score."""
    now = [0.0]
    monkeypatch.setattr("stages.pace.time.monotonic", lambda: now[0])
    pace = Pace(30, 240, 40, 60)
    args, state = SimpleNamespace(eval_strategy="epoch"), SimpleNamespace(max_steps=90, global_step=0)
    pace.on_train_begin(args, state, None)
    for event, seconds in (("step_end", 9), ("step_end", 2), ("step_end", 2), ("evaluate", 10), ("save", 1)):
        if event == "evaluate":
            assert pace.evaluation_seconds() == 2 / 8 * 40
        now[0] += seconds
        state.global_step += event == "step_end"
        getattr(pace, f"on_{event}")(args, state, None)
    assert pace.step == 2 and pace.count == 3
    assert pace.closing(state) == 15.0  # just evaluated: the scores alone
    state.global_step = 60
    assert pace.closing(state) == 10 + 1 + 15.0
    assert pace.left(args, state) == 30 * 2 + 1 * 11 + 15.0
    monkeypatch.setattr("stages.pace.time.time", lambda: 1000.0)
    for deadline, left in ((1050, 50.0), (1500, 86.0), (999, 0.0)):
        pace.deadline = deadline
        assert pace.left(args, state) == left


@pytest.mark.parametrize(("strategy", "expected"), [("epoch", 4), ("steps", 4), ("no", 0)])
def test_evaluations_left(strategy, expected):
    """100 steps of 25 an epoch, or one every 30 steps and one at the end."""
    assert evaluations_left(SimpleNamespace(eval_strategy=strategy), STATE, 25) == expected


def test_durations():
    assert [duration(s) for s in (4.4, 99, 150, 5900, 7500)] == ["4 s", "99 s", "2 min", "98 min", "2 h 05 min"]


def test_what_is_said_of_a_diverged_run(tmp_path):
    assert str(divergence.Diverged(FACTS)) == (
        "training diverged: the loss is nan after step 9, the last of 5 such steps in a row, at learning rate 0.001. "
        "The batch was the examples 3, 5 of train. Lower optimizer.learning_rate, raise scheduler.warmup_steps, or "
        "look at the examples. The best checkpoint is kept: runs/x/checkpoints/checkpoint-4"
    )
    config = {"rerun": False, "guard": {"nan_patience": 5}}
    divergence.check(tmp_path, config)
    with pytest.raises(divergence.Diverged), divergence.marked(tmp_path):
        raise divergence.Diverged(FACTS)
    with pytest.raises(ValueError, match="was run before"):
        divergence.check(tmp_path, config)
    divergence.check(tmp_path, {**config, "rerun": True})
    divergence.check(tmp_path, {**config, "guard": {"nan_patience": 6}})
