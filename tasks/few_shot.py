"""Few-shot text classification: labels in the words of a prompt, sentence pairs, or label names alone."""

from dataclasses import dataclass, field
from operator import attrgetter
from typing import ClassVar

from tasks.checks import check_choices, check_counts, check_text
from tasks.texts import verbalizers
from tasks.texts.few_shot_ways import WAYS
from tasks.texts.labelled_texts import LabelledTexts
from tasks.texts.one_label import OneLabel, label_names


@dataclass(frozen=True)
class FewShot(LabelledTexts):
    """`way`: contrastive (an encoder learns from pairs of examples, then each class is the mean of its own), prompt (a
    masked language model fills a template with the labels' words), or zero_shot (nothing is learned: an encoder
    compares texts with label names). `pairs`: positive and as many negative partners per example, for contrastive.
    `template`, `words`: for prompt; `words` (label -> words) for zero_shot too, by default the label's name."""

    way: str = "contrastive"
    pairs: int = 20
    template: str = "{text} It is about {mask} ."
    words: dict = field(default_factory=dict)

    auto_class = property(attrgetter("_way.auto_class"))
    lora_type: ClassVar = "FEATURE_EXTRACTION"
    model_inputs: ClassVar = ("other",)
    # The F1 of one label out of two needs to know which: it is left to text_classification.
    directions: ClassVar = {name: up for name, up in OneLabel.directions.items() if name != "f1"}
    shown: ClassVar = ("accuracy", "f1_macro", "mcc", "calibration_error")
    calibration_bins: ClassVar = 15
    label_order: ClassVar = None
    pipeline: ClassVar = {"task": "text-classification"}
    sample: ClassVar = "text_classification"
    is_standard: ClassVar = False
    skips_weights: ClassVar = True
    smooths = property(attrgetter("_way.smooths"))
    trains = property(attrgetter("_way.trains"))

    def __post_init__(self):
        super().__post_init__()
        check_choices(self, {"way": tuple(WAYS)})
        check_counts(self, {"pairs": "pairs"}, least=1)
        verbalizers.check_template(self.template)

    @property
    def _way(self):
        return WAYS[self.way]

    def check_model(self, new):
        self._way.check_model(new)

    def prepare(self, splits):
        for split, examples in splits.items():
            check_text(split, examples, self.columns)
        return splits, self._way.findings(splits, self)

    def labels(self, train, known):
        names = label_names(train["label"], known)
        verbalizers.label_words(names, self.words)
        return names

    def encode(self, examples, tokenizer, labels):
        """One row per text; one that is longer than the model reads loses its end, and is marked as cut."""
        batch, cut = verbalizers.fill(self._way.template(self), examples["text"], tokenizer)
        return {**batch, "example": list(range(len(cut))), "cut": cut, "labels": self.label_ids(examples, labels)}

    def training_rows(self, rows, tokenizer, seed):
        return self._way.training_rows(rows, seed, self)

    def head_class(self, base):
        return self._way.head_class(base)

    def collator(self, tokenizer, model):
        return self._way.collator(tokenizer, model, self)

    def settle(self, model, rows, tokenizer, labels):
        self._way.settle(model, rows, tokenizer, labels, self)

    def loss(self, outputs, labels, context):
        return self._way.loss(super().loss, outputs, labels, context)
