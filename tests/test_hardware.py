"""Processes: how a batch is split over them, and that those that run are those that were asked for."""

import os
import subprocess
import sys

import psutil
import pytest
from conftest import OFFLINE, PROJECT

from stages import launching
from stages.hardware import launched, rows_per_process
from stages.launching import start_processes

ARGV = ["run.py", "task=ner"]


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    """`machine(world, parent, gpus)` pretends a launcher's environment, a parent's command line and some GPUs.

    -> what would have been executed in place of this process."""
    executed = []
    monkeypatch.setattr(os, "execv", lambda path, words: executed.append(words))
    for name in ("CUDA_VISIBLE_DEVICES", "ACCELERATE_USE_CPU", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, "3,1")  # so that changes are undone afterwards
        monkeypatch.delenv(name)

    def pretend(world=None, parent="bash", gpus=0):
        monkeypatch.setenv("WORLD_SIZE", str(world or ""))
        monkeypatch.setattr(launching, "_visible_gpus", lambda: gpus)
        monkeypatch.setattr(psutil.Process, "parent", lambda self: self)
        monkeypatch.setattr(psutil.Process, "cmdline", lambda self: parent.split())
        return executed

    pretend()
    return pretend


@pytest.mark.parametrize(
    ("batch_size", "asked", "processes", "expected"),
    [
        (32, {}, None, (32, 1)),
        (32, {}, 2, (16, 1)),
        (32, {"per_device_train_batch_size": 8}, None, (8, 4)),
        (32, {"per_device_train_batch_size": 8}, 2, (8, 2)),
        (32, {"per_device_train_batch_size": 8}, 4, (8, 1)),
        (32, {"num_processes": 4}, None, (8, 1)),
        (32, {"num_processes": 4, "per_device_train_batch_size": 2}, None, (2, 4)),
        (32, {"num_processes": "all"}, None, (32, 1)),
        (1, {"num_processes": None}, 1, (1, 1)),
    ],
)
def test_rows_and_accumulation(batch_size, asked, processes, expected):
    assert rows_per_process(batch_size, asked, processes) == expected
    rows, accumulation = expected
    assert (
        rows
        * accumulation
        * (processes or (asked.get("num_processes") if asked.get("num_processes") != "all" else 1) or 1)
        == batch_size
    )


@pytest.mark.parametrize(
    ("batch_size", "asked", "message"),
    [
        (
            10,
            {"num_processes": 4},
            "batch_size=10 cannot be split over 4 processes. Change batch_size or hardware.num_",
        ),
        (30, {"per_device_train_batch_size": 8}, "batch_size=30 cannot be split over 1 process x 8 examples. Change"),
        (8, {"per_device_train_batch_size": 16}, "Change batch_size or hardware.per_device_train_batch_size."),
        (8, {"num_processes": 2, "per_device_train_batch_size": 8}, "cannot be split over 2 processes x 8 examples."),
        (8, {"per_device_train_batch_size": 0}, "=0 is not a whole number from 1 up."),
        (8, {"per_device_train_batch_size": True}, "=True is not a whole number from 1 up."),
        (8, {"num_processes": 0}, "=0 is not a number of processes. Give 1 or more, all, or null."),
        (8, {"num_processes": "al"}, "=al is not a number of processes. Give 1 or more, all, or null."),
        (8, {"num_processes": True}, "=True is not a number of processes."),
        (8, {"num_processes": 2.0}, "=2.0 is not a number of processes."),
    ],
)
def test_a_batch_that_cannot_be_split(batch_size, asked, message):
    with pytest.raises(ValueError) as caught:
        rows_per_process(batch_size, asked)
    assert message in str(caught.value)


def test_launched_processes_count(machine):
    assert launched() is None
    machine(world=2)
    assert launched() == 2
    assert rows_per_process(32, {"num_processes": 4}) == (16, 1)


def start(batch_size=32, **asked):
    start_processes({"batch_size": batch_size, "hardware": asked, "guard": {"grace_seconds": 5}}, ARGV)


def refused(**asked):
    with pytest.raises(ValueError) as caught:
        start(**asked)
    return str(caught.value)


def test_one_process_starts_nothing(machine):
    executed = machine()
    start(use_cpu=True)
    assert "CUDA_VISIBLE_DEVICES" not in os.environ
    start()
    start(num_processes=1)
    assert not executed
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "0"


@pytest.mark.parametrize(("visible", "left"), [("3,1", "3"), ("", ""), ("GPU-abc,GPU-def", "GPU-abc")])
def test_only_the_first_visible_gpu_is_used(machine, monkeypatch, visible, left):
    machine(gpus=2)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    start(num_processes=1)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == left


