"""Global batches: every row once, the same whatever the hardware, little padding, a blank where there is no work."""

import random

import pytest

from stages.batches import BLANK, ExampleBatches, GlobalBatches, global_batches

ORDERS = ("group_by_length", "random", "sequential")


def lengths(size, seed=0):
    generator = random.Random(seed)
    return [generator.randint(1, 60) for _ in range(size)]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("size", [1, 15, 16, 17, 1000])
def test_every_row_stands_in_exactly_one_batch(order, size):
    batches = global_batches(lengths(size), 16, order, "7 0")
    assert sorted(i for batch in batches for i in batch) == list(range(size))
    assert len(batches) == -(-size // 16) and max(map(len, batches)) == min(16, size)
    assert sum(len(batch) < 16 for batch in batches) <= 1


def test_order_depends_on_seed_and_epoch_only():
    rows = lengths(200)
    assert global_batches(rows, 16, "random", "1 0") == global_batches(rows, 16, "random", "1 0")
    assert global_batches(rows, 16, "random", "1 0") != global_batches(rows, 16, "random", "1 1")
    assert global_batches(rows, 16, "random", "1 0") != global_batches(rows, 16, "random", "2 0")
    assert global_batches(rows, 16, "sequential", "1 0") == global_batches(rows, 16, "sequential", "2 5")


def test_grouping_by_length_saves_padding_and_starts_with_the_longest():
    rows = lengths(1000)
    padded = {o: sum(len(b) * max(rows[i] for i in b) for b in global_batches(rows, 16, o, "1 0")) for o in ORDERS}
    assert padded["group_by_length"] < 1.05 * sum(rows) < 0.7 * padded["random"]
    first, *others = global_batches(rows, 16, "group_by_length", "1 0")
    assert max(rows[i] for i in first) == max(rows)
    longest = [max(rows[i] for i in batch) for batch in others]
    assert longest != sorted(longest) and longest != sorted(longest, reverse=True)  # the others come in random order


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(("processes", "accumulation"), [(1, 1), (1, 4), (2, 1), (2, 4), (4, 4)])
@pytest.mark.parametrize("size", [3, 16, 35, 100])
def test_hardware_only_splits_the_batches(order, processes, accumulation, size):
    """Put together again, the pieces of all processes are the global batches, in order, with no row lost or doubled."""
    rows = lengths(size)
    expected = [sorted(batch) for batch in global_batches(rows, 16, order, "3 2")]
    pieces = []
    for process in range(processes):
        sampler = GlobalBatches(ExampleBatches(rows, 16, order, 3), accumulation, processes, process)
        sampler.set_epoch(2)
        pieces.append(list(sampler))
        assert len(pieces[-1]) == len(sampler) == len(expected) * accumulation
    for step, batch in enumerate(expected):
        of_step = [p[step * accumulation + a] for p in pieces for a in range(accumulation)]
        assert sorted(i for piece in of_step for i in piece if i != BLANK) == batch
        sizes = [len([i for i in piece if i != BLANK]) for piece in of_step]
        assert max(sizes) - min(sizes) <= 1
        assert all(
            piece for piece in of_step
        )  # a process without rows gets a blank one: it must not wait for the others


def test_a_blank_row_has_no_labels():
    from datasets import Dataset

    from stages.batches import Rows
    from tasks.contract import IGNORED

    tokens = Rows(
        Dataset.from_dict(
            {"input_ids": [[5, 6, 7], [8]], "labels": [[0, 1, 2], [1]], "length": [3, 1], "words": [[], []]}
        ),
        ["input_ids", "labels"],
    )
    assert tokens[0] == {"input_ids": [5, 6, 7], "labels": [0, 1, 2]}
    assert tokens[BLANK] == {"input_ids": [8], "labels": [IGNORED]}
    texts = Rows(
        Dataset.from_dict({"input_ids": [[5], [8, 9]], "labels": [3, 1], "length": [1, 2]}), ["input_ids", "labels"]
    )
    assert texts[BLANK] == {"input_ids": [5], "labels": IGNORED}
