"""From what a model says of the words of each window to one tag sequence per sentence."""

import numpy as np

from tasks.words.tags import invalid_transitions


def sequences(reduced, rows, labels, lengths):
    """-> (label ids, probabilities) per sentence, arrays of shape (words,); `lengths`: words per sentence.

    `reduced`: best label and its probability per word of each row, decided word by word; or one array of probabilities,
    (rows, words, labels), for which the best sequence that IOB2 allows is taken. A word without a row is O.
    """
    outside = labels.index("O") if "O" in labels else 0
    if len(reduced) == 2:
        best = _stitch(reduced[0], rows, [np.full(n, outside) for n in lengths])
        return best, _stitch(reduced[1], rows, [np.zeros(n) for n in lengths])
    empty = np.eye(len(labels))[outside]
    found = _stitch(reduced[0], rows, [np.tile(empty, (n, 1)) for n in lengths])
    allowed = followers(labels)
    best = [best_sequence(p, *allowed) if len(p) else np.zeros(0, dtype=int) for p in found]
    return best, [p[np.arange(len(b)), b] for p, b in zip(found, best, strict=True)]


def averaged(values, example, count):
    """The mean over the rows of each of `count` examples; `values`: (rows, ...), `example`: that of each row."""
    example = np.asarray(example)
    total = np.zeros((count, *np.shape(values)[1:]))
    np.add.at(total, example, values)
    return total / np.maximum(np.bincount(example, minlength=count), 1)[:, None]


def _stitch(values, rows, sentences):
    """Put the values of each row's words at their positions in the sentences."""
    for of_row, example, positions in zip(values, rows["example"], rows["positions"], strict=True):
        if positions:
            sentences[example][positions] = of_row[: len(positions)]
    return sentences


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
