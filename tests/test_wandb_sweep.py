"""W&B sweep files: what they say is true, and the command that W&B's own agent makes of them trains and reports."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from wandb.sdk.launch.sweeps.utils import create_sweep_command_args, load_sweep_config

from tests.conftest import OFFLINE, PROJECT

SWEEPS = sorted(PROJECT.glob("sweeps/wandb/*.yaml"))
QUICK = ("training.max_steps=2", "data.limit=16", "hardware=cpu", "data=sample")


def first_trial(sweep):
    """The first values of each parameter, as the server sends them."""
    return {name: {"value": p["values"][0] if "values" in p else p["min"]} for name, p in sweep["parameters"].items()}


def words_of(sweep):
    """The Hydra words of the first trial, by W&B's own rule."""
    typed = create_sweep_command_args({"args": first_trial(sweep)})["args_no_hyphens"]
    command = sweep["command"]
    at = command.index("${args_no_hyphens}")
    assert command[:at] == ["${env}", "${interpreter}", "${program}"] and sweep["program"] == "run.py"
    return [*typed, *command[at + 1 :]]


def test_there_are_sweeps():
    assert len(SWEEPS) >= 2


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_a_sweep_file_is_one(path):
    """By the rules of W&B's schema: a method, a metric with a goal, numbers that are numbers (1e-5 is text to YAML)."""
    sweep = load_sweep_config(str(path))
    assert sweep["method"] in ("grid", "random", "bayes") and sweep["metric"]["goal"] == "maximize"
    for name, parameter in sweep["parameters"].items():
        if "values" in parameter:
            assert set(parameter) == {"values"} and len(parameter["values"]) > 1, name
            assert not any(isinstance(value, str) and value[0].isdigit() for value in parameter["values"]), name
            continue
        assert set(parameter) == {"distribution", "min", "max"} and sweep["method"] != "grid", name
        assert 0 < parameter["min"] < parameter["max"] and isinstance(parameter["min"], float), name
    assert not [
        v for p in sweep["parameters"].values() for v in p.get("values", []) if str(v)[:1].isdigit() and v == str(v)
    ]


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_each_parameter_is_a_key_of_ours_that_arrives(path, compose_config):
    sweep = load_sweep_config(str(path))
    config = compose_config(*words_of(sweep))
    for name, given in first_trial(sweep).items():
        value = config
        for part in name.split("."):
            value = value[part]
        assert (value["name"] if isinstance(value, dict) else value) == given["value"]
    assert config["tracking"]["project"] == sweep["project"] and "wandb" in config["tracking"]


@pytest.fixture
def agent(tiny_bert, tmp_path, monkeypatch):
    """`agent(sweep, run_id)` lets W&B's own agent start the first trial of a sweep as run `run_id`, on the sample and a
    tiny model; -> its exit code."""
    from wandb.wandb_agent import Agent

    monkeypatch.chdir(PROJECT)
    environment = {**OFFLINE, "WANDB_SWEEP_ID": "sweep123", "WANDB_DIR": str(tmp_path), "WANDB_RUN_ID": "unset"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")

    def start(sweep, run_id):
        agent = Agent(api=None, queue=None, sweep_id="sweep123")
        fixed = [word for word in sweep["command"] if not word.startswith(("data=", "training."))]
        agent._sweep_command = [*fixed, *QUICK, f"model.path={tiny_bert}", f"output_root={tmp_path}/runs"]
        answer = agent._process_command(
            {"type": "run", "run_id": run_id, "program": sweep["program"], "args": first_trial(sweep)}
        )
        assert "exception" not in answer, answer
        return agent._run_processes[run_id].wait()

    return start


def read_run(root, run_id):
    """What an offline run holds: its summary by W&B's own reader, and all its records as text."""
    (folder,) = root.glob(f"wandb/offline-run-*-{run_id}")
    command = [str(Path(sys.executable).with_name("wandb")), "leet", "inspect", "--json"]
    summary = subprocess.run([*command, "--summary", str(folder)], capture_output=True, text=True, check=True)
    records = subprocess.run([*command, str(folder)], capture_output=True, text=True, check=True)
    return json.loads(summary.stdout), records.stdout


def test_the_agent_gets_its_metric(agent, tmp_path, capfd):
    """Of a trial that trains, and of the same one again, which finds it finished: else the sweep waits for ever."""
    sweep = load_sweep_config(str(PROJECT / "sweeps" / "wandb" / "ner_learning_rate.yaml"))
    metric, found = sweep["metric"]["name"], []
    for run_id in ("first111", "again222"):
        assert agent(sweep, run_id) == 0, capfd.readouterr().err
        run, records = read_run(tmp_path / "runs", run_id)
        assert run["run_id"] == run_id and run["state"] == "finished" and "sweep123" in records
        assert isinstance(run["summary"][metric], float)
        curve = [line for line in records.splitlines() if metric in line and "validation/runtime" in line]
        assert curve, "the metric must also be a curve, for early_terminate and for charts"
        found.append(run["summary"])
    assert "This experiment is finished" in capfd.readouterr().out
    assert {k: v for k, v in found[0].items() if "/" in k and not k.startswith("train/")}.items() <= found[1].items()


@pytest.mark.slow
@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_the_agent_runs_every_file(agent, tmp_path, capfd, path):
    sweep = load_sweep_config(str(path))
    assert agent(sweep, "every333") == 0, capfd.readouterr().err
    run, _ = read_run(tmp_path / "runs", "every333")
    assert run["state"] == "finished" and isinstance(run["summary"][sweep["metric"]["name"]], float)
