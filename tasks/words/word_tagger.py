"""What tasks share that give each word a tag: words in windows, a head that scores words, the best tag of each."""

from dataclasses import dataclass
from typing import ClassVar

from tasks.checks import check_choices, check_counts
from tasks.contract import Task
from tasks.words.word_rows import POOLING, best_labels, word_rows


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

    def __post_init__(self):
        super().__post_init__()
        check_choices(self, {"pooling": POOLING})
        check_counts(self, {"stride": "sub-words"})

    @property
    def is_standard(self):
        return self.pooling == "first"

    def encode(self, examples, tokenizer, labels):
        return word_rows(examples, tokenizer, {name: i for i, name in enumerate(labels)}, self.stride, self.pooling)

    def head_class(self, base):
        from tasks.words.heads import word_head

        return word_head(base, crf=False)

    def collator(self, tokenizer, model):
        from tasks.words.heads import WordCollator

        return WordCollator(tokenizer)

    def reduce(self, outputs):
        """Best label and its probability per word."""
        return best_labels(outputs["logits"])

    def found(self, reduced, rows, labels, examples):
        """-> (label ids, probabilities) per example, arrays of shape (words,)."""
        from tasks.words.decoding import sequences

        return sequences(reduced, rows, labels, [len(tokens) for tokens in examples["tokens"]])
