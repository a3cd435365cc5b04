"""What happens in a trial's own process: its output into a log, its share of the machine, the experiment."""

import os
import signal
import sys
from dataclasses import dataclass

from stages import lock, signals
from stages.agent import FOLLOWED
from stages.command_line import clear_errors
from sweeps.trial import LOG

ELSEWHERE = 75  # exit code of a trial that another process runs
WIDTH = "120"  # columns of a log


@dataclass(frozen=True)
class Order:
    """What a trial's process is told: the folder of its record, its slot, the configuration, the words, and which
    process waits for it."""

    record: object
    slot: object
    config: dict
    words: list[str]
    waiting: int


def carry_out(order):
    """Run the experiment; the exit code says how it ended. A traceback goes to the log."""
    from run import run_experiment

    os.setsid()  # Ctrl-C in a terminal reaches the sweep alone, which passes it on
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # the server that this one was forked from ignores it
    os.environ[FOLLOWED] = str(order.waiting)  # for a launcher that takes the place of this process
    signals.follow(order.waiting)
    _write_to(order.record / LOG)
    order.slot.take()
    try:
        with signals.silent_end(), clear_errors():
            run_experiment(order.config, order.words)
    except SystemExit as ended:
        raise SystemExit(ELSEWHERE if isinstance(ended.__context__, lock.Running) else ended.code) from None


def _write_to(log):
    """Send all that this process and those it starts print to a file."""
    log.parent.mkdir(parents=True, exist_ok=True)
    os.environ["COLUMNS"] = WIDTH
    with log.open("ab") as file:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
