"""Batches: global ones are formed first and then split over processes, so that hardware does not change them."""

import math
import random
from dataclasses import dataclass
from functools import cached_property

from torch.utils.data import Dataset, Sampler

from stages.token_batches import TokenBatches
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
        return self.blank if index == BLANK else self.rows[index]

    def __getitems__(self, indices):
        """Several rows, read at once; a DataLoader asks for those of a batch so."""
        return [self.blank] if indices == [BLANK] else self.rows.__getitems__(indices)

    @cached_property
    def blank(self):
        """The shortest row, without its labels."""
        row = self.rows[min(range(len(self.lengths)), key=self.lengths.__getitem__)]
        labels = row["labels"]
        return {**row, "labels": [IGNORED] * len(labels) if isinstance(labels, list) else IGNORED}


class GlobalBatches(Sampler):
    """This process's share of each global batch, in `accumulation` pieces per optimizer step; a row is in exactly one
    piece of one process. `batches`: ExampleBatches or TokenBatches."""

    def __init__(self, batches, accumulation=1, processes=1, process=0):
        self.batches, self.epoch = batches, 0
        self.accumulation, self.processes, self.process = accumulation, processes, process

    def set_epoch(self, epoch):
        self.epoch = epoch

    def __len__(self):
        return len(self.batches) * self.accumulation

    def __iter__(self):
        pieces = self.accumulation * self.processes
        for batch in self.batches.of(self.epoch):
            for piece in range(self.accumulation):
                yield batch[piece * self.processes + self.process :: pieces] or [BLANK]


@dataclass(frozen=True)
class ExampleBatches:
    """The global batches of every epoch, of `batch_size` rows each; they depend on seed and epoch alone. `lengths`:
    sub-words per row. `order`: group_by_length, random or sequential."""

    lengths: list
    batch_size: int
    order: str
    seed: int

    def __len__(self):
        return math.ceil(len(self.lengths) / self.batch_size)

    def of(self, epoch):
        """Lists of row indices, each row once."""
        return global_batches(self.lengths, self.batch_size, self.order, f"{self.seed} {epoch}")


def batches_of(lengths, config):
    """The global batches that a configuration asks for, of rows with these lengths."""
    if config["batching"] == "tokens":
        return TokenBatches(lengths, config["batch_size"], config["seed"], config["batch_tokens"])
    order = config["training"].get("train_sampling_strategy", "random")
    return ExampleBatches(lengths, config["batch_size"], order, config["seed"])


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
