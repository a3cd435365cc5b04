"""A W&B server that is gone, slow, or talks nonsense: no row is lost, no run waits, and what is left can be sent."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import wandb
from wandb.proto import wandb_internal_pb2 as pb

from stages import tracking
from stages.trackers import wandb as tracker
from tests.fake_wandb import KEY, FakeWandb
from tests.test_tracking import inspect

ROWS = 20
CHOICES = {"project": "p", "group": None, "job_type": None, "tags": [], "notes": None, "wandb": {"entity": None}}
ONLINE = {"WANDB_MODE": "online", "WANDB_API_KEY": KEY}
MIDDLE = [("gone", "not done within 2 s"), ("garbage", "invalid character '<'")]
MORE = [("slow", "not done within"), ("500", "not done within"), ("429", "not done within"), ("403", "403")]
START = ["500"]
MORE_STARTS = ["gone", "slow", "429", "garbage", "403"]


def slow(cases):
    return [pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.slow) for case in cases]


@pytest.fixture
def server(monkeypatch):
    """A stand-in for W&B that this process and its children take for the real one; short bounds."""
    monkeypatch.setattr(tracker, "OPENING", 3)
    monkeypatch.setattr(tracker, "CLOSING", {"finished": 2})
    with FakeWandb() as fake:
        for name, value in {**ONLINE, "WANDB_BASE_URL": fake.url}.items():
            monkeypatch.setenv(name, value)
        wandb.teardown()
        yield fake
        wandb.teardown()


def track(server, folder, middle=None):
    """A run of ROWS rows, a table and a model, in which the server's mood turns to `middle`; -> seconds that logging
    took."""
    (folder / "model").mkdir(parents=True)
    (folder / "model" / "weights").write_text("w")
    config = {"tracking": CHOICES}
    with tracking.tracked(config, folder) as (run,):
        server.mood = middle or server.mood
        started = time.perf_counter()
        for step in range(ROWS):
            tracking.log([run], {"loss": 1.0}, step, step)
        seconds = time.perf_counter() - started
        run.add_results({"test/f1": 0.5}, {"predictions": [{"text": "a"}]}, ROWS, ROWS)
        run.add_model(folder / "model")
    return seconds


def kept(folder):
    """(rows, artifacts, ends, files of tables) of the W&B run beside `folder`, the offline one if any: what was tried
    online before leaves an empty place."""
    place = min(folder.parent.glob("wandb/*run-2*"))
    records = [json.loads(line)["type"] for line in inspect(place).splitlines()]
    tables = len(list(place.glob("files/media/table/*.json")))
    return records.count("history"), records.count("artifact"), records.count("exit"), tables


def send(server, said, cwd):
    """Type the command that was said, at a server that is well again; -> the rows that it has then."""
    server.mood = "well"
    words = said[said.index("wandb sync ") :].split("\n")[0].split()
    command = [str(Path(sys.executable).with_name("wandb")), *words[1:]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=os.environ, cwd=cwd)
    assert done.returncode == 0, done.stderr
    (run,) = server.files
    return len(server.rows(run))


def test_a_server_that_is_well_gets_everything(server, tmp_path, capsys):
    track(server, tmp_path / "run-0")
    (run,) = server.files
    assert len(server.rows(run)) == ROWS + 1 and server.artifacts == 2
    assert kept(tmp_path / "run-0") == (ROWS + 1, 2, 1, 1)
    assert "warning" not in capsys.readouterr().out
    (folder,) = tmp_path.glob("wandb/run-2*")
    assert send(server, f"wandb sync --include-online {folder}", tmp_path) == ROWS + 1  # nothing twice


@pytest.mark.parametrize(("mood", "reason"), MIDDLE + slow(MORE))
def test_a_server_that_is_lost_in_the_middle(mood, reason, server, tmp_path, capsys):
    started = time.perf_counter()
    assert track(server, tmp_path / "run-0", mood) < 1.0
    assert time.perf_counter() - started < 15
    said = capsys.readouterr().out
    assert "W&B has not got all of this run" in said and reason in said and f"all {ROWS + 1} rows" in said
    assert kept(tmp_path / "run-0") == (ROWS + 1, 2, 1, 1)
    assert send(server, said, tmp_path) == ROWS + 1


@pytest.mark.parametrize("mood", START + slow(MORE_STARTS))
def test_a_server_that_is_lost_at_the_start(mood, server, tmp_path, capsys):
    server.mood = mood
    started = time.perf_counter()
    assert track(server, tmp_path / "run-0") < 1.0
    assert time.perf_counter() - started < 25
    said = capsys.readouterr().out
    assert "does not answer" in said and "kept offline" in said and "W&B has not got all of this run" in said
    assert kept(tmp_path / "run-0") == (ROWS + 1, 2, 1, 1)
    assert send(server, said[said.index("has not got") :], tmp_path) == ROWS + 1


def test_a_server_that_comes_back_in_time_gets_everything(server, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(tracker, "CLOSING", {"finished": 20})
    timer = threading.Timer(1.0, lambda: setattr(server, "mood", "well"))
    timer.start()
    track(server, tmp_path / "run-0", "gone")
    (run,) = server.files
    assert len(server.rows(run)) == ROWS + 1
    assert "warning" not in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("mood", ["gone", "garbage", "slow"])
def test_a_whole_run_whose_server_is_lost(mood, run_command, tiny_bert, tmp_path, server):
    """Typed as a command, online until it trains: exit code 0, a whole history in the folder and in W&B's file."""
    words = ("experiment=quickstart/text_classification", f"model.path={tiny_bert}", f"output_root={tmp_path}/runs")
    steps = ("training.max_steps=60", "training.logging_steps=1", "data.limit=48", "batch_size=8", "hardware=cpu")
    server.then = mood
    online = {**ONLINE, "WANDB_BASE_URL": server.url}
    done = run_command(*words, *steps, "tracking.log_model=true", timeout=200, **online)
    assert done.returncode == 0 and "Traceback" not in done.stdout + done.stderr, done.stderr
    assert server.mood == mood and "scores (" in done.stdout and "W&B has not got all of this run" in done.stdout
    (history,) = tmp_path.glob("runs/*/history.jsonl")
    rows = [json.loads(line) for line in history.read_text().splitlines()]
    assert [row["step"] for row in rows if "loss" in row] == list(range(1, 61))
    found = kept(history.parent)
    assert found[0] == len(rows) + 1 and found[1] == found[3] + 1 >= 4 and found[2] == 1
    assert send(server, done.stdout[done.stdout.index("has not got") :], tmp_path) == len(rows) + 1


