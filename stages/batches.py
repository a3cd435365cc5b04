"""Batches: global ones are formed first and then split over processes, so that hardware does not change them."""

import math
import random

from torch.utils.data import Dataset, Sampler

from tasks.contract import IGNORED

BLANK = -1  # a row without labels, for the process that a small last batch leaves without work
POOL = 50  # batches whose rows are sorted by length together: padding shrinks, order stays random


class Rows(Dataset):
    """The columns of encoded rows that the model takes, row by row."""

    def __init__(self, rows, names):
        self.all_columns = rows
        self.rows = rows.select_columns([name for name in names if name in rows.column_names])
        self.lengths = rows["length"][:]

    def __len__(self):
        return len(self.rows)

    def examples(self, indices):
        """The numbers of the examples that some rows are of; their own, where a task makes rows of no one example."""
        rows = self.all_columns
        return sorted({*rows[indices]["example"]} if "example" in rows.column_names else indices)

    def __getitem__(self, index):
        if index != BLANK:
            return self.rows[index]
        row = self.rows[min(range(len(self.lengths)), key=self.lengths.__getitem__)]
        labels = row["labels"]
        return {**row, "labels": [IGNORED] * len(labels) if isinstance(labels, list) else IGNORED}


class GlobalBatches(Sampler):
    """This process's share of each global batch, in `accumulation` pieces per optimizer step.

    `lengths`: sub-words per row. `order`: group_by_length, random or sequential. The global batches depend on seed and
    epoch alone; a row is in exactly one piece of one process.
    """

    def __init__(self, lengths, batch_size, order, seed, accumulation=1, processes=1, process=0):
        self.lengths, self.batch_size, self.order, self.seed = lengths, batch_size, order, seed
        self.accumulation, self.processes, self.process, self.epoch = accumulation, processes, process, 0

    def set_epoch(self, epoch):
        self.epoch = epoch

    def __len__(self):
        return math.ceil(len(self.lengths) / self.batch_size) * self.accumulation

    def __iter__(self):
        pieces = self.accumulation * self.processes
        for batch in global_batches(self.lengths, self.batch_size, self.order, f"{self.seed} {self.epoch}"):
            for piece in range(self.accumulation):
                yield batch[piece * self.processes + self.process :: pieces] or [BLANK]


def global_batches(lengths, batch_size, order, seed):
    """Lists of row indices, each row once. Grouped by length, the batch with the longest row comes first, so that
    memory runs out at once or never."""
    rows = list(range(len(lengths)))
    if order == "sequential":
        return _chunks(rows, batch_size)
    generator = random.Random(seed)
    generator.shuffle(rows)
    if order == "random":
        return _chunks(rows, batch_size)
    pools = _chunks(rows, batch_size * POOL)
    batches = [b for pool in pools for b in _chunks(sorted(pool, key=lambda i: -lengths[i]), batch_size)]
    generator.shuffle(batches)
    longest = max(range(len(batches)), key=lambda b: lengths[batches[b][0]])
    return [batches.pop(longest), *batches]


def _chunks(items, size):
    return [items[i : i + size] for i in range(0, len(items), size)]
