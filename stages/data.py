"""The data set: found, read, its columns mapped onto the task's, labels by name, missing splits cut from train."""

import hashlib
import json
from dataclasses import dataclass
from importlib import import_module
from itertools import islice
from pathlib import Path

from stages.config import unknown
from stages.folder import file_digest
from stages.readers import read_table
from tasks.contract import Finding

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Data:
    """`splits`: name -> columns in the task's words. `labels`: the names that the head predicts. `source`: what was really
    read, for the provenance. `findings`: what the task noticed while reading."""

    splits: dict[str, dict]
    labels: tuple[str, ...]
    source: dict
    findings: list[Finding]


def load_data(config, task):
    """Read the splits of a data set; raises ValueError or FileNotFoundError that names file, line or key."""
    data = config["data"]
    splits, declared, source = {"hub": _from_hub, "files": _from_files, "sample": _from_sample}[data["source"]](
        data, task
    )
    splits, findings = task.prepare(splits)
    if data["source"] != "sample":
        splits = _cut_missing_splits(splits, data, task)
    if data["limit"]:
        splits = {name: _take(examples, range(data["limit"])) for name, examples in splits.items()}
    for name, examples in splits.items():
        if not examples[task.target]:
            raise ValueError(f"data={data['name']}: the {name} split holds no examples.")
    labels = task.labels(splits["train"], declared)
    if len(labels) < 2:
        raise ValueError(
            f"data={data['name']}: the train split knows only {', '.join(labels)}; learning needs 2 labels."
        )
    return Data(splits, labels, source, findings)


def _from_sample(data, task):
    try:
        module = import_module(f"tasks.samples.{task.name}")
    except ModuleNotFoundError as error:
        raise ValueError(
            f"data=sample: there is no tasks/samples/{task.name}.py. Use data=files or data=hub."
        ) from error
    return module.generate(), None, {"sample": task.name}


def _from_files(data, task):
    splits, source = {}, {}
    for split in SPLITS:
        if data[split] is None:
            continue
        table = read_table(str(data[split]), data["format"])
        splits[split] = {
            column: _named(
                table.columns[name], data["labels"] if column == task.target else None, f"{table.path}:", table.lines
            )
            for column, name in _map_columns(data, task, list(table.columns), table.path).items()
        }
        source[split] = {"path": str(Path(table.path).resolve()), "sha256": file_digest(table.path)}
    return splits, data["labels"], source


def _map_columns(data, task, found, where):
    """Task column -> data column. CoNLL files name theirs by number: words are the first and tags the last by default."""
    given = dict(data["columns"])
    for column in given:
        if column not in task.columns:
            raise ValueError(unknown(f"data.columns.{column}", [f"data.columns.{c}" for c in task.columns]))
    numbered = bool(found) and all(name.isdigit() for name in found)
    defaults = dict(zip(task.columns, ("0", "-1"), strict=False)) if numbered else {c: c for c in task.columns}
    mapped = {column: str(given.get(column, defaults[column])) for column in task.columns}
    if numbered:
        mapped = {c: found[int(n)] if n.lstrip("-").isdigit() and -len(found) <= int(n) < len(found) else n
                  for c, n in mapped.items()}  # fmt: skip
    for column, name in mapped.items():
        if name not in found:
            names = ", ".join(found)
            raise ValueError(
                f"{where} has no column {name!r} for the task's {column}. It has: {names}. "
                f"Map one with data.columns.{column}=<column>"
            )
    return mapped


def _from_hub(data, task):
    from datasets import load_dataset

    from stages.hub import locate_data

    folder, commit = locate_data(data["path"], data["revision"])
    try:
        loaded = load_dataset(str(folder), data["subset"])
    except (ValueError, RuntimeError, FileNotFoundError) as error:
        raise ValueError(f"data.path={data['path']} cannot be loaded: {error}") from error
    splits, declared = {}, None
    for split in SPLITS:
        name = data[split]
        if name is None:
            continue
        if name not in loaded:
            raise ValueError(f"data.{split}={name}: {data['path']} has the splits {', '.join(loaded)}.")
        mapped = _map_columns(data, task, loaded[name].column_names, data["path"])
        declared = _declared(loaded[name].features[mapped[task.target]]) or data["labels"]
        splits[split] = {
            column: _named(loaded[name][source][:], declared if column == task.target else None, f"{split} example ")
            for column, source in mapped.items()
        }
    return splits, declared, {"hub": data["path"], "revision": commit}


def _declared(feature):
    """Label names of a ClassLabel, or of a list of them; None where there are none."""
    feature = getattr(feature, "feature", feature)
    return list(feature.names) if hasattr(feature, "names") else None


def _named(values, names, where, lines=None):
    """Labels by name, never by bare id: integers become `names[i]`, or their digits where there are no names."""

    def name(value, i):
        if isinstance(value, list):
            return [name(v, i) for v in value]
        number = isinstance(value, int) or (names and isinstance(value, str) and value.isdigit() and value not in names)
        if not number:
            return value
        if names is None:
            return str(value)
        if not 0 <= int(value) < len(names):
            raise ValueError(
                f"{where}{lines[i] if lines else i + 1}: label {value} has no name among {len(names)}. -1 marks a split "
                "without labels: choose another one for data.test, or extend data.labels."
            )
        return names[int(value)]

    return [name(value, i) for i, value in enumerate(values)] if names or _has_integers(values) else values


def _has_integers(values):
    return any(
        isinstance(v, int) for value in islice(values, 100) for v in (value if isinstance(value, list) else [value])
    )


def _cut_missing_splits(splits, data, task):
    """Where a split is missing, hold out its share of train: deterministic, in proportion to the classes."""
    test_share = 0 if "test" in splits else data["test_share"]
    validation_share = 0 if "validation" in splits else data["validation_share"] / (1 - test_share)
    if "validation" not in splits and not validation_share:
        raise ValueError("data.validation is null and data.validation_share=0: nothing to choose a checkpoint on.")
    for split, share in (("test", test_share), ("validation", validation_share)):
        if share:
            splits["train"], splits[split] = cut(splits["train"], share, task)
    return {split: splits[split] for split in SPLITS if split in splits}


def cut(examples, share, task):
    """-> (the rest, the cut): systematic sampling over the distinct examples, sorted by class and then by their digest, so
    that classes keep their proportion, equal examples stay together and neither order nor chance plays a part."""
    keys = [
        (tuple(sorted(set(classes))), hashlib.sha256(json.dumps(row).encode()).hexdigest())
        for classes, row in zip(task.classes(examples), zip(*examples.values(), strict=True), strict=True)
    ]
    distinct = sorted(set(keys))
    chosen = {key for i, key in enumerate(distinct) if int((i + 1) * share + 0.5) > int(i * share + 0.5)}
    sides = {True: [], False: []}
    for i, key in enumerate(keys):
        sides[key in chosen].append(i)
    return _take(examples, sides[False]), _take(examples, sides[True])


def _take(examples, indices):
    return {name: [values[i] for i in indices if i < len(values)] for name, values in examples.items()}
