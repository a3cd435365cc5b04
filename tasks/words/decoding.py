"""From what a model says of the words of each window to one tag sequence per sentence."""

from itertools import chain

import numpy as np

from tasks.words.tags import invalid_transitions


def sequences(reduced, rows, labels, lengths):
    """-> (label ids, probabilities) of the words of all sentences, one behind the other, (words,); `lengths`: words per
    sentence.

    `reduced`: best label and its probability per word of each row, decided word by word; or one array of probabilities,
    (rows, words, labels), for which the best sequence that IOB2 allows is taken. A word without a row is O.
    """
    outside = labels.index("O") if "O" in labels else 0
    places = _places(rows, lengths)
    if len(reduced) == 2:
        words = sum(lengths)
        return _put(reduced[0], places, np.full(words, outside)), _put(reduced[1], places, np.zeros(words))
    found = _put(reduced[0], places, np.tile(np.eye(len(labels))[outside], (sum(lengths), 1)))
    best = _allowed(found, np.asarray(lengths, dtype=np.int64), labels)
    return best, found[np.arange(len(best)), best]


def _allowed(probabilities, lengths, labels):
    """The best label of each word, but where that makes a sequence that IOB2 does not allow: the best allowed one."""
    first, between = followers(labels)
    best, ends = probabilities.argmax(axis=1), lengths.cumsum()
    starts = (ends - lengths)[lengths > 0]
    wrong = np.zeros(len(best), dtype=bool)
    wrong[1:] = ~between[best[:-1], best[1:]]
    wrong[starts] = ~first[best[starts]]
    for sentence in np.unique(np.searchsorted(ends, np.flatnonzero(wrong), side="right")):
        words = slice(ends[sentence] - lengths[sentence], ends[sentence])
        best[words] = best_sequence(probabilities[words], first, between)
    return best


def rounded(values):
    """As `round(value, 4)`: an array at once, but for values so near to the middle that only exact arithmetic knows."""
    scaled = np.asarray(values, dtype=np.float64) * 10_000
    found = np.rint(scaled) / 10_000
    for i in np.flatnonzero(np.abs(scaled - np.floor(scaled) - 0.5) < 1e-6):
        found[i] = round(float(values[i]), 4)
    return found


def averaged(values, example, count):
    """The mean over the rows of each of `count` examples; `values`: (rows, ...), `example`: that of each row."""
    example = np.asarray(example)
    total = np.zeros((count, *np.shape(values)[1:]))
    np.add.at(total, example, values)
    return total / np.maximum(np.bincount(example, minlength=count), 1)[:, None]


def _places(rows, lengths):
    """-> (row, place in the row, place among the words of all sentences) of each word that a row speaks of."""
    positions, counts, example = _positions(rows)
    starts = np.cumsum([0, *lengths])[:-1]
    row = np.repeat(np.arange(len(counts)), counts)
    column = np.arange(len(positions)) - np.repeat(counts.cumsum() - counts, counts)
    return row, column, starts[example[row]] + positions


def _positions(rows):
    """-> (the words of all rows in their sentences, how many of each row, the sentence of each row), as arrays; from
    lists, or from the columns of a `datasets.Dataset` without a Python object for each word."""
    if isinstance(rows, dict):
        counts = np.fromiter(map(len, rows["positions"]), dtype=np.int64)
        positions = np.fromiter(chain.from_iterable(rows["positions"]), dtype=np.int64)
        return positions, counts, np.asarray(rows["example"], dtype=np.int64)
    table = rows.select_columns(["example", "positions"]).with_format("arrow")[:]
    listed = table.column("positions").combine_chunks()
    counts = np.diff(listed.offsets.to_numpy())
    return listed.flatten().to_numpy(zero_copy_only=False).astype(np.int64), counts, table.column("example").to_numpy()


def _put(values, places, words):
    """What the rows say, (rows, words of a row, ...), at the places of the words."""
    row, column, place = places
    words[place] = np.asarray(values)[row, column]
    return words


def followers(labels):
    """-> (which labels may come first, (labels,); which may follow which, (labels, labels)), as bool arrays."""
    first = np.array([not invalid_transitions([label], "IOB2") for label in labels])
    # Whether b may follow a does not depend on whether a itself may come first, so only position 1 counts.
    between = np.array([[1 not in invalid_transitions([a, b], "IOB2") for b in labels] for a in labels])
    return first, between


def best_sequence(probabilities, first, between):
    """The allowed label ids with the highest product of probabilities, for one sentence, (words, labels).

    Over a CRF's marginals this is the posterior-Viterbi algorithm (Fariselli et al., 2005).
    """
    best = probabilities.argmax(axis=1)
    if first[best[0]] and between[best[:-1], best[1:]].all():
        return best
    scores = np.log(np.maximum(probabilities, 1e-30))
    steps = np.where(between, 0.0, -np.inf)
    totals, origins = np.where(first, scores[0], -np.inf), []
    for of_word in scores[1:]:
        candidates = totals[:, None] + steps
        origins.append(candidates.argmax(axis=0))
        totals = candidates.max(axis=0) + of_word
    path = [int(totals.argmax())]
    for origin in reversed(origins):
        path.append(int(origin[path[-1]]))
    return np.array(path[::-1])
