"""Data of several tasks in one run: each part's read under its own choices, `data.parts.<part>`, then joined."""

from dataclasses import replace

from tasks.contract import Task
from tasks.mixing import mixed


def choices_of(data: dict, task: Task) -> dict[str, dict]:
    """The data choices of each part; of the sample all parts have the same, and each its own task's sample."""
    return data["parts"] if data["source"] == "parts" else dict.fromkeys(task.members, data)


def has_parts(data: dict, task: Task) -> bool:
    """Whether the parts are read one by one: not where one file holds the examples of all."""
    return data["source"] == "parts" or (data["source"] == "sample" and bool(task.members))


def check_parts(data: dict, task: Task) -> None:
    """Raise ValueError unless each part of the task has its data, and the other way round."""
    if task.members and data["source"] == "hub":
        raise ValueError(
            f"data={data['name']} is for one task, and {task.name} has several parts. Add data=parts, and "
            "data@data.parts.<part>=<data> for a part."
        )
    if data["source"] == "parts" and not task.members:
        raise ValueError(f"data=parts is for several tasks at once, and task={task.name} is one. Choose other data.")
    named = data["parts"] if data["source"] == "parts" else task.members
    for part in [part for part in task.members if part not in named]:
        raise ValueError(f"data.parts.{part}: task.parts.{part} has no data. Add +data@data.parts.{part}=<data>")
    for part in [part for part in named if part not in task.members]:
        raise ValueError(f"data.parts.{part}: there is no task.parts.{part}. Add ~data@data.parts.{part} or a task.")


def load_parts(config: dict, task: Task):
    """The joined `Data` of all parts, one after the other in each split; labels and findings name their part."""
    from stages.data import SPLITS, Data, load_data

    choices = choices_of(config["data"], task)
    loaded = {part: load_data({**config, "data": choices[part]}, member) for part, member in task.members.items()}
    parts = {s: {part: data.splits[s] for part, data in loaded.items() if s in data.splits} for s in SPLITS}
    labels = tuple(f"{part}/{name}" for part, data in loaded.items() for name in data.labels)
    findings = [_of_part(finding, part) for part, data in loaded.items() for finding in data.findings]
    splits = {split: join(of_split, task) for split, of_split in parts.items() if of_split}
    return Data(splits, labels, {part: data.source for part, data in loaded.items()}, findings)


def load_test_parts(data: dict, task: Task):
    """-> (the joined test examples, what was read, findings) of the parts that have a test split."""
    from stages.data import load_test

    choices = {part: own for part, own in choices_of(data, task).items() if own["test"] is not None}
    if not choices:
        raise ValueError("data.parts: no part has a test split. Add data.parts.<part>.test=...")
    loaded = {part: load_test(own, task.members[part]) for part, own in choices.items()}
    findings = [_of_part(finding, part) for part, (_, _, found) in loaded.items() for finding in found]
    examples = join({part: examples for part, (examples, _, _) in loaded.items()}, task)
    return examples, {part: source for part, (_, source, _) in loaded.items()}, findings


def join(parts: dict[str, dict], task: Task) -> dict:
    """The prepared examples of the parts, one part after the other, as examples of the task that they make up."""
    pieces, start = {}, 0
    for part, columns in parts.items():
        size = len(next(iter(columns.values())))
        pieces[part] = (list(range(start, start + size)), columns)
        start += size
    return mixed.join(pieces, task.members)


def _of_part(finding, part):
    return replace(finding, what=f"{part}: {finding.what}")
