"""Runs in groups: those that differ only in seed are one, named by what differs between the groups."""

import json
from dataclasses import dataclass
from pathlib import Path

from stages.arguments import typed
from stages.folder import UNDECISIVE
from stages.typos import nearest
from sweeps.runs import Run

CODE = ("the code", "the task's code", "the metrics' code")  # told apart by a warning, not by a group
FILES = ("data.train", "data.validation", "data.test", "model.path")


@dataclass(frozen=True)
class Group:
    """Runs that count as repetitions of one another. `choices`: the keys in which groups differ -> values, as typed."""

    name: str
    choices: dict[str, str]
    runs: list[Run]

    @property
    def short(self):
        """The name for a sentence: an option's own name needs no key."""
        alone = list(self.choices.items())
        is_option = len(alone) == 1 and "." not in alone[0][0] and not alone[0][0].startswith("batch")
        return alone[0][1] if is_option else self.name

    @property
    def seeds(self):
        return [run.seed for run in self.runs]


def flat(tree: dict, of: str = "") -> dict:
    """{"a": {"b": 1}} -> {"a.b": 1}; what is null or empty holds nothing, for older runs lack newer keys."""
    found = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            found |= flat(value, f"{of}{key}.")
        elif value is not None:
            found[f"{of}{key}"] = value
    return found


def decisive(run: Run) -> dict:
    """All that decides a run's result but its seed: key -> value, local files by the digest of their content."""
    config = {key: value for key, value in run.config.items() if key not in (*UNDECISIVE, "seed")}
    config = {"batching": "examples", **config, "task": vars(run.chosen_task)}  # older runs had no choice of it
    config["guard"] = {"max_minutes": (run.config.get("guard") or {}).get("max_minutes")}
    content = {key: value for key, value in run.content.items() if key not in CODE}
    digests = {"model.path": content.pop("the model", None), **content}
    return {**flat(config), **{key: value for key, value in digests.items() if value}}


def shown(run: Run, key: str) -> str:
    """The value of a key as a reader knows it: of local files their name."""
    value = {**decisive(run), **flat(run.config)}.get(key)
    return Path(str(value)).name if key in FILES and value is not None else str(typed(value))


def varying(runs: list[Run]) -> list[str]:
    """The keys in which runs differ, without those that follow from an option's name, or from one named before."""
    tables = [decisive(run) for run in runs]
    keys = dict.fromkeys(key for table in tables for key in table)
    different = [key for key in keys if len({_same(table.get(key)) for table in tables}) > 1]
    different.sort(key=lambda key: (not key.endswith(".name"), key))
    kept = []
    for key in different:
        name = f"{key.split('.')[0]}.name"
        if key == name or name not in different or not _follows(tables, name, key):
            kept.append(key)
    return kept


def naming(runs: list[Run]) -> tuple[list[str], list[str]]:
    """The keys of `varying` in two parts: those that tell runs apart, and those that change with the name of an option
    in another group, whether they belong to it or were changed together with it."""
    tables, keys = [decisive(run) for run in runs], varying(runs)
    names = [key for key in keys if key.endswith(".name")]
    along = [key for key in keys if key not in names and any(_follows(tables, name, key) for name in names)]
    return [key for key in keys if key not in along], along


def _follows(tables, name, key):
    """Whether each value of `name` goes with one value of `key`."""
    pairs = {(_same(table.get(name)), _same(table.get(key))) for table in tables}
    return len(pairs) == len({first for first, _ in pairs})


def _same(value):
    return json.dumps(value, sort_keys=True, default=str)


def group_runs(runs: list[Run], by: list[str] | None = None) -> tuple[list[Group], dict[str, int]]:
    """-> (groups in the order of their first run, {key that varies inside a group although runs should be repetitions:
    its values}). `by`: the keys that make a group; None for all but the seed. ValueError for a key that no run has."""
    keys = [full_key(key, runs) for key in by] if by else None
    members: dict[str, list[Run]] = {}
    for run in runs:
        table = decisive(run)
        whole = {**flat(run.config), **table}  # of seed, and what else decides nothing
        members.setdefault(_same([whole.get(k) for k in keys] if keys else table), []).append(run)
    named = keys or naming(runs)[0]
    groups = [_group(named, sorted(own, key=lambda run: str(run.seed).zfill(12))) for own in members.values()]
    inside = {key: n for own in members.values() for key, n in _varying_inside(own, named).items()}
    return _told_apart(groups), inside


def newest(runs: list[Run]) -> list[Run]:
    """Of runs with the same choices and seed, which differ in code alone, the one that was started last."""
    kept: dict[str, Run] = {}
    for run in runs:
        key = _same([run.seed, decisive(run)])
        if key not in kept or run.provenance.get("started", "") > kept[key].provenance.get("started", ""):
            kept[key] = run
    return list(kept.values())


def _varying_inside(runs, named):
    if len(runs) == 1:
        return {}
    return {_short(k): len({_same(decisive(run).get(k)) for run in runs}) for k in varying(runs) if k not in named}


def _group(keys, runs):
    choices, ends = {_short(key): shown(runs[0], key) for key in keys}, [_last(_short(key)) for key in keys]
    names = {key: _last(key) if ends.count(_last(key)) == 1 else key for key in choices}
    return Group(" ".join(f"{names[key]}={value}" for key, value in choices.items()) or "all runs", choices, runs)


def _last(key):
    return key.rpartition(".")[2]


def _told_apart(groups):
    """Groups of one name get the first run's folder behind it (other files under the same name)."""
    names = [group.name for group in groups]
    return [
        g if names.count(g.name) == 1 else Group(f"{g.name} ({g.runs[0].folder.name})", g.choices, g.runs)
        for g in groups
    ]


def _short(key):
    return key.removesuffix(".name")


def full_key(key: str, runs: list[Run]) -> str:
    """The whole name of a key: `model` is model.name, `learning_rate` is optimizer.learning_rate."""
    known = {name for run in runs for name in (*flat(run.config), *decisive(run))}
    ends = sorted(name for name in known if name.endswith(f".{key}"))
    for name in (f"{key}.name", key, *(ends if len(ends) == 1 else [])):
        if name in known:
            return name
    if len(ends) > 1:
        raise ValueError(f"{key} may be {' or '.join(ends)}. Give the whole key.")
    near = nearest(key, sorted(known))
    hint = f" Nearest: {', '.join(near)}." if near else ""
    raise ValueError(f"no run has the key {key}.{hint}")


def pick(groups: list[Group], wanted: str) -> Group:
    """The group that `key=value ...` or a part of its name means; ValueError where it is none or several."""
    exact = [group for group in groups if wanted in (group.name, group.short)]
    pairs = [word.partition("=") for word in wanted.split()]
    by_pairs = [g for g in groups if all(_has(g, key, value) for key, _, value in pairs)]
    found = exact or by_pairs or [group for group in groups if wanted in group.name]
    if len(found) == 1:
        return found[0]
    names = ", ".join(group.name for group in found or groups)
    raise ValueError(f"--baseline {wanted} names {len(found) or 'no'} group{'s' * (len(found) > 1)}. Groups: {names}.")


def _has(group, key, value):
    own = {**group.choices, **{_last(name): v for name, v in group.choices.items()}}
    return bool(value) and own.get(key) == value
