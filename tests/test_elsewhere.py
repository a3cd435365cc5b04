"""Trials through another launcher of Hydra's, as jobs: submitit on this machine, what it gives to Slurm."""

import json
import os
import re
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest
from omegaconf import OmegaConf

from stages import lock
from stages.targets import check_code
from sweeps import elsewhere
from sweeps.pool import deaf
from sweeps.trial import FROZEN, RECORD, Trial

QUICK = ("training.max_steps=1", "data.limit=16", "batch_size=8", "hardware=cpu", "tracking=disabled")


def config(**keys):
    own = {"slots": None, "fail_fast": False, "max_minutes": None, "keep_best": None, **keys.pop("launcher", {})}
    return OmegaConf.create({"launcher": own, "hydra": {"launcher": keys}})


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"launcher": {"slots": 2}}, "launcher.slots=2 is for trials on this machine"),
        ({"launcher": {"fail_fast": True}}, "launcher.fail_fast=True is for trials on this machine"),
        ({"tasks_per_node": 4}, "hydra.launcher.tasks_per_node=4 would start each trial so often"),
        ({"nodes": 2}, "hydra.launcher.nodes=2 would start each trial so often"),
    ],
)
def test_keys_that_mean_nothing_on_a_cluster(keys, said):
    elsewhere.check_launcher(config(nodes=1, tasks_per_node=1))
    with pytest.raises(ValueError, match=said):
        elsewhere.check_launcher(config(**keys))


@pytest.fixture
def handed(tmp_path, monkeypatch):
    """`handed(count, launch)` hands that many trials to a launcher whose `launch` is given; -> the trials."""
    monkeypatch.setattr(elsewhere, "POLL", 0.01)
    monkeypatch.setenv("PYTHONPATH", "")

    def hand(count, launch):
        trials = [
            Trial(i, [f"seed={i}"], {"seed": i}, tmp_path / f"run{i}", tmp_path / f"it's {i}")
            for i in range(1, count + 1)
        ]
        launcher = SimpleNamespace(launch=lambda words, first: launch(trials, words), setup=lambda **given: None)
        plugin = SimpleNamespace(context=None, config=config())
        elsewhere.hand_over(plugin, launcher, trials)
        return trials

    return hand


def end(trial, state, reason=None):
    """What the job of a trial leaves."""
    trial.record.joinpath(elsewhere.OUTCOME).write_text(json.dumps({"state": state, "reason": reason, "seconds": 3.0}))
    if state == "done":
        trial.place.mkdir()
        (trial.place / "metrics.json").write_text("{}")


def test_what_became_of_the_trials_of_a_cluster(handed, capsys):
    """One ends well, one fails, one stops; the job of the fourth is lost, which the launcher says as an exception."""

    def launch(trials, words):
        assert words[0] == ["seed=1", rf"launcher.trial='{trials[0].record.parent}/it\'s 1'"]
        assert all((trial.record / FROZEN).is_file() for trial in trials)
        end(trials[0], "done")
        end(trials[1], "failed", "error: no such layer")
        end(trials[2], "stopped", "its job was stopped. The same command goes on with it.")
        end(trials[3], "running")
        raise RuntimeError("Job 17 (task: 0) has not produced any output\nmore")

    trials = handed(4, launch)
    assert [trial.state for trial in trials] == ["done", "failed", "failed", "failed"]
    assert trials[1].reason == "error: no such layer" and "was stopped" in trials[2].reason
    assert "its job ended without a word (RuntimeError: Job 17 (task: 0) has not" in trials[3].reason
    assert [trial.number for trial in trials if (trial.record / FROZEN).is_file()] == [4]
    assert "trial 1/4 done after 3 s" in capsys.readouterr().out


def test_what_an_earlier_start_left_counts_no_more(handed, tmp_path):
    (tmp_path / "it's 1").mkdir()
    (tmp_path / "it's 1" / elsewhere.OUTCOME).write_text('{"state": "done"}')
    (trial,) = handed(1, lambda trials, words: None)
    assert trial.state == "failed" and "no reason given" in trial.reason
    assert handed(0, None) == []


class OnePool:
    """A pool whose trial ends as soon as it is waited for."""

    def __init__(self, state="done"):
        self.running, self.stopped, self.sent, self.state = [], False, [], state

    def start(self, trial):
        self.running.append(trial)

    def wait(self, seconds):
        for trial in self.running:
            trial.state = self.state
        self.running = []

    def send(self, signum):
        self.sent.append(signum)
        self.stopped = True


def test_a_job_waits_for_the_lock_of_one_that_was_killed(tmp_path, monkeypatch):
    held = iter([True, True, False])

    def check(place):
        if next(held):
            raise lock.Running("process 1 on n1")

    monkeypatch.setattr(elsewhere.lock, "check", check)
    monkeypatch.setattr(elsewhere, "POLL", 0.01)
    trial = Trial(0, [], {}, tmp_path / "run", tmp_path / "001")
    elsewhere.run_alone(OnePool(), trial)
    assert trial.state == "done" and next(held, "asked three times") == "asked three times"
    assert json.loads((tmp_path / "001" / elsewhere.OUTCOME).read_text())["state"] == "done"


