"""Signals: what is being done stops at once, training when it asks, all of it in bounded time."""

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from stages import signals
from stages.command_line import clear_errors
from tests.conftest import PROJECT


def send(signum):
    os.kill(os.getpid(), signum)
    time.sleep(0)  # the handler runs between two instructions


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_stops_what_is_done_at_once(signum, code, capsys):
    before = [signal.getsignal(number) for number in signals.STOPPING]
    with pytest.raises(SystemExit) as ended, clear_errors(), signals.listening(60):
        send(signum)
    assert ended.value.code == code
    assert f"stopped by {signal.Signals(signum).name}. The same command goes on" in capsys.readouterr().out
    assert [signal.getsignal(number) for number in signals.STOPPING] == before


def test_a_signal_while_an_object_is_removed(capfd):
    """Python would drop what the handler raises there, and the run would go on until its time is over."""

    class Removed:
        def __del__(self):
            send(signal.SIGINT)

    with pytest.raises(signals.Interrupted, match="SIGINT"), signals.listening(60):
        Removed()
        time.sleep(20)
    assert not capfd.readouterr().err


def test_other_processes_of_a_run_do_not_count_as_failed(monkeypatch):
    """Or the launcher would kill the main process while it closes its trackers."""
    monkeypatch.setenv("RANK", "1")
    with pytest.raises(SystemExit) as ended, clear_errors(), signals.listening(60):
        send(signal.SIGTERM)
    assert ended.value.code == 0


def test_training_is_asked_to_stop(capfd):
    with signals.listening(60), pytest.raises(signals.Interrupted) as stopped, signals.waiting():
        send(signal.SIGTERM)
        assert signals.heard() == signal.SIGTERM
        send(signal.SIGTERM)  # a scheduler says it twice
    assert stopped.value.code == 143
    assert "SIGTERM: stopping after the next step, in 60 s at the latest" in capfd.readouterr().err


def test_what_fails_after_a_signal_is_no_fault():
    with signals.listening(60), pytest.raises(signals.Interrupted), signals.waiting():
        send(signal.SIGTERM)
        raise RuntimeError("connection closed by peer")
    with signals.listening(60), pytest.raises(RuntimeError), signals.waiting():
        raise RuntimeError("a fault")


@pytest.mark.parametrize(("grace", "numbers"), [(0.05, [signal.SIGTERM]), (60, [signal.SIGTERM, signal.SIGINT])])
def test_the_time_is_bounded(monkeypatch, capfd, grace, numbers):
    ends = []
    monkeypatch.setattr(os, "_exit", lambda code: ends.append(("exit", code)))
    with pytest.raises(signals.Interrupted), signals.listening(grace, lambda: ends.append("lock")), signals.waiting():
        for number in numbers:
            send(number)
        for _ in range(1000):
            time.sleep(0.01 if len(ends) < 2 else 0)
    assert ends == ["lock", ("exit", 143)]
    assert (
        "Stopped at once" if len(numbers) > 1 else "0.05 s of guard.grace_seconds are over"
    ) in capfd.readouterr().err


def test_two_signals_that_are_read_at_once(monkeypatch):
    """The first one says how the process ends, a Ctrl-C behind it that it ends at once."""
    ends, (ears, mouth) = [], socket.socketpair()
    monkeypatch.setattr(os, "_exit", ends.append)
    mouth.send(bytes([signal.SIGTERM, signal.SIGINT]))
    mouth.close()
    signals._bound(ears, 60, lambda: ends.append("lock"))
    assert ends == ["lock", 128 + signal.SIGTERM]


STUCK = """
import ctypes, sys
sys.path.insert(0, {place!r})
from stages import signals
library, mutex = ctypes.CDLL(None), ctypes.create_string_buffer(64)
with signals.listening({grace}), signals.waiting():
    library.pthread_mutex_lock(mutex)
    print("ready", flush=True)
    library.pthread_mutex_lock(mutex)  # never
"""


@pytest.mark.parametrize(("grace", "numbers"), [(0.3, [signal.SIGTERM]), (50, [signal.SIGINT, signal.SIGINT])])
def test_the_time_is_bounded_inside_a_library(grace, numbers):
    """A main thread that waits for other processes lets no handler of Python run."""
    code = STUCK.format(place=str(PROJECT), grace=grace)
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.readline()
    for number in numbers:
        process.send_signal(number)
        time.sleep(0.2)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 128 + numbers[0]
    assert ("Stopped at once" if len(numbers) > 1 else "guard.grace_seconds are over") in errors


def test_processes_that_load_data(monkeypatch):
    """Forked from the run, they get a terminal's Ctrl-C as well; the run ends them with SIGTERM, and goes on itself."""
    ends = []
    monkeypatch.setattr(os, "_exit", ends.append)
    with signals.listening(0.1):
        worker = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
        worker.start()
        os.kill(worker.pid, signal.SIGINT)
        worker.join(0.5)
        assert worker.is_alive() and not signals.heard()
        worker.terminate()
        worker.join(10)
        assert worker.exitcode == -signal.SIGTERM
        time.sleep(0.3)
    assert not ends


def test_the_end_of_the_parent_counts_as_a_signal(monkeypatch):
    monkeypatch.setattr(signals, "ORPHANED", 0.01)
    with pytest.raises(signals.Interrupted), signals.listening(60, watch=True):
        monkeypatch.setattr(os, "getppid", lambda: 1)
        time.sleep(10)


def test_a_sweep_passes_signals_on():
    code = "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(7)); print(flush=True); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    child.stdout.readline()
    stopped = pytest.raises(signals.Interrupted, match=r"stopped by SIGTERM\. 3 are left")
    with stopped, signals.passed_on(child.send_signal, lambda: "3 are left"):
        send(signal.SIGTERM)
        child.wait(20)
    assert child.returncode == 7
