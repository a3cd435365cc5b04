"""Text classification, of one text or a pair of texts: into one class, any number of them, or onto an ordered scale."""

from dataclasses import dataclass, replace
from typing import ClassVar

from tasks.checks import check_choices
from tasks.contract import LossContext
from tasks.texts.label_kinds import KINDS, check_ranges, read_labelled, remembered
from tasks.texts.labelled_texts import LabelledTexts
from tasks.texts.rows import encode_texts, present
from tasks.texts.text_or_pair import TextOrPair


@dataclass(frozen=True)
class TextClassification(LabelledTexts, TextOrPair):
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

    pipeline: ClassVar = {"task": "text-classification", "truncation": True}

    def __post_init__(self):
        check_choices(self, {"kind": tuple(KINDS), "class_weights": ("auto", None)})
        object.__setattr__(self, "best", self.best or self.label_kind.best)
        super().__post_init__()
        check_ranges(self)

    @property
    def label_kind(self):
        return KINDS[self.kind]

    @property
    def smooths(self):
        return not self.focal_gamma

    @property
    def separators(self):
        return {"label": self.separator} if self.kind == "multi_label" else {}

    @property
    def sample(self):
        one = "sentence_pair" if self.pairs else self.name
        return one if self.kind == "single_label" else self.kind

    def prepare(self, splits):
        return {split: read_labelled(split, examples, self.label_kind) for split, examples in splits.items()}, []

    def _texts(self, examples):
        return ("text", "pair") if "pair" in examples and self.pairs is not False else ("text",)

    def inputs(self, examples):
        return present(examples, self._texts(examples))

    def labels(self, train, known):
        return self.label_kind.names(self, train["label"], known)

    def encode(self, examples, tokenizer, labels):
        """One row per example; one longer than the model reads is cut (a pair at its longer text) and marked."""
        if self.pairs and "pair" not in examples:
            raise ValueError("task.pairs: there is no second text. Map its column with data.columns.pair=...")
        rows = encode_texts(tokenizer, *(examples[name] for name in self._texts(examples)))
        return {**rows, "example": list(range(len(rows["cut"]))), "labels": self.label_ids(examples, labels)}

    def loss(self, outputs, labels, context):
        return self.label_kind.losses(super().loss, outputs, labels, context, self.focal_gamma)

    def loss_context(self, rows, labels, label_smoothing):
        weights = self.label_kind.weights(rows["labels"], len(labels)) if self.class_weights else None
        return LossContext(weights, label_smoothing)

    def tuned(self, reduced, rows, labels, examples):
        gold = [examples["label"][example] for example in rows["example"]]
        found = self.label_kind.tuned(self, reduced[0], gold, labels)
        return replace(self, pairs="pair" in self._texts(examples), label_order=tuple(labels), **found)

    def baseline(self, train, examples):
        """Memorising: the labels of the same text in training, else the same answer for all."""
        name, usual = self.label_kind.usual(train["label"], self)
        guesses = remembered(self.inputs(train), train["label"], self.inputs(examples), usual)
        return f"memorised texts, else {name}", guesses

    def marked(self, row):
        return [(row[name], None, None) for name in self._texts(row)]
