"""A killed run that is typed again: each row of its history reaches its trackers once, whatever was lost on the way."""

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import wandb

from stages import tracking
from stages.trackers import UNSENT, is_unsent
from stages.trackers import wandb as tracker
from tests.fake_wandb import KEY, FakeWandb

WANDB = str(Path(sys.executable).with_name("wandb"))
CHOICES = {"project": "p", "group": None, "job_type": None, "tags": [], "notes": None, "wandb": {"entity": None}}
ALL = [(step - 1, step) for step in range(1, 10)]  # what W&B has of it: (number, step)
ARGUMENTS = SimpleNamespace(dataloader_num_workers=0)
HISTORY = [{"step": step, "loss": 1 / step} for step in range(1, 10)]


class Kept:
    """A tracker that has the first `rows` rows of the history already."""

    title, lacks = "kept", False

    def __init__(self, rows=0):
        self.rows, self.seen, self.ends = rows, [], []

    def where(self):
        return "nowhere"

    def log(self, numbers, step, row):
        self.seen.append((row, step))

    def finish(self, outcome):
        self.ends.append(outcome)


@pytest.fixture
def server(monkeypatch):
    """A stand-in that this process and its children take for W&B, which keeps what is logged at once."""
    monkeypatch.setattr(tracker, "FLUSH", 0.1)
    with FakeWandb() as fake:
        for name, value in {"WANDB_MODE": "online", "WANDB_API_KEY": KEY, "WANDB_BASE_URL": fake.url}.items():
            monkeypatch.setenv(name, value)
        wandb.teardown()
        yield fake
        wandb.teardown()


def begin(curves, history):
    """Training begins at a checkpoint that knows these rows."""
    curves.on_train_begin(ARGUMENTS, SimpleNamespace(log_history=history), None)


def go_on(curves, history):
    for line in history:
        curves.on_log(None, SimpleNamespace(global_step=line["step"]), None, logs={"loss": line["loss"]})


def open_run(folder, rows, *, from_row=0):
    """A start of a run that was taken up at a checkpoint with `from_row` rows, and has come to `rows`; -> it."""
    folder.mkdir(exist_ok=True)
    run = tracker.Run({"tracking": CHOICES}, folder)
    curves = tracking.Curves([run])
    begin(curves, HISTORY[:from_row])
    go_on(curves, HISTORY[from_row:rows])
    return run


def kill(run):
    """As kill -9 of the run and of wandb's own process does it: nothing more is sent, nothing closed."""
    time.sleep(3 * tracker.FLUSH)
    if not run.run.offline:
        run.run._run_status_checker.stop()  # a thread that would find nobody to ask
    tracker.end_process()


def steps(server):
    """The rows that have arrived of the only run, by their number and step."""
    (run,) = server.files
    return [(row["_step"], row["step"]) for row in server.rows(run) if "step" in row]


def test_rows_that_a_tracker_has_are_not_sent_again():
    first, second = Kept(), Kept(rows=5)
    curves = tracking.Curves([first, second])
    begin(curves, HISTORY[:3])
    go_on(curves, HISTORY[3:7])
    begin(curves, HISTORY[:4])  # memory was short: training starts again within the run
    go_on(curves, HISTORY[4:])
    assert first.seen == ALL and second.seen == ALL[5:]


def test_the_mark_of_what_is_not_sent(monkeypatch, tmp_path):
    """It stays where a run was killed, failed, or its tracker lacks something; a run without trackers has none."""
    kept, config = Kept(), {"tracking": {"wandb": {}}}
    monkeypatch.setattr(tracking, "open_trackers", lambda *_: [kept])
    with tracking.tracked(config, tmp_path):
        assert is_unsent(config["tracking"], tmp_path) and not is_unsent({}, tmp_path)
    assert not (tmp_path / UNSENT).exists()
    with pytest.raises(ZeroDivisionError), tracking.tracked(config, tmp_path):
        1 / 0  # noqa: B018
    assert (tmp_path / UNSENT).exists() and kept.ends == ["finished", "failed"]
    kept.lacks = True
    with tracking.tracked(config, tmp_path):
        pass
    assert (tmp_path / UNSENT).exists()
    with tracking.tracked({"tracking": {}}, tmp_path / "none"):
        pass
    assert not (tmp_path / "none").exists()


