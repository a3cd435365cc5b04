"""What Optuna keeps of a search, in a file of the sweep's folder: one study, joined by every process that types the
same command. Optuna is imported when a search runs."""

import random
import warnings
from functools import partial

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, CmaEsSampler, GPSampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from sweeps.pruners import pruner_of

JOURNAL = "study.journal"  # in the sweep's folder
NAME = "search"
BEGUN = "begun"  # attribute of the study: what must stay the same

optuna.logging.set_verbosity(optuna.logging.ERROR)


class Numbered(BaseSampler):
    """Draws each trial by the search's seed and the trial's number: whoever goes on with a search or joins it draws
    what nobody drew before. `make(seed)`: the sampler that draws; it learns from the study alone."""

    def __init__(self, make, seed):
        self.make, self.seed = make, seed
        self.inner = self._made(seed)

    def _made(self, seed):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            return self.make(seed)

    def before_trial(self, study, trial):
        self.inner = self._made(random.Random(f"{self.seed} {trial.number}").getrandbits(32))
        self.inner.before_trial(study, trial)

    def infer_relative_search_space(self, study, trial):
        return self.inner.infer_relative_search_space(study, trial)

    def sample_relative(self, study, trial, search_space):
        return self.inner.sample_relative(study, trial, search_space)

    def sample_independent(self, study, trial, param_name, param_distribution):
        return self.inner.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(self, study, trial, state, values):
        self.inner.after_trial(study, trial, state, values)


def sampler_of(choices: dict, conditional: bool) -> BaseSampler:
    """The sampler of `sweeper.name`; `conditional`: some parameters count only beside values of others."""
    startup = choices["startup"]
    make = {
        "tpe": lambda seed: TPESampler(
            seed=seed, n_startup_trials=startup, group=conditional, multivariate=conditional or None
        ),
        "random": RandomSampler,
        "gp": lambda seed: GPSampler(seed=seed, n_startup_trials=startup, warn_independent_sampling=False),
        "cmaes": lambda seed: CmaEsSampler(seed=seed, n_startup_trials=startup, warn_independent_sampling=False),
        "nsga2": lambda seed: NSGAIISampler(seed=seed, population_size=startup),
    }[choices["name"]]
    return Numbered(make, choices["seed"])


def open_study(folder, choices: dict, parameters, objectives) -> optuna.Study:
    """The study of a sweep's folder, begun where there is none; ValueError where it was begun for another search."""
    folder.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        study_name=NAME,
        storage=storage_of(folder),
        sampler=sampler_of(choices, any(parameter.when for parameter in parameters)),
        pruner=pruner_of(choices),
        directions=["maximize" if objective.greater else "minimize" for objective in objectives],
        load_if_exists=True,
    )
    asked = {"metrics": [objective.name for objective in objectives], "parameters": [repr(p) for p in parameters]}
    if study.user_attrs.setdefault(BEGUN, asked) != asked:
        raise ValueError(
            f"the search in {folder} was begun for something else. Move that folder aside, then type this again."
        )
    study.set_user_attr(BEGUN, asked)
    return study


def storage_of(folder) -> JournalStorage:
    """The file that processes on several machines may write at once, as long as they see the same file system."""
    return JournalStorage(JournalFileBackend(str(folder / JOURNAL)))


def suggest(trial, parameters) -> dict:
    """The values of those parameters that count in this trial."""
    values = {}
    for parameter in parameters:
        if parameter.applies(values):
            values[parameter.key] = _drawing(trial, parameter)()
    return values


def _drawing(trial, parameter):
    if parameter.choices:
        return partial(trial.suggest_categorical, parameter.key, parameter.choices)
    whole = parameter.is_whole
    draw, step = (trial.suggest_int, parameter.step or 1) if whole else (trial.suggest_float, parameter.step)
    return partial(draw, parameter.key, parameter.low, parameter.high, step=step, log=parameter.log)
