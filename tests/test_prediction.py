"""The model of a finished run predicts as its own evaluation did, from Python, in any order and in parts."""

import json
from itertools import pairwise

import numpy as np
import pytest
import torch

from stages.outputs import joined
from stages.prediction import Predictor, load_model, predict_parts
from tasks.samples import ner as ner_sample
from tasks.text_classification import TextClassification

CPU = {"use_cpu": True}


def own_predictions(run):
    lines = (run / "predictions" / "test.jsonl").read_text(encoding="utf-8").splitlines()
    return [{key: row[key] for key in ("prediction", "confidence")} for row in map(json.loads, lines)]


def test_predictions_are_those_of_the_run_without_its_gold_answers(finished):
    run = finished("ner")
    tokens = ner_sample.generate()["test"]["tokens"][:60]
    model = load_model(run, CPU)
    assert isinstance(model, Predictor) and model.labels[0] == "O" and not model.network.training
    own = own_predictions(run)
    assert model.predict({"tokens": tokens}) == own
    assert len({c for row in own for c in row["confidence"]}) > 100  # else equality would say little
    assert model.predict({"tokens": tokens, "tags": [["nonsense"]] * len(tokens)}) == own


def test_examples_are_put_back_in_order(finished):
    model = load_model(finished("text_classification"), CPU)
    torch.manual_seed(0)
    for weights in model.network.parameters():
        torch.nn.init.normal_(weights.data, std=0.3)  # after so few steps all texts get nearly the same confidence
    texts = [" ".join(["good film"] * n) for n in (1, 9, 3, 7, 2)]
    together, alone = model.predict({"text": texts}), [model.predict({"text": [text]})[0] for text in texts]
    for one, other in zip(together, alone, strict=True):
        assert one["prediction"] == other["prediction"]
        assert one["confidence"] == pytest.approx(other["confidence"], abs=2e-4)
    assert len({one["confidence"] for one in together}) == len(texts)


def test_nothing_and_blank_texts(finished):
    model = load_model(finished("text_classification"), CPU)
    assert model.predict({"text": []}) == []
    blank, full = model.predict({"text": ["  ", "a good film"]})
    assert blank == {"prediction": None, "confidence": None}
    assert full["prediction"] in model.labels
    assert load_model(finished("ner"), CPU).predict({"tokens": [[], ["Anna"]]})[0] == {
        "prediction": [],
        "confidence": [],
    }


def test_what_the_task_cannot_read_is_named(finished):
    with pytest.raises(ValueError, match=r"^examples example 2: data.columns.text must hold text, it holds 3"):
        load_model(finished("text_classification"), CPU).predict({"text": ["a", 3]})


def test_batch_rows_and_precision_are_those_of_the_run(finished, tmp_path):
    run = finished("text_classification")
    assert load_model(run, CPU).batch_rows == 32 and load_model(run, CPU).precision is None
    assert load_model(run, {**CPU, "per_device_eval_batch_size": 3}).batch_rows == 3
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("model", "metrics.json"):
        (copy / name).symlink_to(run / name)
    config = (run / "config.yaml").read_text()
    (copy / "config.yaml").write_text(config.replace("training:\n", "training:\n  bf16: true\n"))
    model = load_model(copy, CPU)
    assert model.precision == torch.bfloat16
    full, half = (
        m.predict({"text": ["a good film by the river"]})[0]["confidence"] for m in (load_model(run, CPU), model)
    )
    assert 0 < abs(full - half) < 0.05
    (copy / "config.yaml").write_text(config.replace("training:\n", "training:\n  fp16: true\n"))
    assert load_model(copy, CPU).precision is None  # float16 is for GPUs


def test_parts_give_what_the_whole_gives(finished):
    model = load_model(finished("ner"), CPU)
    tokens = ner_sample.generate()["test"]["tokens"][:40]
    cuts = list(pairwise([0, 13, 14, 40]))
    parts = list(predict_parts(model, iter([{"tokens": tokens[a:b]} for a, b in cuts]), "new"))
    assert [len(predictions) for _, predictions in parts] == [13, 1, 26]
    assert [t for examples, _ in parts for t in examples["tokens"]] == tokens
    whole = model.predict({"tokens": tokens})
    assert [p["prediction"] for _, predictions in parts for p in predictions] == [p["prediction"] for p in whole]


def test_neighbours_in_other_parts_are_seen(finished, monkeypatch):
    """A task that looks at the example before and after: parts must show what all together show."""
    model = load_model(finished("text_classification"), CPU)
    texts = ["good", "bad film", "a", "river", "the"]

    def prepare(self, splits):
        ((name, examples),) = splits.items()
        around = ["", *examples["text"], ""]
        return {name: {"text": [" ".join(around[i : i + 3]).strip() for i in range(len(around) - 2)]}}, []

    monkeypatch.setattr(type(model.task), "prepare", prepare)

    def echo(self, examples, shared=False):
        return [{"prediction": text} for text in examples["text"]]

    monkeypatch.setattr(type(model.task), "margin", 1)
    monkeypatch.setattr(Predictor, "predict_prepared", echo)
    parts = list(predict_parts(model, iter([{"text": texts[:2]}, {"text": texts[2:3]}, {"text": texts[3:]}]), "new"))
    assert [examples["text"] for examples, _ in parts] == [texts[:2], texts[2:3], texts[3:]]
    shown = [prediction["prediction"] for _, predictions in parts for prediction in predictions]
    assert shown == ["good bad film", "good bad film a", "bad film a river", "a river the", "river the"]


def test_an_error_in_a_later_part_says_where(finished):
    model = load_model(finished("text_classification"), CPU)
    parts = iter([{"text": ["a", "b"]}, {"text": [None]}])
    with pytest.raises(ValueError, match=r"^new.csv, after 2 others, example 1: "):
        list(predict_parts(model, parts, "new.csv"))


def test_arrays_of_different_width_arejoined():
    narrow, wide = np.array([[1, 2]]), np.array([[3, 4, 5], [6, 7, 8]])
    assert joined([narrow, wide]).tolist() == [[1, 2, -100], [3, 4, 5], [6, 7, 8]]
    assert joined([np.array([0.5]), np.array([0.25, 1.0])]).tolist() == [0.5, 0.25, 1.0]


@pytest.mark.parametrize("examples", [{"text": "Great"}, {"review": ["a"]}, ["Great"], {}])
def test_examples_that_are_no_columns(examples):
    from types import SimpleNamespace

    task = TextClassification("text_classification", "accuracy")
    with pytest.raises(ValueError, match=r"predict takes a list per column, \{'text': \[\.\.\.\]\}; it got"):
        Predictor._needed(SimpleNamespace(task=task), examples)
