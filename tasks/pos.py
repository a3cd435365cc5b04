"""Part-of-speech tagging, and any other tag per word: UPOS, XPOS, or chunks that are scored whole as well.

Long sentences are read in overlapping windows, so that every word gets its tag.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import chain
from typing import ClassVar

from tasks.contract import Answer, Scores
from tasks.tables import confusion
from tasks.words import entity_pairs
from tasks.words.entity_data import check_pairs, check_words, iob2_names, read_tags
from tasks.words.entity_scores import entity_tables, entity_values, token_table
from tasks.words.tags import spans
from tasks.words.word_tagger import WordTagger

UNTAGGED = "_"  # CoNLL-U's word for "not given": such words are shown, but neither learned nor scored
OF_CHUNKS = ("f1", "precision", "recall", "strict_f1")


@dataclass(frozen=True)
class POS(WordTagger):
    """`chunks`: the tags are IOB tags of chunks, scored by chunk as well."""

    chunks: bool = False

    directions: ClassVar = {
        "accuracy": True, "unseen_accuracy": True, "tag_f1_macro": True, "f1": True, "strict_f1": True, "loss": False,
    }  # fmt: skip
    answers_are: ClassVar = "One answer per word."

    def __post_init__(self):
        super().__post_init__()
        if self.best in OF_CHUNKS and not self.chunks:
            raise ValueError(f"task.best={self.best} is a score of chunks. Set task.chunks=true or task.best=accuracy.")

    @property
    def shown(self):
        return (*(OF_CHUNKS if self.chunks else ()), "accuracy", "unseen_accuracy", "tag_f1_macro")

    @property
    def is_standard(self):
        """A pipeline joins neighbours of one tag, which only chunks survive."""
        return self.chunks and super().is_standard

    def prepare(self, splits):
        tagged = {split: examples for split, examples in splits.items() if "tags" in examples}
        for split, examples in splits.items():
            check_pairs(split, examples) if split in tagged else check_words(split, examples)
        converted, findings = read_tags(tagged, None) if self.chunks and tagged else ({}, [])
        return {**splits, **converted}, findings

    def beside_train(self, train, examples):
        known = {word for tokens in train["tokens"] for word in tokens}
        return {**examples, "_unseen": [[word not in known for word in tokens] for tokens in examples["tokens"]]}

    def labels(self, train, known):
        if self.chunks:
            return iob2_names(train["tags"], known)
        found = {tag for tags in train["tags"] for tag in tags if tag != UNTAGGED}
        declared = [tag for tag in known or () if tag != UNTAGGED]
        return tuple(declared if found <= set(declared) else sorted(found))

    def classes(self, examples):
        if self.chunks:
            return [[kind for kind, _, _ in spans(tags)] for tags in examples["tags"]]
        return [[tag for tag in tags if tag != UNTAGGED] for tags in examples["tags"]]

    def decode(self, reduced, rows, labels, examples, tokenizer):
        return [
            {"prediction": [labels[i] for i in best], "confidence": [round(float(c), 4) for c in confidence]}
            for best, confidence in zip(*self.found(reduced, rows, labels, examples), strict=True)
        ]

    def metrics(self, predictions, examples):
        """Accuracy over words and over words that train does not have; by tag by scikit-learn; chunks by seqeval."""
        gold, predicted = examples["tags"], [p["prediction"] for p in predictions]
        unseen = examples.get("_unseen") or [[False] * len(tags) for tags in gold]
        words = zip(chain(*gold), chain(*predicted), chain(*unseen), strict=True)
        words = [word for word in words if word[0] != UNTAGGED]
        of_gold, of_predicted = [g for g, _, _ in words], [p for _, p, _ in words]
        by_tag = token_table([of_gold], [of_predicted], outside=UNTAGGED)
        values = {"accuracy": _share_right(words)}
        if any(new for *_, new in words):
            values["unseen_accuracy"] = _share_right([word for word in words if word[-1]])
        values["tag_f1_macro"] = next((row["f1"] for row in by_tag if row["tag"] == "macro avg"), 0.0)
        tables = {"tags": by_tag, "confusion": confusion(of_gold, of_predicted)}
        if self.chunks:
            values |= entity_values(gold, predicted)
            tables = {**entity_tables(gold, predicted, "chunks"), **tables}
        return Scores(values, tables)

    def for_evaluate(self, predictions, examples):
        return {"predictions": [p["prediction"] for p in predictions], "references": examples["tags"]}

    def baseline(self, train, examples):
        counts, overall = defaultdict(Counter), Counter()
        for word, tag in zip(chain(*train["tokens"]), chain(*train["tags"]), strict=True):
            if tag != UNTAGGED:
                counts[word][tag] += 1
                overall[tag] += 1
        best = {word: of_word.most_common(1)[0][0] for word, of_word in counts.items()}
        ((usual, _),) = overall.most_common(1)
        guesses = [[best.get(word, usual) for word in tokens] for tokens in examples["tokens"]]
        return "most frequent tag of the word, else of all words", [{"prediction": tags} for tags in guesses]

    def answers(self, row):
        if self.chunks:
            return entity_pairs.answers(row)
        words = zip(row["gold"], row["prediction"], row["confidence"], strict=True)
        return [Answer(g, p, 0.0 if g == p else c, c) for g, p, c in words if g != UNTAGGED]

    def marked(self, row):
        """Only words with a wrong tag carry their tags: all of them would hide what is wrong."""
        if self.chunks:
            return entity_pairs.marked(row)
        words = zip(row["tokens"], row["gold"], row["prediction"], strict=True)
        return [(word, g, p) if g not in (p, UNTAGGED) else (word, None, None) for word, g, p in words]


def _share_right(words):
    return sum(gold == predicted for gold, predicted, _ in words) / max(len(words), 1)
