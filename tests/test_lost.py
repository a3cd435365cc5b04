"""A process of a run that is killed takes the whole run down, at once and with a word that names it."""

import signal

import psutil
import pytest

from stages import lost
from tests.started import Started, words_of

GLOO = "[/gloo/transport/tcp/pair.cc:537] Read error [127.0.0.1]:43715: Connection reset by peer. GLHF!"


def raised(error, cause=None):
    with lost.explained():
        raise error from cause


@pytest.mark.parametrize(
    ("how", "code", "words"),
    [
        ("Killed. ", 137, "process 77, which loaded data, was ended by SIGKILL, which is how a machine without memory"),
        ("Bus error. Out of shared memory.", 135, "was ended by SIGBUS, as where the machine's shared memory"),
        ("Segmentation fault. ", 139, "was ended by SIGSEGV. Fewer of them"),
    ],
)
def test_a_process_that_loaded_data(capsys, how, code, words):
    cause = RuntimeError(f"DataLoader worker (pid 77) is killed by signal: {how}")
    with pytest.raises(SystemExit) as ended:
        raised(RuntimeError("DataLoader worker (pid(s) 77, 78) exited unexpectedly"), cause)
    said = capsys.readouterr().err
    assert ended.value.code == code and words in said and "hardware.dataloader_num_workers" in said


def test_a_process_that_loaded_data_and_just_ended(capsys):
    with pytest.raises(SystemExit) as ended:
        raised(RuntimeError("DataLoader worker (pid(s) 77) exited unexpectedly"))
    assert ended.value.code == 1 and "process 77, which loaded data, ended. Fewer" in capsys.readouterr().err


def test_a_connection_that_was_cut_before_it_was_known(monkeypatch, capsys):
    """The main process may meet the end of a pipe before it hears that the child at its other end is gone."""

    def hear(seconds):
        raise RuntimeError("DataLoader worker (pid 77) is killed by signal: Killed. ")

    with pytest.raises(EOFError):
        monkeypatch.setattr(lost, "CHILD", 0.01)
        raised(EOFError())
    monkeypatch.setattr("time.sleep", hear)
    with pytest.raises(SystemExit) as ended:
        raised(EOFError())
    assert ended.value.code == 137 and "process 77, which loaded data" in capsys.readouterr().err


@pytest.mark.parametrize(("world", "text", "waits"), [("2", GLOO, True), ("1", GLOO, False), ("2", "a fault", False)])
def test_a_process_that_lost_another_waits_to_be_stopped(monkeypatch, world, text, waits):
    """The launcher says which one was lost. Where it stops nobody, the error is what it was."""
    from stages.signals import Interrupted

    def stop(seconds):
        raise Interrupted(signal.SIGTERM)

    monkeypatch.setenv("WORLD_SIZE", world)
    monkeypatch.setattr("time.sleep", stop)
    with pytest.raises(SystemExit if waits else RuntimeError):
        raised(RuntimeError(text))
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with pytest.raises(RuntimeError):
        raised(RuntimeError(text))


# --- for real


@pytest.mark.slow
@pytest.mark.parametrize("phase", ["step", "evaluating"])
@pytest.mark.parametrize("rank", [0, 1])
def test_a_killed_rank(tiny_bert, tmp_path, rank, phase):
    """The command typed again goes on; the lock of a killed main process is recognised."""
    words = [*words_of(tmp_path, tiny_bert), "hardware.num_processes=2", "training.max_steps=60"]
    started = Started(words, tmp_path)
    started.wait_for("/step 20/60")
    started.wait_for("step", skip=1)  # behind the first checkpoint
    if phase == "evaluating":
        started.wait_for(phase)
    victim = started.ranks()[rank]
    victim.kill()
    code, seconds = started.end()
    assert code == 137 and seconds < 60, started.said
    assert f"error: process {rank} (pid {victim.pid}) was ended by SIGKILL" in started.said
    assert "Traceback" not in started.said and bool(list(started.root.glob(".*.lock"))) == (rank == 0)
    again = Started(words, tmp_path)
    assert again.end(200)[0] == 0 and "goes on from checkpoint-" in again.said, again.said
    assert (rank == 0) == (f"Taken over from process {victim.pid}" in again.said)
    assert not list(started.root.glob(".*.lock"))


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 2])
def test_a_killed_process_that_loads_data(tiny_bert, tmp_path, processes):
    more = ("hardware.dataloader_num_workers=1", f"hardware.num_processes={processes}")
    started = Started([*words_of(tmp_path, tiny_bert), *more], tmp_path)
    started.wait_for("step", skip=3)
    loader = psutil.Process(started.process.pid) if processes == 1 else started.ranks()[1]
    (victim,) = (child for child in loader.children() if "run.py" in " ".join(child.cmdline()))
    victim.kill()
    code, seconds = started.end()
    assert code == 137 and seconds < 60 and f"process {victim.pid}, which loaded data, was ended by" in started.said
    assert "Traceback" not in started.said and not list(started.root.glob(".*.lock"))


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 2])
def test_the_launcher_is_killed(tiny_bert, tmp_path, processes):
    """Its processes stop by themselves; of one process there is nobody left to say anything."""
    words = [*words_of(tmp_path, tiny_bert), f"hardware.num_processes={processes}", "training.max_steps=40"]
    started = Started(words, tmp_path)
    started.wait_for("step", skip=3)
    ranks = started.ranks().values() if processes > 1 else ()
    started.process.kill()
    started.process.wait()
    assert not psutil.wait_procs(ranks, 60)[1]
    assert "Traceback" not in started.said and (processes == 1 or "stopped by SIGTERM. Saved at" in started.said)
    assert Started(words, tmp_path).end(200)[0] == 0
