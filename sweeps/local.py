"""The trials of a sweep on this machine: started as slots come free, shown, recorded, summed up at the end."""

from hydra.core.utils import JobReturn, JobStatus

from stages import signals
from stages.terminal import say
from sweeps.board import Board, labels
from sweeps.keeping import keep_best
from sweeps.plan import compose_all
from sweeps.pool import Pool
from sweeps.slots import memory_of_machine, most_on_cpu, slots, visible_cores, visible_gpus
from sweeps.trial import write_record


def launch(plugin, job_overrides, initial_job_idx):
    """What a Hydra sweeper other than the project's asks for: all these trials."""
    trials, folder = compose_all(plugin, job_overrides, initial_job_idx + 1)
    run_trials(plugin, trials, folder)
    return [_returned(trial) for trial in trials]


def _returned(trial):
    status = JobStatus.COMPLETED if trial.state in ("done", "pruned") else JobStatus.FAILED
    failure = RuntimeError(f"trial {trial.number} {trial.state}: {trial.reason}")
    return JobReturn(
        overrides=trial.words,
        cfg=trial.config,
        _return_value=trial.place if status == JobStatus.COMPLETED else failure,
        status=status,
    )


def run_trials(plugin, trials, folder, proposals=None, ended=lambda trial: None, total=None):
    """Run the trials that wait, or those that `proposals` gives one by one and adds to `trials`; `ended` hears of each.
    Raises Interrupted after a signal, when all that ran have stopped."""
    choices, guard = plugin.config.launcher, plugin.config.guard
    proposals = iter([trial for trial in trials if trial.state == "waiting"]) if proposals is None else proposals
    count = len(trials) if total is None else None
    pool = Pool(slots_of(plugin.config, count), choices.max_minutes, guard.grace_seconds)
    board = Board(trials, labels(trials), total)

    def record(trial):
        ended(trial)
        keep_best(trials, choices.keep_best)
        write_record(folder, list(plugin.config.hydra.overrides.task), trials)

    with signals.passed_on(pool.send, lambda: _left(trials, total)), board.shown():
        _run(pool, board, proposals, record, choices.fail_fast)


def _run(pool, board, proposals, record, fail_fast):
    board.update()  # before the first start, which waits for the libraries to be loaded
    while True:
        while pool.free and not pool.stopped and (trial := next(proposals, None)):
            if not pool.stopped:  # a signal may come while a search thinks
                pool.start(trial)
        board.update()
        if not pool.running:
            return
        for trial in pool.wait(seconds=0.5):
            record(trial)
            if trial.state == "failed" and fail_fast and not pool.stopped:
                say("launcher.fail_fast=true: the trials that run are stopped, no other starts.")
                pool.send(signals.signal.SIGTERM)


def slots_of(config, trials=None):
    """The slots of a sweep with this configuration; `trials`: of a grid. A search, which learns from each trial that
    ends, has one on the CPU unless more are asked for: so it is the same each time."""
    hardware = config.hardware
    processes = hardware.get("num_processes") or 1
    gpus = visible_gpus(hardware)
    if processes == "all":
        processes = max(1, len(gpus))
    cores = visible_cores()
    most = most_on_cpu(trials, processes, len(cores), memory_of_machine()) if trials else 1
    return slots(config.launcher.slots, gpus, processes, cores, most)


def _left(trials, total):
    left = (total or len(trials)) - sum(trial.state in ("done", "pruned", "elsewhere") for trial in trials)
    return f"{left} of {total or len(trials)} trials are left, the same command goes on with them."
