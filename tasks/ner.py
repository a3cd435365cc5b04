"""Named-entity recognition: one IOB2 tag per word, long sentences read in overlapping windows, scored by entity.

Examples are words with tags, or raw text with character spans; predictions come back in the same form.
"""

from dataclasses import dataclass
from typing import ClassVar

from tasks.checks import check_choices, check_counts
from tasks.words.entity_answers import gold_and_predicted, remembered_entities
from tasks.words.entity_data import read_entities, show_neighbours
from tasks.words.word_tagger import WordTagger

CHOICES = {"scheme": ("IOB1", "IOB2", "BIOES", "IO", None), "head": ("linear", "crf")}


@dataclass(frozen=True)
class NER(WordTagger):
    """`scheme`: tag scheme of the data, None to recognise it. `head`: linear, or crf for a linear-chain CRF whose
    decoding allows only what IOB2 allows. `context`: words of the neighbouring sentences shown on each side."""

    scheme: str | None = None
    head: str = "linear"
    context: int = 0

    forms: ClassVar = (("text", "spans"),)
    optional: ClassVar = ("document",)
    structured: ClassVar = ("spans",)
    directions: ClassVar = {
        "f1": True, "strict_f1": True, "token_f1_macro": True, "token_accuracy": True, "loss": False,
    }  # fmt: skip
    shown: ClassVar = ("f1", "precision", "recall", "strict_f1", "token_f1_macro", "token_accuracy")
    answers_are: ClassVar = "One answer per entity, predicted or missed; its confidence is the least over its words."

    def __post_init__(self):
        super().__post_init__()
        check_choices(self, CHOICES)
        check_counts(self, {"context": "words"})

    @property
    def margin(self):
        return self.context

    @property
    def smooths(self):
        return self.head != "crf"

    @property
    def is_standard(self):
        return (self.head, self.context) == ("linear", 0) and super().is_standard

    def prepare(self, splits):
        """Words and IOB2 tags of every split, with the words around each sentence where `context` asks for them."""
        splits, findings = read_entities(splits, self.scheme)
        splits, of_neighbours = show_neighbours(splits, self.context)
        return splits, findings + of_neighbours

    def head_class(self, base):
        from tasks.words.heads import word_head

        return word_head(base, self.head == "crf")

    def loss(self, outputs, labels, context):
        if self.head == "linear":
            return super().loss(outputs, labels, context)
        from tasks.words.heads import crf_loss

        return crf_loss(outputs["logits"], outputs["counts"], labels, outputs["transitions"])

    def reduce(self, outputs):
        """Linear: best label and its probability per word. CRF: all probabilities, as decoding weighs whole sentences,
        which may be spread over several windows."""
        if self.head == "linear":
            return super().reduce(outputs)
        from tasks.words.heads import marginals

        return (marginals(outputs["logits"], outputs["counts"], outputs["transitions"]),)

    def metrics(self, predictions, examples):
        from tasks.words.entity_scores import entity_scores

        return entity_scores(*gold_and_predicted(predictions, examples))

    def baseline(self, train, examples):
        """Memorising: the longest word sequences that were entities in training, with their most frequent type."""
        return "memorised entities", remembered_entities(train, examples)
