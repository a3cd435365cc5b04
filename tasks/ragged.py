"""Lists of different lengths as one array: rows of sub-words without a Python object per number."""

from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np


class Ragged(Sequence):
    """Reads like a list of lists: list i is `values[offsets[i]:offsets[i + 1]]`; where `values` has a second axis, a
    list of tuples. `offsets`: one more than there are lists, from 0."""

    def __init__(self, values: np.ndarray, offsets: np.ndarray):
        self.values, self.offsets = values, offsets

    @classmethod
    def of(cls, lists: Iterable[Sequence], dtype=np.int64):
        """The same of a list of lists."""
        lists = list(lists)
        offsets = offsets_of(np.fromiter(map(len, lists), np.int64, len(lists)))
        return cls(np.fromiter(chain.from_iterable(lists), dtype, offsets[-1]), offsets)

    @property
    def lengths(self) -> np.ndarray:
        return np.diff(self.offsets)

    def take(self, which: np.ndarray) -> "Ragged":
        """The lists at these places."""
        lengths = self.lengths[which]
        return Ragged(self.values[spread(self.offsets[:-1][which], lengths)], offsets_of(lengths))

    def first(self, lengths: np.ndarray) -> "Ragged":
        """So many values of each list, from its beginning."""
        return Ragged(self.values[spread(self.offsets[:-1], lengths)], offsets_of(lengths))

    def __len__(self):
        return len(self.offsets) - 1

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        i = range(len(self))[index]
        found = self.values[self.offsets[i] : self.offsets[i + 1]].tolist()
        return found if self.values.ndim == 1 else [tuple(pair) for pair in found]

    def __eq__(self, other):
        return isinstance(other, Sequence) and list(self) == list(other)


def offsets_of(lengths) -> np.ndarray:
    """Where lists of these lengths begin when they stand one behind the other, and where the last one ends."""
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def spread(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """start, start + 1, ... so often as its length says, of each start, one behind the other."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - ends + lengths, lengths)
