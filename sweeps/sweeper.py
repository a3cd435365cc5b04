"""A sweep, from the typed words to its table: a grid, or a search."""

from hydra.core.plugins import Plugins
from hydra.core.utils import JobStatus

from hydra_plugins.tunesmith import LocalLauncher
from stages import pruned
from stages.folder import is_finished
from stages.hardware import launched
from sweeps.grid import grid
from sweeps.local import run_trials, slots_of
from sweeps.plan import compose_all, show_plan
from sweeps.summary import show_summary
from sweeps.trial import FROZEN, freeze, write_record


def sweep(plugin, words):
    """Carry a sweep out; exits with 1 where a trial failed."""
    if launched() is not None:
        raise ValueError(
            "a sweep starts its trials' processes itself: leave out accelerate launch, add hardware=multi_gpu."
        )
    launcher = Plugins.instance().instantiate_launcher(plugin.context, plugin.function, plugin.config)
    if plugin.config.sweeper.name != "grid":
        from sweeps.search import search

        search(plugin, launcher, words)
        return
    trials, folder = compose_all(plugin, grid(words, plugin.config.sweeper.pairs, plugin.context.config_loader))
    show_plan(trials, folder, len(slots_of(plugin.config)))
    write_record(folder, words, trials)
    try:
        if isinstance(launcher, LocalLauncher):
            run_trials(plugin, trials, folder)
        else:
            hand_over(launcher, [trial for trial in trials if trial.state == "waiting"])
    finally:
        write_record(folder, words, trials)
        show_summary(trials)
    if any(trial.state == "failed" for trial in trials):
        raise SystemExit(1)


def hand_over(launcher, trials):
    """Have another launcher of Hydra's run the trials, on a cluster; they are frozen where all machines see it."""
    for trial in trials:
        freeze(trial)
    results = launcher.launch([[*trial.words, f"launcher.trial={trial.record}"] for trial in trials], 0)
    for trial, result in zip(trials, results, strict=True):
        (trial.record / FROZEN).unlink(missing_ok=True)
        why = pruned.reason(trial.place)
        trial.state = "done" if is_finished(trial.place) else "pruned" if why else "failed"
        trial.reason = why if result.status == JobStatus.COMPLETED else str(result._return_value)
