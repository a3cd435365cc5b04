"""What W&B, in the form of a stand-in server, and TensorBoard hold of a run: for runs that are killed and compared."""

import json
import multiprocessing
import os
from contextlib import contextmanager
from urllib.request import urlopen

from same_runs import left, without_times
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.fake_wandb import KEY, FakeWandb

CLOCK = ("_runtime", "_timestamp", "_wandb")


@contextmanager
def stand_in():
    """A stand-in server in a process of its own; -> the environment in which runs take it for W&B."""
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("fork").Process(target=_serve, args=(there,), daemon=True)
    server.start()
    try:
        yield {"WANDB_MODE": "online", "WANDB_API_KEY": KEY, "WANDB_BASE_URL": here.recv()}
    finally:
        server.kill()


def _serve(parent):
    with FakeWandb() as fake:
        parent.send(fake.url)
        parent.recv()


def kept(run):
    """What a run left, and what its trackers have of it, where it has some."""
    tracked = (run / "wandb_id").is_file()
    return {**left(run), **(arrived(run, os.environ["WANDB_BASE_URL"]) if tracked else {})}


def arrived(run, url):
    """{name: what a tracker holds of a run}, without times: each row of the history, the summary, points of curves."""
    name = (run / "wandb_id").read_text(encoding="utf-8")
    with urlopen(f"{url}/told/{name}") as answer:
        told = json.loads(answer.read().decode().replace(name, "RUN"))
    return {
        **{f"W&B row {number}": _timeless(row) for number, row in enumerate(told["history"])},
        "W&B summary": [_timeless(row) for row in told["summary"]],
        **{f"TensorBoard {tag}": points for tag, points in shown_points(run).items()},
    }


def _timeless(row):
    """Without times, and without the names under which tables are uploaded, which are made up anew each time."""
    if not isinstance(row, dict):
        return row
    named = {name: value for name, value in without_times(row).items() if name not in CLOCK}
    return {name: _timeless(value) for name, value in named.items() if "artifact_path" not in name}


def shown_points(run):
    """{name: [(step, value)]} of all that TensorBoard shows of a run, without times."""
    seen = EventAccumulator(str(run / "tensorboard"), size_guidance={"tensors": 0, "scalars": 0}).Reload()
    scalars = {tag: [(point.step, point.value) for point in seen.Scalars(tag)] for tag in seen.Tags()["scalars"]}
    texts = {
        tag: [(point.step, point.tensor_proto.string_val[0].decode()) for point in seen.Tensors(tag)]
        for tag in seen.Tags()["tensors"]
    }
    return without_times({**scalars, **texts})
