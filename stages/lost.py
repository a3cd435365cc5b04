"""Processes that a run has lost: the others end with a word about them, and not with what a library makes of it."""

import re
import signal
import sys
import time
from contextlib import contextmanager

from stages.hardware import launched

CUT = ("onnection closed by peer", "onnection reset by peer", "Broken pipe", "remote process exited")
CHILD = 1  # seconds in which the system says that a child is gone
STOPPED = 10  # seconds in which a launcher stops the processes of a run once it has lost one
WORKER = re.compile(r"DataLoader worker \(pid(?:\(s\))? (?P<pid>\d+)[^)]*\)(?: is killed by signal: (?P<how>[^.]+))?")


@contextmanager
def explained():
    """Around the work of a process. One that fails because another is gone is stopped by the launcher, which says what
    became of that; one that has lost a process that loads data says so itself. Raises SystemExit for both, with 128 +
    the signal; every other error as it is."""
    try:
        yield
    except Exception as error:
        worker = _lost_worker(_with_cause(error))
        if worker:
            _say_worker(*worker)
        if launched() in (None, 1) or not _has_lost_others(error):
            raise
        try:
            time.sleep(STOPPED)
        except KeyboardInterrupt as stopped:
            raise SystemExit(getattr(stopped, "code", 1)) from None
        raise


def _with_cause(error):
    """What torch says, a moment later, of the process at the other end of a connection that was cut."""
    if isinstance(error, EOFError | ConnectionError):
        try:
            time.sleep(CHILD)
        except RuntimeError as later:  # raised by its handler of SIGCHLD
            return later
    return error


def _has_lost_others(error):
    """Whether an error says that the connection to another process is gone, in the words of gloo or NCCL."""
    from torch.distributed import DistError

    return isinstance(error, DistError) or (isinstance(error, RuntimeError) and any(w in str(error) for w in CUT))


def _lost_worker(error):
    """(pid, number of the signal, 0 where it is not known) of a process that loaded data; None for other errors."""
    found = None
    while isinstance(error, Exception):  # the cause knows the signal, what it led to does not
        found = WORKER.match(str(error)) if isinstance(error, RuntimeError) else None
        if found and found["how"]:
            break
        error = error.__cause__ or error.__context__
    numbers = {signal.strsignal(number): int(number) for number in signal.Signals}
    return (int(found["pid"]), numbers.get(found["how"], 0)) if found else None


def _say_worker(pid, number):
    how = f"was ended by {signal.Signals(number).name}" if number else "ended"
    hints = {
        signal.SIGKILL: ", which is how a machine without memory ends processes",
        signal.SIGBUS: ", as where the machine's shared memory (/dev/shm) is too small",
    }
    print(
        f"error: process {pid}, which loaded data, {how}{hints.get(number, '')}. Fewer of them need less: "
        "hardware.dataloader_num_workers. The same command goes on from the last checkpoint.",
        file=sys.stderr,
        flush=True,
    )
    raise SystemExit(128 + number if number else 1)
