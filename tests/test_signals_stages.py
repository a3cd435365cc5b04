"""SIGTERM and Ctrl-C in each stage of a run, of one process and of two: what is said, exit code, time, what goes on."""

import json
import signal
import time

import psutil
import pytest

from tests.started import Started, words_of

SECONDS = 40  # to end in: guard.grace_seconds and what starting and ending Python takes
STAGES = [  # (where, how often it is skipped, seconds later, what is said)
    ("/^experiment", 0, 0, "The same command goes on from the last checkpoint"),
    ("/^experiment", 0, 1.5, "The same command goes on from the last checkpoint"),
    ("step", 5, 0, "Saved at step "),
    ("evaluating", 0, 0.3, "Saved at step 21 of 24"),
    ("saving", 0, 0, "Saved at step 21 of 24"),
    ("scoring", 0, 0.3, "The same command goes on from the last checkpoint"),
    ("writing", 0, 0, "The same command goes on from the last checkpoint"),
]


@pytest.mark.slow
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize(("where", "skip", "more", "said"), STAGES, ids=[f"{s[0]}-{s[2]}" for s in STAGES])
def test_a_signal_in_each_stage(tiny_bert, tmp_path, where, skip, more, said, processes, signum):
    words = [*words_of(tmp_path, tiny_bert), f"hardware.num_processes={processes}", "training.max_steps=24"]
    started = Started(words, tmp_path)
    started.wait_for(where, skip, more)
    started.send(signum)
    code, seconds = started.end()
    assert code == 128 + signum and seconds < SECONDS, started.said
    assert "Traceback" not in started.said and not list(started.root.glob(".*.lock")), started.said
    assert started.said.count(f"stopped by {signum.name}") == 1 and said in started.said, started.said


@pytest.mark.slow
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_the_launcher_starts(tiny_bert, tmp_path, signum):
    """Nothing has begun and nothing is said: a shell shows that the signal ended it."""
    started = Started([*words_of(tmp_path, tiny_bert), "hardware.num_processes=2"], tmp_path)
    while "agent.py" not in " ".join(psutil.Process(started.process.pid).cmdline()):
        time.sleep(0.01)
    time.sleep(0.3)
    started.send(signum)
    assert started.end()[0] in (-signum, 128 + signum) and not started.said


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 2])
def test_two_starts_of_one_command_at_once(tiny_bert, tmp_path, processes):
    """One trains, the other says which process does, on which host and since when, and leaves it alone."""
    words = [*words_of(tmp_path, tiny_bert), f"hardware.num_processes={processes}", "training.max_steps=24"]
    both = [Started(words, tmp_path) for _ in range(2)]
    codes = [started.process.wait(200) for started in both]
    assert sorted(codes) == [0, 2], [started.said for started in both]
    second, first = sorted(both, key=lambda started: -started.process.returncode)
    today = time.strftime("%Y-%m-%d")
    assert "error: This experiment is running already: process " in second.said and f"since {today}" in second.said
    assert "Traceback" not in second.said + first.said and "\ncost " in first.said
    assert len(list(first.root.glob("*/metrics.json"))) == 1 and not list(first.root.glob("*.1"))
    assert not list(first.root.glob(".*.lock"))


@pytest.mark.slow
def test_a_budget_that_is_used_in_two_starts(tiny_bert, tmp_path):
    """It ends in time with scores and a report; what led to the checkpoint that the second goes on from counts."""
    words = [*words_of(tmp_path, tiny_bert), "training.num_train_epochs=1000", "guard.max_minutes=0.9"]
    first = Started(words, tmp_path)
    first.wait_for("/step 40/")
    first.process.kill()
    first.process.wait()
    again = Started(words, tmp_path)
    code, _ = again.end(90)
    run = again.run()
    stopped = json.loads((run / "metrics.json").read_text())["stopped"]
    seconds = json.loads((run / "provenance.json").read_text())["seconds"]
    assert code == 0 and stopped["why"] == "guard.max_minutes=0.9" and 20 < stopped["step"] < stopped["of"]
    in_all = stopped["seconds_before"] + seconds
    assert stopped["seconds_before"] > 2 and in_all < 60  # the last evaluation may take longer than those before
    assert "were used before the interruption" in again.said and (run / "report.html").is_file()
    assert not (run / "checkpoints").exists() and "these are its best scores until then" in again.said
