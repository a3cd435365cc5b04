"""Several nodes: what each must know, and two of them for real, on one machine, over gloo."""

import json
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import PROJECT
from run_files import read_lines

from stages import launching
from stages.hardware import rows_per_process
from stages.launching import start_processes

QUICKSTART = "experiment=quickstart/ner"
NODES = ("hardware=multi_node", "hardware.num_nodes=2", "hardware.main_address=127.0.0.1")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "hardware.main_address is not given."),
        (NODES, "hardware.node_rank is not given. Add hardware.node_rank=..."),
        ((*NODES, "hardware.node_rank=2"), "hardware.node_rank=2 is not a node. Give one of 0 to 1"),
        ((*NODES, "hardware.node_rank=0", "hardware.main_port=0"), "hardware.main_port=0 is not a port."),
        ((*NODES, "hardware.node_rank=0", "hardware.num_processes=3"), "=3 cannot be split over 2 nodes."),
        ((*NODES, "hardware.node_rank=0", "hardware.num_processes=null"), "=null cannot be split over 2 nodes."),
        ((*NODES, "hardware.node_rank=0", "hardware.num_nodes=0"), "hardware.num_nodes=0 is not a number of machines."),
        ((*NODES, "hardware.node_rank=first"), "hardware.node_rank=first is not a whole number."),
        (
            (*NODES, "hardware.node_rank=0", "hardware.num_processes=6"),
            "batch_size=16 cannot be split over 6 processes",
        ),
        (("hardware=multi_gpu", "hardware.num_nodes=2"), "hardware.node_rank is not given. Each of 2 nodes needs it."),
        (("hardware=cpu", "hardware.node_rank=0"), "hardware.node_rank counts only with several machines."),
        (("hardware=mps", "hardware.device=cuda"), "hardware.device=cuda is not known."),
    ],
)
def test_what_a_node_must_know(compose_config, words, message):
    with pytest.raises(ValueError) as caught:
        compose_config(QUICKSTART, *(words or ("hardware=multi_node",)))
    assert message in str(caught.value)


@pytest.mark.parametrize(("asked", "gpus", "total"), [("all", 4, "8"), (4, 2, "4")])
def test_each_node_starts_its_share(compose_config, monkeypatch, asked, gpus, total):
    executed = []
    monkeypatch.setattr(os, "execv", lambda path, words: executed.append(words))
    monkeypatch.setattr(launching, "_visible_gpus", lambda: gpus)
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2,3")
    config = compose_config(QUICKSTART, *NODES, "hardware.node_rank=1", f"hardware.num_processes={asked}")
    start_processes(config, ["run.py"])
    (words,) = executed
    for flag, value in (
        ("num_processes", total), ("num_machines", "2"), ("machine_rank", "1"), ("main_process_ip", "127.0.0.1"),
        ("main_process_port", "29500"), ("rdzv_backend", "static"),
    ):  # fmt: skip
        assert words[words.index(f"--{flag}") + 1] == value
    assert rows_per_process(16, config["hardware"], int(total)) == (16 // int(total), 1)


def test_too_few_gpus_on_a_node(compose_config, monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    for option, gpus, message in (
        (NODES, 0, "hardware=multi_node needs a visible GPU on each node, found 0."),
        ((*NODES, "hardware.num_processes=4"), 1, "=4, but 2 GPUs are visible on 2 such nodes, and"),
        (("hardware=fsdp",), 1, "hardware=fsdp needs at least 2 visible GPUs, found 1."),
        (("hardware=fsdp",), 0, "hardware=fsdp needs a visible GPU, found none."),
    ):
        monkeypatch.setattr(launching, "_visible_gpus", lambda gpus=gpus: gpus)
        rank = ("hardware.node_rank=0",) if option[0] == NODES[0] else ()
        with pytest.raises(ValueError) as caught:
            start_processes(compose_config(QUICKSTART, *option, *rank), ["run.py"])
        assert message in str(caught.value)


def test_an_apple_gpu_is_missed_at_once(compose_config, monkeypatch):
    config = compose_config(QUICKSTART, "hardware=mps")
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(ValueError, match="hardware=mps needs a Mac, this is linux"):
        start_processes(config, ["run.py"])


@pytest.fixture
def two_nodes(run_command, tiny_bert):
    """`two_nodes([words of node 0, words of node 1])` types both commands at once; -> the finished processes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    common = (
        QUICKSTART, f"model.path={tiny_bert}", "training.max_steps=2", "data.limit=20", "batch_size=8",
        "training.logging_steps=1", "model.config.hidden_dropout_prob=0",
        "model.config.attention_probs_dropout_prob=0",
    )  # fmt: skip
    nodes = (*NODES, f"hardware.main_port={port}", "hardware.num_processes=2", "hardware.use_cpu=true")

    def type_both(words):
        with ThreadPoolExecutor(2) as pool:
            both = [(*common, *nodes, f"hardware.node_rank={i}", *words[i]) for i in (0, 1)]
            return list(pool.map(lambda given: run_command(*given), both))

    type_both.common = common
    return type_both


def steps(root):
    (path,) = root.glob("*/history.jsonl")
    rows = read_lines(path)
    return [(row["loss"], row["grad_norm"]) for row in rows if "grad_norm" in row]


@pytest.mark.slow
def test_two_nodes_are_one_run(two_nodes, run_here, tmp_path):
    """One folder and one W&B run, written by the main process alone; losses and gradients of a single process."""
    root = tmp_path / "shared"
    main, other = two_nodes([[f"output_root={root}"]] * 2)
    assert main.returncode == other.returncode == 0, main.stderr
    assert main.stdout.count("scores (") == 1 and "scores (" not in other.stdout
    assert len(list(root.glob("wandb/offline-run-*"))) == 1
    (metrics,) = root.glob("*/metrics.json")
    assert json.loads((metrics.parent / "provenance.json").read_text())["machine"]["processes"] == 2
    whole = run_here(*two_nodes.common)
    assert whole.name == metrics.parent.name  # hardware is not in the digest
    assert steps(root) == [pytest.approx(step, abs=1e-4) for step in steps(whole.parent)]


@pytest.mark.slow
def test_nodes_without_a_shared_folder_are_told_so(two_nodes, tmp_path):
    main, other = two_nodes([[f"output_root={tmp_path}/{i}", "tracking=disabled"] for i in (0, 1)])
    assert main.returncode and other.returncode
    assert "is not seen by: " in main.stderr and "All nodes must share a file system." in main.stderr


@pytest.mark.slow
def test_options_without_their_hardware_end_within_seconds(run_command):
    """Without a GPU, an Apple GPU or DeepSpeed; torch would take longer than that to import."""
    for option in ("fsdp", "mps"):
        command = [sys.executable, "-X", "importtime", "run.py", QUICKSTART, f"hardware={option}"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, timeout=60)
        assert done.returncode == 2 and f"error: hardware={option} needs" in done.stderr
        assert " torch\n" not in done.stderr
