"""A task that is made of others: their examples, labels, guesses and scores as those of one."""

from dataclasses import dataclass, field, replace
from statistics import mean
from typing import ClassVar

from tasks.contract import Scores, Task, task_class
from tasks.mixing import mixed


@dataclass(frozen=True)
class Mixture(Task):
    """`parts`: name -> the choices of a task, its `name` among them. What the task is follows from its `members`, these
    tasks by part; labels and scores are called `part/name`."""

    parts: dict = field(default_factory=dict)

    target: ClassVar = "gold"
    least_labels: ClassVar = 1
    answers_are: ClassVar = "Answers as the tasks of all parts give them."

    def __post_init__(self):
        if len(self.parts) < 2:
            raise ValueError(f"task.parts: {len(self.parts)} are too few. +task@task.parts.<part>=<task> adds one.")
        for part, task in self.members.items():
            mixed.check_part(part, task)
        super().__post_init__()

    @property
    def members(self):
        found = {}
        for part, choices in self.parts.items():
            try:
                found[part] = task_class(choices["name"])(**choices)
            except (TypeError, ValueError, KeyError) as error:
                raise ValueError(f"task.parts.{part}: {error}") from error
        return found

    @property
    def directions(self):
        named = {f"{part}/{name}": up for part, task in self.members.items() for name, up in task.directions.items()}
        return {"mean": True, **{name: up for name, up in named.items() if not name.endswith("/loss")}, "loss": False}

    @property
    def shown(self):
        return ("mean", *(f"{part}/{name}" for part, task in self.members.items() for name in task.shown))

    @property
    def forms(self):
        """Examples of one part alone."""
        own = [form for task in self.members.values() for form in (task.columns, *task.forms)]
        return tuple(("part", *form[:-1], "gold") for form in own)

    @property
    def columns(self):
        return ("part", *_union(task.form(task.columns)[:-1] for task in self.members.values()), "gold")

    @property
    def optional(self):
        return tuple(name for name in _union(t.optional for t in self.members.values()) if name not in self.columns)

    @property
    def structured(self):
        return (*_union(form[1:] for form in self.forms), *self.optional)

    @property
    def splits_words(self):
        return any(task.splits_words for task in self.members.values())

    @property
    def smooths(self):
        return all(task.smooths for task in self.members.values())

    @property
    def margin(self):
        return max(task.margin for task in self.members.values())

    @property
    def new_tokens(self):
        return _union(task.new_tokens for task in self.members.values())

    def form(self, names):
        inputs = _union(form[1:-1] for form in self.forms)
        return ("part", *(name for name in inputs if name in names), "gold")

    def prepare(self, splits):
        pieces, findings = {split: {} for split in splits}, []
        for part, task in self.members.items():
            chosen = {split: mixed.with_gold(examples, part, task) for split, examples in splits.items()}
            ready, found = task.prepare({split: columns for split, (places, columns) in chosen.items() if places})
            findings += [replace(finding, what=f"{part}: {finding.what}") for finding in found]
            for split, columns in ready.items():
                pieces[split][part] = (chosen[split][0], columns)
        mixed.check_names(splits, self.parts)
        return {split: mixed.join(of_split, self.members) for split, of_split in pieces.items()}, findings

    def inputs(self, examples):
        return self.each(examples, lambda part, task, own: [(part, *row) for row in task.inputs(own)])

    def labels(self, train, known):
        chosen = {part: mixed.select(train, part)[1] for part in self.parts}
        return tuple(f"{part}/{name}" for part, t in self.members.items() for name in t.labels(chosen[part], None))

    def classes(self, examples):
        named = self.each(examples, lambda part, task, own: task.classes(own))
        return [[f"{part}/{c}" for c in classes] for part, classes in zip(examples["part"], named, strict=True)]

    def learned_config(self, train):
        learned = {part: task.learned_config(mixed.select(train, part)[1]) for part, task in self.members.items()}
        return {"learned": learned}

    def metrics(self, predictions, examples):
        """The scores of each part as its task computes them, `part/score`, and the mean of what each calls best."""
        values, tables, bests = {}, {}, []
        for part, task in self.members.items():
            places, own = mixed.select(examples, part)
            if places:
                scores = task.metrics([predictions[i] for i in places], own)
                values |= {f"{part}/{name}": value for name, value in scores.values.items()}
                tables |= {f"{part}: {title}": rows for title, rows in scores.tables.items()}
                bests.append(scores.values[task.best])
        return Scores({"mean": mean(bests), **values}, tables)

    def baseline(self, train, examples):
        names = []

        def guessed(part, task, own):
            name, guesses = task.baseline(mixed.select(train, part)[1], own)
            names.append(f"{part}: {name}")
            return guesses

        guesses = self.each(examples, guessed)
        return "; ".join(names), guesses

    def answers(self, row):
        return self.members[row["part"]].answers(_own(row))

    def marked(self, row):
        return self.members[row["part"]].marked(_own(row))

    def each(self, examples, made):
        """What `made(part, task, own examples)` gives for the examples of each part, in the order of all."""
        values = [None] * len(examples["part"])
        for part, task in self.members.items():
            places, own = mixed.select(examples, part)
            for i, value in zip(places, made(part, task, own) if places else (), strict=True):
                values[i] = value
        return values


def _union(tuples):
    return tuple(dict.fromkeys(name for names in tuples for name in names))


def _own(row):
    return {name: value for name, value in row.items() if value is not None}
