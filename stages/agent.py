"""`accelerate launch`, ended as its processes end: with the exit code of the first that failed, without a traceback.

A script on its own, started by stages/launching.py: the project is not on its path.
"""

import logging
import signal
import sys


def main():
    """Launch; exits with 128 + the signal where one stopped it or killed a process."""
    from accelerate.commands.launch import main as launch
    from torch.distributed.elastic.multiprocessing import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    logging.disable(logging.ERROR)  # the processes say what happened
    try:
        launch()
    except ChildFailedError as failed:
        raise SystemExit(_explained(failed.get_first_failure()[1])) from None
    except SignalException as stopped:
        _end_processes()
        raise SystemExit(128 + stopped.sigval) from None


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
