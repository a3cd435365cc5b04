"""Chunks of tag sequences, counted for whole data sets at once: right, predicted and gold ones of each type, as seqeval
1.2.2 counts them in its default reading (as conlleval) and in its strict one under IOB2."""

from typing import NamedTuple

import numpy as np

OUTSIDE, BEGIN, INSIDE = 0, 1, 2
LETTERS = {"O": OUTSIDE, "B": BEGIN, "I": INSIDE}
NO_TYPE = "_"  # seqeval's word for the type of a tag that is only a letter


class Counts(NamedTuple):
    """`types`: sorted; `right`, `predicted`, `gold`: (types,), how many chunks."""

    types: list[str]
    right: np.ndarray
    predicted: np.ndarray
    gold: np.ndarray


def are_iob(names) -> bool:
    """Whether all tags are O, or B or I with a type behind a hyphen or none: the ones for which this is exact."""
    return all(name in LETTERS or name[:2] in ("B-", "I-") for name in names)


def count_chunks(tags, strict) -> Counts:
    """The chunks in `TagPairs`. `strict`: a chunk begins with B, else with an I that continues nothing as well."""
    names = [_type(name, strict) for name in tags.names]
    types = sorted(set(names))
    letters = np.array([LETTERS[name[0]] for name in tags.names], dtype=np.int64)
    kinds = np.array([types.index(name) for name in names], dtype=np.int64)
    gold, predicted = (_chunks(letters[ids], kinds[ids], tags.first, strict) for ids in (tags.gold, tags.predicted))
    right = gold[2, gold[1] == _ends_at(gold[0], gold[2], predicted, len(tags.gold))]
    counts = [np.bincount(of_type, minlength=len(types)) for of_type in (right, predicted[2], gold[2])]
    found = np.flatnonzero(counts[1] + counts[2])
    return Counts([types[i] for i in found], *(count[found] for count in counts))


def _type(name, strict):
    """The type that seqeval reads from a tag: strictly without any hyphens around it, else without the first."""
    return (name[1:].strip("-") if strict else name[2:]) or NO_TYPE


def _chunks(letters, kinds, first, strict):
    """-> (3, chunks): where each begins, where it ends (exclusive), its type; (words,) each given."""
    if not len(letters):
        return np.zeros((3, 0), dtype=np.int64)
    before, same = np.roll(letters, 1), np.roll(kinds, 1) == kinds
    continues = (letters == INSIDE) & (before != OUTSIDE) & same & ~first
    continues[0] = False
    borders = np.flatnonzero(~continues)
    ends = np.append(borders[1:], len(letters))
    begin = letters[borders] == BEGIN if strict else letters[borders] != OUTSIDE
    return np.stack([borders[begin], ends[begin], kinds[borders[begin]]])


def _ends_at(starts, kinds, chunks, words):
    """Where the one of `chunks` ends that begins at each of `starts` with that type, -1 where there is none."""
    ends, types = np.full(words, -1), np.full(words, -1)
    ends[chunks[0]], types[chunks[0]] = chunks[1], chunks[2]
    return np.where(types[starts] == kinds, ends[starts], -1)
