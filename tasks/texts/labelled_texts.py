"""What tasks share that label texts, whatever a label is there: its kind knows how it is predicted and scored."""

from dataclasses import dataclass
from operator import attrgetter
from typing import ClassVar

from tasks.contract import Task
from tasks.texts.one_label import OneLabel
from tasks.texts.rows import per_example


@dataclass(frozen=True)
class LabelledTexts(Task):
    """`label_kind`: what a label is: one of a text, several of them, one of a scale. What its scores ask for is the
    task's own: `calibration_bins`, and `label_order`, the names of the head where they are known."""

    label_kind: ClassVar = OneLabel()

    columns: ClassVar = ("text", "label")
    target: ClassVar = "label"
    directions = property(attrgetter("label_kind.directions"))
    shown = property(attrgetter("label_kind.shown"))
    answers_are = property(attrgetter("label_kind.answers_are"))
    is_standard = property(attrgetter("label_kind.is_standard"))
    head_config = property(attrgetter("label_kind.head_config"))

    def classes(self, examples):
        return self.label_kind.classes(examples["label"])

    def label_ids(self, examples, labels):
        """The labels of examples as the loss reads them, whether or not there are gold ones."""
        if "label" not in examples:
            return self.label_kind.unknown_ids(len(examples["text"]), labels)
        return self.label_kind.ids(examples["label"], labels)

    def learned_config(self, train):
        return self.label_kind.learned(train["label"])

    def head_class(self, base):
        return self.label_kind.head_class(base)

    def reduce(self, outputs):
        return (self.label_kind.probabilities(outputs["logits"]),)

    def decode(self, reduced, rows, labels, examples, tokenizer):
        answers = [self.label_kind.predicted(p, labels, self) for p in reduced[0]]
        return per_example(answers, rows, len(examples["text"]))

    def metrics(self, predictions, examples):
        return self.label_kind.scores(predictions, examples["label"], self)

    def baseline(self, train, examples):
        """The same answer for all: what the training texts have most often."""
        name, usual = self.label_kind.usual(train["label"], self)
        return name, [usual] * len(examples["text"])

    def answers(self, row):
        found = self.label_kind.answers(row, self)
        return super().answers(row) if found is None else found
