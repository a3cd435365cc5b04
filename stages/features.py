"""Features: the examples of each split as rows for the model."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
from datasets import Dataset, concatenate_datasets
from tqdm.auto import tqdm

from stages import encoded
from stages.collection import no_collection
from stages.terminal import shows_bars
from tasks.ragged import Ragged

CHUNK = 10_000  # examples encoded at a time: what they share is looked up once, and more would need memory


@dataclass(frozen=True)
class Split:
    """A split, encoded: `examples` are the user's, `rows` the model's (a `datasets.Dataset`)."""

    examples: dict
    rows: Dataset


@no_collection()
def encode(splits, labels, task, tokenizer):
    """-> {split: Split}, from the cache where it is there. Rows of evaluated splits are sorted by length, which
    `decode` does not mind: less padding."""
    ready = {}
    for name, examples in splits.items():
        choices = (examples, labels, task, tokenizer)
        rows = encoded.kept(*choices, make=partial(encoded_tables, name, *choices))
        rows = encode_split(name, *choices) if rows is None else rows
        ready[name] = Split(examples, rows if name == "train" else longest_first(rows))
    return ready


def longest_first(rows):
    """The rows, the longest first: batches of like length, and memory that runs out at once or never."""
    return rows.select(np.argsort(-numbers(rows, "length"), kind="stable"))


def numbers(rows, name):
    """A column of encoded rows that holds one number, or True or False, per row, as an array."""
    return rows.with_format("arrow")[name][:].to_numpy()


def encode_split(name, examples, labels, task, tokenizer):
    """The rows of one split, in order, as a `datasets.Dataset`; `name` is for the progress bar."""
    tables = encoded_tables(name, examples, labels, task, tokenizer)
    return concatenate_datasets([Dataset(table) for table in tables])


def encoded_tables(name, examples, labels, task, tokenizer):
    """The rows of one split in order, as Arrow tables: those of so many examples at a time."""
    size = len(next(iter(examples.values())))
    for start in tqdm(
        range(0, size, CHUNK), f"encoding {name}", disable=not shows_bars() or size <= CHUNK, leave=False
    ):
        rows = task.encode({c: v[start : start + CHUNK] for c, v in examples.items()}, tokenizer, labels)
        rows["example"] = [start + e for e in rows["example"]]
        rows.setdefault("length", _lengths(rows.get("input_ids", ())))
        yield as_table(rows)


def _lengths(ids):
    return ids.lengths.tolist() if isinstance(ids, Ragged) else [len(row) for row in ids]


def as_table(rows):
    """Encoded rows, columns that are lists or `Ragged`, as an Arrow table with the types that `datasets` gives them."""
    plain = {name: column for name, column in rows.items() if not isinstance(column, Ragged)}
    table = Dataset.from_dict(plain).data.table
    columns = {name: as_arrow(rows[name]) if name not in plain else table.column(name) for name in rows}
    return pa.table(columns)


def as_arrow(ragged):
    """The lists of a `Ragged` as an Arrow array, which shares its numbers."""
    values = pa.array(ragged.values.ravel())
    if ragged.values.ndim == 2:
        values = pa.ListArray.from_arrays(np.arange(0, len(values) + 1, ragged.values.shape[1], np.int32), values)
    return pa.ListArray.from_arrays(ragged.offsets.astype(np.int32), values)
