"""A sweep, from the typed words to its table: a grid, or a search."""

from hydra.core.plugins import Plugins

from hydra_plugins.tunesmith import LocalLauncher
from stages.hardware import launched
from sweeps.elsewhere import check_launcher, hand_over
from sweeps.grid import grid
from sweeps.keeping import keep_best
from sweeps.local import run_trials, slots_of
from sweeps.plan import compose_all, show_plan
from sweeps.summary import show_summary
from sweeps.trial import write_record


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
    here = isinstance(launcher, LocalLauncher)
    if not here:
        check_launcher(plugin.config)
    show_plan(trials, folder, len(slots_of(plugin.config, len(trials))) if here else None)
    write_record(folder, words, trials)
    try:
        if here:
            run_trials(plugin, trials, folder)
        else:
            waiting = [trial for trial in trials if trial.state == "waiting"]
            hand_over(plugin, launcher, waiting, lambda: write_record(folder, words, trials))
            keep_best(trials, plugin.config.launcher.keep_best)
    finally:
        write_record(folder, words, trials)
        show_summary(trials, folder)
    if any(trial.state == "failed" for trial in trials):
        raise SystemExit(1)
