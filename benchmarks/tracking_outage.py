"""What a W&B server that is slow, lost or in error costs a training step, against a stand-in on the own machine.

    python benchmarks/tracking_outage.py [STEPS]

Every case opens a run at a server that is well, then its mood turns. Blocks of steps with and without logging take
turns, so that whatever else the machine does meets both; each step of a block with logging logs, which is more than any
default. `ratio`: median step with logging to median step without; it says little on a machine that does other things.
`share`: seconds inside the calls that log, of the seconds of these steps. What an outage costs is the difference to the
server that is well.
"""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import torch
import wandb

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from stages import tracking
from stages.terminal import table
from stages.trackers import wandb as tracker
from tests.fake_wandb import KEY, FakeWandb

BLOCK = 10  # steps
CASES = ("well", "slow", "gone", "500", "429", "garbage")
CHOICES = {"project": "p", "group": None, "job_type": None, "tags": [], "notes": None, "wandb": {"entity": None}}


def make_step():
    """A training step of some 20 ms on one core: a small encoder layer, AdamW."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    layer = torch.nn.TransformerEncoderLayer(128, 4, 512, batch_first=True)
    optimizer, batch = torch.optim.AdamW(layer.parameters()), torch.randn(16, 64, 128)

    def step():
        loss = layer(batch).square().mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss.item()

    return step


def measure(run, step, steps):
    """-> (seconds of steps without logging, of steps with logging, inside the calls that log)."""
    without, with_it, inside = [], [], []
    for number in range(steps):
        started = time.perf_counter()
        loss = step()
        if number // BLOCK % 2:
            before = time.perf_counter()
            tracking.log(
                [run], {"loss": loss, "grad_norm": 1.0, "learning_rate": 1e-4, "epoch": 0.1}, number, len(inside)
            )
            inside.append(time.perf_counter() - before)
        (with_it if number // BLOCK % 2 else without).append(time.perf_counter() - started)
    return without, with_it, inside


def case(mood, step, steps):
    """-> the row of a case."""
    with FakeWandb() as server, tempfile.TemporaryDirectory() as root:
        os.environ.update(WANDB_BASE_URL=server.url, WANDB_API_KEY=KEY, WANDB_MODE="online")
        folder = Path(root) / "run-0"
        folder.mkdir()
        with tracking.tracked({"tracking": CHOICES}, folder) as (run,):
            server.mood = mood
            without, with_it, inside = measure(run, step, steps)
            closing = time.perf_counter()
        closing = time.perf_counter() - closing
        wandb.teardown()
    medians = [1000 * statistics.median(seconds) for seconds in (without, with_it)]
    return {
        "server": mood, "ms without": medians[0], "ms with": medians[1], "ratio": medians[1] / medians[0],
        "share": sum(inside) / sum(with_it), "ms per call": 1000 * statistics.median(inside),
        "slowest call, ms": 1000 * max(inside), "closing, s": closing,
    }  # fmt: skip


def main(steps=600):
    tracker.CLOSING["finished"] = 5
    step = make_step()
    for _ in range(50):
        step()
    table("step times at a W&B server that misbehaves", [case(mood, step, int(steps)) for mood in CASES])


if __name__ == "__main__":
    main(*sys.argv[1:])
