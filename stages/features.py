"""Features: the examples of each split as rows for the model."""

from dataclasses import dataclass

from datasets import Dataset, concatenate_datasets
from tqdm.auto import tqdm

from stages.terminal import shows_bars

CHUNK = 1000  # examples encoded at a time


@dataclass(frozen=True)
class Split:
    """A split, encoded: `examples` are the user's, `rows` the model's (a `datasets.Dataset`)."""

    examples: dict
    rows: Dataset


def encode(splits, labels, task, tokenizer):
    """-> {split: Split}. Rows of evaluated splits are sorted by length, which `decode` does not mind: less padding."""
    encoded = {}
    for name, examples in splits.items():
        rows = encode_split(name, examples, labels, task, tokenizer)
        encoded[name] = Split(examples, rows if name == "train" else longest_first(rows))
    return encoded


def longest_first(rows):
    """The rows, the longest first: batches of like length, and memory that runs out at once or never."""
    return rows.select(sorted(range(len(rows)), key=rows["length"].__getitem__, reverse=True))


def encode_split(name, examples, labels, task, tokenizer):
    """The rows of one split, in order, as a `datasets.Dataset`; `name` is for the progress bar."""
    size = len(next(iter(examples.values())))
    parts = []
    for start in tqdm(
        range(0, size, CHUNK), f"encoding {name}", disable=not shows_bars() or size <= CHUNK, leave=False
    ):
        rows = task.encode({c: v[start : start + CHUNK] for c, v in examples.items()}, tokenizer, labels)
        rows["example"] = [start + e for e in rows["example"]]
        rows.setdefault("length", [len(ids) for ids in rows.get("input_ids", ())])
        parts.append(Dataset.from_dict(rows))
    return concatenate_datasets(parts)