def test_launched_processes_keep_their_gpus(machine):
    machine(world=2, parent="python accelerate launch --num_processes 2 run.py", gpus=2)
    start(num_processes="all")
    assert "CUDA_VISIBLE_DEVICES" not in os.environ


@pytest.mark.parametrize(
    ("asked", "gpus", "number", "on_cpu"),
    [
        ({"num_processes": 2, "use_cpu": True}, 0, "2", "true"),
        ({"num_processes": 2, "use_cpu": True}, 8, "2", "true"),
        ({"num_processes": 2}, 0, "2", "true"),
        ({"num_processes": 2}, 4, "2", None),
        ({"num_processes": "all"}, 4, "4", None),
    ],
)
def test_several_processes_are_launched(machine, asked, gpus, number, on_cpu):
    executed = machine(gpus=gpus)
    start(**asked)
    (words,) = executed
    assert words[:3] == [sys.executable, "-P", str(launching.AGENT)]
    assert words[words.index("--num_processes") + 1] == number
    assert words[-2:] == ARGV
    assert "--cpu" not in words
    assert os.environ.get("ACCELERATE_USE_CPU") == on_cpu


@pytest.mark.parametrize(
    ("world", "parent", "gpus", "asked", "message"),
    [
        (None, "bash", 0, {"num_processes": "all"}, "hardware=multi_gpu needs at least 2 visible GPUs, found 0."),
        (None, "bash", 1, {"num_processes": "all"}, "hardware=multi_gpu needs at least 2 visible GPUs, found 1."),
        (1, "bash", 1, {"num_processes": "all"}, "multi_gpu runs on several processes, but the launcher started 1."),
        (None, "bash", 1, {"num_processes": 2}, "num_processes=2, but 1 GPU is visible, and each process"),
        (None, "bash", 2, {"num_processes": 4}, "Use hardware.num_processes=2, or hardware=cpu."),
        (None, "bash", 4, {"num_processes": "all", "batch_size": 10}, "=10 cannot be split over 4 processes."),
        (None, "bash", 0, {"num_processes": 1, "use_cpu": False}, "hardware=gpu needs a visible GPU, found none."),
        (2, "bash", 0, {"num_processes": 4}, "hardware.num_processes=4, but the launcher started 2."),
        (1, "bash", 0, {"num_processes": 4}, "hardware.num_processes=4, but the launcher started 1."),
        (None, "python /bin/accelerate launch --cpu --num_processes 2 run.py", 0, {}, "--num_processes=2, but the "
         "launcher started 1. On the CPU use `python run.py hardware=cpu hardware.num_processes=N`"),
        (None, "python /bin/accelerate launch --cpu --num_processes=2 run.py", 0, {"use_cpu": True}, "started 1."),
        (1, "python -m accelerate.commands.launch --num-processes 2 run.py", 0, {}, "--num_processes=2, but the"),
        (None, "python /bin/accelerate launch --num_processes 1 run.py", 0, {"num_processes": 2}, "num_processes=2"),
    ],
)  # fmt: skip
def test_other_processes_than_asked(machine, world, parent, gpus, asked, message):
    executed = machine(world, parent, gpus)
    assert message in refused(**asked)
    assert not executed


def test_processes_as_asked_of_the_launcher_are_fine(machine):
    for world, parent in (
        (2, "python /bin/accelerate launch --num_processes 2 run.py"),
        (2, "python /bin/torchrun run.py"),
    ):
        executed = machine(world, parent, 2)
        start(num_processes="all")
        start(num_processes=2)
        start()
        assert not executed


def test_without_a_driver_there_are_no_gpus_and_torch_is_not_asked(monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(launching, "_loads", lambda library: None)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setitem(sys.modules, "torch", None)
    assert launching._visible_gpus() == 0


@pytest.mark.slow
@pytest.mark.parametrize("words", [["hardware=cpu"], ["hardware=cpu", "hardware.num_processes=2"], []])
def test_accelerate_launch_on_the_cpu_starts_one_process_and_is_told_so(tmp_path, words):
    command = [sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2", "run.py"]
    command += ["experiment=quickstart/ner", f"output_root={tmp_path}", "tracking=disabled", *words]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, cwd=PROJECT, env={**os.environ, **OFFLINE}
    )
    assert done.returncode != 0
    assert "error: --num_processes=2, but the launcher started 1. On the CPU use `python run.py" in done.stderr
    assert not list(tmp_path.iterdir())
