"""Part-of-speech tagging, and any other tag per word: UPOS, XPOS, or chunks that are scored whole as well.

Long sentences are read in overlapping windows, so that every word gets its tag.
"""

from dataclasses import dataclass
from typing import ClassVar

from tasks.words import word_tags
from tasks.words.entity_answers import gold_and_predicted
from tasks.words.entity_data import read_tags
from tasks.words.word_tagger import WordTagger

OF_CHUNKS = ("f1", "precision", "recall", "strict_f1")


@dataclass(frozen=True)
class POS(WordTagger):
    """`chunks`: the tags are IOB tags of chunks, scored by chunk as well."""

    chunks: bool = False

    directions: ClassVar = {
        "accuracy": True, "unseen_accuracy": True, "tag_f1_macro": True, "f1": True, "strict_f1": True, "loss": False,
    }  # fmt: skip

    def __post_init__(self):
        super().__post_init__()
        if self.best in OF_CHUNKS and not self.chunks:
            raise ValueError(f"task.best={self.best} is a score of chunks. Set task.chunks=true or task.best=accuracy.")

    @property
    def shown(self):
        return (*(OF_CHUNKS if self.chunks else ()), "accuracy", "unseen_accuracy", "tag_f1_macro")

    @property
    def answers_are(self):
        return "One answer per chunk, predicted or missed." if self.chunks else "One answer per word."

    @property
    def is_standard(self):
        """A pipeline joins neighbours of one tag, which only chunks survive."""
        return self.chunks and super().is_standard

    def prepare(self, splits):
        word_tags.check_tags(splits)
        tagged = {split: examples for split, examples in splits.items() if "tags" in examples}
        converted, findings = read_tags(tagged, None) if self.chunks and tagged else ({}, [])
        return {**splits, **converted}, findings

    def beside_train(self, train, examples):
        return {**examples, "_unseen": word_tags.unseen_words(train["tokens"], examples["tokens"])}

    def labels(self, train, known):
        return super().labels(train, known) if self.chunks else word_tags.tag_names(train["tags"], known)

    def classes(self, examples):
        return super().classes(examples) if self.chunks else [word_tags.given_tags(tags) for tags in examples["tags"]]

    def metrics(self, predictions, examples):
        """Accuracy over words and over words that train does not have; by tag by scikit-learn; chunks by seqeval."""
        from tasks.words.tag_pairs import TagPairs
        from tasks.words.tag_scores import tag_scores, with_chunks

        tags = TagPairs.of(*gold_and_predicted(predictions, examples))
        scores = tag_scores(tags, examples.get("_unseen"))
        return with_chunks(scores, tags) if self.chunks else scores

    def baseline(self, train, examples):
        return "most frequent tag of the word, else of all words", word_tags.remembered_tags(train, examples)

    def answers(self, row):
        return super().answers(row) if self.chunks else word_tags.answers(row)

    def marked(self, row):
        return super().marked(row) if self.chunks else word_tags.marked(row)
