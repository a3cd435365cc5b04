"""Imports stay: the garbage collector does not run meanwhile, and does not look at what they made."""

import gc

import pytest

from stages.garbage import lasting


@pytest.fixture(autouse=True)
def thawed():
    yield
    gc.unfreeze()
    gc.enable()


def test_what_is_made_inside_is_never_looked_at_again():
    collected = gc.get_stats()[2]["collections"]
    with lasting():
        assert not gc.isenabled()
        made = [[] for _ in range(100_000)]
    assert gc.isenabled() and gc.get_stats()[2]["collections"] == collected
    assert gc.get_freeze_count() >= len(made)


def test_a_collector_that_was_off_stays_off_and_an_error_turns_it_on_again():
    gc.disable()
    with lasting():
        pass
    assert not gc.isenabled()
    gc.enable()
    with pytest.raises(ImportError), lasting():
        raise ImportError
    assert gc.isenabled()
