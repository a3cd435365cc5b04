"""A search: trials are proposed one by one, run as those of a grid, and told to the study that proposes the next."""

import json
import time
from collections import deque
from functools import partial
from itertools import islice
from pathlib import Path

from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from optuna.trial import TrialState

from hydra_plugins.tunesmith import LocalLauncher
from stages import lock, pruned
from stages.clock import duration
from stages.command_line import explain
from stages.config import build_task
from stages.files import write_json
from stages.finished import frozen_config
from stages.folder import is_finished
from stages.schema import check_sweeper
from stages.terminal import stage, warn
from sweeps.best import conclude
from sweeps.candidates import Candidates
from sweeps.elsewhere import check_launcher, hand_over
from sweeps.local import run_trials, slots_of
from sweeps.objective import objectives_of, values_of
from sweeps.plan import estimate
from sweeps.pruners import ASKED
from sweeps.space import probes, space_of, starting_points, words_of
from sweeps.study import open_study
from sweeps.summary import show_failed
from sweeps.trial import TOLD, Trial, compose, sweep_folder, sweep_name, write_record
from sweeps.workers import at_work

ORPHANED = 60  # seconds that the trial of a sweep that died may take to end: it saves, see guard.grace_seconds
WRONG = (ValueError, OSError, HydraException, OmegaConfBaseException)  # what a trial that cannot be composed raises


def search(plugin, launcher, words):
    """Search until as many configurations as were asked for have ended; exits with 1 where none of them finished."""
    choices = OmegaConf.to_container(plugin.config.sweeper)
    check_sweeper(choices)
    parameters, fixed = space_of(words, choices["when"], plugin.context.config_loader)
    starts = starting_points(parameters, choices["enqueue"])
    folder, group = sweep_folder(words, plugin.config.output_root), sweep_name(words)
    sample = _check_space(plugin, parameters, fixed, folder, group)
    objectives = objectives_of(choices["metrics"], build_task(sample.config))
    _check_choices(choices, objectives, [*fixed, *(f"{parameter.key}=" for parameter in parameters)])
    with at_work(folder) as worker:
        study = open_study(folder, choices, parameters, objectives)
        candidates = Candidates(study, folder, worker, parameters, choices["trials"], starts)
        searching = Search(partial(_compose, plugin, folder, group), candidates, fixed, objectives, choices)
        _announce(searching, sample, len(slots_of(plugin.config)))
        try:
            if isinstance(launcher, LocalLauncher):
                run_trials(plugin, searching.trials, folder, searching.proposals(), searching.ended, choices["trials"])
            else:
                check_launcher(plugin.config)
                searching.run_batches(partial(hand_over, plugin, launcher), choices["batch"])
        finally:
            write_record(folder, words, searching.trials)
            show_failed([trial for trial in searching.trials if not trial.before])
            conclude(candidates, objectives, fixed, plugin.context.config_loader)
    if not any(trial.state == TrialState.COMPLETE for trial in candidates.counted()):
        raise SystemExit(1)


def _compose(plugin, folder, group, number, words, name):
    return compose(plugin, number, words, folder, group, name)


def _check_space(plugin, parameters, fixed, folder, group):
    """-> a trial, once each choice and each end of an interval was composed; ValueError names the words that cannot."""
    found = []
    for values in probes(parameters):
        words = [*fixed, *words_of(values)]
        try:
            found.append(compose(plugin, 0, words, folder, group))
        except WRONG as error:
            told = str(error) if isinstance(error, ValueError | FileNotFoundError) else explain(error, words)
            raise ValueError(f"a trial with {' '.join(words_of(values))}: {told}{_hint(parameters, values)}") from error
    return found[0]


def _hint(parameters, values):
    """How to say that a parameter counts beside some choices alone, where the trial of these values shows that."""
    for option in (one for one in parameters if len(one.choices) > 1):
        beside = [one.key for one in parameters if one.key.startswith(f"{option.key}.") and not one.when]
        if beside and option.key in values:
            other = next(choice for choice in option.choices if choice != values[option.key])
            condition = f"{{{beside[0]}: {{{option.key}: {other}}}}}"
            return f" Where {beside[0]} counts beside {option.key}={other} alone: 'sweeper.when={condition}'"
    return ""


def _check_choices(choices, objectives, words):
    several = len(objectives) > 1
    if several and choices["pruner"] != "none":
        raise ValueError("sweeper.pruner needs one objective to compare. Leave it out, or name one in sweeper.metrics.")
    if choices["pruner"] != "none" and objectives[0].split != "validation":
        raise ValueError(f"sweeper.pruner needs a validation score, not sweeper.metrics=[{objectives[0]}].")
    if several and choices["seeds"] > 1:
        raise ValueError("sweeper.seeds needs one objective. Leave it out, or name one in sweeper.metrics.")
    if several and choices["name"] == "cmaes":
        raise ValueError("sweeper=cmaes takes one objective. Use sweeper=nsga2, or name one in sweeper.metrics.")
    if choices["seeds"] > 1 and any(word.startswith("seed=") for word in words):
        raise ValueError(f"sweeper.seeds={choices['seeds']} sets the seeds. Leave out seed=.")
    if any(objective.split == "test" for objective in objectives):
        warn("the test split chooses here: what it says of the best trial is too good. Use a validation score.")


