"""What tasks share that give each word a tag: words in windows, a head that scores words, the best tag of each; the
tags are IOB2 tags of entities unless a task says otherwise."""

from dataclasses import dataclass
from typing import ClassVar

from tasks.checks import check_choices, check_counts
from tasks.contract import Task
from tasks.words import entity_pairs
from tasks.words.best_labels import best_labels
from tasks.words.entity_answers import entity_answers, gold_and_predicted
from tasks.words.entity_data import iob2_names
from tasks.words.tags import spans

POOLING = ("first", "last", "mean")


@dataclass(frozen=True)
class WordTagger(Task):
    """`stride`: sub-words that neighbouring windows share. `pooling`: which sub-words stand for a word."""

    stride: int = 64
    pooling: str = "first"

    columns: ClassVar = ("tokens", "tags")
    target: ClassVar = "tags"
    model_inputs: ClassVar = ("words",)
    auto_class: ClassVar = "AutoModelForTokenClassification"
    lora_type: ClassVar = "TOKEN_CLS"
    pipeline: ClassVar = {"task": "token-classification", "aggregation_strategy": "first"}
    splits_words: ClassVar = True
    least_places: ClassVar = 1  # places for words that each batch has at least, so that no tensor of them is empty

    def __post_init__(self):
        super().__post_init__()
        check_choices(self, {"pooling": POOLING})
        check_counts(self, {"stride": "sub-words"})

    @property
    def is_standard(self):
        return self.pooling == "first"

    def labels(self, train, known):
        return iob2_names(train["tags"], known)

    def classes(self, examples):
        return [[kind for kind, _, _ in spans(tags)] for tags in examples["tags"]]

    def encode(self, examples, tokenizer, labels):
        from tasks.words.word_rows import word_rows

        return word_rows(examples, tokenizer, {name: i for i, name in enumerate(labels)}, self.stride, self.pooling)

    def head_class(self, base):
        from tasks.words.heads import word_head

        return word_head(base, crf=False)

    def collator(self, tokenizer, model):
        from tasks.words.heads import WordCollator

        return WordCollator(tokenizer, self.least_places)

    def reduce(self, outputs):
        """Best label and its probability per word."""
        return best_labels(outputs["logits"])

    def decode(self, reduced, rows, labels, examples, tokenizer):
        """The tag of each word, or the spans that the tags mark, in the form of the data."""
        from tasks.words.decoding import rounded, sequences

        lengths = [len(tokens) for tokens in examples["tokens"]]
        best, confidence = sequences(reduced, rows, labels, lengths)
        return entity_answers(best.tolist(), rounded(confidence).tolist(), labels, lengths, examples)

    def for_evaluate(self, predictions, examples):
        gold, predicted = gold_and_predicted(predictions, examples)
        return {"predictions": predicted, "references": gold}

    def answers(self, row):
        return entity_pairs.answers(row)

    def marked(self, row):
        return entity_pairs.marked(row)
