"""Slots: each trial has its own GPUs or cores, and too many are refused."""

import pytest

from sweeps.slots import Slot, slots, visible_gpus

CORES = [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("asked", "gpus", "processes", "expected"),
    [
        (None, [], 1, [Slot()]),
        (1, [], 1, [Slot()]),
        (2, [], 1, [Slot(None, (0, 1)), Slot(None, (2, 3))]),
        (3, [], 1, [Slot(None, (0,)), Slot(None, (1,)), Slot(None, (2, 3))]),
        (None, ["0", "3"], 1, [Slot("0", (0, 1)), Slot("3", (2, 3))]),
        (1, ["0", "3"], 1, [Slot("0", (0, 1, 2, 3))]),
        (None, ["0", "1", "2", "3"], 2, [Slot("0,1", (0, 1)), Slot("2,3", (2, 3))]),
        (2, ["0", "1", "2", "3"], 1, [Slot("0", (0, 1)), Slot("1", (2, 3))]),
    ],
)
def test_each_slot_has_its_own_share(asked, gpus, processes, expected):
    assert slots(asked, gpus, processes, CORES) == expected


@pytest.mark.parametrize(("asked", "gpus", "processes"), [(5, [], 1), (3, ["0", "1"], 1), (2, ["0", "1", "2"], 2)])
def test_more_than_there_is_room_for(asked, gpus, processes):
    with pytest.raises(ValueError, match=f"launcher.slots={asked}"):
        slots(asked, gpus, processes, CORES)


def test_more_gpus_than_cores():
    assert [slot.cores for slot in slots(None, [str(i) for i in range(8)], 1, CORES)] == [None] * 8


def test_gpus_as_they_are_named(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,5")
    assert visible_gpus({}) == ["2", "5"] and visible_gpus({"use_cpu": True}) == []