def test_a_killed_run_online(server, tmp_path):
    """Nothing of the first start has arrived; of the second, which is killed on the way to the results, all rows."""
    kill(open_run(tmp_path / "run-0", 6))
    run = open_run(tmp_path / "run-0", 9, from_row=4)
    run.finish("interrupted")
    assert steps(server) == ALL
    for _ in range(2):
        run = open_run(tmp_path / "run-0", 9, from_row=9)
        assert run.rows >= 9
        run.add_results({"test/f1": 0.5}, {"predictions": [{"text": "a"}]}, 9, 9)
        run.finish("finished")
    assert steps(server) == [*ALL, (9, 9)]
    (name,) = server.files
    assert "predictions" in server.rows(name)[-1]


def test_killed_offline_then_sent(server, tmp_path, monkeypatch):
    """The command that was printed names both starts. Sent twice, and after a part had arrived, no row is doubled."""
    monkeypatch.setenv("WANDB_MODE", "offline")
    kill(open_run(tmp_path / "run-0", 6))
    run = open_run(tmp_path / "run-0", 9, from_row=4)
    words = run.where().partition("&& wandb ")[2].split()
    assert len(words) == 3 and words[1] < words[2]
    run.finish("finished")
    monkeypatch.setenv("WANDB_MODE", "online")
    for more in ([], ["--include-synced"]):
        done = subprocess.run([WANDB, *words, *more], capture_output=True, text=True, env=os.environ)
        assert done.returncode == 0 and steps(server) == ALL, done.stderr


@pytest.mark.slow
def test_killed_offline_then_online(server, tmp_path, monkeypatch):
    """The online start has all of it; a later `wandb sync` of everything must not bring the older state back."""
    monkeypatch.setenv("WANDB_MODE", "offline")
    kill(open_run(tmp_path / "run-0", 6))
    monkeypatch.setenv("WANDB_MODE", "online")
    open_run(tmp_path / "run-0", 9, from_row=4).finish("finished")
    assert steps(server) == ALL
    listed = subprocess.run([WANDB, "sync", "--dry-run", str(tmp_path / "wandb")], capture_output=True, text=True)
    assert "No runs to sync" in listed.stdout + listed.stderr


@pytest.mark.slow
def test_a_run_that_goes_on_and_is_lost_says_what_to_do(server, tmp_path, monkeypatch, capsys):
    """`wandb sync` would append what has arrived already; the same command sends what is missing."""
    monkeypatch.setattr(tracker, "CLOSING", {"finished": 2})
    kill(open_run(tmp_path / "run-0", 6))
    run = open_run(tmp_path / "run-0", 9, from_row=4)
    server.mood = "500"
    run.finish("finished")
    assert run.lacks and "all 9 rows are kept. The same command sends the rest." in capsys.readouterr().out
    server.mood = "well"
    monkeypatch.setattr(tracker, "CLOSING", {"finished": 20})
    run = open_run(tmp_path / "run-0", 9, from_row=9)
    run.finish("finished")
    assert not run.lacks and steps(server) == ALL


def test_tensorboard_after_a_kill(tmp_path):
    from stages.trackers import tensorboard
    from tests.chaos_trackers import shown_points

    for rows, from_row in ((6, 0), (9, 4)):
        run = tensorboard.Run({"seed": 1}, tmp_path)
        curves = tracking.Curves([run])
        begin(curves, HISTORY[:from_row])
        go_on(curves, HISTORY[from_row:rows])
    run.add_results({"test/f1": 0.5}, {"labels": [{"label": "a"}]}, 9, 9)
    run.finish("finished")
    seen = shown_points(tmp_path.joinpath("tensorboard").parent)
    assert [step for step, _ in seen["train/loss"]] == [line["step"] for line in HISTORY]
    assert [len(seen[name]) for name in ("scores/test/f1", "labels/text_summary", "config/text_summary")] == [1, 1, 1]


def test_trackio_after_a_kill(tmp_path, monkeypatch):
    from stages.trackers import trackio
    from tests.test_tracking_local import points

    config = {"tracking": {"project": "tunesmith", "group": None, "trackio": {"space_id": None}}}
    for rows, from_row in ((6, 0), (9, 4), (9, 9)):
        run = trackio.Run(config, tmp_path)
        curves = tracking.Curves([run])
        begin(curves, HISTORY[:from_row])
        go_on(curves, HISTORY[from_row:rows])
        if rows == 9:
            run.add_results({"test/f1": 0.5}, {}, 9, 9)
        run.run.finish()  # its thread writes twice a second
    seen = points(tmp_path)
    assert [point["step"] for point in seen if "train/loss" in point] == [line["step"] for line in HISTORY]
    assert len([point for point in seen if "scores/test/f1" in point]) == 1
