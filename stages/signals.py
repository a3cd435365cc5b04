"""SIGTERM and SIGINT (Ctrl-C): training stops after its next step, everything else at once, all of it in bounded time.

Handlers belong to a process, so there is one `_heard` of it, and nothing of this is passed around.
"""

import os
import select
import signal
import socket
import sys
import threading
import time
from contextlib import contextmanager, suppress
from types import SimpleNamespace

STOPPING = (signal.SIGTERM, signal.SIGINT)
ORPHANED = 1.0  # seconds between two looks whether the parent is still there
GRACE = "guard.grace_seconds"
AGAIN = "The same command goes on from the last checkpoint."

_heard = SimpleNamespace(signum=0, waits=False, process=0, mouth=-1, lost=False)


class Interrupted(KeyboardInterrupt):
    """A signal asked this process to stop; `code` is what it exits with, as schedulers expect it."""

    def __init__(self, signum, message=AGAIN):
        super().__init__(f"stopped by {signal.Signals(signum).name}. {message}")
        self.code = 128 + signum


def heard():
    """The signal that asked this process to stop, 0 where none did."""
    return _heard.signum


@contextmanager
def listening(grace, release=lambda: None, watch=False):
    """Until the end of the block a signal raises Interrupted, in `waiting` it waits to be asked for.

    After `grace` seconds, or a second Ctrl-C, the process ends whatever it does, once `release` was called. `watch`:
    the end of the parent process counts as SIGTERM, for processes that a launcher or a sweep started.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _heard.signum, _heard.waits, _heard.process, done = 0, False, os.getpid(), threading.Event()
    _heard.lost, hook = False, sys.unraisablehook
    sys.unraisablehook = lambda unraisable: _raise_later(unraisable, hook)
    handlers = {number: signal.signal(number, lambda signum, frame: _hear(signum, grace)) for number in STOPPING}
    ears, mouth = socket.socketpair()
    mouth.setblocking(False)
    _heard.mouth = mouth.fileno()
    _set_ears(_heard.mouth)
    threading.Thread(target=_bound, args=(ears, grace, release), daemon=True).start()
    if watch:
        threading.Thread(target=_watch_parent, args=(os.getppid(), done), daemon=True).start()
    try:
        yield
    finally:
        done.set()
        sys.unraisablehook = hook
        _heard.mouth = -1
        _set_ears(-1)
        mouth.close()
        for number, handler in handlers.items():
            signal.signal(number, handler)
        _heard.process = 0


@contextmanager
def waiting():
    """A block that looks at `heard` by itself, and stops where it loses nothing. What fails after a signal, because
    other processes have stopped already, counts as stopped."""
    _heard.waits = True
    try:
        yield
    except Exception as error:
        if not _heard.signum:
            raise
        raise Interrupted(_heard.signum) from error
    finally:
        _heard.waits = False
    if _heard.signum:
        raise Interrupted(_heard.signum)


def _hear(signum, grace):
    if os.getpid() != _heard.process:
        return _pass_by(signum)
    if _heard.lost:
        _heard.lost = False
        raise Interrupted(_heard.signum)
    if _heard.signum:  # schedulers repeat SIGTERM; a second Ctrl-C is `_bound`'s
        return None
    _heard.signum = signum
    if not _heard.waits:
        raise Interrupted(signum)
    return _write(f"{signal.Signals(signum).name}: stopping after the next step, in {grace:g} s at the latest.")


def _raise_later(unraisable, hook):
    """Where a signal came while an object was removed, Python drops what its handler raises: it is raised again."""
    if not isinstance(unraisable.exc_value, Interrupted):
        hook(unraisable)
    elif os.getpid() == _heard.process:
        _heard.lost = True
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGTERM)).start()


def _bound(ears, grace, release):
    """End the process in time. A thread of its own: a handler has to wait while the main thread is inside a library,
    and one that waits there for other processes may never come back. Closed ears: the block has ended."""
    first, deadline = 0, None
    while True:
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        if not select.select([ears], [], [], left)[0]:
            return _end(first, f"The {grace:g} s of {GRACE} are over.", release)
        numbers = ears.recv(64)
        if not numbers:
            return ears.close()
        for number in filter(STOPPING.__contains__, numbers):  # in order: two may be read at once
            if first and number == signal.SIGINT:
                return _end(first, "Stopped at once.", release)
            first, deadline = first or number, deadline or time.monotonic() + grace


def _set_ears(number):
    """Where the numbers of signals are written to. Never in a forked process: its signals are not those of this one."""
    with suppress(ValueError):  # not the main thread
        signal.set_wakeup_fd(number, warn_on_full_buffer=False)


def _cover_ears(mouth):
    """Around a fork; a process that does not listen may have ears of another kind, as a server of forked ones has."""
    if _heard.mouth != -1:
        _set_ears(mouth)


os.register_at_fork(before=lambda: _cover_ears(-1), after_in_parent=lambda: _cover_ears(_heard.mouth))


def _pass_by(signum):
    """In a process that was forked from this one, to load data: Ctrl-C is not for it, and its parent may end it."""
    if signum == signal.SIGTERM:
        signal.signal(signum, signal.SIG_DFL)
        os.kill(os.getpid(), signum)


def _end(signum, reason, release):
    """End without another step. Checkpoints are written whole or not at all, so nothing is damaged."""
    _write(f"{reason} {AGAIN}")
    release()
    os._exit(128 + signum)


def _write(message):
    """To standard error, past Python's buffers: a handler may come in the middle of a print."""
    if int(os.environ.get("RANK", 0)) == 0:
        os.write(2, f"{message}\n".encode())


def _watch_parent(parent, done):
    while not done.wait(ORPHANED):
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)
            return


def follow(pid):
    """Once the process `pid` is gone, which alone could stop this one, end as after SIGTERM: with a checkpoint."""
    threading.Thread(target=_follow, args=(pid,), daemon=True).start()


def _follow(pid):
    import psutil

    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            time.sleep(ORPHANED)
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def silent_end():
    """A block after which a signal ends the process without a word: all is done, and libraries clean up after it."""
    try:
        yield
    finally:
        for number in STOPPING:
            signal.signal(number, signal.SIG_DFL)


@contextmanager
def passed_on(send, message):
    """Around the wait for processes of one's own: the first signal goes to them through `send`, a second Ctrl-C kills
    them. Raises Interrupted, with what `message()` gives, once the block has ended."""
    first = []

    def pass_on(signum, frame):
        if not first:
            first.append(signum)
            send(signum)
        elif signum == signal.SIGINT:
            send(signal.SIGKILL)

    old = {number: signal.signal(number, pass_on) for number in STOPPING}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
    if first:
        raise Interrupted(first[0], message())
