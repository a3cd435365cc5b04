"""What a run costs: examples and tokens a second, padding, the share of the machine's peak, memory, time by phase."""

import resource
import sys
from contextlib import suppress
from dataclasses import dataclass

from stages.peak import matmul_peak
from stages.terminal import stage


class Work:
    """Counts what the steps of training work on. Nothing here waits for the device: what stands on it is read by
    `totals`, at the end."""

    def __init__(self):
        self.rows, self.places, self.tokens = 0, 0, 0
        self.totals, self.seconds, self.processes = (0, 0, 0), 0.0, 1

    def count(self, inputs) -> None:
        """One piece of a batch, as the model gets it: `labels` (rows, ...), of text `attention_mask` (..., tokens)."""
        self.rows += len(inputs["labels"])
        mask = inputs.get("attention_mask")
        if mask is not None:
            self.places += mask.numel()
            self.tokens = self.tokens + mask.sum()

    def end(self, seconds, accelerator) -> None:
        """Once all steps are done, in `seconds`: add up what all processes counted. Runs on all of them."""
        import torch

        counted = torch.tensor([self.rows, self.places, int(self.tokens)], device=accelerator.device)
        self.totals = tuple(accelerator.reduce(counted, "sum").tolist())
        self.seconds, self.processes = seconds, accelerator.num_processes


@dataclass(frozen=True)
class Cost:
    """What the training of a run took. Rates are over the seconds of training steps, without evaluations, saving and
    what was done before an interruption. `utilisation`: model FLOPs of real tokens, over what all devices could have
    done in that time at their peak (Chowdhery et al., 2022, appendix B); None where nothing tells the FLOPs."""

    examples_per_second: float | None
    tokens_per_second: float | None
    padding: float | None
    utilisation: float | None
    peak_gflops: float | None
    memory_gib: float
    gpu_memory_gib: float | None


def measure(tuner, batch) -> dict:
    """The cost of a training that has ended; for the main process. `batch`: a small one, as the model gets it. What
    cannot be told is None: a run that is finished never fails here."""
    work, device = tuner.work, tuner.accelerator.device
    flops = peak = None
    with suppress(Exception):
        flops = training_flops(tuner.bare_model(), batch)
        peak = matmul_peak(device, product_type(tuner.args)) * work.processes
    on_gpu = _gpu_memory(device) if device.type == "cuda" else None
    return vars(cost_of(work.totals, work.seconds, flops, peak, most_memory(), on_gpu))


def product_type(arguments):
    """The type of numbers that matrices are multiplied in."""
    import torch

    return torch.bfloat16 if arguments.bf16 else torch.float16 if arguments.fp16 else torch.float32


def _gpu_memory(device):
    import torch

    return torch.cuda.max_memory_allocated(device)


def cost_of(totals, seconds: float, flops: float | None, peak: float | None, memory: float, on_gpu=None) -> Cost:
    """The cost from what was counted: `totals` of `Work`, `seconds` of steps, `flops` of training per place, `peak` in
    FLOP/s of all devices together, memory in bytes."""
    rows, places, tokens = totals
    rate = 1 / seconds if seconds > 0 and rows else None
    known = rate and flops and peak
    units = tokens if places else rows
    return Cost(
        rate and round(rows * rate, 2),
        round(tokens * rate, 1) if rate and places else None,
        round(1 - tokens / places, 4) if places else None,
        round(units * rate * flops / peak, 4) if known else None,
        round(peak / 1e9, 1) if peak else None,
        round(memory / 2**30, 2),
        None if on_gpu is None else round(on_gpu / 2**30, 2),
    )


def training_flops(model, batch) -> float | None:
    """FLOPs that training spends per token of a batch, of images per row: the matrix products of a forward pass, as
    torch counts them, as many for the gradients of what flows through, and those of trained weights."""
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    counter = FlopCounterMode(display=False)
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), counter:  # other kernels hide attention's products from it
        model(**batch)
    mask = batch.get("attention_mask")
    units = mask.numel() if mask is not None else len(next(iter(batch.values())))
    weights = [weight for weight in model.parameters() if weight.ndim > 1]
    trained = sum(w.numel() for w in weights if w.requires_grad) / max(sum(w.numel() for w in weights), 1)
    return counter.get_total_flops() * (2 + trained) / units or None


def most_memory() -> int:
    """The most bytes of memory that this process ever had."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def show_cost(origin: dict) -> None:
    """Print what a run took, in one line, by its provenance."""
    cost, phases = origin["cost"], origin["phases"]
    rates = [
        _said(cost["tokens_per_second"], "{:,.0f} tokens/s"),
        _said(cost["examples_per_second"], "{:,.1f} examples/s"),
        _said(cost["padding"], "padding {:.0%}"),
        _said(cost["utilisation"], "{:.0%} of the matmul peak"),
        _said(cost["gpu_memory_gib"], "{:.1f} GiB on the GPU") or _said(cost["memory_gib"], "{:.1f} GiB"),
    ]
    total = sum(phases.values())
    spent = ", ".join(f"{name} {seconds:.0f}" for name, seconds in phases.items() if seconds >= 0.5)
    stage("cost", f"{', '.join(filter(None, rates))}; {total:.0f} s: {spent}")


def _said(value, form):
    return None if value is None else form.format(value)
