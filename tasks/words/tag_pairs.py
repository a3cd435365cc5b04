"""Gold and predicted tags as arrays of numbers, so that a million words are counted at once."""

from dataclasses import dataclass
from itertools import chain

import numpy as np


@dataclass(frozen=True)
class TagPairs:
    """`names`: the tags that occur, sorted; `gold`, `predicted`: (words,), the number of each word's tag among them;
    `first`: (words,), whether a sentence begins with the word."""

    names: list[str]
    gold: np.ndarray
    predicted: np.ndarray
    first: np.ndarray

    @classmethod
    def of(cls, gold, predicted) -> "TagPairs":
        """From tags per sentence; raises ValueError where a sentence has more of one kind than of the other."""
        lengths = np.fromiter(map(len, gold), dtype=np.int64)
        if not np.array_equal(lengths, np.fromiter(map(len, predicted), dtype=np.int64)):
            raise ValueError("gold and predicted tags are not of the same words")
        names = sorted(set(chain.from_iterable(gold)).union(chain.from_iterable(predicted)))
        ids, words = {name: i for i, name in enumerate(names)}, int(lengths.sum())
        first = np.zeros(words, dtype=bool)
        first[(lengths.cumsum() - lengths)[lengths > 0]] = True
        return cls(names, _numbers(gold, ids, words), _numbers(predicted, ids, words), first)

    def where(self, kept) -> "TagPairs":
        """The words that an array of bools keeps, as one sentence."""
        return TagPairs(self.names, self.gold[kept], self.predicted[kept], np.zeros(int(np.sum(kept)), dtype=bool))

    def is_gold(self, name) -> np.ndarray:
        """Per word, whether its gold tag has this name."""
        return self.gold == self.names.index(name) if name in self.names else np.zeros(len(self.gold), dtype=bool)

    def counts(self) -> np.ndarray:
        """The confusion matrix, (gold tags, predicted tags)."""
        size = len(self.names)
        return np.bincount(self.gold * size + self.predicted, minlength=size * size).reshape(size, size)

    def confusion(self) -> list[dict]:
        """Its cells that are not 0, most frequent first, as `tasks.tables.confusion` has them."""
        counts = self.counts()
        cells = sorted((-int(counts[g, p]), int(g), int(p)) for g, p in zip(*np.nonzero(counts), strict=True))
        return [{"gold": self.names[g], "predicted": self.names[p], "count": -n} for n, g, p in cells]

    def accuracy(self) -> float:
        """The share of words whose tag is right; 0 where there are none."""
        return int(np.sum(self.gold == self.predicted)) / max(len(self.gold), 1)


def _numbers(sequences, ids, count):
    return np.fromiter(map(ids.__getitem__, chain.from_iterable(sequences)), dtype=np.int64, count=count)
