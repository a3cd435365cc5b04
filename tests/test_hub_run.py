"""`python run.py task=ner model=bert-base-cased`, typed literally, against a Hub cache with tiny weights under the real
names; and what the user reads where there is neither a network nor a cache."""

import json

import pytest

from tests.fake_hub import SHA, put_conll2003, put_model

LITERAL = ("task=ner", "model=bert-base-cased")
TAGS = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC", "B-MISC", "I-MISC"]


@pytest.fixture
def hub_cache(tmp_path, tiny_bert):
    """A Hub cache with google-bert/bert-base-cased (tiny weights) and lhoestq/conll2003 (40 sentences per split)."""
    put_model(tmp_path / "hub", "google-bert", "bert-base-cased", tiny_bert)
    put_conll2003(tmp_path / "hub")
    return tmp_path / "hub"


def test_the_literal_command(run_command, hub_cache, tmp_path):
    done = run_command(*LITERAL, cwd=tmp_path, HF_HUB_CACHE=str(hub_cache), HF_HOME=str(tmp_path / "home"))
    assert done.returncode == 0, done.stderr
    (folder,) = tmp_path.glob("runs/ner-conll2003-bert-base-cased-*")
    metrics = json.loads((folder / "metrics.json").read_text())
    assert 0 <= metrics["test"]["f1"] <= 1 and metrics["validation"]["loss"] > 0
    provenance = json.loads((folder / "provenance.json").read_text())
    assert provenance["command"] == ["run.py", *LITERAL]
    assert provenance["data"]["revision"] == provenance["model"]["revision"] == SHA
    config = json.loads((folder / "model" / "config.json").read_text())
    assert [config["id2label"][str(i)] for i in range(9)] == TAGS
    assert len((folder / "predictions" / "test.jsonl").read_text().splitlines()) == 40


def test_neither_network_nor_cache(run_command, tmp_path):
    done = run_command(*LITERAL, cwd=tmp_path, HF_HUB_CACHE=str(tmp_path / "empty"), HF_HOME=str(tmp_path / "home"))
    assert done.returncode == 2 and "Traceback" not in done.stderr
    for part in ("data.path=lhoestq/conll2003", "cannot be reached", "data=files", "data=sample", "hf download"):
        assert part in done.stderr
    assert not list((tmp_path / "runs").glob("*"))


def test_no_weights_in_the_cache(run_command, hub_cache, tmp_path):
    """The data is there, the model is not: the message names the model's ways out."""
    words = ("task=ner", "model=roberta-base")
    done = run_command(*words, cwd=tmp_path, HF_HUB_CACHE=str(hub_cache), HF_HOME=str(tmp_path / "home"))
    assert done.returncode == 2
    for part in ("model.path=FacebookAI/roberta-base", "model=minilm", "hf download FacebookAI/roberta-base"):
        assert part in done.stderr
