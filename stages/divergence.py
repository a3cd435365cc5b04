"""A run whose loss is no number: stopped, marked in its folder, and not taken up again by mistake."""

import json
import time
from contextlib import contextmanager

from stages.files import write_json
from stages.terminal import is_main

MARK = "diverged.json"
ADVICE = "Lower optimizer.learning_rate, raise scheduler.warmup_steps, or look at the examples"


class Diverged(ValueError):
    """`facts`: what diverged.json holds; see `describe`."""

    def __init__(self, facts):
        super().__init__(f"{describe(facts)} {ADVICE}.{_kept(facts)}")
        self.facts = facts


def describe(facts):
    """One sentence of `{"what", "value", "step", "learning_rate", "examples", "steps", ...}`; `steps`: how many in a
    row, None where it was found in an evaluation."""
    times = f", the last of {facts['steps']} such steps in a row" if (facts.get("steps") or 1) > 1 else ""
    rate = "" if facts["learning_rate"] is None else f", at learning rate {facts['learning_rate']:.3g}"
    batch = f" The batch was the examples {_listed(facts['examples'])} of train." if facts["examples"] else ""
    return f"training diverged: the {facts['what']} is {facts['value']} after step {facts['step']}{times}{rate}.{batch}"


def _listed(numbers, most=20):
    shown = ", ".join(map(str, numbers[:most]))
    return f"{shown} and {len(numbers) - most} more" if len(numbers) > most else shown


def _kept(facts):
    best = facts.get("best_checkpoint")
    return f" The best checkpoint is kept: {best}" if best else ""


@contextmanager
def marked(run):
    """Around training and scoring: whoever types the command again is told that the run diverged; the mark of one that
    was allowed to go on, and did not, goes."""
    try:
        yield
        if is_main():
            (run / MARK).unlink(missing_ok=True)
    except Diverged as error:
        if is_main():
            facts = {**error.facts, "when": time.strftime("%Y-%m-%dT%H:%M:%S%z")}
            write_json(run / MARK, facts)
        raise


def check(run, config):
    """Raise ValueError where the run of this folder diverged, unless it is trained anew or with more patience."""
    if config["rerun"] or not (run / MARK).is_file():
        return
    facts = json.loads((run / MARK).read_text(encoding="utf-8"))
    steps = facts.get("steps")
    if steps and config["guard"]["nan_patience"] > steps:
        return
    patience = f", guard.nan_patience={steps * 2} goes on from its last checkpoint" if steps else ""
    raise ValueError(
        f"this experiment was run before, and {describe(facts)} {ADVICE}: that is another run. rerun=true trains this "
        f"one anew{patience}.{_kept(facts)}"
    )
