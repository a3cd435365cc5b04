"""A run that goes on or is repeated reads the commits of the Hub that it began with."""

import json

import datasets
import pytest
from huggingface_hub import constants

from run import run_experiment
from stages import commits, folder, progress
from stages.repeat import read_repetition, repeat
from tests.conftest import make_tiny_bert
from tests.fake_hub import OTHER, SHA, put_conll2003, put_model

WORDS = ("task=ner", "data=conll2003", "model=bert-base-cased", "training.max_steps=2", "training.eval_strategy=steps",
         "training.save_strategy=steps", "training.eval_steps=1", "model.max_length=32")  # fmt: skip


def read(run):
    """The commits of data and model that a run's provenance names."""
    provenance = json.loads((run / "provenance.json").read_text())
    return provenance["data"]["revision"], provenance["model"]["revision"]


def upload(cache, model, commit):
    put_conll2003(cache, commit)
    put_model(cache, "google-bert", "bert-base-cased", model, commit)


def test_what_is_uploaded_later_is_not_read(run_here, tiny_bert, tmp_path, monkeypatch, capsys):
    """Not by a run that goes on, nor by a repetition; `rerun=true` trains on what is there now."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "datasets")
    upload(tmp_path / "hub", tiny_bert, SHA)
    with monkeypatch.context() as once:
        once.setattr(progress.Progress, "on_epoch_begin", lambda *_, **__: 1 / 0, raising=False)
        with pytest.raises(ZeroDivisionError):
            run_here(*WORDS)
    (tmp_path / "new").mkdir()
    upload(tmp_path / "hub", make_tiny_bert(tmp_path / "new", seed=1), OTHER)
    run = run_here(*WORDS)
    assert read(run) == (SHA, SHA) and json.loads((run / commits.FILE).read_text()) == {"data": SHA, "model": SHA}
    repeat([f"from={run}", "verify=true"], run_experiment)
    assert read(run) == (SHA, SHA) and "scores are equal, to the last bit" in capsys.readouterr().out
    assert read_repetition([f"from={run}"]).place == run  # by which commits it is read does not name a run
    assert read(run_here(*WORDS, "rerun=true")) == (OTHER, OTHER)


def test_which_revisions_are_pinned(compose_config, tmp_path):
    place, config = tmp_path / "run", compose_config("task=ner", "data=conll2003", "model=bert-base-cased")
    assert commits.pinned(config, place) == config
    place.mkdir()
    commits.keep(place, {"hub": "x/y", "revision": "d1"}, "m1")
    commits.keep(place, {"hub": "x/y", "revision": "d2"}, "m2")  # by a later start, which read the same
    assert commits.pinned(config, place) == config  # no attempt that could go on
    (place / folder.CONFIG).write_text("rerun: false")
    found = commits.pinned(config, place)
    assert (found["data"]["revision"], found["model"]["revision"]) == ("d1", "m1")
    assert folder.digest({**config, folder.REPEATED: {"data": "d0"}}) == folder.digest(config)
    assert commits.pinned({**config, folder.REPEATED: {"data": "d0"}}, place)["data"]["revision"] == "d0"
    assert commits.pinned({**config, "rerun": True}, place) == {**config, "rerun": True}
    (place / folder.FINISHED).touch()
    assert commits.pinned(config, place) == config


def test_the_parts_of_several_tasks(tmp_path):
    source = {"tags": {"hub": "x/y", "revision": "d1"}, "topics": {"train": "b.csv"}, "digest": "0"}
    known = commits.of_sources(source, {"revision": None})
    assert known == {"data": {"tags": "d1"}} and commits.of_sources({"train": "a.csv"}, {}) == {}
    parts = {"tags": {"path": "x/y", "revision": None}, "topics": {"train": "b.csv"}}
    config = {"data": {"source": "parts", "parts": parts}, "model": {"path": "m"}, folder.REPEATED: known}
    found = commits.pinned(config, tmp_path)
    assert found["data"]["parts"] == {**parts, "tags": {"path": "x/y", "revision": "d1"}}
    assert parts["tags"]["revision"] is None
