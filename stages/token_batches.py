"""Batches of like cost: rows times the longest of them, which is what a forward pass reads, stays under a budget."""

import math

import numpy as np

BUCKETS = 50  # of like length, where there are rows enough: more would save little padding, and mix less
MIXED = 2  # batches that a bucket is shuffled into at least, so that no epoch has those of the one before


class TokenBatches:
    """The global batches of every epoch, as many in each: rows sorted by length are cut into buckets, the rows of a
    bucket are shuffled and dealt to batches of as many as the budget admits of its longest.

    `lengths`: sub-words per row. `budget`: sub-words of a batch at most, with padding; a longer row stands alone. None
    for the least that gives as many batches as `batch_size` rows in each would.
    """

    def __init__(self, lengths, batch_size, seed, budget=None):
        self.lengths, self.seed = np.maximum(np.asarray(lengths, dtype=np.int64), 1), seed
        falling = np.sort(self.lengths)[::-1].tolist()
        count = math.ceil(len(falling) / batch_size if budget is None else sum(falling) / budget)
        mixed = max(MIXED, math.ceil(count / BUCKETS))
        self.budget = budget or least_budget(falling, batch_size, mixed)
        self.buckets = cut(falling, self.budget, mixed)
        if budget is None:
            self.buckets = spread(self.buckets, count - len(self))

    def __len__(self):
        return sum(batches for _, _, batches in self.buckets)

    def described(self):
        """For people: the budget, the steps of an epoch, how many examples a batch has."""
        sizes = [(end - start) / batches for start, end, batches in self.buckets]
        return (
            f"at most {self.budget} sub-words, padding included: {len(self)} steps an epoch, of "
            f"{math.floor(min(sizes, default=0))} to {math.ceil(max(sizes, default=0))} examples"
        )

    def of(self, epoch):
        """Lists of row indices, each row once; the batch with the longest row comes first, so that memory runs out at
        once or never."""
        generator = np.random.default_rng([self.seed, epoch])
        rows = generator.permutation(len(self.lengths))
        rows = rows[np.argsort(-self.lengths[rows], kind="stable")]  # rows of one length change their buckets
        batches = []
        for start, end, count in self.buckets:
            batches += [batch.tolist() for batch in np.array_split(generator.permutation(rows[start:end]), count)]
        first = [batches.pop(next(i for i, batch in enumerate(batches) if rows[0] in batch))] if batches else []
        return first + [batches[i] for i in generator.permutation(len(batches))]


def cut(falling, budget, mixed):
    """Falling lengths -> buckets (start, end, batches): `mixed` batches of as many rows as `budget` admits, or of one
    row; the last bucket may have fewer."""
    buckets, start = [], 0
    while start < len(falling):
        rows = max(1, budget // falling[start])
        end = min(start + rows * mixed, len(falling))
        buckets.append((start, end, math.ceil((end - start) / rows)))
        start = end
    return buckets


def least_budget(falling, batch_size, mixed):
    """The least budget under which there are not more batches than with `batch_size` rows in each."""
    most = math.ceil(len(falling) / batch_size)
    low, high = (falling[0], falling[0] * batch_size) if falling else (1, 1)
    while low < high:
        middle = (low + high) // 2
        if sum(batches for _, _, batches in cut(falling, middle, mixed)) <= most:
            high = middle
        else:
            low = middle + 1
    return low


def spread(buckets, more):
    """The buckets with so many batches more, those of the shortest rows first: they have the most rows."""
    spread_out = []
    for start, end, batches in reversed(buckets):
        added = min(more, end - start - batches)
        spread_out.append((start, end, batches + added))
        more -= added
    return spread_out[::-1]
