"""The words of a search: its keys and values are checked like all others, its space composes with the real options."""

import pytest
from conftest import PROJECT
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from stages.config import read_config, register_open_nodes
from sweeps.objective import Objective
from sweeps.search import _check_choices, _hint
from sweeps.space import probes, space_of, words_of

FIXED = ["sweeper=tpe", "experiment=quickstart/ner", "hardware=cpu", "tracking=disabled"]


@pytest.fixture
def read(monkeypatch):
    """`read("task=ner", ...)` -> the checked configuration."""
    monkeypatch.chdir(PROJECT)
    register_open_nodes()

    def read_(*words):
        with initialize_config_dir(str(PROJECT / "conf"), version_base="1.3"):
            return read_config(compose("config", list(words)), list(words))

    return read_


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("sweeper.trials=0", "not a whole number from 1 up"),
        ("sweeper.startup=1", "not a whole number from 2 up"),
        ("sweeper.seed=-1", "not a whole number from 0 up"),
        ("sweeper.metrics=f1", r"Write sweeper.metrics=\[f1\]"),
        ("sweeper.pruner=halving", "not none, median, asha or hyperband"),
        ("sweeper.enqueue=[1]", "not a list of keys with values"),
        ("sweeper.when=a", "not keys with values"),
        ("sweeper.name=tpee", "Nearest: tpe"),
        ("+sweeper.pairs=[]", "sweeper.pairs"),
    ],
)
def test_keys_and_values_are_checked(read, word, message):
    with pytest.raises(ValueError, match=message):
        read(*FIXED, word)


def test_a_conditional_space_composes(read):
    when = "sweeper.when={method.r: {method: lora}}"
    choices = read(*FIXED, when)["sweeper"]
    assert choices["when"] == {"method.r": {"method": "lora"}}
    words = ["method=full,lora", "method.r=4,8", "optimizer.learning_rate=tag(log, interval(1e-5, 1e-3))"]
    parameters, fixed = space_of([*FIXED, when, *words], choices["when"])
    configs = [read(*fixed, *words_of(values)) for values in probes(parameters)]
    assert [config["method"].get("r") for config in configs] == [None, 4, None, 8]
    assert {config["optimizer"]["learning_rate"] for config in configs} == {1e-5, 1e-3}


def test_a_parameter_of_some_choices_alone_is_pointed_out():
    parameters, _ = space_of(["method=full,lora", "method.r=4,8"])
    hint = _hint(parameters, {"method": "full", "method.r": 4})
    assert hint == " Where method.r counts beside method=lora alone: 'sweeper.when={method.r: {method: lora}}'"
    assert (
        _hint(space_of(["method=full,lora", "method.r=4,8"], {"method.r": {"method": "lora"}})[0], {"method": "full"})
        == ""
    )


@pytest.mark.parametrize("name", ["tpe", "random", "gp", "cmaes", "nsga2"])
def test_every_search_has_the_same_keys(read, name):
    choices = read("sweeper=" + name)["sweeper"]
    assert choices["name"] == name and choices.keys() == read("sweeper=tpe")["sweeper"].keys()


F1, SECONDS, TEST = (
    Objective("f1", "validation", True),
    Objective("seconds", None, False),
    Objective("f1", "test", True),
)


@pytest.mark.parametrize(
    ("objectives", "given", "message"),
    [
        ([F1, SECONDS], {"pruner": "median"}, "needs one objective"),
        ([SECONDS], {"pruner": "median"}, "needs a validation score"),
        ([F1, SECONDS], {"seeds": 2}, "needs one objective"),
        ([F1, SECONDS], {"name": "cmaes"}, "takes one objective"),
        ([F1], {"seeds": 2}, "sets the seeds"),
    ],
)
def test_choices_that_do_not_go_together(objectives, given, message):
    choices = {"name": "tpe", "pruner": "none", "seeds": 1, **given}
    with pytest.raises(ValueError, match=message):
        _check_choices(choices, objectives, ["seed=1"])


def test_choosing_on_the_test_split_is_warned_about(capsys):
    choices = OmegaConf.create({"name": "tpe", "pruner": "none", "seeds": 1})
    _check_choices(choices, [F1], [])
    assert not capsys.readouterr().out
    _check_choices(choices, [TEST], [])
    assert "warning: the test split chooses here" in capsys.readouterr().out
