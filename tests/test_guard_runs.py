"""Signals as they come from outside: to one process, to several, to a sweep; what is said, left, and exited with."""

import os
import re
import signal
import subprocess
import sys
import threading
import time

import pytest

from tests.conftest import OFFLINE, PROJECT
from tests.test_tracking import inspect
from tests.test_trials import read_run

WORDS = ("experiment=quickstart/text_classification", "data.limit=24", "batch_size=8", "hardware=cpu")
LONG = (*WORDS, "training.num_train_epochs=1000")


@pytest.fixture
def stopped(tiny_bert, tmp_path):
    """`stopped(words, ("text", signal, seconds), ...)` types a command and sends each signal some seconds after a line
    of its output holds the text; -> (exit code, output, seconds since the last signal)."""

    def type_(words, *marks):
        words = [*words, f"model.path={tiny_bert}", f"output_root={tmp_path}"]
        command = [sys.executable, "-u", str(PROJECT / "run.py"), *words]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "start_new_session": True}
        process = subprocess.Popen(command, cwd=PROJECT, env={**os.environ, **OFFLINE}, **streams)
        limit, marks, lines, sent = threading.Timer(280, process.kill), list(marks), [], 0.0
        limit.start()
        for line in process.stdout:
            lines.append(line)
            if marks and re.search(marks[0][0], line):
                _, signum, seconds = marks.pop(0)
                time.sleep(seconds)
                sent = time.time()
                process.send_signal(signum)
        code = process.wait()
        limit.cancel()
        assert not marks, "".join(lines)
        return code, "".join(lines), time.time() - sent

    return type_


@pytest.mark.slow
def test_sigterm_to_a_tracked_run(stopped, tmp_path):
    code, output, seconds = stopped(LONG, ("epoch 1 ", signal.SIGTERM, 0))
    assert code == 143 and "stopped by SIGTERM. Saved at step" in output and "Traceback" not in output
    assert seconds < 60 and not list(tmp_path.glob(".*.lock"))
    (run,) = tmp_path.glob("wandb/offline-run-*")
    assert read_run(run)["state"] == "failed"  # W&B's server makes it preempted, by the record that says so
    assert '"type":"preempting"' in inspect(run)


@pytest.mark.slow
def test_two_processes_stop_at_the_same_step(stopped, tmp_path):
    code, output, _ = stopped((*LONG, "hardware.num_processes=2", "tracking=disabled"), ("epoch 1 ", signal.SIGINT, 0))
    saved = re.search(r"stopped by SIGINT. Saved at step (\d+)", output)[1]
    assert code == 130 and "Traceback" not in output and output.count("stopped by") == 1
    assert list(tmp_path.glob(f"*/checkpoints/checkpoint-{saved}/trainer_state.json"))
    assert not list(tmp_path.glob(".*.lock"))


@pytest.mark.slow
@pytest.mark.parametrize("text", ["experiment ", "memorised|^cost "])
def test_sigterm_before_and_after_training(stopped, tmp_path, text):
    """While it loads, and while the last words are said: the same command takes up what is left to do."""
    words = (*WORDS, "training.max_steps=2", "tracking=disabled")
    code, output, seconds = stopped(words, (text, signal.SIGTERM, 0.5))
    assert "Traceback" not in output and seconds < 60
    assert code in ((143,) if text == "experiment " else (143, -signal.SIGTERM, 0))
    assert not list(tmp_path.glob(".*.lock"))


@pytest.mark.slow
def test_a_sweep_stops(stopped):
    """Whatever its trials are at; that they save is in tests/test_isolation.py."""
    words = ("-m", *LONG, "seed=1,2,3", "tracking=disabled")
    code, output, _ = stopped(words, ("trial 1/3 started", signal.SIGTERM, 2))
    assert code == 143 and "Traceback" not in output
    assert "3 of 3 trials are left, the same command goes on with them" in output


@pytest.mark.slow
def test_a_trial_that_runs_elsewhere_is_left_out(run_command, compose_config, tiny_bert, tmp_path):
    from stages import lock
    from stages.folder import run_folder

    words = (*WORDS, f"model.path={tiny_bert}", f"output_root={tmp_path}", "tracking=disabled", "training.max_steps=1")
    with lock.held(run_folder(compose_config(*words, "seed=1"))):
        done = run_command("-m", *words, "seed=1,2")
    assert done.returncode == 0 and f"process {os.getpid()} on" in done.stderr
    assert "The trial" in done.stdout and "seed=1 " in done.stdout and "is left to that process" in done.stdout
    assert len(list(tmp_path.glob("*/metrics.json"))) == 1
