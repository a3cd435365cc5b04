"""Regression: one or several numbers for a text or a pair of texts."""

from dataclasses import dataclass
from statistics import fmean
from typing import ClassVar

from tasks.checks import check_choices, check_text
from tasks.contract import IGNORED, Answer, LossContext, Scores, Task
from tasks.texts.real_targets import (
    ONE,
    as_label,
    by_gold_value,
    by_name,
    describe,
    read_targets,
    scale,
    scores,
)
from tasks.texts.rows import encode_texts


@dataclass(frozen=True)
class TargetContext(LossContext):
    """`std`: of each target in training; the loss counts in these units."""

    std: tuple[float, ...] = ()


@dataclass(frozen=True)
class Regression(Task):
    """`scaling`: 'standard' learns targets with mean 0 and standard deviation 1 in training, null as they are."""

    scaling: str | None = "standard"

    columns: ClassVar = ("text", "target")
    target: ClassVar = "target"
    optional: ClassVar = ("pair",)
    structured: ClassVar = ("target",)
    auto_class: ClassVar = "AutoModelForSequenceClassification"
    lora_type: ClassVar = "SEQ_CLS"
    directions: ClassVar = {
        "pearson": True, "spearman": True, "mse": False, "mae": False, "r2": True, "loss": False,
    }  # fmt: skip
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
        for split, examples in splits.items():
            check_text(split, examples, ("text", "pair"))
        targets = read_targets({split: e["target"] for split, e in splits.items() if "target" in e})
        found = [finding for split, of_split in targets.items() for finding in describe(split, of_split)]
        return {s: {**e, **({"target": targets[s]} if s in targets else {})} for s, e in splits.items()}, found

    def inputs(self, examples):
        return list(zip(examples["text"], *([examples["pair"]] if "pair" in examples else []), strict=True))

    def labels(self, train, known):
        """The targets' names."""
        names = tuple(by_name(train["target"][0]))
        if known and set(known) != set(names):
            raise ValueError(f"data.labels={', '.join(known)}: targets have the names {', '.join(names)}. Set null.")
        return names

    def classes(self, examples):
        return [[] for _ in examples["text"]]

    def encode(self, examples, tokenizer, labels):
        """One row per example; the longer text of a pair is cut where both are too long, and marked so."""
        rows = encode_texts(tokenizer, examples["text"], examples.get("pair"))
        size = len(examples["text"])
        targets = [by_name(value) for value in examples.get("target", ())] or [dict.fromkeys(labels, IGNORED)] * size
        known = as_label if "target" in examples else float
        return {**rows, "example": list(range(size)), "labels": [[known(row[n]) for n in labels] for row in targets]}

    def learned_config(self, train):
        """The scale of the targets, in the model's config: predictions are in the targets' own units."""
        if self.scaling is None:
            return {}
        targets = [by_name(value) for value in train["target"]]
        scales = [scale([row[name] for row in targets]) for name in targets[0]]
        return {"target_mean": [mean for mean, _ in scales], "target_std": [std for _, std in scales]}

    def head_class(self, base):
        from tasks.texts.text_heads import scaled_head

        return base if self.scaling is None else scaled_head(base)

    def collator(self, tokenizer, model):
        from transformers import DataCollatorWithPadding

        return DataCollatorWithPadding(tokenizer)

    def loss_context(self, rows, labels, label_smoothing):
        targets = zip(*rows["labels"], strict=True)
        return TargetContext(std=tuple(scale(t)[1] if self.scaling else 1.0 for t in targets))

    def loss(self, outputs, labels, context):
        """Squared errors in units of the training targets' standard deviation, summed over the targets."""
        std = outputs["logits"].new_tensor(context.std)
        errors = (outputs["logits"].float() - labels) / std
        return (errors**2 * (labels != IGNORED)).sum(dim=1)

    def reduce(self, outputs):
        return (outputs["logits"].float(),)

    def decode(self, reduced, rows, labels, examples, tokenizer):
        decoded = [{}] * len(examples["text"])
        for example, values in zip(rows["example"], reduced[0], strict=True):
            found = {name: float(f"{value:.6g}") for name, value in zip(labels, values, strict=True)}
            decoded[example] = {"prediction": found[ONE] if labels == (ONE,) else found}
        return decoded

    def metrics(self, predictions, examples):
        """The scores of each target, and their means."""
        gold = [by_name(value) for value in examples["target"]]
        predicted = [by_name(p["prediction"]) for p in predictions]
        sides = {name: ([row[name] for row in gold], [row[name] for row in predicted]) for name in gold[0]}
        targets = [{"target": name, **scores(*side)} for name, side in sides.items()]
        values = {score: fmean(row[score] for row in targets) for score in self.shown}
        bins = [row for name, side in sides.items() for row in by_gold_value(name, *side)]
        return Scores(values, {"targets": targets, "by gold value": bins})

    def for_evaluate(self, predictions, examples):
        sides = {"predictions": [p["prediction"] for p in predictions], "references": examples["target"]}
        return {s: [list(v.values()) if isinstance(v, dict) else v for v in values] for s, values in sides.items()}

    def baseline(self, train, examples):
        targets = [by_name(value) for value in train["target"]]
        means = {name: fmean(row[name] for row in targets) for name in targets[0]}
        return "the mean of train", [{"prediction": means[ONE] if [*means] == [ONE] else means}] * len(examples["text"])

    def answers(self, row):
        gold, predicted = by_name(row["gold"]), by_name(row["prediction"])
        marks = {name: "" if name == ONE else f"{name} " for name in gold}
        return [
            Answer(f"{marks[name]}{value:g}", f"{marks[name]}{predicted[name]:g}", abs(value - predicted[name]))
            for name, value in gold.items()
        ]
