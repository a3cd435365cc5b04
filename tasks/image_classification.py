"""Image classification: one label per image."""

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

from tasks.contract import Scores, Task
from tasks.images import ImageCollator, first_with_content, image_rows
from tasks.tables import confusion
from tasks.texts.one_label import by_number, label_table

FEW = 5  # best labels that are kept for each image


@dataclass(frozen=True)
class ImageClassification(Task):
    """The model's own image processor resizes, crops and scales the images, as in its training."""

    columns: ClassVar = ("image", "label")
    images: ClassVar = ("image",)
    target: ClassVar = "label"
    auto_class: ClassVar = "AutoModelForImageClassification"
    lora_type: ClassVar = None
    model_inputs: ClassVar = ("image",)
    directions: ClassVar = {"accuracy": True, "top_5": True, "f1_macro": True, "loss": False}
    shown: ClassVar = ("accuracy", "top_5", "f1_macro")
    pipeline: ClassVar = {"task": "image-classification"}

    def prepare(self, splits):
        same = first_with_content(splits)
        return {name: {**of, "_same": [same[path] for path in of["image"]]} for name, of in splits.items()}, []

    def inputs(self, examples):
        return [(path,) for path in examples["_same"]]

    def labels(self, train, known):
        found = sorted(set(train["label"]), key=by_number)
        unnamed = [label for label in found if known and label not in known]
        if unnamed:
            shown = ", ".join(unnamed[:8])
            raise ValueError(f"data.labels={', '.join(known[:20])}: train also has {shown}. Name every label.")
        names = tuple(known or found)
        if self.best == "top_5" and len(names) <= FEW:
            raise ValueError(f"task.best=top_5 is always 1 with {len(names)} labels. Take accuracy.")
        return names

    def classes(self, examples):
        return [[label] for label in examples["label"]]

    def encode(self, examples, tokenizer, labels):
        return image_rows(examples["image"], examples.get("label"), labels)

    def collator(self, tokenizer, model):
        return ImageCollator(tokenizer)

    def reduce(self, outputs):
        return (outputs["logits"].float().softmax(dim=-1),)

    def decode(self, reduced, rows, labels, examples, tokenizer):
        """Each image's best label, its probability, and the labels in `top`, best first."""
        (probabilities,) = reduced
        decoded = [{}] * len(examples["image"])
        for example, p in zip(rows["example"], probabilities, strict=True):
            top = [int(i) for i in p.argsort()[::-1][:FEW]]
            named = {"prediction": labels[top[0]], "confidence": round(float(p[top[0]]), 4)}
            decoded[example] = {**named, "top": [labels[i] for i in top]}
        return decoded

    def metrics(self, predictions, examples):
        """Accuracy, the share of images with the gold label among the five best (ILSVRC; left out where there are no
        more), and macro F1 by scikit-learn over the labels that occur."""
        from sklearn.metrics import accuracy_score, f1_score

        gold, predicted = examples["label"], [p["prediction"] for p in predictions]
        values = {"accuracy": float(accuracy_score(gold, predicted))}
        if len({label for p in predictions for label in p["top"]} | {*gold}) > FEW:
            values["top_5"] = sum(g in p["top"] for g, p in zip(gold, predictions, strict=True)) / len(gold)
        values["f1_macro"] = float(f1_score(gold, predicted, average="macro", zero_division=0))
        return Scores(values, {"labels": label_table(gold, predicted), "confusion": confusion(gold, predicted)})

    def baseline(self, train, examples):
        top = [label for label, _ in Counter(train["label"]).most_common(FEW)]
        return "most frequent label", [{"prediction": top[0], "top": top} for _ in examples["image"]]
