"""What W&B gets to see, read back from the offline run, and that it never stands in the way."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import wandb

from stages import tracking
from stages.trackers.wandb import is_logged_in
from stages.tracking import errors_first

QUICK = ("training.max_steps=3", "training.logging_steps=1", "data.limit=24", "batch_size=8", "hardware=cpu")
WANDB = str(Path(sys.executable).with_name("wandb"))
ARGUMENTS = SimpleNamespace(dataloader_num_workers=0)


def inspect(folder, *flags):
    """Records of an offline run, by W&B's own reader."""
    done = subprocess.run([WANDB, "leet", "inspect", "--json", *flags, str(folder)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def tables(folder):
    """Name -> (columns, rows) of the tables of an offline run."""
    found = {}
    for path in Path(folder).glob("files/media/table/*.table.json"):
        content = json.loads(path.read_text())
        found[path.name.rsplit("_", 2)[0]] = (content["columns"], content["data"])
    return found


@pytest.fixture(scope="module")
def offline_run(tmp_path_factory, tiny_bert):
    """A run of the quickstart with tracking, typed as a command; -> its offline folder."""
    from tests.conftest import OFFLINE, PROJECT

    root = tmp_path_factory.mktemp("tracked")
    words = ("experiment=quickstart/ner", f"model.path={tiny_bert}", f"output_root={root}", "tracking.tags=[a,b]")
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(root),
        "WANDB_API_KEY": "do-not-log-me" + "0" * 40,
        "HF_TOKEN": "do-not-log-me",
        **OFFLINE,
    }
    command = [sys.executable, str(PROJECT / "run.py"), *words, "tracking.notes=hello", *QUICK]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, env=environment)
    assert done.returncode == 0, done.stderr
    (folder,) = root.glob("wandb/offline-run-*")
    return folder


def test_the_run_and_its_configuration(offline_run):
    run = json.loads(inspect(offline_run, "--summary"))
    assert run["state"] == "finished" and run["exit_code"] == 0
    assert run["project"] == "tunesmith" and run["notes"] == "hello" and sorted(run["tags"]) == ["a", "b"]
    assert run["name"].startswith("ner-sample-tiny_bert")
    keys = {"seed", "batch_size", "batching", "batch_tokens"}
    keys |= {"task", "data", "model", "method", "optimizer", "scheduler", "training", "hardware"}
    more = {"tracking", "metrics", "guard", "output_root", "resume", "rerun", "launcher", "sweeper", "_wandb"}
    assert keys <= set(run["config"]) <= keys | more
    assert run["config"]["training"]["max_steps"] == 3 and run["config"]["task"]["name"] == "ner"
    records = inspect(offline_run)
    assert '"group"' in records and "ner-sample-tiny_bert" in records


def test_scores_and_curves(offline_run):
    summary = json.loads(inspect(offline_run, "--summary"))["summary"]
    for key in ("test/f1", "validation/f1", "test/strict_f1", "validation/loss", "baseline/f1", "train/loss"):
        assert isinstance(summary[key], (int, float)), key
    history = [json.loads(line) for line in inspect(offline_run).splitlines() if "train/grad_norm" in line]
    assert len(history) >= 3


def test_tables(offline_run):
    found = tables(offline_run)
    assert {"entities_by_type", "tokens_by_tag", "predictions", "findings"} <= set(found)
    assert any("confusion" in name for name in found)
    columns, rows = found["predictions"]
    right = [row[columns.index("right")] for row in rows]
    assert right == sorted(right) and len(rows) == 24  # errors first
    columns, rows = found["findings"]
    assert "advice" in columns and len(rows) >= 4


def test_no_secrets(offline_run):
    for path in [p for p in offline_run.parent.parent.rglob("*") if p.is_file() and p.suffix != ".safetensors"]:
        assert b"do-not-log-me" not in path.read_bytes(), path


def test_a_failed_run_is_marked_so(run_command, tiny_bert, tmp_path):
    """Layers that do not exist are found by peft, when the run is open."""
    words = ("experiment=quickstart/ner", f"model.path={tiny_bert}", f"output_root={tmp_path}", "method=lora")
    done = run_command(*words, "method.target_modules=[nothing_like_it]", *QUICK)
    assert done.returncode != 0 and "method.target_modules" in done.stderr and "Traceback" not in done.stderr
    (folder,) = tmp_path.glob("wandb/offline-run-*")
    run = json.loads(inspect(folder, "--summary"))
    assert run["state"] == "failed" and run["exit_code"] != 0


def test_a_server_that_does_not_answer_costs_no_run(run_command, tiny_bert, tmp_path):
    """Logged in, but nobody listens: the run goes on offline and says so."""
    words = ("experiment=quickstart/text_classification", f"model.path={tiny_bert}", f"output_root={tmp_path}")
    server = {"WANDB_API_KEY": "0" * 40, "WANDB_BASE_URL": "http://127.0.0.1:9", "WANDB_MODE": "online"}
    done = run_command(*words, *QUICK, **server)
    assert done.returncode == 0, done.stderr
    assert "kept offline" in done.stdout and "scores (" in done.stdout
    assert len(list(tmp_path.glob("wandb/offline-run-*"))) == 1
    assert "0" * 40 not in done.stdout + done.stderr


