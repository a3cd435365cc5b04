"""The scores of a repeated run beside those of before; where they differ, what else is different."""

import json
from dataclasses import dataclass
from math import isnan
from pathlib import Path

from stages.files import read_json, write_json
from stages.folder import FINISHED, PROVENANCE
from stages.terminal import say, stage, table, warn

SPLITS = ("validation", "test")
PACKAGES = 12  # shown at most


@dataclass(frozen=True)
class Outcome:
    """What a finished run's metrics.json and provenance.json hold; the second is empty where there is none."""

    metrics: dict
    provenance: dict

    @property
    def scores(self):
        """Name with its split -> value."""
        found = {split: self.metrics.get(split, {}) for split in SPLITS}
        return {f"{split} {name}": value for split, values in found.items() for name, value in values.items()}


def read_outcome(run: Path) -> Outcome:
    """Both files as they are now: a run's folder may be moved aside later."""
    return Outcome(*(read_json(run / name, {}) for name in (FINISHED, PROVENANCE)))


def check_scored(outcome: Outcome, run: Path):
    """Raise ValueError where there is nothing to compare with."""
    if not outcome.scores:
        raise ValueError(f"verify=true: {run / FINISHED} holds no scores to compare with. Leave out verify.")


def remember(place: Path, before: Path, then: Outcome, now: Outcome):
    """Keep in the repetition's provenance what it repeated, with the words of the first command."""
    known = then.provenance
    command = known.get("repeats", {}).get("command") or known.get("command")
    differing = {name: [a, b] for name, a, b in compared(then, now) if not _same(a, b)}
    facts = {"run": before.name, "started": known.get("started"), "command": command, "scores_that_differ": differing}
    write_json(place / PROVENANCE, {**now.provenance, "repeats": facts})


def compared(then: Outcome, now: Outcome) -> list[tuple]:
    """(name, then, now) of each score; None where there was none."""
    names = dict.fromkeys([*then.scores, *now.scores])
    return [(name, then.scores.get(name), now.scores.get(name)) for name in names]


def _same(a, b):
    """Bit for bit; no number is like no number."""
    return a == b or (_is_nan(a) and _is_nan(b))


def _is_nan(value):
    return isinstance(value, float) and isnan(value)


def show_comparison(then: Outcome, now: Outcome) -> bool:
    """Print both scores of everything, and what else is different; -> whether all scores are equal."""
    rows = compared(then, now)
    wrong = [row for row in rows if not _same(*row[1:])]
    table("verify: the scores of the run, and of its repetition", [_shown(*row) for row in rows])
    others = differences(then, now)
    table("what else is different", others)
    if not wrong:
        stage("verified", f"all {len(rows)} scores are equal, to the last bit")
        return True
    largest = max(wrong, key=lambda row: _distance(*row[1:]))
    warn(f"{len(wrong)} of {len(rows)} scores differ, {largest[0]} most: {_difference(*largest[1:])}")
    if not others:
        say(_unexplained(now))
    return False


def _shown(name, then, now):
    exact = not _same(then, now)
    return {"score": name, **{k: _number(v, exact) for k, v in (("then", then), ("now", now))},
            "difference": _difference(then, now)}  # fmt: skip


def _number(value, exact):
    """As many digits as tell two numbers apart that differ, else four decimals."""
    if not isinstance(value, float):
        return "none" if value is None else str(value)
    return repr(value) if exact else f"{value:.4f}"


def _difference(then, now):
    if _same(then, now):
        return "0"
    if None in (then, now):
        return "gone" if now is None else "new"
    return f"{now - then:+.3g}" if _distance(then, now) < float("inf") else "no number"


def _distance(then, now):
    """How far apart two scores are; infinitely where one is no number."""
    numbers = all(isinstance(value, int | float) and not _is_nan(value) for value in (then, now))
    return abs(now - then) if numbers else float("inf")


def _unexplained(now):
    if now.provenance.get("machine", {}).get("gpus"):
        return "Code, packages, machine, data and model are the same. Not all GPU kernels repeat their bits."
    return "Code, packages, machine, data and model are the same."


def differences(then: Outcome, now: Outcome) -> list[dict]:
    """A row for each thing on record, beside the scores, that is not the same: what, then, now."""
    if not then.provenance:
        return [{"what": PROVENANCE, "then": "none", "now": "there"}]
    sides = [_facts(outcome) for outcome in (then, now)]
    names = dict.fromkeys([*sides[0], *sides[1]])
    rows = [
        {"what": name, **{when: _text(side.get(name)) for when, side in zip(("then", "now"), sides, strict=True)}}
        for name in names
        if sides[0].get(name) != sides[1].get(name)
    ]
    packages = [row for row in rows if row["what"].startswith("package ")]
    left_out = len(packages) - PACKAGES
    more = [{"what": f"{left_out} more packages", "then": "", "now": ""}] if left_out > 0 else []
    return [row for row in rows if row not in packages[PACKAGES:]] + more


def _facts(outcome):
    """What decides a run's numbers beside its choices, by name."""
    known = outcome.provenance
    git, data, model = (known.get(key) or {} for key in ("git", "data", "model"))
    return {
        "code": known.get("code"),
        "git commit": git.get("commit"),
        "uncommitted changes": git.get("diff"),
        "data": data.get("digest"),
        "model's commit": model.get("revision"),
        "model's weights": model.get("weights"),
        **{f"machine's {name}": value for name, value in known.get("machine", {}).items()},
        **{f"package {name}": version for name, version in known.get("packages", {}).items()},
        "ended early by": outcome.metrics.get("stopped"),
    }


def _text(value, most=60):
    text = "none" if value in (None, "") else json.dumps(value) if isinstance(value, dict | list) else str(value)
    return text if len(text) <= most else f"{len(text)} characters"