def test_errors_of_closing_are_raised():
    def fail():
        raise ConnectionResetError("lost")

    with pytest.raises(ConnectionResetError):
        tracker.within(1, fail)
    assert tracker.within(1, lambda: None) and not tracker.within(0.01, lambda: time.sleep(0.2))


@pytest.mark.parametrize("gives_up", [True, False])
def test_a_trial_that_a_sweep_gives_up_is_over(gives_up):
    """Hyperband's SIGTERM: the agent would take up again a run that counts as preempted, as after a scheduler's."""
    answer, did = pb.Result(), []
    answer.response.stop_status_response.run_should_stop = gives_up
    asked = SimpleNamespace(_deliver=lambda question: SimpleNamespace(wait_or=lambda timeout: answer))
    run = object.__new__(tracker.Run)
    run.silent, run.goes_on = "not asked", False
    run._upload = lambda: ""
    run.run = SimpleNamespace(
        offline=False, disabled=False, _backend=SimpleNamespace(interface=asked),
        mark_preempting=lambda: did.append("preempting"), finish=lambda exit_code: did.append(exit_code),
    )  # fmt: skip
    run.finish("interrupted")
    assert did == ([0] if gives_up else ["preempting", 1])
    run.run._backend = None
    did.clear()
    run.finish("interrupted")
    assert did == ["preempting", 1]