def _announce(searching, sample, slots):
    total, over = searching.candidates.total, len(searching.candidates.counted())
    done = f", {over} of them asked for before" if over else ""
    name, folder = searching.choices["name"], searching.candidates.folder
    stage("search", f"{name}, {total} trials{done}, {slots} at a time; their logs are in {folder}")
    seconds = estimate([sample])
    if total > over and seconds is not None:
        stage("expected", f"at most {duration(seconds * (total - over) / slots)} by the runs that are finished")


class Search:
    """Proposes trials and hears of their ends. `composed(number, words, name)`: makes a trial, `name` is its record's;
    `trials`: all of this process, and those that were done before."""

    def __init__(self, composed, candidates, fixed, objectives, choices):
        self.composed, self.candidates, self.fixed = composed, candidates, fixed
        self.objectives, self.choices = objectives, choices
        self.trials = _earlier(candidates.folder)
        self.wanted = deque((candidate, 1) for candidate in candidates.taken_up())
        self.of, self.running, self.twins = {}, {}, []  # record -> (candidate, seed); folder of a run -> its trial

    def proposals(self):
        """The trials to run, None where there is none at present."""
        while True:
            yield self._next()

    def run_batches(self, hand_over, size):
        """Run all through another launcher of Hydra's, so many at a time; `hand_over` has it run some."""
        while batch := list(islice(iter(self._next, None), size)):
            hand_over(batch)
            for trial in batch:
                self.ended(trial)

    def _next(self):
        while wanted := self._wanted():
            trial = self._trial(*wanted)
            self.trials.append(trial)
            if trial.state != "waiting":
                self.ended(trial)
            elif trial.place in self.running:  # drawn again while it runs
                self.twins.append(trial)
            else:
                self.running[trial.place] = trial
                return trial
        return None

    def _wanted(self):
        if self.wanted:
            return self.wanted.popleft()
        candidate = self.candidates.new()
        return candidate and (candidate, 1)

    def _trial(self, candidate, seed):
        """The trial of a configuration with one seed; what cannot be composed has failed."""
        number, name = candidate.number + 1, f"{candidate.number + 1:03}"
        own = [*candidate.words, *([f"seed={seed}"] if self.choices["seeds"] > 1 else [])]
        record = self.candidates.folder / (name if seed == 1 else f"{name}-{seed}")
        try:
            trial = self.composed(number, [*self.fixed, *own], record.name)
            if candidate.left and trial.state == "waiting" and _ends(trial.place):
                trial = self.composed(number, [*self.fixed, *own], record.name)
        except WRONG as error:
            reason = str(error).splitlines()[0]
            trial = Trial(number, [*self.fixed, *own], {}, record, record, state="failed", reason=reason)
        trial.notes = {"choice": " ".join(own), "parameters": candidate.parameters}
        self.of[record] = candidate, seed
        if trial.state == "waiting" and pruned.by(trial.place, self.candidates.folder):
            trial.state, trial.reason, trial.before = "pruned", pruned.reason(trial.place), True
        if self.choices["pruner"] != "none" and seed == 1 and trial.state == "waiting":
            write_json(record / ASKED, {"number": candidate.number, "score": self.objectives[0].name})
        return trial

    def ended(self, trial):
        """Tell the study what became of a trial; one that was stopped is taken up when the command is typed again."""
        self.running.pop(trial.place, None)
        if trial.state == "stopped":
            return
        candidate, seed = self.of[trial.record]
        if trial.state == "done":
            self._done(trial, candidate, seed)
        if trial.state != "done":
            self.candidates.tell(candidate, TrialState.PRUNED if trial.state == "pruned" else TrialState.FAIL)
        write_json(trial.record / TOLD, trial.told())
        for twin in [twin for twin in self.twins if twin.place == trial.place]:
            self.twins.remove(twin)
            twin.state, twin.reason, twin.before = trial.state, trial.reason, True
            self.ended(twin)

    def _done(self, trial, candidate, seed):
        """Read what a run reached; more seeds where that promises something."""
        try:
            values = values_of(trial.place, self.objectives)
        except (ValueError, OSError) as error:
            trial.state, trial.reason = "failed", str(error)
            return
        trial.notes["values"] = dict(zip(map(str, self.objectives), values, strict=True))
        candidate.reached.append(values)
        if seed < self.choices["seeds"] and self.candidates.is_promising(candidate):
            self.wanted.append((candidate, seed + 1))
        else:
            self.candidates.tell(candidate, TrialState.COMPLETE)


def _ends(place) -> bool:
    """Whether the run of this folder goes on in a process that its sweep left behind, which ends soon; waits for it."""
    begun = time.monotonic()
    while time.monotonic() - begun < ORPHANED:
        try:
            lock.check(place)
        except lock.Running:
            time.sleep(1)
        else:
            break
    return time.monotonic() - begun > 1


def _earlier(folder):
    """The trials of this search that were done or stopped before, as far as their runs are still there."""
    found = []
    for path in sorted(folder.glob(f"*/{TOLD}")):
        told = json.loads(path.read_text(encoding="utf-8"))
        place = Path(told["run"])
        if (told["state"] == "done" and is_finished(place)) or (told["state"] == "pruned" and pruned.by(place, folder)):
            config = frozen_config(place)
            trial = Trial(told["number"], told["words"], config, place, path.parent, told["state"], before=True)
            trial.notes = {key: told[key] for key in ("choice", "parameters", "values") if key in told}
            found.append(trial)
    return found
