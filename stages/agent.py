"""`accelerate launch`, ended as its processes end: with the exit code of the first that failed, without a traceback.

A script on its own, started by stages/launching.py: the project is not on its path.
"""

import logging
import os
import signal
import sys

AGAIN = 75  # what a process ends with that wants all of them started again; EX_TEMPFAIL of sysexits.h
FOLLOWED = "TUNESMITH_FOLLOWED"  # set in a trial: the process of the sweep, without which nobody stops the trial


def main():
    """Launch, again where a process asks for it; exits with 128 + the signal that stopped it or killed a process."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # nothing has begun; torch's own handler follows
    from accelerate.commands.launch import main as launch
    from torch.distributed.elastic.multiprocessing import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    logging.disable(logging.ERROR)  # the processes say what happened
    if FOLLOWED in os.environ:
        from stages.signals import follow  # a sweep puts the project on the path

        follow(int(os.environ[FOLLOWED]))
    try:
        launch()
    except ChildFailedError as failed:
        failures = failed.failures.values()
        again = next((failure for failure in failures if failure.exitcode == AGAIN), None)
        if again:
            _start_again(again)
        raise SystemExit(_explained(min(failures, key=_order))) from None
    except SignalException as stopped:
        _end_processes()
        raise SystemExit(128 + stopped.sigval) from None


def _order(failure):
    """A process that was killed comes first: the others fail because it is gone."""
    return failure.exitcode >= 0, failure.timestamp


def _start_again(failure):
    """Become a launcher with the same words, which takes nothing over from this one."""
    print(
        f"warning: memory is short in process {failure.local_rank}. All processes start again, from the last "
        "checkpoint, with smaller pieces of the same batches.",
        flush=True,
    )
    os.execv(sys.executable, sys.orig_argv)


def _explained(failure):
    """The exit code; a process that was killed could not say so itself."""
    code = failure.exitcode
    if code >= 0:
        return code
    name = signal.Signals(-code).name
    hint = ", which is how a machine without memory ends processes" if name == "SIGKILL" else ""
    print(
        f"error: process {failure.local_rank} (pid {failure.pid}) was ended by {name}{hint}. The others were stopped. "
        "The same command goes on from the last checkpoint.",
        file=sys.stderr,
        flush=True,
    )
    return 128 - code


def _end_processes():
    """What a second signal left: the launcher stops waiting for its processes then."""
    import psutil

    for process in psutil.Process().children(recursive=True):
        process.kill()


if __name__ == "__main__":
    main()
