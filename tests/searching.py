"""A search on a function that costs nothing: what a run leaves is written by the test, nothing is trained."""

import json
import sys
from functools import partial
from pathlib import Path

from sweeps.candidates import Candidates
from sweeps.objective import Objective
from sweeps.search import Search
from sweeps.space import space_of
from sweeps.study import open_study
from sweeps.trial import Trial
from sweeps.workers import at_work

F1 = Objective("f1", "validation", True)
DEFAULTS = {
    "name": "tpe", "seed": 0, "startup": 10, "seeds": 1, "pruner": "none", "pruner_trials": 5, "pruner_evaluations": 1,
    "pruner_factor": 3,
}  # fmt: skip
WORDS = ("x=interval(-1.0,1.0)", "y=choice(1,2,3)")


def bump(words):
    """1 where x=0.3 and y=2, less elsewhere."""
    return 1 - (float(words["x"]) - 0.3) ** 2 - 0.3 * abs(int(words["y"]) - 2)


def composed(folder, number, words, name):
    """A trial, as `compose` makes one: the same words have the same run."""
    place = folder / "runs" / "_".join(words)
    trial = Trial(number, words, {}, place, folder / name)
    if (place / "metrics.json").is_file():
        trial.state, trial.before = "done", True
    return trial


def finish(trial, **scores):
    """What a run leaves that has ended."""
    trial.place.mkdir(parents=True, exist_ok=True)
    content = {"validation": scores, "training_seconds": scores.get("seconds", 1.0)}
    (trial.place / "metrics.json").write_text(json.dumps(content))
    (trial.place / "config.yaml").write_text("{task: {}, data: {}, model: {}}")
    trial.state = "done"


def run(folder, total, value=bump, words=WORDS, when=None, objectives=(F1,), stop=None, starts=(), **choices):
    """Search with one slot until `total` trials were asked for, or until `stop` of them have ended; -> the Search.
    `value(words)`: the score of a trial, a dict of scores, or the state that it ends in."""
    parameters, fixed = space_of(words, when)
    choices = {**DEFAULTS, **choices}
    with at_work(folder) as worker:
        study = open_study(folder, choices, parameters, objectives)
        candidates = Candidates(study, folder, worker, parameters, total, starts)
        searching = Search(partial(composed, folder), candidates, fixed, objectives, choices)
        for count, trial in enumerate(iter(searching._next, None), 1):
            if count == stop:
                return searching
            reached = value(dict(word.split("=") for word in trial.words))
            if isinstance(reached, str):
                trial.state = reached
            else:
                finish(trial, **(reached if isinstance(reached, dict) else {"f1": reached}))
            searching.ended(trial)
    return searching


if __name__ == "__main__":
    run(Path(sys.argv[1]), int(sys.argv[2]), name=sys.argv[3])
