"""One process per run: whoever trains in a folder says so in a file beside it, and a second one stops.

A lock of the operating system would go with its process by itself, but shared file systems are where two hosts
meet: there `flock` is refused (Lustre by default, mounted buckets) or counts on each host for itself, and it cannot say
who has it. Making a file that must not exist yet is atomic on all of them. So the lock is such a file; it names its
process, and its time is renewed while that process lives.
"""

import json
import os
import platform
import secrets
import threading
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from stages.terminal import is_main, say, warn

BEAT = 15  # seconds between two signs of life
SILENT = 180  # seconds without one after which another host counts as gone; NFS shows times up to 60 s late
SAME = 2  # seconds by which two readings of one process's start may differ, for the clock is set in between


class Running(ValueError):
    """Another process runs this experiment."""


@dataclass(frozen=True)
class Holder:
    """The process that has a lock. `machine`: where its `pid` counts; `born`: when it started, for pids are used again;
    `since`: when it took the lock; `token`: no two locks have the same. Times are seconds since the epoch."""

    host: str
    machine: str
    pid: int
    born: float
    since: float
    token: str


def path_of(run):
    """The lock of a run's folder: beside it, for `rerun=true` moves the folder away."""
    return run.with_name(f".{run.name}.lock")


def check(run):
    """Raise Running where another process runs the experiment of this folder."""
    holder, silent = _read(path_of(run))
    if silent is not None and not _is_gone(holder, silent):
        raise Running(_describe(holder, silent))


@contextmanager
def held(run):
    """Hold the lock of a run's folder, -> what gives it back before the block ends; raises Running where another
    process has it. Only the main process asks: the processes of a launcher are one run."""
    if not is_main():
        yield lambda: None
        return
    lock, mine = path_of(run), _myself()
    lock.parent.mkdir(parents=True, exist_ok=True)
    _take(lock, mine)
    done = threading.Event()
    threading.Thread(target=_beat, args=(lock, mine, done), daemon=True).start()
    try:
        yield lambda: _release(lock, mine)
    finally:
        done.set()
        _release(lock, mine)


def _myself():
    process = psutil.Process()
    return Holder(platform.node(), _machine(), process.pid, process.create_time(), time.time(), secrets.token_hex(8))


def _machine():
    """What two processes share that see each other's pids: one start of one host, and one container."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:  # no Linux
        return platform.node()


def _read(lock):
    """-> (the holder, seconds since its last sign of life). No holder: the file is just being written, or was never
    written to its end. No seconds: there is no lock."""
    try:
        last = lock.stat().st_mtime
        silent, text = _now(lock) - last, lock.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None, None
    try:
        return Holder(**json.loads(text)), silent
    except (ValueError, TypeError):
        return None, silent


def _now(lock):
    """The time by the clock of the file system, which may not be this host's."""
    probe = lock.with_name(f"{lock.name}.{secrets.token_hex(4)}")
    try:
        probe.touch()
        return probe.stat().st_mtime
    finally:
        probe.unlink(missing_ok=True)


def _is_gone(holder, silent):
    if holder is None or holder.machine != _machine():
        return silent > SILENT
    try:
        process = psutil.Process(holder.pid)
        gone = process.status() == psutil.STATUS_ZOMBIE
        is_other = abs(process.create_time() - holder.born) > SAME and silent > 2 * BEAT
    except psutil.NoSuchProcess:
        return True
    return gone or is_other


def _describe(holder, silent):
    if holder is None:
        return "This experiment is being started by another process. Wait a moment, and look again."
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(holder.since))
    there = "" if holder.machine == _machine() else f" (last sign of life {silent:.0f} s ago)"
    return (
        f"This experiment is running already: process {holder.pid} on {holder.host}, since {since}{there}. "
        f"Wait for it, or stop it there: kill {holder.pid}"
    )


def _take(lock, mine):
    """Make the lock, or take over that of a process that is gone; raises Running."""
    while not _made(lock, mine):
        holder, silent = _read(lock)
        if silent is None:
            continue
        if not _is_gone(holder, silent):
            raise Running(_describe(holder, silent))
        if _took_over(lock, holder, mine):
            say(
                f"Taken over from {f'process {holder.pid} on {holder.host}' if holder else 'a process'}, which is gone."
            )
            return


def _made(path, holder):
    try:
        with path.open("x", encoding="utf-8") as file:
            json.dump(asdict(holder), file)
    except FileExistsError:
        return False
    return True


def _took_over(lock, gone, mine):
    """Replace the lock of a process that is gone; False where another process does. Of several that find it, the one
    that makes the claim does; one that comes later sees that the lock is no longer the one it judged."""
    claim = lock.with_name(f"{lock.name}.{gone.token if gone else 'empty'}")
    if not _made(claim, mine):
        if _now(lock) - _changed(claim) > SILENT:  # whoever made it is gone as well
            claim.unlink(missing_ok=True)
        time.sleep(0.05)
        return False
    try:
        if _read(lock)[0] != gone:
            return False
        renewed = lock.with_name(f"{lock.name}.{mine.token}")
        _made(renewed, mine)
        renewed.replace(lock)
        return True
    finally:
        claim.unlink(missing_ok=True)


def _changed(path):
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _beat(lock, mine, done):
    """Renew the lock's time until the run is done. A process that was stopped for long may have lost its lock: it must
    not write a folder in which another one works."""
    while not done.wait(BEAT):
        try:
            if _read(lock)[0] not in (mine, None):
                warn("another process has taken over this run. This one ends without touching it.")
                os._exit(2)
            os.utime(lock)
        except OSError:  # a file system that is away for a while
            continue


def _release(lock, mine):
    if _read(lock)[0] == mine:
        lock.unlink(missing_ok=True)
