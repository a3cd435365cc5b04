"""The configurations of a search: asked for from its study, taken up where a process died, counted, told."""

from dataclasses import dataclass, field
from statistics import fmean

from optuna.trial import TrialState

from stages import lock
from sweeps.space import words_of
from sweeps.study import suggest
from sweeps.workers import is_alive, others

# Attributes of the study's trials: the process that runs it; its words; the trial that it repeats; why it counts not.
OWNER, WORDS, AGAIN, VOID = "owner", "words", "again", "void"
SEED_VALUES = "seeds"  # the values of each seed
PROMISING = 4  # one in so many configurations is worth a further seed


@dataclass
class Candidate:
    """One configuration: `number`: the study's, from 0; `reached`: the values of each seed so far; `left`: by a process
    that died, whose trial may not have ended yet."""

    number: int
    words: list[str]
    parameters: dict
    reached: list[list[float]] = field(default_factory=list)
    left: bool = False

    @property
    def values(self) -> list[float]:
        """Mean over the seeds of each objective."""
        return [fmean(column) for column in zip(*self.reached, strict=True)]


class Candidates:
    """All configurations of a study, seen by one of its workers. `total`: how many are tried in all; `starts`: those
    that are tried first."""

    def __init__(self, study, folder, worker, parameters, total, starts=()):
        self.study, self.folder, self.worker = study, folder, worker
        self.parameters, self.total, self.starts = parameters, total, starts

    def trials(self) -> list:
        """Optuna's trials, the newest state of each."""
        return self.study.get_trials(deepcopy=False)

    def counted(self) -> list:
        """The trials that count: not those that another one repeats, or that never began."""
        trials = self.trials()
        repeated = {trial.user_attrs.get(AGAIN) for trial in trials}
        return [
            trial for trial in trials
            if trial.state != TrialState.WAITING and VOID not in trial.user_attrs and trial.number not in repeated
        ]  # fmt: skip

    def new(self) -> Candidate | None:
        """The next configuration, None where all have been asked for."""
        if len(self.counted()) >= self.total:
            return None
        trial = self.study.ask()
        trial.set_user_attr(OWNER, self.worker)
        if sum(one.number < trial.number for one in self.counted()) >= self.total:  # others asked at the same time
            self._set_aside(trial.number, "one too many")
            return None
        values = suggest(trial, self.parameters)
        words = words_of(values)
        trial.set_user_attr(WORDS, words)
        return Candidate(trial.number, words, values)

    def taken_up(self) -> list[Candidate]:
        """At the start of a worker: the configurations that processes left when they died; the starting points and,
        where nobody else is at work, those that failed are asked for next. One worker at a time does this."""
        try:
            with lock.held(self.folder / "taking-up"):
                left = [trial for trial in self.trials() if self._is_left(trial)]
                for trial in left:
                    self._claim(trial)
                if not others(self.folder, self.worker):
                    self._repeat_failed()
                for start in self.starts:
                    self.study.enqueue_trial(start, skip_if_exists=True)
        except lock.Running:
            return []
        return [_candidate(trial) for trial in left if WORDS in trial.user_attrs]

    def _is_left(self, trial):
        if trial.state != TrialState.RUNNING:
            return False
        owner = trial.user_attrs.get(OWNER)
        if owner is None:  # it is just being asked for, unless nobody else is there
            return not others(self.folder, self.worker)
        return not is_alive(self.folder, owner)

    def _claim(self, trial):
        if WORDS in trial.user_attrs:
            self.study._storage.set_trial_user_attr(trial._trial_id, OWNER, self.worker)
        else:
            self._set_aside(trial.number, "its process died before it began")

    def _set_aside(self, number, why):
        trial = self.trials()[number]
        self.study._storage.set_trial_user_attr(trial._trial_id, VOID, why)
        self.study.tell(number, state=TrialState.FAIL)

    def _repeat_failed(self):
        for trial in self.counted():
            if trial.state == TrialState.FAIL:
                self.study.enqueue_trial(trial.params, user_attrs={AGAIN: trial.number})

    def tell(self, candidate, state: TrialState):
        """Say what became of a configuration; of one that another process has taken over meanwhile, nothing."""
        trial = self.trials()[candidate.number]
        if trial.state.is_finished():
            return
        self.study._storage.set_trial_user_attr(trial._trial_id, SEED_VALUES, candidate.reached)
        values = candidate.values if state == TrialState.COMPLETE else None
        self.study.tell(candidate.number, values, state=state, skip_if_finished=True)

    def is_promising(self, candidate) -> bool:
        """Whether a configuration is among the best so far, by the seeds that it has: one in PROMISING of them."""
        greater = self.study.direction.name == "MAXIMIZE"
        values = [trial.value for trial in self.counted() if trial.state == TrialState.COMPLETE]
        (mine,) = candidate.values
        better = sum(value > mine if greater else value < mine for value in values)
        return better < max(1, len(values) / PROMISING)


def _candidate(trial):
    return Candidate(trial.number, trial.user_attrs[WORDS], trial.params, left=True)
