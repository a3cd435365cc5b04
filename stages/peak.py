"""How fast this machine multiplies matrices: the peak that a model's own speed is compared with."""

import json
import platform
import time

from stages.files import write_json
from stages.folder import user_cache

SIZE, GPU_SIZE = 1536, 8192  # rows and columns: large enough for a stable rate, small enough for a moment
SECONDS = 0.1  # short runs should not wait for it, and each one measures again


def matmul_peak(device, dtype) -> float:
    """FLOP/s of one device for products of square matrices: the most that was ever measured on it. It is measured at
    the end of each run, for SECONDS, and kept in the user's cache: a busy machine seems slower."""
    import torch

    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{platform.node()} {platform.processor()}"
    threads = "" if device.type != "cpu" else f" {torch.get_num_threads()} threads"
    key, file = f"{name}{threads} {dtype}", user_cache() / "matmul_peak.json"
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = {}
    best = max(measured(device, dtype), known.get(key, 0.0))
    if best > known.get(key, 0.0):
        write_json(file, {**known, key: best})
    return best


def measured(device, dtype, size: int | None = None) -> float:
    """FLOP/s of the fastest of a few products of two random matrices of `size` rows and columns."""
    import torch

    size = size or (GPU_SIZE if device.type == "cuda" else SIZE)
    a, b = (torch.randn(size, size, device=device, dtype=dtype, generator=_apart(device)) for _ in range(2))
    wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    a @ b  # the first one allocates
    wait()
    fastest, ends = float("inf"), time.perf_counter() + SECONDS
    while fastest == float("inf") or time.perf_counter() < ends:
        began = time.perf_counter()
        a @ b
        wait()
        fastest = min(fastest, time.perf_counter() - began)
    return 2 * size**3 / fastest


def _apart(device):
    """Random numbers that leave the run's own as they are."""
    import torch

    return torch.Generator(device=device).manual_seed(0)
