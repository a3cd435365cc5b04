"""Slots: each trial has its own GPUs or cores, and too many are refused."""

import pytest

from sweeps.slots import ROOM, Slot, memory_of_machine, most_on_cpu, slots, visible_gpus

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


@pytest.mark.parametrize(
    ("trials", "processes", "cores", "rooms", "expected"),
    [(8, 1, 4, 100, 4), (3, 1, 4, 100, 3), (8, 2, 4, 100, 2), (8, 1, 4, 2, 2), (8, 1, 4, 0, 1), (8, 8, 4, 100, 1)],
)
def test_a_core_for_each_trial_where_there_is_memory(trials, processes, cores, rooms, expected):
    assert most_on_cpu(trials, processes, cores, rooms * ROOM) == expected


def test_a_grid_takes_what_there_is_and_what_is_asked_for_comes_first():
    assert slots(None, [], 1, CORES, most=2) == [Slot(None, (0, 1)), Slot(None, (2, 3))]
    assert slots(1, [], 1, CORES, most=4) == [Slot()] and len(slots(None, ["0"], 1, CORES, most=4)) == 1


def test_a_container_has_less_than_its_machine(monkeypatch, tmp_path):
    limit = tmp_path / "memory.max"
    monkeypatch.setattr("sweeps.slots.CGROUP", limit)
    whole = memory_of_machine()
    limit.write_text("max\n")
    assert memory_of_machine() == whole
    limit.write_text("4096\n")
    assert memory_of_machine() == 4096
