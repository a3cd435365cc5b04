"""Several tasks on one shared encoder: each part with its own head, loss, scores and data, in batches of all parts."""

from dataclasses import dataclass, field, replace
from statistics import mean
from typing import ClassVar

from tasks.checks import check_choices
from tasks.contract import Scores, Task, task_class
from tasks.mixing import mixed, shared_encoder

SAMPLING = ("size", "temperature", "equal")


@dataclass(frozen=True)
class MultiTask(Task):
    """`parts`: name -> the choices of a task, its `name` among them. `sampling`: how often a part is trained on: by its
    size, by size ** (1 / `temperature`), or all alike; the largest part is seen once in an epoch, smaller ones more
    often. `best`: mean, of what each part calls best, or a part's score, such as ner/f1."""

    parts: dict = field(default_factory=dict)
    sampling: str = "size"
    temperature: float = 2.0

    target: ClassVar = "gold"
    auto_class: ClassVar = "AutoModel"
    lora_type: ClassVar = "FEATURE_EXTRACTION"
    model_inputs: ClassVar = ("part", "row")
    least_labels: ClassVar = 1
    pipeline: ClassVar = {"task": "feature-extraction"}
    is_standard: ClassVar = False
    skips_weights: ClassVar = True
    answers_are: ClassVar = "Answers as the tasks of all parts give them."

    def __post_init__(self):
        if len(self.parts) < 2:
            raise ValueError(f"task.parts: {len(self.parts)} are too few. +task@task.parts.<part>=<task> adds one.")
        for part, task in self.members.items():
            mixed.check_part(part, task)
        super().__post_init__()
        check_choices(self, {"sampling": SAMPLING})
        if self.temperature < 1:
            raise ValueError(f"task.temperature={self.temperature} is below 1, which stands for the sizes as they are.")

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
        return self._each(examples, lambda part, task, own: [(part, *row) for row in task.inputs(own)])

    def labels(self, train, known):
        chosen = {part: mixed.select(train, part)[1] for part in self.parts}
        return tuple(f"{part}/{name}" for part, t in self.members.items() for name in t.labels(chosen[part], None))

    def classes(self, examples):
        named = self._each(examples, lambda part, task, own: task.classes(own))
        return [[f"{part}/{c}" for c in classes] for part, classes in zip(examples["part"], named, strict=True)]

    def encode(self, examples, tokenizer, labels):
        rows = {}
        for i, (part, task) in enumerate(self.members.items()):
            places, own = mixed.select(examples, part)
            if places:
                encoded = task.encode(own, tokenizer, mixed.labels_of(labels, part))
                for name, values in mixed.to_rows(encoded, i, places).items():
                    rows.setdefault(name, []).extend(values)
        return rows

    def training_rows(self, rows, tokenizer, seed):
        return rows.select(mixed.epoch(rows["part"][:], self.sampling, self.temperature, seed))

    def learned_config(self, train):
        learned = {part: task.learned_config(mixed.select(train, part)[1]) for part, task in self.members.items()}
        return {"learned": learned}

    def head_class(self, base):
        return shared_encoder.shared_encoder(base, self.members)

    def collator(self, tokenizer, model):
        collators = {part: task.collator(tokenizer, model) for part, task in self.members.items()}
        inputs = {part: task.model_inputs for part, task in self.members.items()}
        names = {part: (*tokenizer.model_input_names, *own, "labels") for part, own in inputs.items()}
        return shared_encoder.MixedCollator(collators, names)

    def loss_context(self, rows, labels, label_smoothing):
        contexts = {}
        for i, (part, task) in enumerate(self.members.items()):
            own = mixed.from_rows(rows, i)[1]
            contexts[part] = task.loss_context(own, mixed.labels_of(labels, part), label_smoothing)
        return shared_encoder.PartContexts(None, label_smoothing, contexts)

    def loss(self, outputs, labels, context):
        """The mean over the items of each row, so that every row counts alike, whatever its part and its length."""
        losses = outputs["logits"].new_zeros(len(labels))
        for i, (part, task) in enumerate(self.members.items()):
            if part in outputs:
                gold = outputs[f"{part}/labels"]
                own = replace(context.parts[part], label_smoothing=context.label_smoothing)
                of_rows = task.loss(outputs[part], gold, own) / task.items(gold).clamp(min=1)
                losses = losses.index_put((outputs["part"] == i,), of_rows.to(losses.dtype))
        return losses

    def reduce(self, outputs):
        numbers = {i: (part, task) for i, (part, task) in enumerate(self.members.items()) if part in outputs}
        packed = {i: shared_encoder.pack(task.reduce(outputs[part])) for i, (part, task) in numbers.items()}
        return (shared_encoder.scattered(outputs["part"], packed),)

    def decode(self, reduced, rows, labels, examples, tokenizer):
        def decoded(part, task, own):
            tensors, of_part = self._apart(part, reduced, rows, examples)
            return task.decode(tensors, of_part, mixed.labels_of(labels, part), own, tokenizer)

        return self._each(examples, decoded)

    def tuned(self, reduced, rows, labels, examples):
        parts = {}
        for part, task in self.members.items():
            _, own = mixed.select(examples, part)
            tensors, of_part = self._apart(part, reduced, rows, examples)
            found = task.tuned(tensors, of_part, mixed.labels_of(labels, part), own) if own else task
            parts[part] = {**self.parts[part], **vars(found)}
        return replace(self, parts=parts)

    def _apart(self, part, reduced, rows, examples):
        """-> (what `reduce` of one part gave, its rows with `example` counted in its own examples)."""
        places, own = mixed.from_rows(rows, list(self.parts).index(part))
        order = {place: i for i, place in enumerate(mixed.select(examples, part)[0])}
        own["example"] = [order[place] for place in own["example"]]
        return shared_encoder.unpack([reduced[0][place] for place in places]), own

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

        guesses = self._each(examples, guessed)
        return "; ".join(names), guesses

    def answers(self, row):
        return self.members[row["part"]].answers(_own(row))

    def marked(self, row):
        return self.members[row["part"]].marked(_own(row))

    def _each(self, examples, made):
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