def test_the_time_of_a_slurm_job_is_over(tmp_path):
    """submitit's SIGUSR2 has the trial save before submitit has the job started again, with what was frozen."""
    heard, pool = [], OnePool("failed")
    former = signal.signal(signal.SIGUSR2, lambda signum, frame: heard.append(pool.sent[:]))
    trial = Trial(0, [], {"seed": 1}, tmp_path / "run", tmp_path / "001")
    try:
        with elsewhere.requeued(pool, trial):
            with deaf():  # while it starts processes
                os.kill(os.getpid(), signal.SIGUSR2)
            assert not pool.sent
            os.kill(os.getpid(), signal.SIGUSR2)
            elsewhere.run_alone(pool, trial)
        assert pool.sent == [signal.SIGTERM] and heard == [[signal.SIGTERM]]
        assert trial.state == "stopped" and (trial.record / FROZEN).is_file()
    finally:
        signal.signal(signal.SIGUSR2, former)


@pytest.mark.parametrize(
    "given", [{"setup": ["touch x"]}, {"comment": "a\ntouch x"}, {"additional_parameters": {"a\nb": 1}}]
)
def test_a_configuration_gives_slurm_no_commands(given):
    target = "hydra_plugins.hydra_submitit_launcher.submitit_launcher.SlurmLauncher"
    check_code({"hydra": {"launcher": {"_target_": target, "setup": None, "comment": "a b"}, **FIXED}})
    with pytest.raises(ValueError, match=r"hydra\.launcher"):
        check_code({"hydra": {"launcher": {"_target_": target, **given}, **FIXED}})


FIXED = {
    "job_logging": {"version": 1, "root": None, "disable_existing_loggers": False},
    "hydra_logging": {"version": 1, "root": None, "disable_existing_loggers": False},
    "run": {"dir": "."},
    "sweep": {"dir": "${output_root}/.hydra", "subdir": "."},
}


def test_what_slurm_would_get(tmp_path, monkeypatch):
    """The script that submitit hands to sbatch, here one that only says that it took it."""
    submitit = pytest.importorskip("submitit", reason="pip install -r requirements-cluster.txt")
    from hydra import compose, initialize_config_dir
    from hydra_plugins.hydra_submitit_launcher.submitit_launcher import SlurmLauncher

    from stages.config import register_open_nodes
    from tests.conftest import PROJECT

    register_open_nodes()
    for name in ("sbatch", "srun"):
        (tmp_path / name).write_text("#!/bin/sh\necho Submitted batch job 17\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    words = ["hydra/launcher=submitit_slurm", "hydra.launcher.timeout_min=240", "hydra.launcher.gpus_per_node=4"]
    words += ["hydra.launcher.partition=long", "hydra.launcher.max_num_timeout=3", f"output_root={tmp_path}/runs"]
    with initialize_config_dir(str(PROJECT / "conf"), version_base="1.3"):
        composed = compose("config", words, return_hydra_config=True)
    check_code(OmegaConf.to_container(composed, resolve=False))
    keys = {key: value for key, value in composed.hydra.launcher.items() if key != "_target_"}
    launcher = SlurmLauncher(**{**keys, "submitit_folder": str(tmp_path / "jobs"), "name": "run"})
    launcher.setup(hydra_context=None, task_function=len, config=composed)
    monkeypatch.setattr(submitit.core.core.Job, "results", lambda job: [None])
    launcher.launch([["seed=1"], ["seed=2"]], 0)
    (script,) = (tmp_path / "jobs").glob("*submission.sh")
    flags = dict(re.findall(r"^#SBATCH --([\w-]+)=(.*)$", script.read_text(), re.M))
    assert {"time": "240", "gpus-per-node": "4", "partition": "long", "nodes": "1"}.items() <= flags.items()
    assert flags["signal"] == "USR2@120" and flags["array"] == "0-1%2" and flags["ntasks-per-node"] == "1"
    assert flags["open-mode"] == "append"


@pytest.mark.slow
def test_submitit_on_this_machine(run_command, tiny_bert, tmp_path):
    """Three trials, of which the second asks for a layer that does not exist; typed again, only that one runs."""
    pytest.importorskip("submitit", reason="pip install -r requirements-cluster.txt")
    lora = ("method=lora", "method.target_modules=[query],[nothing],[value]", "hydra/launcher=submitit_local")
    words = ("-m", "experiment=quickstart/text_classification", f"model.path={tiny_bert}", *lora, *QUICK)
    done = run_command(*words, f"output_root={tmp_path}", timeout=600)
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    assert "trial 2 failed" in done.stdout and "method.target_modules" in done.stdout
    (record,) = Path(tmp_path).glob(f"sweeps/*/{RECORD}")
    trials = json.loads(record.read_text())["trials"]
    assert [trial["state"] for trial in trials] == ["done", "failed", "done"] and all(t["host"] for t in trials)
    assert len(list(tmp_path.glob("*/metrics.json"))) == 2
    again = run_command(*words, f"output_root={tmp_path}", timeout=600)
    assert again.returncode == 1 and "3 trials, 2 of them finished before" in again.stdout
    assert again.stdout.count("started") == 1
