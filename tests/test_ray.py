"""Trials on a Ray cluster of two nodes on this machine, one of which is killed while a trial trains on it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import OFFLINE, PROJECT

ray = pytest.importorskip("ray", reason="needs an environment with requirements-ray.txt, see docs/clusters.md")
QUICK = ("training.max_steps=300", "training.save_strategy=steps", "training.save_steps=20", "data.limit=60",
         "training.eval_strategy=steps", "training.eval_steps=20", "batch_size=8", "hardware=cpu",
         "tracking=disabled")  # fmt: skip
REMOTE = ("+hydra.launcher.ray.init.object_store_memory=null", "+hydra.launcher.ray.remote.num_cpus=1")


@pytest.fixture
def cluster():
    from ray.cluster_utils import Cluster

    made = Cluster(True, head_node_args={"num_cpus": 1, "object_store_memory": 80_000_000})
    made.second = made.add_node(num_cpus=1, object_store_memory=80_000_000)
    yield made
    made.shutdown()


@pytest.mark.slow
def test_a_node_is_killed(cluster, tiny_bert, tmp_path):
    """The trial that ran on it goes on elsewhere from its checkpoint; both end well."""
    words = ["-m", "seed=1,2", "experiment=quickstart/text_classification", f"model.path={tiny_bert}", *QUICK, *REMOTE]
    words += ["hydra/launcher=ray", f"hydra.launcher.ray.init.address={cluster.address}", f"output_root={tmp_path}"]
    process = subprocess.Popen(
        [sys.executable, "run.py", *words], cwd=PROJECT, env={**os.environ, **OFFLINE}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    raylet = cluster.second.all_processes["raylet"][0].process.pid
    while not (trial := trained_under(raylet, tmp_path)):
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.1)
    cluster.remove_node(cluster.second, allow_graceful=False)
    said, _ = process.communicate(timeout=500)
    assert process.returncode == 0 and "will be retried" in said, said
    (record,) = tmp_path.glob("sweeps/*/sweep.json")
    assert [one["state"] for one in json.loads(record.read_text())["trials"]] == ["done", "done"]
    log = (trial / "log.txt").read_text(encoding="utf-8")
    assert log.count("experiment text_classification") == 2 and "resumed" in log, log


def trained_under(raylet, root):
    """The record of a trial that has saved a checkpoint in a worker of this node."""
    import psutil

    for outcome in root.glob("sweeps/*/0*/outcome.json"):
        said = json.loads(outcome.read_text())
        process = psutil.Process(said["notes"]["process"])
        saved = list(root.glob(f"{Path(said['place']).name}/checkpoints/checkpoint-*"))
        if process.ppid() == raylet and saved:
            return outcome.parent
    return None