class Broken:
    """A tracker whose own process has died."""

    title, rows, lacks = "W&B", 0, False

    def log(self, *_):
        raise ConnectionResetError("Connection lost")

    def where(self):
        return "nowhere"

    finish = add_results = log


def test_a_tracker_that_dies_costs_no_run(monkeypatch, capsys, tmp_path):
    """Logging and finishing fail: said once, and the result stands; an error of the run itself is not swallowed."""
    monkeypatch.setattr(tracking, "open_trackers", lambda *_: [Broken()])
    config = {"tracking": {"wandb": {}}}
    with tracking.tracked(config, tmp_path) as trackers:
        curves = tracking.Curves(trackers)
        for step in range(3):
            curves.on_log(None, SimpleNamespace(global_step=step), None, logs={"loss": 1.0})
        tracking.send_results(trackers, {}, tmp_path)  # there is nothing to read
    out = capsys.readouterr().out
    assert out.count("W&B failed (ConnectionResetError: Connection lost)") == 1
    assert out.count("tracking failed (FileNotFoundError: ") == 1
    with pytest.raises(KeyError), tracking.tracked(config, tmp_path):
        raise KeyError("the run's own")


def test_a_tracker_that_cannot_be_opened_is_left_out(monkeypatch, capsys, tmp_path):
    def refuse(*_, **__):
        raise OSError("")

    monkeypatch.setattr(wandb, "init", refuse)
    config = {"tracking": {"project": "p", "group": None, "job_type": None, "tags": [], "notes": None}}
    config["tracking"]["wandb"] = {"entity": None}
    with tracking.tracked(config, tmp_path / "run-0") as trackers:
        assert list(trackers) == []
    out = capsys.readouterr().out
    assert "W&B does not answer (OSError)" in out.replace("Weights & Biases", "W&B") and "wandb failed (OSError)" in out


def test_other_processes_open_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("RANK", "1")
    with tracking.tracked({"tracking": {"wandb": {}}}, tmp_path) as trackers:
        assert list(trackers) == []


def test_nobody_logged_in(monkeypatch, tmp_path):
    for name in ("WANDB_API_KEY", "WANDB_IDENTITY_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    assert not is_logged_in()
    monkeypatch.setenv("WANDB_API_KEY", "x")
    assert is_logged_in()


def test_errors_first():
    rows = [
        {"prediction": "a", "gold": "a", "confidence": 0.9},
        {"prediction": "a", "gold": "b", "confidence": 0.6},
        {"prediction": "a", "gold": "b", "confidence": 0.8},
    ]
    assert [r["confidence"] for r in errors_first(rows)] == [0.8, 0.6, 0.9]
    assert errors_first([{"prediction": [], "gold": [], "confidence": []}])


def test_a_dashboard_draws_what_was_logged(offline_run):
    """Every name in its panels is one that this run has sent: a number, a curve, a table, or a key."""
    pytest.importorskip("wandb_workspaces", reason="pip install -r requirements.txt")
    from sweeps import panels
    from sweeps.dashboard import boards_of, spec
    from sweeps.runs import find_runs

    (board,) = boards_of(find_runs([str(offline_run.parent.parent)]))
    board = replace(board, keys=("optimizer.learning_rate",))
    made = spec(panels.workspace([board], None, "p", "n"), panels.report([board], None, "p", "n"))
    run, history = json.loads(inspect(offline_run, "--summary")), inspect(offline_run)
    assert board.groups == (json.loads(history.split('"group":')[1].split(",")[0]),)
    named = [*made["workspace"]["spec"]["section"]["panelBankConfig"]["sections"][0]["panels"]]
    kinds = {panel["viewType"]: panel["config"] for panel in named}
    lines = [panel["config"] for panel in named if panel["viewType"] == "Run History Line Plot"]
    assert [line["metrics"] for line in lines] == [["validation/f1"], ["train/loss"]]
    assert all(line["groupArea"] == "stddev" and f'"{line["metrics"][0]}"' in history for line in lines)
    assert kinds["Bar Chart"]["metrics"] == ["test/f1", "baseline/f1"] and kinds["Parameter Importance"]
    axes = [column["accessor"] for column in kinds["Parallel Coordinates Plot"]["columns"]]
    assert axes == ["config:optimizer.value.learning_rate", "summary:test/f1"]
    assert run["config"]["optimizer"]["learning_rate"]
    scores = [*kinds["Bar Chart"]["metrics"], kinds["Parameter Importance"]["targetKey"], axes[1].partition(":")[2]]
    scores += [kinds["Scatter Plot"][axis].partition(":")[2] for axis in ("xAxis", "yAxis")]
    assert all(isinstance(run["summary"][name], int | float) for name in scores), scores
    assert "predictions" in board.tables and {*board.tables} <= {*run["summary"]}
    text = json.dumps(made)
    assert text.count("confusion_matrix_table") >= 2 and "config:optimizer.value.learning_rate" in text
