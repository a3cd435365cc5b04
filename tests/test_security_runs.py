"""A run's folder of somebody else's, given to `from=`, `resume=` or `model.path=`: nothing in it is a program here."""

import json
import shutil
from types import SimpleNamespace

import pytest
from omegaconf import OmegaConf
from run_files import make_run
from yaml import YAMLError

from stages.finished import saved_labels, tuned_task
from stages.hub import locate_model
from stages.identity import place_of
from stages.repeat import read_repetition
from stages.request import read_request

USES = {"scored": (read_request, "data=sample"), "repeated": (read_repetition,)}


@pytest.fixture
def run(compose_config, tmp_path):
    """`run(key=value, ...)` -> the folder of a finished run with these values in its configuration."""

    def make(**values):
        config = OmegaConf.create(compose_config("task=text_classification", "data=sample", "hardware=cpu"))
        for key, value in values.items():
            OmegaConf.update(config, key.replace("__", "."), value, force_add=True)
        place = tmp_path / "runs" / "text_classification-sample-minilm-1a2b3c4d"
        shutil.rmtree(place, ignore_errors=True)
        return make_run(place, OmegaConf.to_container(config))

    return make


@pytest.fixture(params=USES)
def use(request):
    """`use(run, *words)` reads the command that scores or repeats a run; -> its request."""
    read, *more = USES[request.param]
    return lambda run, *words: read([f"from={run}", *more, *words])


def test_programs_of_a_runs_configuration_are_asked_for_again(run, use, tmp_path):
    """`metrics.extra` names programs: those of a folder that was sent run only where the user types them too."""
    (tmp_path / "evil.py").write_text("raise SystemExit('run')")
    place, words = run(metrics__extra=[f"{tmp_path}/evil.py"]), f"metrics.extra=[{tmp_path}/evil.py]"
    with pytest.raises(ValueError, match=r"was scored by programs\. Look at them, and add metrics\.extra=\["):
        use(place)
    assert use(place, words).config["metrics"]["extra"] == [f"{tmp_path}/evil.py"]
    assert read_request([f"from={place}", "data=sample", "metrics.extra=[]"]).config["metrics"]["extra"] == []


def test_code_of_a_runs_model_is_asked_for_again(run):
    place = run(model__trust_remote_code=True)
    assert read_request([f"from={place}", "data=sample"]).config["model"]["trust_remote_code"] is False
    with pytest.raises(ValueError, match=r"add model\.trust_remote_code=true to have it run again"):
        read_repetition([f"from={place}"])


def test_no_target_in_a_runs_configuration(run, tmp_path):
    """What is composed again is looked at; the rest must be keys that exist, and nothing is ever called by its name."""
    attack = {"x": {"_target_": "pathlib.Path.touch", "self": str(tmp_path / "mark")}}
    for group in ("hardware", "tracking", "training", "task", "data"):
        place = run(**{group: {**OmegaConf.load(run() / "config.yaml")[group], **attack}})
        with pytest.raises(ValueError, match=rf"{group}\.x"):
            read_repetition([f"from={place}"])
    assert not (tmp_path / "mark").exists()


CONFIGS = {
    "seed: !!python/object/apply:os.system ['touch MARK']": "could not determine a constructor",
    "hydra: {callbacks: {x: {_target_: os.system}}}": "is not the configuration of a run",
    "[1, 2]": "is not the configuration of a run",
    "a text": "is not the configuration of a run",
    "": "is not the configuration of a run",
    "{task: {name: ner}, data: [], model: {}}": "there is no data in it",
    "{task: {name: ner}, data: {}, model: {}, metrics: null}": "there is no metrics in it",
}


@pytest.mark.parametrize("text", CONFIGS)
def test_a_configuration_of_a_run_that_is_none(run, use, text, tmp_path):
    place = run()
    (place / "config.yaml").write_text(text.replace("MARK", str(tmp_path / "mark")))
    with pytest.raises((ValueError, YAMLError), match=CONFIGS[text]):
        use(place)
    assert not (tmp_path / "mark").exists()


def test_a_runs_configuration_reads_no_secret(run, monkeypatch):
    monkeypatch.setenv("MY_API_KEY", "of-the-key-12345")
    place = run(tracking__notes="${oc.env:MY_API_KEY}", data__name="${oc.env:MY_API_KEY}")
    with pytest.raises(ValueError, match="holds a secret"):
        read_repetition([f"from={place}"])
    assert "of-the-key" not in json.dumps(read_request([f"from={place}", "data=sample"]).config)


def test_a_run_leads_nowhere_else(run, tmp_path):
    """The places in its configuration are those of whoever made it."""
    place = run(output_root="/etc/x", data__name="../../../x", model__name="../../y\n\x1b[2J" + "z" * 400)
    assert read_request([f"from={place}", "data=sample"]).config["output_root"] == str(place)
    repetition = read_repetition([f"from={place}"])
    assert repetition.place.parent == place.parent and len(repetition.place.name.encode()) < 230
    assert not {"\n", "\x1b", "/"} & {*repetition.place.name}


FILES = {
    "tuned.json": (
        lambda run: tuned_task(run),
        ["[1]", "{", "\x00", '{"name": "os.path"}', '{"_target_": "os.system"}'],
    ),
    "model/config.json": (
        lambda run: saved_labels(run, SimpleNamespace(least_labels=2)),
        ["[]", "{", "{}", '{"id2label": []}', '{"id2label": {"a": "b"}}', "[" * 10**5],
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_other_files_of_a_run_that_are_damaged(run, name):
    read, contents = FILES[name]
    place = run()
    for content in contents:
        (place / name).write_text(content)
        with pytest.raises(ValueError, match=r"is damaged|task.name=os.path|there is no key task._target_"):
            read(place)


def test_what_a_run_that_goes_on_was_named_by(run, compose_config):
    place = run()
    (place / "metrics.json").unlink()
    config = {**compose_config("task=text_classification", "data=sample"), "resume": str(place)}
    for content in ("[]", "{", "{}", '{"choices": [], "content": {}}', "\x00"):
        (place / "identity.json").write_text(content)
        with pytest.raises(ValueError, match=r"identity\.json is damaged"):
            place_of(config)


def test_a_runs_pickles_are_no_model(run):
    """Where the weights of a run were exchanged, its model is refused like any other that has a pickle only."""
    place = run()
    (place / "model" / "pytorch_model.bin").write_bytes(b"\x80\x04cos\nsystem\n")
    with pytest.raises(ValueError, match=r"pickle only"):
        locate_model(str(place))
