"""`python -m sweeps.list`: runs by key, state and age, without torch."""

import json
import os
import subprocess
import sys

import pytest

from stages.lock import held
from sweeps.list import age, arguments, list_runs
from tests.conftest import PROJECT
from tests.left_runs import leave_run

LABELS = {"text": ["a", "b"], "label": ["x", "y"]}


@pytest.fixture
def runs(tmp_path):
    """Two finished runs, and one in each other state."""
    for number, model in enumerate(("a", "b"), start=1):
        leave_run(tmp_path / f"done{number}", LABELS, ["x", "x"], number, model, rate=number * 1e-4)
    for name in ("half", "fell", "cut", "wild", "busy"):
        folder = leave_run(tmp_path / name, LABELS, ["x", "y"], 7)
        (folder / "metrics.json").unlink()
        (folder / "provenance.json").unlink()
    (tmp_path / "wild" / "diverged.json").write_text("{}")
    trials = [
        {"run": f"x/{n}", "state": s, "reason": "a layer is missing"}
        for n, s in (("fell", "failed"), ("cut", "pruned"))
    ]
    (tmp_path / "sweeps" / "s").mkdir(parents=True)
    (tmp_path / "sweeps" / "s" / "sweep.json").write_text(json.dumps({"trials": trials}))
    return tmp_path


def names(runs, *words, capsys):
    list_runs(arguments([str(runs), *words, "--paths"]))
    return {line.rpartition("/")[2] for line in capsys.readouterr().out.splitlines()}


def test_states(runs, capsys):
    with held(runs / "busy"):
        for state, expected in (("finished", {"done1", "done2"}), ("running", {"busy"}), ("interrupted", {"half"}),
                                ("failed", {"fell"}), ("pruned", {"cut"}), ("diverged", {"wild"}),
                                ("failed,pruned", {"fell", "cut"})):  # fmt: skip
            assert names(runs, f"status={state}", capsys=capsys) == expected
    assert names(runs, "status=interrupted", capsys=capsys) == {"half", "busy"}


def test_keys_and_age(runs, capsys):
    assert names(runs, "model=b", capsys=capsys) == {"done2"}
    assert names(runs, "learning_rate=1e-4", "seed=1", capsys=capsys) == {"done1"}
    assert names(runs, "seed=1,2", "task=text_*", capsys=capsys) == {"done1", "done2"}
    assert "done1" not in names(runs, "since=1h", capsys=capsys)  # began at the start of 2026
    assert names(runs, "since=2026-01-01", capsys=capsys) >= {"done1", "half"}


def test_the_table(runs, capsys):
    list_runs(arguments([str(runs), "learning_rate=*"]))
    said = capsys.readouterr().out
    assert "test/accuracy 0.5000" in said and "a layer is missing" in said and "learning_rate" in said
    assert "7 runs: 2 finished, 2 interrupted, 1 failed, 1 pruned, 1 diverged" in said


@pytest.mark.parametrize("words, said", [
    (["status=gone"], "there is no such state. States: finished, running"),
    (["since=soon"], "since=soon is no age"),
    (["optimiser=x"], "no run has the key optimiser"),
    (["model=z"], "no run has all of model=z. Values of model.name: a, b"),
])  # fmt: skip
def test_wrong_words(runs, words, said):
    with pytest.raises((ValueError, FileNotFoundError), match=said.replace(".", r"\.")):
        list_runs(arguments([str(runs), *words]))


def test_ages():
    assert [age(s) for s in (-1, 59, 61, 7200, 200_000)] == ["0 s", "59 s", "1 min", "2 h", "2 d"]


def test_it_is_quick(runs):
    """No torch; a second is enough for a table."""
    code = "import sys; from sweeps.list import arguments, list_runs; list_runs(arguments(sys.argv[1:])); " \
           "print([m for m in ('torch', 'numpy', 'transformers') if m in sys.modules])"  # fmt: skip
    began = os.times().children_user
    done = subprocess.run([sys.executable, "-c", code, str(runs)], capture_output=True, text=True, cwd=PROJECT)
    assert done.stdout.rstrip().endswith("[]"), done.stderr
    assert os.times().children_user - began < 1.5


def test_nothing_there(tmp_path, capsys):
    list_runs(arguments([str(tmp_path)]))
    assert capsys.readouterr().out.strip() == "0 runs"
    with pytest.raises(FileNotFoundError, match="there is no such folder"):
        list_runs(arguments([str(tmp_path / "x")]))
