"""Runs found by their keys: `task=ner model=roberta* status=failed since=2d`."""

import re
import time
from collections.abc import Sequence
from fnmatch import fnmatchcase

from stages.arguments import typed
from sweeps.groups import flat, full_key
from sweeps.runs import Run

UNITS = {"m": 60, "h": 3600, "d": 86400, "w": 604800}
AGE = re.compile(r"(\d+(?:\.\d+)?)([mhdw])")


def is_filter(word: str) -> bool:
    return "=" in word and bool(re.fullmatch(r"[\w./-]+", word.partition("=")[0]))


def kept(runs: Sequence[Run], words: list[str]) -> list[Run]:
    """The runs whose keys have these values: any of several with commas, * and ? stand for others. ValueError for a
    key that no run has, FileNotFoundError where no run is left."""
    pairs = [(full_key(key, list(runs)), values.split(",")) for key, _, values in (w.partition("=") for w in words)]
    found = [run for run in runs if all(_has(run, key, values) for key, values in pairs)]
    if runs and not found:
        key = next((k for k, v in pairs if not any(_has(run, k, v) for run in runs)), pairs[0][0])
        there = sorted({str(flat(run.config).get(key)) for run in runs})
        more = ", ".join(there[:10]) + (", ..." if len(there) > 10 else "")
        raise FileNotFoundError(f"no run has all of {' '.join(words)}. Values of {key}: {more}.")
    return found


def _has(run, key, values):
    value = flat(run.config).get(key)
    own = {str(value), str(typed(value))}
    return any(fnmatchcase(one, wanted) or _equal(value, wanted) for wanted in values for one in own)


def _equal(value, wanted):
    """1e-4 is 0.0001."""
    try:
        return not isinstance(value, bool) and float(value) == float(wanted)
    except (TypeError, ValueError):
        return False


def oldest(since: str) -> float:
    """`2d`, `12h`, `30m`, `1w` or a date -> seconds since the epoch; ValueError for anything else."""
    found = AGE.fullmatch(since)
    if found:
        return time.time() - float(found[1]) * UNITS[found[2]]
    try:
        return time.mktime(time.strptime(since, "%Y-%m-%d"))
    except ValueError:
        raise ValueError(f"since={since} is no age. Give 30m, 12h, 2d, 1w or a date such as 2026-01-31.") from None
