"""A whole run, killed in training and again on the way to its trackers: they hold what they do of one left alone."""

import os
import subprocess
import sys
import time

import psutil
import pytest

from tests.chaos_trackers import arrived
from tests.conftest import OFFLINE, PROJECT
from tests.fake_wandb import KEY, FakeWandb
from tests.run_files import read_lines
from tests.same_runs import differences, without_times
from tests.test_tracking_local import points

QUICK = (
    "experiment=quickstart/text_classification", "data.limit=24", "batch_size=8", "hardware=cpu",
    "training.num_train_epochs=6", "training.logging_steps=1", "training.eval_strategy=steps", "training.eval_steps=3",
    "training.save_strategy=steps", "tracking=[wandb,tensorboard,trackio]",
)  # fmt: skip


def type_(words, server, until=None):
    """Type a command, kill it and all that it started as soon as `until()` holds; -> its output, None where it was."""
    environment = {**os.environ, **OFFLINE, "WANDB_MODE": "online", "WANDB_API_KEY": KEY, "WANDB_BASE_URL": server.url}
    command = [sys.executable, str(PROJECT / "run.py"), *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=PROJECT)
    while until and process.poll() is None and not until():
        time.sleep(0.005)
    if until and process.poll() is None:
        for started in [*psutil.Process(process.pid).children(recursive=True), process]:
            started.kill()
    said = process.communicate()[0]
    return said if process.returncode == 0 else None


def shown(run, server, project):
    """What the three trackers hold of a run, without where it is."""
    rows = [{k: v for k, v in without_times(row).items() if k != "timestamp"} for row in points(run, project)]
    others = {name: what for name, what in arrived(run, server.url).items() if "config" not in name}
    return {**others, **{f"trackio {i}": row for i, row in enumerate(rows) if len(row) > 1}}


@pytest.mark.slow
def test_a_killed_run_has_the_history_of_one_left_alone(tiny_bert, tmp_path):
    def words(name):
        return [*QUICK, f"model.path={tiny_bert}", f"output_root={tmp_path / name}", f"tracking.project={name}"]

    def trained():
        found = [*tmp_path.glob("killed/*/history.jsonl")]
        return found and any(row["step"] > 8 for row in read_lines(found[0]))

    with FakeWandb() as server:
        assert type_(words("alone"), server)
        assert type_(words("killed"), server, trained) is None
        assert type_(words("killed"), server, lambda: [*tmp_path.glob("killed/*/metrics.json")]) is None
        alone, killed = (next(tmp_path.glob(f"{name}/*/config.yaml")).parent for name in ("alone", "killed"))
        assert (killed / ".unsent").is_file()
        said = type_(words("killed"), server)
        assert "is finished" in said and "tracking " in said and not (killed / ".unsent").exists()
        assert "tracking " not in type_(words("killed"), server)
        expected = shown(alone, server, "alone")
        assert {"W&B row 25", "W&B summary", "trackio 26", "TensorBoard scores/test/f1_macro"} <= {*expected}
        assert not differences(expected, shown(killed, server, "killed"))
