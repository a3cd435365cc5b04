"""The plan of a sweep, before its first trial: all trials composed and checked, how many are done, how long the rest
will take."""

from statistics import median

from omegaconf import OmegaConf

from stages.clock import duration
from stages.files import read_json
from stages.folder import PROVENANCE
from stages.terminal import stage
from sweeps.trial import compose, sweep_folder, sweep_name


def compose_all(plugin, words_of_trials, first=1):
    """-> (trials, the sweep's folder); raises ValueError or FileNotFoundError, naming the trial, for the first that
    cannot be run."""
    words = OmegaConf.to_container(plugin.config.hydra.overrides.task)
    folder, group = sweep_folder(words, plugin.config.output_root), sweep_name(words)
    trials, common = [], set.intersection(*map(set, words_of_trials)) if len(words_of_trials) > 1 else set()
    for number, own in enumerate(words_of_trials, first):
        try:
            trials.append(compose(plugin, number, list(own), folder, group))
        except (ValueError, FileNotFoundError) as error:
            which = " ".join(word for word in own if word not in common)
            raise type(error)(f"trial {number} ({which}): {error}") from error
    check_different(trials)
    return trials, folder


def check_different(trials):
    """Two trials of one sweep are never the same experiment."""
    first = {}
    for trial in trials:
        same = first.setdefault(trial.place, trial)
        if same is not trial:
            raise ValueError(
                f"trials {same.number} and {trial.number} are the same experiment ({' '.join(trial.words)}): "
                "they differ in nothing that decides the result. Leave one of them out."
            )


def show_plan(trials, folder, slots):
    """Say what will be done, before it is. `slots`: None where a cluster decides how many run at a time."""
    before = sum(trial.before for trial in trials)
    left = len(trials) - before
    done = f", {before} of them finished before" if before else ""
    much = slots or "as many as the cluster takes"
    stage("sweep", f"{len(trials)} trials{done}, {much} at a time; their logs are in {folder}")
    seconds = estimate(trials)
    if left and slots and seconds is not None:
        stage("expected", f"about {duration(seconds * left / slots)} by the runs that are finished")


def estimate(trials):
    """The seconds of a trial, by those of finished runs of the same task, data and model; None without any."""
    seconds = []
    for trial in trials:
        for run in trial.place.parent.glob(f"{trial.place.name.rpartition('-')[0]}-*/{PROVENANCE}"):
            seconds.append(read_json(run)["seconds"])
    return median(seconds) if seconds else None
