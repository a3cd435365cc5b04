"""Relation extraction: how two marked entities of a text are related, and in which direction."""

from dataclasses import dataclass
from typing import ClassVar

from tasks.checks import check_text
from tasks.contract import Task
from tasks.spans.marked_entities import MARKERS, POSITIONS, located, marked_in_row
from tasks.spans.marked_rows import encode_marked
from tasks.spans.relation_scores import find_negative, relation_scores, remembered_relations
from tasks.texts.one_label import OneLabel, label_names
from tasks.words.best_labels import best_labels

LABEL = OneLabel()


@dataclass(frozen=True)
class RelationExtraction(Task):
    """`negative`: the label that says there is no relation, which F1 leaves out; None: there is no such label."""

    negative: str | None = "Other"

    columns: ClassVar = ("text", "e1", "e2", "relation")
    target: ClassVar = "relation"
    forms: ClassVar = (("token", *POSITIONS, "relation"), ("sentence", "relation"))  # of TACRED and of SemEval-2010
    optional: ClassVar = ("id",)
    structured: ClassVar = ("e1", "e2", *POSITIONS)
    model_inputs: ClassVar = ("entities",)
    auto_class: ClassVar = "AutoModelForTokenClassification"  # the class whose head keeps the state of each sub-word
    lora_type: ClassVar = "FEATURE_EXTRACTION"
    directions: ClassVar = {"f1_official": True, "f1": True, "f1_macro": True, "accuracy": True, "loss": False}
    shown: ClassVar = ("f1_official", "f1", "precision", "recall", "f1_macro", "accuracy")
    pipeline: ClassVar = {"task": "text-classification"}
    cut_means: ClassVar = "what stands farthest from their entities is not seen"
    is_standard: ClassVar = False
    new_tokens: ClassVar = MARKERS

    def __post_init__(self):
        super().__post_init__()
        if not isinstance(self.negative, str | None):
            raise ValueError(f"task.negative={self.negative} is not a label or null.")

    def prepare(self, splits):
        """The text, the character spans of both entities and, in `_marked`, the text with markers around them."""
        for split, examples in splits.items():
            check_text(split, examples, ["relation"])
        ready = {split: located(split, examples) for split, examples in splits.items()}
        return ready, find_negative(ready.get("train", {}).get("relation", []), self.negative)

    def inputs(self, examples):
        return [(marked,) for marked in examples["_marked"]]

    def labels(self, train, known):
        return label_names(train["relation"], known)

    def classes(self, examples):
        return LABEL.classes(examples["relation"])

    def encode(self, examples, tokenizer, labels):
        """One row per text, cut around the entities where it is longer than the model reads."""
        rows = encode_marked(examples["_marked"], tokenizer)
        gold = examples.get("relation", [None] * len(rows["example"]))
        return {**rows, "labels": LABEL.ids(gold, labels)}

    def head_class(self, base):
        from tasks.words.heads import pair_head

        return pair_head(base)

    def collator(self, tokenizer, model):
        from tasks.words.heads import PlaceCollator

        return PlaceCollator(tokenizer, ("entities",))

    def reduce(self, outputs):
        return best_labels(outputs["logits"])

    def decode(self, reduced, rows, labels, examples, tokenizer):
        decoded = [{}] * len(examples["_marked"])
        for example, best, confidence in zip(rows["example"], *reduced, strict=True):
            decoded[example] = {"prediction": labels[int(best)], "confidence": round(float(confidence), 4)}
        return decoded

    def metrics(self, predictions, examples):
        return relation_scores(examples["relation"], [p["prediction"] for p in predictions], self.negative)

    def baseline(self, train, examples):
        guesses = remembered_relations(train, examples, self.negative)
        return "memorised entity pairs, else most frequent relation", guesses

    def marked(self, row):
        return [(marked_in_row(row), None, None)]
