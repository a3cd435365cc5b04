"""Room for a run: what it will need of disk and memory, and what is free."""

import shutil
from pathlib import Path

import psutil
import torch

from stages.model import count_parameters
from stages.terminal import stage, warn

GB = 1e9
STATES = 2  # numbers that AdamW keeps for each weight that is trained, as most optimizers at the most


def check_room(model, arguments, run):
    """Say what checkpoints and memory take at least. Raises ValueError where the disk cannot hold the checkpoints."""
    trained, size = count_parameters(model)
    disk, free = checkpoint_bytes(trained, size, arguments, hasattr(model, "peft_config")), free_disk(run)
    free += sum(path.stat().st_size for path in (run / "checkpoints").rglob("*") if path.is_file())  # of this run
    memory, available = 4 * (size + (1 + STATES) * trained), free_memory(arguments.device)
    stage(
        "room",
        f"disk {disk / GB:.1f} GB of {free / GB:.1f} free, memory {memory / GB:.1f} GB and more of "
        f"{available / GB:.1f} free",
    )
    if disk > free:
        raise ValueError(
            f"the disk of {run} has {free / GB:.1f} GB free, and the checkpoints of this run take {disk / GB:.1f} GB. "
            "Make room, or change output_root, training.save_total_limit or training.save_strategy."
        )
    if memory > available:
        warn(
            "memory may not hold weights, gradients and the optimizer's state. method=lora trains a part of the "
            "weights, hardware=fsdp splits them over GPUs."
        )


def checkpoint_bytes(trained, size, arguments, is_adapter):
    """Bytes of the checkpoints that stand at the same time, one in the making among them, or of the model alone."""
    weights = 4 * (trained if is_adapter else size)
    one = weights + (0 if arguments.save_only_model else 4 * STATES * trained)
    kept = 0 if arguments.save_strategy == "no" else (arguments.save_total_limit or 2) + 1
    return max(kept * one, 4 * size)


def free_disk(folder):
    """Bytes free on the disk that a folder is or will be on."""
    there = next(path for path in (folder, *Path(folder).resolve().parents) if path.exists())
    return shutil.disk_usage(there).free


def free_memory(device):
    """Bytes free in the memory that a device computes in."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else psutil.virtual_memory().available
