"""Trials through another launcher of Hydra's, on a cluster: each job runs one trial, frozen before, as a sweep on this
machine runs it: in a process of its own, so that no signal, exit or `accelerate launch` of a trial is the launcher's.
What became of it stands in the trial's record, for a cluster may lose the job."""

import json
import os
import platform
import signal
import sys
import threading
import time
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from stages import lock, signals
from stages.choices import config_dir
from stages.command_line import quote
from stages.files import write_json
from stages.folder import PROJECT, is_finished, run_folder
from sweeps.board import Board, labels
from sweeps.pool import Pool, find_project
from sweeps.slots import Slot
from sweeps.trial import ENDED, FROZEN, Trial, freeze, frozen

OUTCOME = "outcome.json"  # in a trial's record: what its job says of it
WAIT = lock.SILENT + 2 * lock.BEAT  # seconds after which the lock of a job that was killed is given up for certain
POLL = 1.0  # seconds between two looks at the records
INSTEAD = {
    "slots": "jobs side by side are the cluster's: hydra.launcher.array_parallelism for submitit_slurm, "
    "hydra.launcher.ray.remote.num_cpus or num_gpus of each trial for ray",
    "fail_fast": "jobs that wait are the cluster's to cancel",
}


def check_launcher(config):
    """Raise ValueError for keys that mean nothing under a cluster's launcher, or would start a trial twice."""
    for key, instead in INSTEAD.items():
        if config.launcher[key]:
            raise ValueError(f"launcher.{key}={config.launcher[key]} is for trials on this machine; {instead}.")
    own = config.hydra.launcher
    for key in ("tasks_per_node", "nodes"):
        if own.get(key, 1) != 1:
            raise ValueError(
                f"hydra.launcher.{key}={own[key]} would start each trial so often. Leave it at 1: for several "
                "processes use hardware=multi_gpu and hydra.launcher.gpus_per_node=N."
            )


def hand_over(plugin, launcher, trials, write=lambda: None):
    """Have another launcher run the trials, and wait for them. `write()` notes how they stand."""
    if not trials:
        return
    for trial in trials:
        freeze(trial)
        (trial.record / OUTCOME).unlink(missing_ok=True)
    find_project()
    begin = partial(carry_out, Path.cwd(), config_dir(sys.argv[1:]), plugin.config.launcher.max_minutes)
    launcher.setup(hydra_context=plugin.context, task_function=begin, config=plugin.config)
    words = [[*trial.words, f"launcher.trial={quote(str(trial.record))}"] for trial in trials]
    lost = None
    with watched(trials, write):
        try:
            launcher.launch(words, 0)
        except Exception as error:  # of the launcher, or of a cluster that lost a job
            lost = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
            while any(trial.state == "running" and _is_locked(trial.place) for trial in trials):
                time.sleep(POLL)  # the launcher has stopped waiting, other jobs have not stopped
    for trial in trials:
        settle(trial, lost)


@contextmanager
def watched(trials, write):
    """Show during the block what the jobs say of their trials."""
    board, over = Board(trials, labels(trials)), threading.Event()

    def watch():
        while not over.wait(POLL):
            if sum(look(trial) for trial in trials):
                write()
            board.update()

    with board.shown():
        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            sum(look(trial) for trial in trials)
            board.update()


def look(trial) -> bool:
    """Take over what a trial's job says of it; whether that is news."""
    before = trial.state
    with suppress(OSError, ValueError):
        said = json.loads((trial.record / OUTCOME).read_text(encoding="utf-8"))
        trial.state, trial.reason = said["state"], said.get("reason")
        trial.started, trial.seconds = said.get("started"), said.get("seconds")
        trial.notes |= said.get("notes", {})
        if "place" in said and Path(said["place"]).name != trial.place.name:
            trial.place = Path(said["place"])  # code that was edited while the job waited names another folder
    return trial.state != before


def settle(trial, lost):
    """The last word on a trial once the launcher is done; `lost`: what went wrong there."""
    if trial.state in ENDED or not lost:  # else its job may still be in a queue
        (trial.record / FROZEN).unlink(missing_ok=True)
    if is_finished(trial.place):
        trial.state, trial.reason = "done", None
    elif trial.state not in ENDED:
        trial.reason = f"its job ended without a word ({lost or 'no reason given'}). The same command goes on with it."
    if trial.state not in ENDED or trial.state == "stopped":
        trial.state = "failed"


def carry_out(folder, arguments, minutes, cfg):
    """What a launcher calls in a job: run the frozen trial that `cfg` names. Exits with 128 + the signal that stopped
    the job; a scheduler that starts it again has it go on from the last checkpoint."""
    os.chdir(folder)
    sys.argv = [str(PROJECT / "run.py"), *arguments]
    record = Path(cfg.launcher.trial)
    config, words = frozen(record)
    trial = Trial(0, words, config, run_folder(config), record)
    pool = Pool([Slot()], minutes, config["guard"]["grace_seconds"])
    try:
        with requeued(pool, trial), signals.passed_on(pool.send, lambda: signals.AGAIN):
            run_alone(pool, trial)
    except signals.Interrupted as stopped:
        raise SystemExit(stopped.code) from None
    return trial.state


def run_alone(pool, trial):
    """Run a trial as soon as its folder is free: a job that was killed leaves a lock, which counts for a while."""
    deadline = time.monotonic() + WAIT
    while not pool.stopped and _is_locked(trial.place) and time.monotonic() < deadline:
        time.sleep(POLL)
    trial.state, trial.started = "running", time.time()
    tell(trial)
    if not pool.stopped:
        pool.start(trial)
    while pool.running:
        pool.wait(POLL)
    if pool.stopped and trial.state != "done":
        trial.state, trial.reason = "stopped", "its job was stopped. The same command goes on with it."
        freeze(trial)  # for the job when it is started again
    tell(trial)


def tell(trial):
    """Write down how a trial stands, and where."""
    known = {"state": trial.state, "started": trial.started, "seconds": trial.seconds, "reason": trial.reason}
    place = str(trial.place.absolute())
    write_json(
        trial.record / OUTCOME, {**known, "place": place, "notes": {"host": platform.node(), "process": os.getpid()}}
    )


def _is_locked(place):
    try:
        lock.check(place)
    except lock.Running:
        return True
    return False


@contextmanager
def requeued(pool, trial):
    """submitit hears SIGUSR2 before the time of its job is over, and has the job started again: the trial saves first,
    which it would be killed in otherwise."""
    again = signal.getsignal(signal.SIGUSR2)
    if not callable(again) or not _is_main_thread():
        yield
        return
    heard = []

    def save(signum, frame):
        heard.append(signum)
        pool.send(signal.SIGTERM)

    signal.signal(signal.SIGUSR2, save)
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR2, again)
    if heard and trial.state == "stopped":
        again(signal.SIGUSR2, None)


def _is_main_thread():
    return threading.current_thread() is threading.main_thread()
