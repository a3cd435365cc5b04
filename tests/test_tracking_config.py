"""The choice of trackers: several at once, words that are wrong, packages that are missing."""

import json

import pytest

from stages import trackers
from stages.trackers import chosen


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ([], ["wandb"]),
        (["tracking=disabled"], []),
        (["tracking=[]"], []),
        (["tracking=[wandb,tensorboard]"], ["wandb", "tensorboard"]),
        (["tracking=[trackio,wandb]"], ["wandb", "trackio"]),
        (["tracking=[disabled,tensorboard]"], ["tensorboard"]),
    ],
)
def test_the_trackers_of_a_command(compose_config, words, names):
    config = compose_config("data=sample", *words, "tracking.project=p", "tracking.tags=[a,b]", "tracking.group=g")
    choices = config["tracking"]
    assert chosen(choices) == names
    assert (choices["project"], choices["tags"], choices["group"]) == ("p", ["a", "b"], "g")


def test_an_option_of_ones_own_names_its_project(tmp_path):
    """The option comes after the defaults, the command line after the option, whatever stands beside it."""
    from hydra import compose, initialize_config_dir

    from stages.config import read_config, register_open_nodes
    from tests.conftest import PROJECT

    register_open_nodes()
    (tmp_path / "tracking").mkdir()
    (tmp_path / "tracking" / "team.yaml").write_text("defaults: [wandb, _self_]\nproject: ours\nwandb: {entity: us}\n")
    for words, project in ((["tracking=[team,tensorboard]"], "ours"), (["tracking=team", "tracking.project=p"], "p")):
        words = [f"hydra.searchpath=[{tmp_path}]", "data=sample", *words]
        with initialize_config_dir(str(PROJECT / "conf"), version_base="1.3"):
            choices = read_config(compose("config", words))["tracking"]
        assert choices["project"] == project and choices["wandb"] == {"entity": "us"}


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("+tracking.grup=a", "there is no key tracking.grup. Nearest: tracking.group"),
        ("+tracking.wandb.entty=a", "there is no key tracking.wandb.entty. Nearest: tracking.wandb.entity."),
        ("tracking.wandb.entity=3", "tracking.wandb.entity=3 is not text or null."),
        ("tracking.group=3", "tracking.group=3 is not text or null."),
        ("tracking.tags=a", "tracking.tags=a is not a list of texts."),
        ("tracking.log_model=1", "tracking.log_model=1 is not true or false."),
        ("~tracking.project", "tracking.project is missing, but needed."),
        ("tracking.wandb=3", "tracking.wandb=3 holds no keys. Write tracking=wandb"),
    ],
)
def test_a_wrong_word_has_its_message(compose_config, word, message):
    with pytest.raises(ValueError) as caught:
        compose_config("data=sample", word)
    assert message in str(caught.value)


def test_a_missing_package_is_named_before_anything_is_done(compose_config, monkeypatch):
    monkeypatch.setattr(trackers, "find_spec", lambda name: None if name == "trackio" else json)
    compose_config("data=sample", "tracking=[wandb,tensorboard]")
    with pytest.raises(ValueError, match=r"tracking=trackio needs the package trackio.*pip install -r requirements"):
        compose_config("data=sample", "tracking=[wandb,trackio]")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tracking=wanbd"], "tracking=wanbd: there is no such option. Nearest: wandb. Options: disabled, tensorboard"),
        (["tracking=[wandb,tensorbord]"], "tracking=tensorbord: there is no such option. Nearest: tensorboard."),
        (["tracking.entity=me"], "tracking.wandb.entity"),
        (["tracking=tensorboard", "tracking.wandb.entity=me"], "the chosen tracking, but with: tracking=wandb."),
    ],
)
def test_the_typed_word_has_its_message(run_command, words, message):
    done = run_command("data=sample", *words)
    assert done.returncode == 2 and message in done.stderr and "Traceback" not in done.stderr
