"""Grids: every combination, in order; values that belong together; sweeps that are written down."""

import pytest

from sweeps.grid import grid
from sweeps.named import FOLDER, spelled_out


def test_every_combination_the_last_changes_fastest():
    assert grid(["task=ner", "model=a,b", "seed=range(1,3)"]) == [
        ["task=ner", "model=a", "seed=1"],
        ["task=ner", "model=a", "seed=2"],
        ["task=ner", "model=b", "seed=1"],
        ["task=ner", "model=b", "seed=2"],
    ]


def test_text_stays_as_it_was_typed():
    words = ["data.train='a b.csv'", "method.target_modules=[q,v],[k]", "+x=1", "~y"]
    assert grid(words) == [[*words[:1], f"method.target_modules=[{m}]", "+x=1", "~y"] for m in ("q,v", "k")]


def test_a_key_given_twice_has_the_values_given_last():
    assert grid(["seed=1,2", "seed=3"]) == [["seed=3"]]


@pytest.mark.parametrize("pairs", [["model", "lr"], [["model", "lr"]]])
def test_pairs(pairs):
    assert grid(["model=a,b", "seed=1,2", "lr=3,4"], pairs) == [
        ["model=a", "lr=3", "seed=1"],
        ["model=a", "lr=3", "seed=2"],
        ["model=b", "lr=4", "seed=1"],
        ["model=b", "lr=4", "seed=2"],
    ]


@pytest.mark.parametrize(
    ("words", "pairs", "message"),
    [
        (["model=a,b", "lr=1,2,3"], ["model", "lr"], "model has 2, lr has 3 values"),
        (["model=a,b"], ["model", "lr"], "sweeper.pairs names lr, which is not given"),
        (["lr=interval(0,1)"], [], "sweeper=tpe searches in it"),
    ],
)
def test_what_cannot_be_a_grid(words, pairs, message):
    with pytest.raises(ValueError, match=message):
        grid(words, pairs)


def written(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return f"sweep={path}"


def test_a_sweep_that_is_written_down(tmp_path):
    word = written(tmp_path, "task: ner\nseed: [1, 2]\nrerun: true\noptimizer.learning_rate: range(1,4)\n")
    assert spelled_out([word, "seed=3", "batch_size=8"]) == [
        "-m", "task=ner", "rerun=true", "optimizer.learning_rate=range(1,4)", "seed=3", "batch_size=8",
    ]  # fmt: skip
    assert spelled_out(["-m", word])[:3] == ["-m", "task=ner", "seed=1,2"]
    assert spelled_out(["task=ner"]) == ["task=ner"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n", "holds no keys with values"),
        ("seed: {a: 1}\n", "holds no keys with values"),
        ("seed: []\n", "holds no keys with values"),
        ("seed: [1\n", "cannot be read as YAML"),
        ("method: grid\nparameters: {}\n", "wandb sweep"),
    ],
)
def test_a_file_that_is_no_sweep(tmp_path, capsys, text, message):
    with pytest.raises(SystemExit):
        spelled_out([written(tmp_path, text)])
    assert message in capsys.readouterr().err


def test_an_unknown_sweep_names_those_there_are(capsys):
    with pytest.raises(SystemExit):
        spelled_out(["sweep=models_on_nre"])
    said = capsys.readouterr().err
    assert "Nearest: models_on_ner." in said and "Sweeps: " in said


SWEEPS = sorted(FOLDER.glob("*.yaml"))


def test_there_are_sweeps():
    assert SWEEPS


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_each_trial_of_a_sweep_composes(compose_config, path):
    words = spelled_out([f"sweep={path.stem}"])
    assert f"python run.py sweep={path.stem}" in path.read_text(encoding="utf-8")
    pairs = next((word.partition("=")[2] for word in words if word.startswith("sweeper.pairs=")), "")
    keys = [pair.split(",") for pair in pairs.strip("[]").split("],[") if pair]
    trials = grid(words[1:], keys)
    assert len(trials) > 1
    for trial in trials:
        compose_config(*trial)
