"""Processes: how many there are, how many were asked for, how they share a batch. Hardware never changes results."""

import os
import sys
from ctypes import CDLL
from pathlib import Path

from stages.terminal import say


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


def start_processes(config, argv):
    """Make the processes that run be those that were asked for.

    Where `hardware` asks for several and none were launched, this process becomes `accelerate launch`. Where a launcher
    started another number than was asked, raises ValueError: `accelerate launch --cpu` silently starts one.
    """
    hardware = config["hardware"]
    _drop_precision_of_launcher()
    running, asked = launched(), hardware.get("num_processes")
    if asked == "all":
        asked = _visible_gpus() if running is None else running
        if asked < 2:
            raise ValueError(_too_few_gpus(asked, running))
    on_launcher = _asked_of_launcher()
    for key, number in (("--num_processes", on_launcher), ("hardware.num_processes", asked)):
        if (on_launcher or running) and number not in (None, running or 1):
            raise ValueError(
                f"{key}={number}, but the launcher started {running or 1}. On the CPU use `python run.py hardware=cpu "
                "hardware.num_processes=N`; on GPUs drop --cpu and check that CUDA_VISIBLE_DEVICES shows as many."
            )
    if hardware.get("use_cpu") is False and not _visible_gpus():
        raise ValueError("hardware=gpu needs a visible GPU, found none. Use hardware=auto or hardware=cpu.")
    if running is None and asked and asked > 1:
        rows_per_process(config["batch_size"], hardware, asked)
        _become_launcher(asked, _on_cpu(asked, hardware), argv)
    if running in (None, 1) and not hardware.get("use_cpu"):
        idle = _gpus_in_machine() - 1
        _show_one_gpu()
        if idle > 0:
            say(f"hint: one GPU is used, {idle} more could be: hardware=multi_gpu")


def _drop_precision_of_launcher():
    """`accelerate launch` may bring a precision or a compiler from the user's defaults: both change numbers, so they
    are choices of the run."""
    for name, key in (
        ("ACCELERATE_MIXED_PRECISION", "training.{}=true"),
        ("ACCELERATE_DYNAMO_BACKEND", "training.torch_compile=true"),
    ):
        value = os.environ.pop(name, "no").lower()
        if value != "no":
            say(f"hint: the launcher's {name}={value} is left out, it would change numbers: {key.format(value)}")


def _on_cpu(asked, hardware):
    """Whether the processes run on the CPU: where it was chosen, or where there is no GPU. Too few are an error."""
    gpus = 0 if hardware.get("use_cpu") else _visible_gpus()
    if 0 < gpus < asked:
        raise ValueError(
            f"hardware.num_processes={asked}, but {gpus} GPU{'s are' if gpus > 1 else ' is'} visible, and each process "
            f"needs its own. Use hardware.num_processes={gpus}, or hardware=cpu."
        )
    return not gpus


def _too_few_gpus(found, running):
    if running is not None:
        return (
            "hardware=multi_gpu runs on several processes, but the launcher started 1. "
            "Start it with --num_processes N for N visible GPUs, or use hardware=gpu."
        )
    return (
        f"hardware=multi_gpu needs at least 2 visible GPUs, found {found}. Use hardware=auto, or hardware=cpu "
        "hardware.num_processes=2 to try several processes on the CPU."
    )


def _visible_gpus():
    """The number of GPUs that torch would see; none where Linux has no driver, which takes no time to find out."""
    if sys.platform == "linux" and not Path("/dev/kfd").exists() and not _loads("libcuda.so.1"):
        return 0
    import torch

    return torch.cuda.device_count()


def _loads(library):
    try:
        return CDLL(library)
    except OSError:
        return None


def _asked_of_launcher():
    """The --num_processes of the `accelerate launch` that started this process, None where there is none."""
    import psutil

    parent = psutil.Process().parent()
    words = parent.cmdline() if parent else []
    if not any("accelerate" in Path(w).name or w.startswith("accelerate.") for w in words[:3]):
        return None
    for i, word in enumerate(words):
        if word.startswith(("--num_processes=", "--num-processes=")):
            return int(word.split("=")[1])
        if word in ("--num_processes", "--num-processes") and i + 1 < len(words):
            return int(words[i + 1])
    return None


def _become_launcher(processes, on_cpu, argv):
    """Replace this process by `accelerate launch` with the same words. --multi_gpu also starts gloo processes on the
    CPU, where --cpu would start a single one."""
    words = ["--multi_gpu", "--num_processes", str(processes), "--num_machines", "1", "--mixed_precision", "no"]
    words += ["--dynamo_backend", "no", "--main_process_port", "0"]
    if on_cpu:
        os.environ["ACCELERATE_USE_CPU"] = "true"
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // processes)))
    command = [sys.executable, "-m", "accelerate.commands.launch", *words, *argv]
    sys.stdout.flush()
    os.execv(sys.executable, command)


def hint_at_precision(config):
    """Say that a GPU could be used better. Never done by itself: another precision is another result."""
    import torch

    chosen = any(config["training"].get(name) for name in ("bf16", "fp16"))
    if torch.cuda.is_available() and not config["hardware"].get("use_cpu") and not chosen:
        name = "bf16" if torch.cuda.is_bf16_supported() else "fp16"
        say(f"hint: this GPU trains faster in half precision: training.{name}=true")


def _gpus_in_machine():
    """GPUs that this process may use, without a look through torch; NVIDIA on Linux only."""
    visible, devices = os.environ.get("CUDA_VISIBLE_DEVICES"), Path("/proc/driver/nvidia/gpus")
    if visible is not None:
        return len([name for name in visible.split(",") if name])
    return len(list(devices.iterdir())) if devices.is_dir() else 0


def _show_one_gpu():
    """Let torch see one GPU only: with several in sight the Trainer would silently split each batch over them."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    os.environ["CUDA_VISIBLE_DEVICES"] = "0" if visible is None else visible.split(",")[0]
