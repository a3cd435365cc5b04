"""Named-entity recognition: one IOB2 tag per word, long sentences read in overlapping windows, scored by entity.

Examples are words with tags, or raw text with character spans; predictions come back in the same form.
"""

from dataclasses import dataclass
from itertools import chain
from typing import ClassVar

from tasks.checks import check_choices, check_counts
from tasks.contract import Finding, Scores
from tasks.tables import confusion
from tasks.words import entity_pairs
from tasks.words.entity_answers import entity_answers, gold_and_predicted, remembered_entities
from tasks.words.entity_data import iob2_names, read_entities, with_neighbours
from tasks.words.entity_scores import entity_tables, entity_values, token_table, token_values
from tasks.words.tags import spans
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
        if self.context:
            splits = {split: with_neighbours(examples, self.context) for split, examples in splits.items()}
            if not any("document" in examples for examples in splits.values()):
                what = "no column says where documents end: each split is read as one document"
                findings.append(Finding("note", "all", what, "Map one with data.columns.document."))
        return splits, findings

    def labels(self, train, known):
        return iob2_names(train["tags"], known)

    def classes(self, examples):
        return [[kind for kind, _, _ in spans(tags)] for tags in examples["tags"]]

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

    def decode(self, reduced, rows, labels, examples, tokenizer):
        return entity_answers(*self.found(reduced, rows, labels, examples), labels, examples)

    def metrics(self, predictions, examples):
        """Entity scores by seqeval 1.2.2, default (as conlleval) and strict IOB2; token scores by scikit-learn over all
        tags but O, as papers and tutorials print them."""
        gold, predicted = gold_and_predicted(predictions, examples)
        tokens = token_table(gold, predicted)
        tables = {
            **entity_tables(gold, predicted, "entities"),
            "tokens by tag": tokens,
            "confusion": confusion(chain(*gold), chain(*predicted)),
        }
        return Scores({**entity_values(gold, predicted), **token_values(gold, predicted, tokens)}, tables)

    def for_evaluate(self, predictions, examples):
        gold, predicted = gold_and_predicted(predictions, examples)
        return {"predictions": predicted, "references": gold}

    def baseline(self, train, examples):
        """Memorising: the longest word sequences that were entities in training, with their most frequent type."""
        return "memorised entities", remembered_entities(train, examples)

    def answers(self, row):
        return entity_pairs.answers(row)

    def marked(self, row):
        return entity_pairs.marked(row)
