"""Commits of the Hub: an interrupted or repeated run reads what it read when it began, whatever was uploaded since."""

from stages.attempts import goes_on
from stages.files import read_json, write_json
from stages.folder import PROVENANCE, REPEATED

FILE = "commits.json"  # in the run's folder, where it read something of the Hub: {"data": ..., "model": ...}


def pinned(config, place):
    """The configuration to read data and model with: its revisions are the commits of the run that is repeated or goes
    on. It names no run: there a revision counts as it was chosen."""
    known = config.get(REPEATED) or (read_json(place / FILE, {}) if goes_on(place, config) else {})
    data, commit = config["data"], known.get("data")
    if isinstance(commit, dict):
        data = {**data, "parts": {part: _at(own, commit.get(part)) for part, own in data["parts"].items()}}
    return {**config, "data": _at(data, commit), "model": _at(config["model"], known.get("model"))}


def _at(choices, commit):
    return {**choices, "revision": commit} if isinstance(commit, str) else choices


def keep(place, source, commit):
    """Write down what a run reads: `source` of its data, `commit` of its model."""
    found = of_sources(source, {"revision": commit})
    if found and not (place / FILE).is_file():
        write_json(place / FILE, found)


def of_sources(data, model):
    """{"data": commit or {part: commit}, "model": commit} as a run's provenance has them; only what is known."""
    parts = {part: own["revision"] for part, own in data.items() if isinstance(own, dict) and own.get("revision")}
    found = {"data": data.get("revision") or parts, "model": model.get("revision")}
    return {what: commit for what, commit in found.items() if commit}


def of_run(run):
    """The commits of a finished run."""
    provenance = read_json(run / PROVENANCE, {})
    return of_sources(provenance.get("data", {}), provenance.get("model", {}))
