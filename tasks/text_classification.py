"""Text classification, of one text or a pair of texts: into one class, any number of them, or onto an ordered scale."""

from dataclasses import dataclass, replace
from typing import ClassVar

from tasks.checks import check_choices, check_text
from tasks.contract import LossContext, Task, as_line
from tasks.texts.many_labels import ManyLabels
from tasks.texts.one_label import OneLabel, label_names
from tasks.texts.ordered_label import OrderedLabel
from tasks.texts.rows import encode_texts

KINDS = {"single_label": OneLabel(), "multi_label": ManyLabels(), "ordinal": OrderedLabel()}


@dataclass(frozen=True)
class TextClassification(Task):
    """`best`: None for the score that the kind is published with. `kind`: a key of KINDS. `pairs`: whether the column
    `pair` is read as a second text; None: where the data has it. `threshold`: the probability from which on a text gets
    a label, None to find it on the validation split. `separator`: what stands between the labels in a cell of text.
    `class_weights`: 'auto' weighs classes inversely to their frequency. `focal_gamma`: 0 for cross entropy, more for
    the focal loss. `calibration_bins`: of the expected calibration error. `label_order`: the head's names, filled in
    by `tuned`."""

    best: str | None
    kind: str = "single_label"
    pairs: bool | None = None
    threshold: float | None = None
    separator: str = ","
    class_weights: str | None = None
    focal_gamma: float = 0.0
    calibration_bins: int = 15
    label_order: list | tuple | None = None

    columns: ClassVar = ("text", "label")
    target: ClassVar = "label"
    optional: ClassVar = ("pair",)
    auto_class: ClassVar = "AutoModelForSequenceClassification"
    lora_type: ClassVar = "SEQ_CLS"
    pipeline: ClassVar = {"task": "text-classification", "truncation": True}

    def __post_init__(self):
        check_choices(self, {"kind": tuple(KINDS), "class_weights": ("auto", None)})
        object.__setattr__(self, "best", self.best or self._kind.best)
        super().__post_init__()
        if not isinstance(self.calibration_bins, int) or self.calibration_bins < 1:
            raise ValueError(f"task.calibration_bins={self.calibration_bins} is not a number of bins. Give 1 or more.")
        if self.focal_gamma < 0:
            raise ValueError(
                f"task.focal_gamma={self.focal_gamma} is below 0. Give 0 for cross entropy, 2 as published."
            )
        if self.threshold is not None and not 0 < self.threshold < 1:
            raise ValueError(f"task.threshold={self.threshold} is not a probability between 0 and 1, or null.")
        if not self.separator:
            raise ValueError("task.separator is empty. Give what stands between two labels, such as ','.")

    @property
    def _kind(self):
        return KINDS[self.kind]

    @property
    def directions(self):
        return self._kind.directions

    @property
    def shown(self):
        return self._kind.shown

    @property
    def answers_are(self):
        return self._kind.answers_are

    @property
    def smooths(self):
        return not self.focal_gamma

    @property
    def is_standard(self):
        return self.kind == "single_label"

    @property
    def head_config(self):
        return self._kind.head_config

    @property
    def separators(self):
        return {"label": self.separator} if self.kind == "multi_label" else {}

    @property
    def sample(self):
        one = "sentence_pair" if self.pairs else self.name
        return one if self.kind == "single_label" else self.kind

    def prepare(self, splits):
        return {split: self._checked(split, examples) for split, examples in splits.items()}, []

    def _checked(self, split, examples):
        """The examples of a split: texts, a second text that may be a list of them, labels as the kind has them."""
        examples = dict(examples)
        if "pair" in examples:
            examples["pair"] = [as_line(value) if isinstance(value, list) else value for value in examples["pair"]]
        check_text(split, examples, ("text", "pair"))
        if "label" in examples:
            examples["label"] = self._kind.checked(split, examples["label"])
        return examples

    def inputs(self, examples):
        return list(zip(*(examples[name] for name in self._texts(examples)), strict=True))

    def _texts(self, examples):
        return ("text", "pair") if "pair" in examples and self.pairs is not False else ("text",)

    def labels(self, train, known):
        names = label_names([label for labels in self.classes(train) for label in labels], known)
        self._kind.check_names(self, names, known)
        return names

    def classes(self, examples):
        return self._kind.classes(examples["label"])

    def encode(self, examples, tokenizer, labels):
        """One row per example; one longer than the model reads is cut (a pair at its longer text) and marked."""
        if self.pairs and "pair" not in examples:
            raise ValueError("task.pairs: there is no second text. Map its column with data.columns.pair=...")
        texts = [examples[name] for name in self._texts(examples)]
        rows = encode_texts(tokenizer, *texts)
        count, gold = len(texts[0]), examples.get("label")
        ids = self._kind.unknown_ids(count, labels) if gold is None else self._kind.ids(gold, labels)
        return {**rows, "example": list(range(count)), "labels": ids}

    def collator(self, tokenizer, model):
        from transformers import DataCollatorWithPadding

        return DataCollatorWithPadding(tokenizer)

    def loss(self, outputs, labels, context):
        return self._kind.losses(super().loss, outputs, labels, context, self.focal_gamma)

    def loss_context(self, rows, labels, label_smoothing):
        weights = self._kind.weights(rows["labels"], len(labels)) if self.class_weights else None
        return LossContext(weights, label_smoothing)

    def reduce(self, outputs):
        return (self._kind.probabilities(outputs["logits"]),)

    def tuned(self, reduced, rows, labels, examples):
        gold = [examples["label"][example] for example in rows["example"]]
        found = self._kind.tuned(self, reduced[0], gold, labels)
        pairs = "pair" in self._texts(examples)
        return replace(self, pairs=pairs, label_order=tuple(labels), **found)

    def decode(self, reduced, rows, labels, examples, tokenizer):
        (probabilities,) = reduced
        decoded = [{}] * len(examples["text"])
        for example, p in zip(rows["example"], probabilities, strict=True):
            decoded[example] = self._kind.predicted(p, labels, self)
        return decoded

    def metrics(self, predictions, examples):
        return self._kind.scores(predictions, examples["label"], self)

    def baseline(self, train, examples):
        """Memorising: the labels of the same text in training, else the same answer for all."""
        name, usual = self._kind.usual(train["label"], self)
        memory = dict(zip(self.inputs(train), train["label"], strict=True))
        guesses = [{**usual, "prediction": memory.get(row, usual["prediction"])} for row in self.inputs(examples)]
        return f"memorised texts, else {name}", guesses

    def answers(self, row):
        found = self._kind.answers(row, self)
        return super().answers(row) if found is None else found

    def marked(self, row):
        return [(row[name], None, None) for name in self._texts(row)]
