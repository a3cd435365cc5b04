"""One process per run: the second is told who has it, and what a process left behind that is gone is taken over."""

import json
import os
import platform
import subprocess
import sys
import threading
import time
from dataclasses import asdict, replace

import psutil
import pytest

from stages import lock
from stages.finished import find_run

OTHER = {"host": "gpu7", "machine": "another start of another host"}


@pytest.fixture
def run(tmp_path):
    return tmp_path / "ner-sample-minilm-01234567"


@pytest.fixture
def process():
    """A living process that is not this one."""
    started = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield psutil.Process(started.pid)
    started.kill()
    started.wait()


def leave(run, process, silent=0, **changes):
    """Write the lock of a process, its last sign of life some seconds ago."""
    holder = replace(lock._myself(), pid=process.pid, born=process.create_time())
    path = lock.path_of(run)
    path.write_text(json.dumps({**asdict(holder), **changes}))
    os.utime(path, (time.time() - silent,) * 2)
    return path


def test_the_second_is_told_who_runs_it(run, process):
    leave(run, process)
    for ask in (lambda: lock.check(run), lambda: lock.held(run).__enter__()):
        with pytest.raises(lock.Running, match=rf"process {process.pid} on {platform.node()}, since 20\d\d-.*kill \d+"):
            ask()


def test_a_lock_goes_with_its_run(run):
    with pytest.raises(ZeroDivisionError), lock.held(run):
        assert lock.path_of(run).is_file()
        _ = 1 / 0
    lock.check(run)
    assert not list(run.parent.iterdir())


@pytest.mark.parametrize(
    ("changes", "silent", "is_gone"),
    [
        ({}, 10_000, False),  # lives, and has been stopped for long: still there
        ({"pid": 2**22 + 1}, 0, True),  # no such process
        ({"born": 0.0}, 60, True),  # the number of another process now
        ({"born": 0.0}, 0, False),  # a clock that was set, not another process: there are signs of life
        (OTHER, 10, False),
        (OTHER, lock.SILENT + 60, True),
    ],
)
def test_what_is_gone_is_taken_over(run, process, capsys, changes, silent, is_gone):
    path = leave(run, process, silent, **changes)
    if not is_gone:
        with pytest.raises(lock.Running):
            lock.check(run)
        return
    lock.check(run)
    with lock.held(run):
        assert json.loads(path.read_text())["pid"] == os.getpid()
        assert "which is gone" in capsys.readouterr().out
    assert not list(run.parent.iterdir())


def test_a_zombie_is_gone(run, process):
    leave(run, process)
    process.kill()
    while process.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    lock.check(run)


def test_a_lock_without_a_name(run):
    """Of a process that is just writing it, or was killed before it did."""
    path = lock.path_of(run)
    path.touch()
    with pytest.raises(lock.Running, match="is being started"):
        lock.check(run)
    os.utime(path, (0, 0))
    with lock.held(run):
        assert json.loads(path.read_text())["pid"] == os.getpid()


@pytest.mark.parametrize("left", [True, False])
def test_of_many_at_once_one_gets_it(run, process, left):
    for _ in range(20):
        if left:
            leave(run, process, pid=2**22 + 1)
        got, refused, start = [], [], threading.Barrier(8)

        def take(got=got, refused=refused, start=start):
            mine = lock._myself()
            start.wait()
            try:
                lock._take(lock.path_of(run), mine)
                got.append(mine)
            except lock.Running:
                refused.append(mine)

        threads = [threading.Thread(target=take) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(got) == 1 and len(refused) == 7
        lock._release(lock.path_of(run), got[0])
    assert not list(run.parent.iterdir())


def test_a_claim_that_nobody_follows_up_is_given_up(run, process):
    """A process that was killed while it took over."""
    path = leave(run, process, pid=2**22 + 1)
    claim = path.with_name(f"{path.name}.{json.loads(path.read_text())['token']}")
    claim.touch()
    os.utime(claim, (0, 0))
    with lock.held(run):
        assert json.loads(path.read_text())["pid"] == os.getpid()


def test_signs_of_life(run, monkeypatch):
    monkeypatch.setattr(lock, "BEAT", 0.01)
    with lock.held(run):
        path = lock.path_of(run)
        os.utime(path, (0, 0))
        for _ in range(500):
            time.sleep(0.01)
            if path.stat().st_mtime:
                break
        assert path.stat().st_mtime > time.time() - 60


def test_whoever_lost_its_lock_ends(run, monkeypatch):
    """Another host took over while this process was stopped: two must not write one folder."""
    codes = []
    monkeypatch.setattr(os, "_exit", codes.append)
    done, mine = threading.Event(), lock._myself()
    lock._made(lock.path_of(run), replace(mine, token="another"))
    monkeypatch.setattr(done, "wait", lambda seconds: bool(codes))
    lock._beat(lock.path_of(run), mine, done)
    assert codes == [2]


def test_only_the_main_process_asks(run, process, monkeypatch):
    path = leave(run, process)
    monkeypatch.setenv("RANK", "1")
    with lock.held(run):
        pass
    assert path.is_file()


def test_a_running_run_cannot_be_used(run, process):
    run.mkdir()
    (run / "config.yaml").touch()
    with pytest.raises(ValueError, match="is not finished"):
        find_run(run)
    leave(run, process)
    with pytest.raises(lock.Running, match=f"process {process.pid} "):
        find_run(run)


def test_two_starts_of_one_command(run_command, compose_config, tiny_bert, tmp_path, process):
    """As typed: exit code 2 before anything heavy is imported, also where several processes are asked for."""
    from stages.folder import run_folder

    words = ("experiment=quickstart/ner", f"model.path={tiny_bert}", f"output_root={tmp_path}", "tracking=disabled")
    leave(run_folder(compose_config(*words)), process)
    for more in ((), ("hardware=cpu", "hardware.num_processes=2", "rerun=true")):
        done = run_command(*words, *more, PYTHONPROFILEIMPORTTIME="1")
        assert done.returncode == 2 and f"process {process.pid} on {platform.node()}" in done.stderr
        assert "| torch\n" not in done.stderr and "| hydra\n" in done.stderr
    assert len(list(tmp_path.iterdir())) == 1
