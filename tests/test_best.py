"""The best configuration of a search as an experiment: it composes, and names the same run."""

import re

import pytest
from conftest import PROJECT
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from optuna.trial import create_trial
from searching import run

from stages.config import read_config, register_open_nodes
from stages.folder import run_folder
from sweeps.best import conclude, write_experiment

FIXED = [
    "sweeper=tpe",
    "sweeper.trials=3",
    "experiment=quickstart/text_classification",
    "hardware=cpu",
    "training.num_train_epochs=2",
    "tracking=disabled",
    "model.path=package:nothing/model",
    "data.columns.text=review",
    "output_root=elsewhere",
]
OWN = ["optimizer.learning_rate=1e-05", "method=lora", "method.r=8", "training.bf16=true"]


@pytest.fixture
def composed(monkeypatch):
    """`composed(words, folder)`: the checked configuration of words, with a further folder of options."""
    monkeypatch.chdir(PROJECT)
    register_open_nodes()

    def composed_(words, folder=None):
        more = [f"hydra.searchpath=[file://{folder}]"] if folder else []
        with initialize_config_dir(str(PROJECT / "conf"), version_base="1.3"):
            config = read_config(compose("config", [*more, *words]), words)
            loader = GlobalHydra.instance().config_loader()
        return config, loader

    return composed_


def trial_of(*words, seeds=1):
    attributes = {"words": list(words), "seeds": [[0.5]] * seeds}
    trial = create_trial(value=0.5, params={}, distributions={}, user_attrs=attributes)
    trial.number = 6
    return trial


def test_the_best_configuration_is_the_same_run(composed, tmp_path):
    typed, loader = composed([*FIXED, *OWN])
    file = write_experiment(tmp_path, trial_of(*OWN), ["f1"], FIXED, loader, False)
    text = file.read_text()
    assert text.startswith("# @package _global_\n# Trial 7 of a search: f1 0.5000.\n#   python run.py --config-dir")
    assert "sweeper" not in text.split("defaults:")[1] and "tracking" not in text
    again, _ = composed(["experiment=best"], tmp_path)
    assert run_folder(again) == run_folder(typed)
    assert again["model"]["name"] == "model" and again["optimizer"]["learning_rate"] == 1e-5


def test_of_several_seeds_the_first_is_written(composed, tmp_path):
    _, loader = composed(FIXED)
    file = write_experiment(tmp_path, trial_of("batch_size=8", seeds=3), ["f1"], FIXED, loader, True)
    assert file.name == "pareto-7.yaml" and "seed: 1\n" in file.read_text()


def test_a_key_that_is_left_out_must_be_typed_again(composed, tmp_path):
    _, loader = composed(FIXED)
    file = write_experiment(tmp_path, trial_of("batch_size=8"), ["f1"], [*FIXED, "~data.limit"], loader, False)
    assert "# To be typed beside it: ~data.limit\n" in file.read_text()


def test_the_end_of_a_search(tmp_path, capsys, composed):
    _, loader = composed(FIXED)
    done = run(tmp_path, 12, lambda words: "failed" if float(words["x"]) < -0.5 else 1 - float(words["x"]) ** 2)
    conclude(done.candidates, done.objectives, done.fixed, loader)
    shown = capsys.readouterr().out
    assert "12 of 12 trials" in shown and "failed" in shown and "the best trials by f1" in shown
    assert re.search(r"importance of the parameters \(over 10 trials\): x 0\.9\d, y 0\.0\d", shown)
    assert f"again: python run.py --config-dir {tmp_path} experiment=best" in shown.replace("\n", "")


def test_nothing_finished_is_no_end_with_a_table(tmp_path, capsys, composed):
    _, loader = composed(FIXED)
    done = run(tmp_path, 3, lambda words: "failed")
    conclude(done.candidates, done.objectives, done.fixed, loader)
    assert "3 of 3 trials: 3 failed" in capsys.readouterr().out and not (tmp_path / "experiment").exists()
