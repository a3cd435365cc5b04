"""A plain command is composed once, with what Hydra's own main would hand over."""

import subprocess
import sys

import hydra
import pytest
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import OmegaConf

from stages.composing import composed_once, is_plain
from stages.config import register_open_nodes
from tests.conftest import PROJECT

register_open_nodes()

WORDS = ["task=ner", "data=sample", "seed=7", "training.label_smoothing_factor=0.1"]


@pytest.fixture
def compositions(monkeypatch):
    """How often Hydra composed a configuration."""
    made, compose = [], ConfigLoaderImpl.load_configuration

    def counted(self, *given, **named):
        made.append(given)
        return compose(self, *given, **named)

    monkeypatch.setattr(ConfigLoaderImpl, "load_configuration", counted)
    return made


@pytest.mark.parametrize(
    ("words", "plain"),
    [
        (["task=ner", "seed=1"], True),
        ([], True),
        (["-m", "seed=1,2"], False),
        (["task=ner", "--cfg", "job"], False),
        (["--config-dir=/tmp", "task=ner"], False),
        (["hydra.mode=MULTIRUN", "seed=1,2"], False),
        (["hydra/launcher=basic"], False),
        (["+hydra.verbose=true"], False),
    ],
)
def test_commands_with_flags_or_keys_of_hydra_are_left_to_hydra(words, plain):
    assert is_plain(words) == plain


def test_the_configuration_is_the_one_that_hydras_main_hands_over_and_made_once(monkeypatch, compositions):
    once, words = composed_once(WORDS), OmegaConf.to_container(HydraConfig.get().overrides.task)
    choices, folder = HydraConfig.get().runtime.choices, HydraConfig.get().runtime.output_dir
    assert len(compositions) == 1
    handed = []

    def take(cfg):
        of_hydra = HydraConfig.get()
        handed.append((cfg, of_hydra.overrides.task, of_hydra.runtime.choices, of_hydra.runtime.output_dir))

    monkeypatch.setattr(sys, "argv", ["run.py", *WORDS])
    hydra.main(version_base="1.3", config_path=str(PROJECT / "conf"), config_name="config")(take)()
    assert len(compositions) == 3
    cfg, of_main, choices_of_main, folder_of_main = handed[0]
    assert OmegaConf.to_container(once, resolve=True) == OmegaConf.to_container(cfg, resolve=True)
    assert words == list(of_main) == WORDS
    assert (dict(choices), folder) == (dict(choices_of_main), folder_of_main)


@pytest.mark.parametrize("word", ["task=nerr", "seedd=1", "seed=1,2"])
def test_wrong_words_are_refused_by_hydra(word):
    with pytest.raises(HydraException):
        composed_once(["data=sample", word])


def test_nothing_heavy_is_imported_before_the_configuration_is_known_to_be_good():
    heavy = "'numpy', 'torch', 'transformers', 'datasets', 'sklearn', 'wandb'"
    tasks = ", ".join(f"tasks.{path.stem}" for path in sorted((PROJECT / "conf" / "task").glob("*.yaml")))
    code = f"import sys, run, {tasks}\nprint(sorted({{{heavy}}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
