"""Which trials of a search are stopped early: asked by a trial's own process, after each evaluation."""

import json
from pathlib import Path

ASKED = "asked.json"  # in the record of a trial that may be stopped: its number in the study, the score it reports


def pruner_of(choices: dict):
    """Optuna's pruner of `sweeper.pruner`. What it counts are evaluations, from 1."""
    from optuna.pruners import HyperbandPruner, MedianPruner, NopPruner, SuccessiveHalvingPruner

    first, factor = choices["pruner_evaluations"], choices["pruner_factor"]
    return {
        "none": NopPruner,
        "median": lambda: MedianPruner(n_startup_trials=choices["pruner_trials"], n_warmup_steps=first),
        "asha": lambda: SuccessiveHalvingPruner(min_resource=first, reduction_factor=factor),
        "hyperband": lambda: HyperbandPruner(min_resource=first, reduction_factor=factor),
    }[choices["pruner"]]()


def judge_of(config: dict):
    """-> (the judge of a trial, the score that it is told), None for a run that no search may stop."""
    record = config["launcher"]["trial"]
    path = Path(record) / ASKED if record else None
    if path is None or not path.is_file():
        return None
    asked = json.loads(path.read_text(encoding="utf-8"))
    return Judge(path.parent, asked["number"], config["sweeper"]), asked["score"]


class Judge:
    """Reports the values of one trial to its study, and says whether it falls behind. `record`: the trial's; `number`:
    that of the study's trial; `choices`: of the sweeper."""

    def __init__(self, record: Path, number: int, choices: dict):
        import optuna

        from sweeps.study import NAME, storage_of

        self.storage, self.number = storage_of(record.parent), number
        self.study = optuna.load_study(study_name=NAME, storage=self.storage, pruner=pruner_of(choices))

    def __call__(self, evaluation: int, value: float) -> bool:
        trial = self.study.get_trials(deepcopy=False)[self.number]
        if trial.state.is_finished():  # a run that is made again later
            return False
        self.storage.set_trial_intermediate_value(trial._trial_id, evaluation, value)
        trial = self.study.get_trials(deepcopy=False)[self.number]
        return self.study.pruner.prune(self.study, trial)
