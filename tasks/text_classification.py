"""Text classification: one label per text."""

from collections import Counter
from dataclasses import dataclass
from math import ceil, isfinite
from typing import ClassVar

from tasks.contract import IGNORED, LossContext, Scores, Task
from tasks.tables import confusion


@dataclass(frozen=True)
class TextClassification(Task):
    """`class_weights`: 'auto' weighs classes inversely to their frequency, None treats all examples alike.
    `calibration_bins`: bins of the expected calibration error."""

    class_weights: str | None = None
    calibration_bins: int = 15

    columns: ClassVar = ("text", "label")
    target: ClassVar = "label"
    auto_class: ClassVar = "AutoModelForSequenceClassification"
    lora_type: ClassVar = "SEQ_CLS"
    directions: ClassVar = {
        "accuracy": True, "f1_macro": True, "f1_micro": True, "f1_weighted": True, "calibration_error": False,
        "loss": False,
    }  # fmt: skip
    shown: ClassVar = ("accuracy", "f1_macro", "f1_micro", "f1_weighted", "calibration_error")
    pipeline: ClassVar = {"task": "text-classification", "truncation": True}

    def __post_init__(self):
        super().__post_init__()
        if self.class_weights not in (None, "auto"):
            raise ValueError(f"task.class_weights={self.class_weights} is not known. Choose auto or null.")
        if not isinstance(self.calibration_bins, int) or self.calibration_bins < 1:
            raise ValueError(f"task.calibration_bins={self.calibration_bins} is not a number of bins. Give 1 or more.")

    def prepare(self, splits):
        for split, examples in splits.items():
            for name in [column for column in self.columns if column in examples]:
                _check_text(split, name, examples[name])
        return splits, []

    def labels(self, train, known):
        found = sorted(set(train["label"]), key=_by_number)
        unnamed = [label for label in found if known and label not in known]
        if unnamed:
            shown, names = ", ".join(unnamed[:8]), ", ".join(known[:20])
            raise ValueError(f"data.labels={names}: train also has {shown}. Name every label, or set data.labels=null.")
        return tuple(known or found)

    def classes(self, examples):
        return [[label] for label in examples["label"]]

    def encode(self, examples, tokenizer, labels):
        """One row per text; a text that is longer than the model reads is cut, and marked so."""
        ids = {name: i for i, name in enumerate(labels)}
        batch = tokenizer(
            examples["text"], truncation=True, max_length=tokenizer.model_max_length, return_overflowing_tokens=True
        )
        mapping = batch["overflow_to_sample_mapping"]
        pieces = Counter(mapping)
        first = [i for i, example in enumerate(mapping) if i == 0 or mapping[i - 1] != example]
        rows = {name: [batch[name][i] for i in first] for name in tokenizer.model_input_names if name in batch}
        cut = [pieces[example] > 1 for example in range(len(first))]
        gold = [ids.get(label, IGNORED) for label in examples.get("label", [None] * len(first))]
        return {**rows, "example": list(range(len(first))), "cut": cut, "labels": gold}

    def collator(self, tokenizer, model):
        from transformers import DataCollatorWithPadding

        return DataCollatorWithPadding(tokenizer)

    def loss_context(self, rows, labels, label_smoothing):
        """Balanced weights, n / (classes * count) as in scikit-learn: their mean over the training examples is 1."""
        if self.class_weights is None:
            return LossContext(label_smoothing=label_smoothing)
        counts = Counter(label for label in rows["labels"] if label != IGNORED)
        total = sum(counts.values())
        weights = tuple(total / (len(counts) * counts[i]) if counts[i] else 0.0 for i in range(len(labels)))
        return LossContext(weights, label_smoothing)

    def reduce(self, outputs):
        return (outputs["logits"].float().softmax(dim=-1),)

    def decode(self, reduced, rows, labels, examples, tokenizer):
        (probabilities,) = reduced
        decoded = [{}] * len(examples["text"])
        for example, p in zip(rows["example"], probabilities, strict=True):
            best = int(p.argmax())
            decoded[example] = {"prediction": labels[best], "confidence": round(float(p[best]), 4)}
        return decoded

    def metrics(self, predictions, examples):
        """Accuracy and F1 averages by scikit-learn over the labels that occur, and the expected calibration error."""
        from sklearn.metrics import accuracy_score, classification_report, f1_score

        gold, predicted = examples["label"], [p["prediction"] for p in predictions]
        averages = ("macro", "micro", "weighted")
        values = {"accuracy": float(accuracy_score(gold, predicted))}
        values |= {f"f1_{a}": float(f1_score(gold, predicted, average=a, zero_division=0)) for a in averages}
        if all("confidence" in p for p in predictions):
            confidence = [p["confidence"] for p in predictions]
            values["calibration_error"] = calibration_error(gold, predicted, confidence, self.calibration_bins)
        names = sorted({*gold, *predicted}, key=_by_number)
        report = classification_report(gold, predicted, labels=names, output_dict=True, zero_division=0)
        tables = {"labels": _per_label(report), "confusion": confusion(gold, predicted)}
        return Scores(values, tables)

    def baseline(self, train, examples):
        """Memorising: the label of the same text in training, else the most frequent label."""
        memory = dict(zip(train["text"], train["label"], strict=True))
        (frequent, _), *_ = Counter(train["label"]).most_common(1)
        return "memorised texts, else most frequent label", [
            {"prediction": memory.get(text, frequent)} for text in examples["text"]
        ]


def calibration_error(gold, predicted, confidence, bins):
    """Expected calibration error: |accuracy - mean confidence| per bin of confidence, ((b - 1) / bins, b / bins],
    weighted by the share of examples in it (Guo et al., 2017, equation 3). 0 is best."""
    groups = {}
    for g, p, c in zip(gold, predicted, confidence, strict=True):
        groups.setdefault(ceil(c * bins), []).append((g == p, c))
    gaps = [abs(sum(right for right, _ in group) - sum(c for _, c in group)) for group in groups.values()]
    return sum(gaps) / max(len(gold), 1)


def _check_text(split, name, values):
    for i, value in enumerate(values, start=1):
        if not isinstance(value, str):
            raise ValueError(f"{split} example {i}: data.columns.{name} must hold text, it holds {repr(value)[:60]}.")


def _by_number(label):
    """Sort key: labels that are numbers by value (1, 2, 10), the others after them by name."""
    try:
        value = float(label)
    except ValueError:
        return 1, 0.0, label
    return (0, value, label) if isfinite(value) else (1, 0.0, label)


def _per_label(report):
    return [
        {"label": name, "precision": row["precision"], "recall": row["recall"], "f1": row["f1-score"],
         "support": int(row["support"])}
        for name, row in report.items() if isinstance(row, dict)
    ]  # fmt: skip
