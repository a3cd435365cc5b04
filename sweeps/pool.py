"""The processes of a sweep's trials on this machine: forked from one server with the imports done, one per slot."""

import os
import signal
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import connection, forkserver, get_context

from stages import pruned
from stages.folder import PROJECT, is_finished
from sweeps.process import ELSEWHERE, Order, carry_out
from sweeps.trial import FROZEN, freeze

CLOSING = 10  # seconds more than guard.grace_seconds, in which a trial that was stopped ends by itself


@dataclass
class _Running:
    trial: object
    process: object
    slot: object
    deadline: float  # when it is stopped, seconds of the monotonic clock
    overdue: bool = False


class Pool:
    """Starts trials in free slots and tells which have ended. `minutes`: the time for each, None without a limit."""

    def __init__(self, slots, minutes, grace):
        self.free = list(slots)
        self.limit, self.grace = float("inf") if minutes is None else minutes * 60, grace + CLOSING
        self.running, self.stopped = [], False
        # A trial that was killed leaves semaphores, which Python's own process removes, and says so at the end.
        os.environ.setdefault("PYTHONWARNINGS", "ignore:resource_tracker:UserWarning")
        self.context = get_context("forkserver")
        self.context.set_forkserver_preload(["sweeps.warm"])
        find_project()

    def start(self, trial):
        """Start a trial; there must be a free slot."""
        with deaf():
            forkserver.ensure_running()  # not before: a sweep that is finished needs none
        freeze(trial)
        slot = self.free.pop(0)
        order = Order(trial.record, slot, trial.config, trial.words, os.getpid())
        process = self.context.Process(target=carry_out, args=(order,))
        trial.state, trial.started = "running", time.time()
        process.start()
        self.running.append(_Running(trial, process, slot, time.monotonic() + self.limit))

    def wait(self, seconds: float) -> list:
        """The trials that have ended, after so many seconds at the latest."""
        connection.wait([one.process.sentinel for one in self.running], seconds)
        self._hurry()
        over = [one for one in self.running if not one.process.is_alive()]
        for one in over:
            self.running.remove(one)
            self.free.insert(0, one.slot)
            self._end(one)
        return [one.trial for one in over]

    def send(self, signum):
        """Pass a signal on to all that run; none starts afterwards."""
        self.stopped = True
        for one in self.running:
            _send(one.process.pid, signum)

    def _hurry(self):
        """Stop the trials whose time is over: as a scheduler would, then by force."""
        for one in self.running:
            if time.monotonic() > one.deadline:
                _send(one.process.pid, signal.SIGKILL if one.overdue else signal.SIGTERM)
                one.overdue, one.deadline = True, time.monotonic() + self.grace

    def _end(self, one):
        trial = one.trial
        one.process.join()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(one.process.pid, signal.SIGKILL)  # what it left running
        (trial.record / FROZEN).unlink(missing_ok=True)
        trial.seconds = round(time.time() - trial.started, 1)
        trial.state, trial.reason = self._outcome(one)

    def _outcome(self, one):
        """-> (state, reason) of a trial whose process has ended."""
        code = one.process.exitcode
        if one.overdue:
            return "failed", f"took longer than launcher.max_minutes={self.limit / 60:g}"
        if code == ELSEWHERE:
            return "elsewhere", one.trial.last_line()
        if self.stopped and code:
            return "stopped", None
        if code == 0 and is_finished(one.trial.place):
            return "done", None
        if code == 0 and (why := pruned.reason(one.trial.place)):
            return "pruned", why
        if code and code < 0:
            name = signal.Signals(-code).name
            hint = ", which is how a machine without memory ends processes" if name == "SIGKILL" else ""
            return "failed", f"was ended by {name}{hint}"
        return "failed", one.trial.last_line() or f"ended with exit code {code}"


def _send(pid, signum):
    with suppress(ProcessLookupError):
        (os.killpg if signum == signal.SIGKILL else os.kill)(pid, signum)


def find_project():
    """Let processes that are started from here import the project, wherever the command was typed."""
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(PROJECT), os.environ.get("PYTHONPATH")]))


@contextmanager
def deaf():
    """Processes that are started inside ignore what a scheduler sends to all processes of a job: the process that has
    the pool hears it and passes it on."""
    heard = (signal.SIGTERM, signal.SIGUSR2) if threading.current_thread() is threading.main_thread() else ()
    handlers = [(number, signal.signal(number, signal.SIG_IGN)) for number in heard]
    try:
        yield
    finally:
        for number, handler in handlers:
            signal.signal(number, handler)
