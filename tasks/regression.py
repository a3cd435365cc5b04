"""Regression: one or several numbers for a text or a pair of texts."""

from dataclasses import dataclass
from typing import ClassVar

from tasks.checks import check_choices
from tasks.texts.real_targets import as_labels, read_examples, target_names
from tasks.texts.rows import encode_texts, per_example
from tasks.texts.target_scale import learned_scale, scaled_head, squared_errors, target_context
from tasks.texts.target_scores import as_predictions, mean_of_train, target_answers, target_scores, without_names
from tasks.texts.text_or_pair import TextOrPair


@dataclass(frozen=True)
class Regression(TextOrPair):
    """`scaling`: 'standard' learns targets with mean 0 and standard deviation 1 in training, null as they are."""

    scaling: str | None = "standard"

    columns: ClassVar = ("text", "target")
    target: ClassVar = "target"
    structured: ClassVar = ("target",)
    directions: ClassVar = {"pearson": True, "spearman": True, "mse": False, "mae": False, "r2": True, "loss": False}
    shown: ClassVar = ("pearson", "spearman", "mse", "mae", "r2")
    pipeline: ClassVar = {"task": "text-classification", "truncation": True, "function_to_apply": "none"}
    least_labels: ClassVar = 1
    smooths: ClassVar = False
    head_config: ClassVar = {"problem_type": "regression"}
    answers_are: ClassVar = "One answer per target; its error is in the target's own unit."

    def __post_init__(self):
        super().__post_init__()
        check_choices(self, {"scaling": ("standard", None)})

    @property
    def is_standard(self):
        return self.scaling is None

    def prepare(self, splits):
        """Targets become a number, or an object of numbers by name; what is none is named."""
        return read_examples(splits)

    def labels(self, train, known):
        """The targets' names."""
        return target_names(train["target"], known)

    def classes(self, examples):
        return [[] for _ in examples["text"]]

    def encode(self, examples, tokenizer, labels):
        """One row per example; the longer text of a pair is cut where both are too long, and marked so."""
        rows, count = encode_texts(tokenizer, examples["text"], examples.get("pair")), len(examples["text"])
        return {**rows, "example": list(range(count)), "labels": as_labels(examples.get("target"), labels, count)}

    def learned_config(self, train):
        """The scale of the targets, in the model's config: predictions are in the targets' own units."""
        return {} if self.scaling is None else learned_scale(train["target"])

    def head_class(self, base):
        return base if self.scaling is None else scaled_head(base)

    def loss_context(self, rows, labels, label_smoothing):
        return target_context(rows["labels"], self.scaling is not None)

    def loss(self, outputs, labels, context):
        """Squared errors in units of the training targets' standard deviation, summed over the targets."""
        return squared_errors(outputs["logits"], labels, context.std)

    def reduce(self, outputs):
        return (outputs["logits"].float(),)

    def decode(self, reduced, rows, labels, examples, tokenizer):
        return per_example(as_predictions(reduced[0], labels), rows, len(examples["text"]))

    def metrics(self, predictions, examples):
        """The scores of each target, and their means."""
        return target_scores([p["prediction"] for p in predictions], examples["target"], self.shown)

    def for_evaluate(self, predictions, examples):
        return without_names([p["prediction"] for p in predictions], examples["target"])

    def baseline(self, train, examples):
        return mean_of_train(train["target"], len(examples["text"]))

    def answers(self, row):
        return target_answers(row)
