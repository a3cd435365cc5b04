"""Processes, started: where several were asked for, this one becomes `accelerate launch`; one GPU is shown to one."""

import multiprocessing
import os
import sys
from ctypes import CDLL
from math import ceil
from pathlib import Path

from stages.hardware import launched, rows_per_process
from stages.sharding import find_deepspeed, show_fsdp
from stages.terminal import say

AGENT = Path(__file__).with_name("agent.py")
CLOSING = 10  # seconds more than guard.grace_seconds, in which processes end by themselves
RESTARTS = "TUNESMITH_RESTARTS"  # set for processes whose launcher starts them again where one ends with AGAIN


def start_processes(config, argv):
    """Make the processes that run be those that were asked for.

    Where `hardware` asks for several and none were launched, this process becomes `accelerate launch`. Where a launcher
    started another number than was asked, raises ValueError: `accelerate launch --cpu` silently starts one.
    """
    hardware = config["hardware"]
    nodes = hardware.get("num_nodes", 1)
    _drop_precision_of_launcher()
    _check_machine(hardware)
    running, asked = launched(), hardware.get("num_processes")
    if asked == "all":
        asked = _visible_gpus() * nodes if running is None else running
        if asked < max(2, nodes):
            raise ValueError(_too_few_gpus(asked, running, hardware))
    on_launcher = _asked_of_launcher()
    for key, number in (("--num_processes", on_launcher), ("hardware.num_processes", asked)):
        if (on_launcher or running) and number not in (None, running or 1):
            raise ValueError(
                f"{key}={number}, but the launcher started {running or 1}. On the CPU use `python run.py hardware=cpu "
                "hardware.num_processes=N`; on GPUs drop --cpu and check that CUDA_VISIBLE_DEVICES shows as many."
            )
    if running is None and asked and asked > 1:
        rows_per_process(config["batch_size"], hardware, asked)
        _become_launcher(asked, _on_cpu(asked, hardware), argv, hardware, config["guard"]["grace_seconds"])
    if running in (None, 1) and not hardware.get("use_cpu"):
        idle = gpus_in_machine() - 1
        _show_one_gpu()
        if idle > 0:
            say(f"hint: one GPU is used, {idle} more could be: hardware=multi_gpu")


def is_child():
    """Whether a launcher or a sweep started this process, and would have nobody stop it once it is gone itself."""
    return launched() is not None or multiprocessing.parent_process() is not None


def restarts():
    """Whether all processes of this run start again where one of them ends with `agent.AGAIN`."""
    return launched() is not None and bool(os.environ.get(RESTARTS))


def _check_machine(hardware):
    """The devices and packages that were asked for are there."""
    find_deepspeed(hardware)
    show_fsdp(hardware)
    if hardware.get("device") == "mps":
        if sys.platform != "darwin":
            raise ValueError(f"hardware=mps needs a Mac, this is {sys.platform}. Use hardware=auto.")
    elif hardware.get("use_cpu") is False and not _visible_gpus():
        raise ValueError(f"{_chosen(hardware)} needs a visible GPU, found none. Use hardware=auto or hardware=cpu.")


def _chosen(hardware):
    """The option of conf/hardware that these keys come from."""
    if hardware.get("deepspeed"):
        return "hardware=deepspeed"
    if hardware.get("num_nodes", 1) > 1:
        return "hardware=multi_node"
    return "hardware=fsdp" if hardware.get("fsdp") else "hardware=gpu"


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
    nodes = hardware.get("num_nodes", 1)
    gpus = 0 if hardware.get("use_cpu") else _visible_gpus() * nodes
    if 0 < gpus < asked:
        seen = f"{gpus} GPU{'s are' if gpus > 1 else ' is'} visible" + (f" on {nodes} such nodes" if nodes > 1 else "")
        raise ValueError(
            f"hardware.num_processes={asked}, but {seen}, and each process needs its own. Use "
            f"hardware.num_processes={gpus}, or hardware=cpu."
        )
    return not gpus


def _too_few_gpus(found, running, hardware):
    name = {"hardware=gpu": "hardware=multi_gpu"}.get(_chosen(hardware), _chosen(hardware))
    if running is not None:
        return (
            f"{name} runs on several processes, but the launcher started {running}. "
            "Start it with --num_processes N for N visible GPUs, or use hardware=gpu."
        )
    needed = "a visible GPU on each node" if hardware.get("num_nodes", 1) > 1 else "at least 2 visible GPUs"
    return (
        f"{name} needs {needed}, found {found}. Use hardware=auto, or hardware=cpu hardware.num_processes=2 to try "
        "several processes on the CPU."
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


def _become_launcher(processes, on_cpu, argv, hardware, grace):
    """Replace this process by `accelerate launch` with the same words; after a signal it gives the processes their
    `grace` seconds and what their last words take. --multi_gpu also starts gloo processes on the
    CPU, where --cpu would start a single one; FSDP and DeepSpeed are the Trainer's to set up."""
    nodes = hardware.get("num_nodes", 1)
    words = ["--multi_gpu", "--num_processes", processes, "--num_machines", nodes, "--mixed_precision", "no"]
    words += ["--dynamo_backend", "no", "--main_process_port", hardware.get("main_port", 0) if nodes > 1 else 0]
    if nodes > 1:
        words += ["--machine_rank", hardware["node_rank"], "--main_process_ip", hardware["main_address"]]
        words += ["--rdzv_backend", "static"]  # others deal the ranks out themselves
    else:
        os.environ[RESTARTS] = "1"  # several launchers would have to agree on it
    if on_cpu:
        os.environ["ACCELERATE_USE_CPU"] = "true"
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) * nodes // processes)))
    os.environ["TORCH_ELASTIC_SHUTDOWN_TIMEOUT"] = str(ceil(grace) + CLOSING)
    command = [sys.executable, "-P", str(AGENT), *map(str, words), *argv]
    sys.stdout.flush()
    os.execv(sys.executable, command)


def gpus_in_machine():
    """GPUs that this process may use, without a look through torch; NVIDIA on Linux only."""
    visible, devices = os.environ.get("CUDA_VISIBLE_DEVICES"), Path("/proc/driver/nvidia/gpus")
    if visible is not None:
        return len([name for name in visible.split(",") if name])
    return len(list(devices.iterdir())) if devices.is_dir() else 0


def _show_one_gpu():
    """Let torch see one GPU only: with several in sight the Trainer would silently split each batch over them."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    os.environ["CUDA_VISIBLE_DEVICES"] = "0" if visible is None else visible.split(",")[0]
