"""The data set: found, read, its columns mapped onto the task's, labels by name."""

import re
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from stages.archives import check_packed
from stages.arguments import typed
from stages.as_text import as_text
from stages.cards import check_card
from stages.collection import no_collection
from stages.columns import by_split, heads, map_columns, values
from stages.cuts import SPLITS, cut_missing_splits, take
from stages.data_files import TEXT
from stages.digests import files_digest
from stages.draws import draw
from stages.images import as_paths, undecoded
from stages.parts import has_parts, load_parts, load_test_parts
from tasks.contract import Finding


@dataclass(frozen=True)
class Data:
    """`splits`: name -> columns in the task's words. `labels`: the names that the head predicts. `source`: what was
    really read, for the provenance. `findings`: what the task noticed while reading."""

    splits: dict[str, dict]
    labels: tuple[str, ...]
    source: dict
    findings: list[Finding]


@no_collection()
def load_data(config, task):
    """Read the splits of a data set; raises ValueError or FileNotFoundError that names file, line or key."""
    data = config["data"]
    if has_parts(data, task):
        return load_parts(config, task)
    if data.get("train", "") is None:
        raise ValueError(f"data.train is null: data={data['name']} needs one to learn from. Set data.train=...")
    splits, declared, source, findings = _read_splits(data, task)
    if data["source"] != "sample":
        splits = cut_missing_splits(splits, data, task)
    labels = task.labels(splits["train"], declared)
    if len(labels) < task.least_labels:
        raise ValueError(
            f"data={data['name']}: train has only the label {', '.join(labels)}, learning needs {task.least_labels}. "
            f"Check data.train and data.columns.{task.target}."
        )
    if data["per_class"]:
        splits["train"], few = draw(splits["train"], data["per_class"], config["seed"], task)
        findings = findings + few
    if data["limit"]:
        splits = {name: take(examples, range(data["limit"])) for name, examples in splits.items()}
    splits |= {name: task.beside_train(splits["train"], splits[name]) for name in splits if name != "train"}
    return Data(splits, labels, source, findings)


@no_collection()
def load_test(data, task):
    """The test split alone, for a model that is trained: -> (examples, what was read, findings)."""
    if has_parts(data, task):
        return load_test_parts(data, task)
    splits, _, source, findings = _read_splits(data, task)
    examples = splits["test"] if not data["limit"] else take(splits["test"], range(data["limit"]))
    return examples, source, findings


def _read_splits(data, task):
    readers = {"hub": _from_hub, "files": _from_files, "sample": _from_sample}
    splits, declared, source, places = readers[data["source"]](data, task)
    try:
        splits, findings = task.prepare(splits)
    except ValueError as error:
        raise ValueError(_with_place(str(error), places)) from error
    for name, examples in splits.items():
        if not examples[task.target]:
            raise ValueError(
                f"data={data['name']}: the {name} split holds no examples. Choose another one in data.{name}."
            )
    return splits, declared, source, findings


def _with_place(message, places):
    """What a task says of an example, with the file and line (or row) that it was read from behind its number."""
    named = re.search(rf"\b({'|'.join(places)}) example (\d+)", message) if places else None
    if named is None or int(named[2]) > len(places[named[1]]):
        return message
    return message.replace(named[0], f"{named[0]} ({places[named[1]][int(named[2]) - 1]})", 1)


def _from_sample(data, task):
    try:
        module = import_module(f"tasks.samples.{task.sample}")
    except ModuleNotFoundError as error:
        raise ValueError(
            f"data=sample: there is no tasks/samples/{task.sample}.py. Use data=files or data=hub."
        ) from error
    made, splits = module.generate(), {}
    for split in SPLITS:
        if data[split] not in made:
            raise ValueError(f"data.{split}={typed(data[split])}: the sample has the splits {', '.join(made)}.")
        size = len(made[data[split]][task.form(made[data[split]])[-1]])
        splits[split] = as_paths(made[data[split]], task, [f"{split} example {i}" for i in range(1, size + 1)])
    return splits, None, {"sample": task.sample}, {}


def _from_files(data, task):
    splits, source, places = {}, {}, {}
    for split, table in _tables(data, task):
        mapped = map_columns(data, task, list(table.columns), table.path)
        columns = {column: values(table.columns, name, table.places) for column, name in mapped.items()}
        splits[split] = as_text(columns, task, data["labels"], table.places)
        source[split] = {"path": str(Path(table.path).resolve()), "sha256": files_digest(table.path, data["format"])}
        places[split] = table.places
    return splits, data["labels"], source, places


def _tables(data, task):
    """(split, Table) of each file; the rows of train's that `data.split_column` gives to a split without a file too."""
    from stages.readers import read_table

    for split in _given_splits(data):
        table = read_table(str(data[split]), data["format"], TEXT if task.running else ())
        parts = by_split(table, data["split_column"]) if data.get("split_column") else {split: table}
        if split not in parts:
            raise ValueError(f"data.split_column={data['split_column']}: no row of {table.path} is for {split}.")
        of_file = [name for name in parts if name == split or (split == "train" and data[name] is None)]
        yield from ((name, parts[name]) for name in of_file)


def _given_splits(data):
    return [split for split in SPLITS if data[split] is not None]


def _from_hub(data, task):
    from stages.hub import locate_data

    folder, commit = locate_data(data["path"], data["revision"])
    check_card(folder, data["path"])
    check_packed(folder, data["path"])
    loaded = _load(folder, data)
    if task.images:
        loaded = {name: undecoded(split) for name, split in loaded.items()}
    splits, declared, places = {}, None, {}
    for split in _given_splits(data):
        name = data[split]
        if name not in loaded:
            known = ", ".join(loaded)
            raise ValueError(
                f"data.{split}={name}: {data['path']} has only the splits {known}. null cuts one from train."
            )
        mapped = map_columns(data, task, loaded[name].column_names, data["path"])
        gold = mapped[task.form(mapped)[-1]]
        declared = _declared(loaded[name].features.get(str(gold))) or data["labels"]
        needed = {head for source in mapped.values() for head in heads(source, loaded[name].column_names)}
        table = {head: loaded[name][head] if task.images else loaded[name][head][:] for head in needed}
        places[split] = [f"{data['path']}, split {name}, row {i}" for i in range(1, len(loaded[name]) + 1)]
        columns = {column: values(table, source, places[split]) for column, source in mapped.items()}
        splits[split] = as_text(columns, task, declared, places[split], within=folder)
    return splits, declared, {"hub": data["path"], "revision": commit}, places


def _load(folder, data):
    """The splits of a data set's folder. Without a README (the Hub's own parquet branch) each folder in it is a subset:
    load_dataset would mix them."""
    from datasets import load_dataset

    subset, subsets = data["subset"], sorted({file.parents[1].name for file in folder.glob("*/*/*.parquet")})
    if subsets and not (folder / "README.md").is_file():
        subset = subset or (subsets[0] if len(subsets) == 1 else None)
        if subset not in subsets:
            raise ValueError(
                f"data.subset={subset or 'null'}: {data['path']} has the subsets {', '.join(subsets)}. Choose one."
            )
        folder, subset = folder / subset, None
    try:
        return load_dataset(str(folder), subset)
    except (ValueError, RuntimeError, FileNotFoundError) as error:
        chosen = f"data.path={data['path']} data.subset={subset or 'null'}"
        raise ValueError(f"{chosen} cannot be loaded: {' '.join(str(error).split())}") from error


def _declared(feature):
    """Label names of a ClassLabel, or of a list of them; None where there are none."""
    feature = getattr(feature, "feature", feature)
    return list(feature.names) if hasattr(feature, "names") else None
