"""Hardware: what may be chosen, how processes share a batch, and that those run that were asked for. Hardware never
changes results."""

import os
import platform

from stages.arguments import typed
from stages.sharding import check_sharding
from stages.terminal import say

NODES = ("node_rank", "main_address", "main_port")  # what a node must know where there are several


def check_hardware(config):
    """Raise ValueError for the first choice of hardware that cannot work, as far as that needs no look at it."""
    hardware = config["hardware"]
    nodes = hardware.get("num_nodes", 1)
    given = {name: hardware[name] for name in NODES if name in hardware}
    if nodes < 1:
        raise ValueError(f"hardware.num_nodes={nodes} is not a number of machines. Give 1 or more.")
    if nodes == 1 and given:
        raise ValueError(f"hardware.{next(iter(given))} counts only with several machines. Use hardware=multi_node.")
    if nodes > 1:
        _check_nodes(nodes, hardware)
    if hardware.get("device") not in (None, "mps"):
        raise ValueError(f"hardware.device={hardware['device']} is not known. Choose mps, or leave it out.")
    check_sharding(hardware, config["optimizer"].get("optim"))
    rows_per_process(config["batch_size"], hardware)


def _check_nodes(nodes, hardware):
    missing = next((name for name in NODES if name not in hardware), None)
    if missing:
        raise ValueError(f"hardware.{missing} is not given. Each of {nodes} nodes needs it. Add hardware.{missing}=...")
    rank, port, processes = hardware["node_rank"], hardware["main_port"], hardware.get("num_processes")
    if not 0 <= rank < nodes:
        raise ValueError(f"hardware.node_rank={rank} is not a node. Give one of 0 to {nodes - 1}, each to one machine.")
    if not 0 < port < 65536:
        raise ValueError(f"hardware.main_port={port} is not a port. Give 1 to 65535, the same on all nodes.")
    if processes is None or (isinstance(processes, int) and processes % nodes):
        raise ValueError(
            f"hardware.num_processes={typed(processes)} cannot be split over {nodes} nodes. Give the processes of all "
            "nodes together, the same number on each, or all."
        )


def launched():
    """The number of processes that a launcher started, or None where none did (`accelerate launch`, torchrun)."""
    return int(os.environ["WORLD_SIZE"]) if os.environ.get("WORLD_SIZE") else None


def rows_per_process(batch_size, hardware, processes=None):
    """-> (examples per process and forward pass, accumulation steps); their product with `processes` is `batch_size`.

    Raises ValueError where the batch cannot be split so. Where the number of processes is not yet known, checks for 1.
    """
    asked = hardware.get("num_processes")
    if asked not in (None, "all") and (not isinstance(asked, int) or isinstance(asked, bool) or asked < 1):
        raise ValueError(f"hardware.num_processes={asked} is not a number of processes. Give 1 or more, all, or null.")
    processes = processes or launched() or (asked if isinstance(asked, int) else 1)
    rows = hardware.get("per_device_train_batch_size")
    if rows is not None and (not isinstance(rows, int) or isinstance(rows, bool) or rows < 1):
        raise ValueError(f"hardware.per_device_train_batch_size={rows} is not a whole number from 1 up.")
    if batch_size % (processes * (rows or 1)):
        devices = f"{processes} process{'es' if processes > 1 else ''}"
        share = f" x {rows} examples" if rows else ""
        change = "hardware.per_device_train_batch_size" if rows else "hardware.num_processes"
        raise ValueError(
            f"batch_size={batch_size} cannot be split over {devices}{share}. Change batch_size or {change}."
        )
    rows = rows or batch_size // processes
    return rows, batch_size // (processes * rows)


def check_started(config, accelerator, folder):
    """Raise ValueError, on all processes, where accelerate started something else than was asked for, which it does
    without a word, or where a node does not see the run's folder."""
    hardware, got = config["hardware"], accelerator.distributed_type.value
    several = "MULTI_" if (launched() or 1) > 1 else "NO"
    asked = "FSDP" if hardware.get("fsdp") else "DEEPSPEED" if hardware.get("deepspeed") else several
    if not got.startswith(asked):
        name = {"MULTI_": "plain data parallelism", "NO": "one process"}.get(asked, asked)
        raise ValueError(
            f"hardware asks for {name}, but accelerate started {got} on {accelerator.device.type}. FSDP and DeepSpeed "
            "need several GPUs; drop ACCELERATE_* variables and an accelerate configuration that ask for other things."
        )
    device = hardware.get("device")
    if device and accelerator.device.type != device:
        raise ValueError(f"hardware.device={device}, but the device is {accelerator.device.type}. Use hardware=auto.")
    if launched():
        _check_folder(folder)


def _check_folder(folder):
    from accelerate.utils import gather_object

    blind = sorted(set(gather_object([] if (folder / "config.yaml").is_file() else [platform.node()])))
    if blind:
        raise ValueError(
            f"the run's folder {folder} is not seen by: {', '.join(blind)}. All nodes must share a file system. Change "
            "output_root to a folder on it."
        )


def leave_out_cudnn_attention():
    """Let another kernel compute attention: in half precision, with a mask, on the H100, cuDNN's gradients are NaN for
    some lengths in torch 2.11 to 2.13 (pytorch/pytorch issue 196678)."""
    import torch

    torch.backends.cuda.enable_cudnn_sdp(False)


def hint_at_precision(config):
    """Say that a GPU could be used better. Never done by itself: another precision is another result."""
    import torch

    chosen = any(config["training"].get(name) for name in ("bf16", "fp16"))
    if torch.cuda.is_available() and not config["hardware"].get("use_cpu") and not chosen:
        name = "bf16" if torch.cuda.is_bf16_supported() else "fp16"
        say(f"hint: this GPU trains faster in half precision: training.{name}=true")
