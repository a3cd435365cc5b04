"""Words of windows put in their sentences by arrays: as one by one, from lists and from a data set's columns."""

import random

import numpy as np
import pytest
from datasets import Dataset

from tasks.words.decoding import best_sequence, followers, rounded, sequences
from tasks.words.entity_answers import entity_answers

LABELS = ("O", "B-A", "I-A", "B-B", "I-B")


def random_windows(seed):
    """Sentences, some without words, cut into windows in any order; one word has no window."""
    rng = random.Random(seed)
    lengths = [rng.choice((0, 1, 2, 5, 9)) for _ in range(30)]
    rows = []
    for example, length in enumerate(lengths):
        words = list(range(length))[:-1] if example == 7 else list(range(length))
        cut = rng.randint(0, length)
        rows += [(example, part) for part in (words[:cut], words[cut:]) if part or rng.random() < 0.3]
    rng.shuffle(rows)
    return lengths, {"example": [e for e, _ in rows], "positions": [p for _, p in rows]}


def one_by_one(values, rows, lengths, empty):
    found = [[empty] * length for length in lengths]
    for row, (example, positions) in enumerate(zip(rows["example"], rows["positions"], strict=True)):
        for place, word in enumerate(positions):
            found[example][word] = values[row][place]
    return [value for sentence in found for value in sentence]


@pytest.fixture(params=["lists", "a data set", "a data set in another order"])
def written(request):
    """`written(rows)`: rows in the form that a caller may have them in."""

    def write(rows):
        if request.param == "lists":
            return rows
        if request.param == "a data set":
            return Dataset.from_dict(rows)
        order = list(range(len(rows["example"])))[::-1]
        return Dataset.from_dict({name: values[::-1] for name, values in rows.items()}).select(order)

    return write


@pytest.mark.parametrize("seed", range(3))
def test_words_come_to_their_places(seed, written):
    lengths, rows = random_windows(seed)
    generator, shape = np.random.default_rng(seed), (len(rows["example"]), 9)
    reduced = generator.integers(5, size=shape), generator.random(shape, dtype=np.float32)
    best, confidence = sequences(reduced, written(rows), LABELS, lengths)
    assert best.tolist() == one_by_one(reduced[0].tolist(), rows, lengths, 0)
    assert confidence.tolist() == one_by_one(reduced[1].tolist(), rows, lengths, 0.0)
    answers = entity_answers(best.tolist(), rounded(confidence).tolist(), LABELS, lengths, {"tokens": [[]] * 30})
    assert [len(answer["prediction"]) for answer in answers] == lengths
    flat = [(tag, share) for a in answers for tag, share in zip(a["prediction"], a["confidence"], strict=True)]
    assert flat == [(LABELS[b], round(float(c), 4)) for b, c in zip(best, confidence, strict=True)]


@pytest.mark.parametrize("seed", range(3))
def test_sequences_that_iob2_forbids_are_mended_sentence_by_sentence(seed, written):
    lengths, rows = random_windows(seed)
    generator = np.random.default_rng(seed)
    reduced = (generator.dirichlet(np.full(5, 0.3), size=(len(rows["example"]), 9)),)
    best, confidence = sequences(reduced, written(rows), LABELS, lengths)
    found = np.array(one_by_one(reduced[0].tolist(), rows, lengths, [1.0, 0, 0, 0, 0]))
    parts = np.split(found, np.cumsum(lengths)[:-1])
    expected = [label for part in parts if len(part) for label in best_sequence(part, *followers(LABELS))]
    assert best.tolist() == expected
    assert confidence.tolist() == [found[i, label] for i, label in enumerate(expected)]


def test_without_any_words_there_is_nothing():
    rows = Dataset.from_dict({"example": [0], "positions": [[]]})
    best, confidence = sequences((np.zeros((1, 1), dtype=int), np.zeros((1, 1))), rows, LABELS, [0])
    assert best.tolist() == confidence.tolist() == []


def test_confidences_are_rounded_as_python_does():
    generator = np.random.default_rng(0)
    near = (np.arange(10_000) + 0.5) / 10_000
    values = np.concatenate(
        [near, near.astype(np.float32), np.nextafter(near, 0), np.nextafter(near, 1), [0, 1], generator.random(10_000)]
    )
    assert rounded(values).tolist() == [round(float(value), 4) for value in values]
    assert rounded(values.astype(np.float32)).tolist() == [round(float(v), 4) for v in values.astype(np.float32)]
