"""Rows of a task that labels words: windows of sub-words in which each word is learned and predicted exactly once."""

from itertools import chain

import numpy as np

from tasks.contract import IGNORED
from tasks.ragged import Ragged, offsets_of
from tasks.words.windows import owned_words, places_of_words, split_into_windows


def word_rows(examples, tokenizer, ids, stride, pooling):
    """The rows of examples with `tokens` and, where there are gold answers, `tags`; `ids`: the label id of each tag.

    Rows are windows. Each word belongs to the one that shows most context around it, so that every word is learned,
    predicted and scored once. `positions`: the words of a row in their example; `words`: where the sub-words that stand
    for them begin and end in the row; `labels`: the id of each, IGNORED for a tag without one.
    """
    tokens, before, after = examples["tokens"], examples.get("_before"), examples.get("_after")
    shown = tokens if before is None else [b + t + a for b, t, a in zip(before, tokens, after, strict=True)]
    windows = split_into_windows(shown, tokenizer, stride)
    sizes, skipped = _lengths(tokens), _lengths(before or [[]] * len(tokens))
    owned, row, word = _owned_of_examples(windows, sizes, skipped)
    counts = np.bincount(row, minlength=len(windows.example))
    kept = np.flatnonzero((counts > 0) | (sizes[windows.example] == 0))  # without windows of neighbours only
    offsets = offsets_of(counts[kept])
    labels = _label_ids(examples.get("tags"), ids, offsets_of(sizes)[windows.example[row]] + word)
    inputs = windows.inputs if len(kept) == len(counts) else {n: c.take(kept) for n, c in windows.inputs.items()}
    return {
        **inputs,
        "example": windows.example[kept].tolist(),
        "cut": [False] * len(kept),
        "positions": Ragged(word.astype(np.int32), offsets),
        "words": Ragged(places_of_words(windows, owned, pooling), offsets),
        "labels": Ragged(labels, offsets),
    }


def _owned_of_examples(windows, sizes, skipped):
    """Of the words that are no neighbours': where they are learned, in which row, and their number in the example."""
    owned = owned_words(windows)
    row = np.searchsorted(windows.words.offsets, owned, side="right") - 1
    word = windows.words.values[owned] - skipped[windows.example[row]]
    own = (word >= 0) & (word < sizes[windows.example[row]])
    return owned[own], row[own], word[own]


def _lengths(lists):
    return np.fromiter(map(len, lists), np.int64, len(lists))


def _label_ids(gold, ids, chosen):
    """The label ids of the chosen among all words; IGNORED without gold."""
    if not gold:
        return np.full(len(chosen), IGNORED, np.int32)
    known = {tag: ids.get(tag, IGNORED) for tag in set(chain.from_iterable(gold))}
    return np.fromiter(map(known.__getitem__, chain.from_iterable(gold)), np.int32)[chosen]
