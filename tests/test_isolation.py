"""A trial that crashes, runs out of memory, hangs in C, leaves variables and open W&B runs behind, or is stopped: none
harms the others."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.conftest import OFFLINE, PROJECT

TASK = '''
"""Text classification that misbehaves by its choice of `how`."""

import ctypes
import os
import resource
from dataclasses import dataclass

from tasks.text_classification import TextClassification


@dataclass(frozen=True)
class Misbehaving(TextClassification):
    how: str = "well"

    def encode(self, *given):
        assert self.how == "leave" or "LEFT_BEHIND" not in os.environ
        if self.how == "fault":
            raise RuntimeError("a fault of the task")
        if self.how == "crash":
            ctypes.string_at(0)
        if self.how == "memory":
            resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
            self.held = bytearray(16 << 30)
        if self.how == "hang":
            ctypes.PyDLL(None).sleep(600)  # PyDLL keeps the interpreter's lock, as a library in C may
        if self.how == "leave":
            import wandb

            os.environ["LEFT_BEHIND"] = "1"
            wandb.init(project="left", mode="offline", reinit="create_new", dir=os.environ["LEFT_DIR"])
        return super().encode(*given)
'''
QUICK = ("training.max_steps=1", "data.limit=16", "batch_size=8", "hardware=cpu", "data=files")
HOW = ("well", "fault", "crash", "memory", "hang", "leave", "fine")


@pytest.fixture
def started(tiny_bert, tmp_path):
    """`started(*words)` types a sweep of misbehaving trials; -> the process."""
    folder = tmp_path / "conf" / "task"
    folder.mkdir(parents=True)
    text = (PROJECT / "conf" / "task" / "text_classification.yaml").read_text(encoding="utf-8")
    kept = "\n".join(line for line in text.splitlines() if not line.startswith(("name:", "#")))
    (folder / "misbehaving.yaml").write_text(f"{kept}\nname: away.misbehaving\nhow: well\n", encoding="utf-8")
    (tmp_path / "away").mkdir()
    (tmp_path / "away" / "misbehaving.py").write_text(TASK, encoding="utf-8")
    rows = [f"{'good' if i % 2 else 'bad'} film {i},{'yes' if i % 2 else 'no'}" for i in range(80)]
    (tmp_path / "films.csv").write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")

    def start(*words):
        command = [sys.executable, str(PROJECT / "run.py"), "-m", "--config-dir", str(tmp_path / "conf")]
        command += ["task=misbehaving", "data.train=films.csv", f"model.path={tiny_bert}", *QUICK]
        command += [f"output_root={tmp_path}/runs", *words]
        environment = {**os.environ, **OFFLINE, "PYTHONPATH": str(tmp_path), "LEFT_DIR": str(tmp_path)}
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=tmp_path, env=environment
        )

    return start


def recorded(tmp_path):
    """Trial number -> what the sweep's record says of it."""
    (path,) = tmp_path.glob("runs/sweeps/*/sweep.json")
    return {trial["number"]: trial for trial in json.loads(path.read_text(encoding="utf-8"))["trials"]}


@pytest.mark.slow
def test_no_trial_harms_another(started, tmp_path):
    limit = ("launcher.max_minutes=0.7", "guard.grace_seconds=1", "tracking=disabled")
    process = started(f"task.how={','.join(HOW)}", *limit)
    said, _ = process.communicate(timeout=400)
    assert process.returncode == 1, said
    trials = dict(zip(HOW, recorded(tmp_path).values(), strict=True))
    assert {how for how, trial in trials.items() if trial["state"] == "done"} == {"well", "leave", "fine"}, said
    assert "a fault of the task" in trials["fault"]["reason"]
    log = next(tmp_path.glob("runs/sweeps/*/002/log.txt")).read_text(encoding="utf-8")
    assert "Traceback" in log and "a fault of the task" in log and "Traceback" not in said
    assert trials["crash"]["reason"] == "was ended by SIGSEGV"
    assert "MemoryError" in trials["memory"]["reason"]
    assert trials["hang"]["reason"] == "took longer than launcher.max_minutes=0.7"
    assert "LEFT_BEHIND" not in os.environ and list(tmp_path.glob("wandb/offline-run-*"))
    assert said.count("trial 2 failed") == 1 and "sweep: mean ± standard deviation over the seeds" in said


@pytest.mark.slow
def test_ctrl_c_stops_and_the_same_command_goes_on(started, tmp_path):
    """Ctrl-C goes to the sweep alone, which has its trials save; nothing that was done is repeated."""
    words = ("seed=1,2,3", "launcher.slots=1", "tracking=disabled", "training.max_steps=300", "data.limit=60")
    process = started(*words)
    while not list(tmp_path.glob("runs/sweeps/*/002/progress.json")):
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=100)
    assert process.returncode == 130 and "2 of 3 trials are left, the same command goes on with them." in said, said
    assert [trial["state"] for trial in recorded(tmp_path).values()] == ["done", "stopped", "waiting"]
    (first,) = (p for p in tmp_path.glob("runs/*/metrics.json"))
    before = first.stat().st_mtime_ns
    again = started(*words)
    said, _ = again.communicate(timeout=300)
    assert again.returncode == 0 and "3 trials, 1 of them finished before" in said, said
    assert first.stat().st_mtime_ns == before and len(list(tmp_path.glob("runs/*/metrics.json"))) == 3


@pytest.mark.slow
def test_the_first_failure_ends_the_sweep_where_that_is_asked_for(started, tmp_path):
    process = started("task.how=fault,well", "launcher.fail_fast=true", "launcher.slots=1", "tracking=disabled")
    said, _ = process.communicate(timeout=200)
    assert process.returncode == 1 and "launcher.fail_fast=true" in said, said
    assert [trial["state"] for trial in recorded(tmp_path).values()] == ["failed", "waiting"]


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 2])
def test_a_trial_whose_sweep_is_killed_saves_and_ends(started, tmp_path, processes):
    """And no other process is left that would hold the run."""
    words = ("training.max_steps=5000", "data.limit=60", "training=steps", "hardware=cpu")
    process = started("seed=1,2", "tracking=disabled", *words, f"hardware.num_processes={processes}")
    while not list(tmp_path.glob("runs/sweeps/*/001/progress.json")):
        assert process.poll() is None
        time.sleep(0.1)
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 60
    while list(tmp_path.glob("runs/.*.lock")) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not list(tmp_path.glob("runs/.*.lock"))
    assert "Saved at step" in next(tmp_path.glob("runs/sweeps/*/001/log.txt")).read_text(encoding="utf-8")
