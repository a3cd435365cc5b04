"""Batches of like cost: every row once, as many batches in every epoch, the budget held, whatever the lengths."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.batches import BLANK, GlobalBatches, global_batches
from stages.token_batches import MIXED, TokenBatches, cut, least_budget, spread

LENGTHS = st.lists(st.integers(0, 90), min_size=1, max_size=300)
SIZES = st.integers(1, 40)


def lengths(size, seed=0):
    generator = random.Random(seed)
    return [min(300, int(generator.lognormvariate(3.2, 0.6)) + 1) for _ in range(size)]


def padded(batch, rows):
    return len(batch) * max(max(rows[i] for i in batch), 1)


@given(LENGTHS, SIZES, st.integers(0, 9))
def test_as_many_batches_as_with_examples(rows, size, epoch):
    """Every row once, nothing over the budget, the longest first; the same number of batches in every epoch."""
    batches = TokenBatches(rows, size, 7)
    found = batches.of(epoch)
    assert sorted(i for batch in found for i in batch) == list(range(len(rows)))
    assert len(found) == len(batches) == -(-len(rows) // size) and all(found)
    assert all(padded(batch, rows) <= batches.budget for batch in found)
    assert max(1, *(rows[i] for i in found[0])) == max(1, *rows)  # a row without a sub-word counts as one of one


@given(LENGTHS, st.integers(1, 2000), st.integers(0, 9))
def test_a_budget_that_is_given(rows, budget, epoch):
    """What is longer than the budget stands alone; nothing else exceeds it."""
    batches = TokenBatches(rows, 16, 7, budget)
    found = batches.of(epoch)
    assert sorted(i for batch in found for i in batch) == list(range(len(rows)))
    assert len(found) == len(batches) == len(batches.of(epoch + 1)) and batches.budget == budget
    assert all(padded(batch, rows) <= budget or len(batch) == 1 for batch in found)


@given(LENGTHS, SIZES)
def test_no_smaller_budget_would_do(rows, size):
    falling = sorted((max(length, 1) for length in rows), reverse=True)
    budget, most = least_budget(falling, size, MIXED), -(-len(rows) // size)
    assert sum(batches for *_, batches in cut(falling, budget, MIXED)) <= most
    assert budget == falling[0] or sum(batches for *_, batches in cut(falling, budget - 1, MIXED)) > most


def test_buckets_by_hand():
    """A budget of 12: two of 6 or of 5 in a batch, four of 3; the last bucket has a row for one batch more."""
    assert cut([6, 5, 5, 5, 3, 3, 3, 3, 3, 3, 3, 3, 1], 12, 2) == [(0, 4, 2), (4, 12, 2), (12, 13, 1)]
    assert spread([(0, 4, 2), (4, 12, 2), (12, 13, 1)], 3) == [(0, 4, 2), (4, 12, 5), (12, 13, 1)]
    assert TokenBatches([], 16, 7).of(0) == []


def test_order_depends_on_seed_and_epoch_only():
    rows = lengths(400)
    expected = TokenBatches(rows, 16, 1).of(0)
    assert TokenBatches(rows, 16, 1).of(0) == expected
    for other in (TokenBatches(rows, 16, 1).of(1), TokenBatches(rows, 16, 2).of(0)):
        assert other != expected and not {frozenset(b) for b in other} >= {frozenset(b) for b in expected}
    longest = [max(rows[i] for i in batch) for batch in expected[1:]]
    assert longest != sorted(longest) and longest != sorted(longest, reverse=True)


def test_cost_is_even_and_little_of_it_padding():
    rows = lengths(3000)
    tokens = [padded(batch, rows) for batch in TokenBatches(rows, 16, 1).of(0)]
    examples = [padded(batch, rows) for batch in global_batches(rows, 16, "group_by_length", "1 0")]
    assert sum(tokens) < 1.05 * sum(rows)
    assert max(tokens) < 1.1 * sum(tokens) / len(tokens) and max(examples) > 3 * sum(examples) / len(examples)


@pytest.mark.parametrize(("processes", "accumulation"), [(1, 1), (1, 4), (2, 1), (2, 4), (4, 16)])
def test_hardware_only_splits_the_batches(processes, accumulation):
    """Put together again, the pieces of all processes are the global batches; none is empty, but for a blank row."""
    batches = TokenBatches(lengths(100), 16, 3)
    pieces = []
    for process in range(processes):
        sampler = GlobalBatches(batches, accumulation, processes, process)
        sampler.set_epoch(2)
        pieces.append(list(sampler))
        assert len(pieces[-1]) == len(sampler) == len(batches) * accumulation
    for step, batch in enumerate(batches.of(2)):
        of_step = [p[step * accumulation + a] for p in pieces for a in range(accumulation)]
        assert sorted(i for piece in of_step for i in piece if i != BLANK) == sorted(batch)
        sizes = [len([i for i in piece if i != BLANK]) for piece in of_step]
        assert max(sizes) - min(sizes) <= 1 and all(of_step)
