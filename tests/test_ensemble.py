"""`python -m sweeps.ensemble`: votes and means by hand, scored as a run is; models asked again."""

import json
import shutil

import numpy as np
import pytest

from stages.page.numbers import scores
from sweeps import votes
from sweeps.compare import arguments as compared
from sweeps.compare import compare
from sweeps.ensemble import arguments, combine
from sweeps.runs import read_run
from tests.left_runs import leave_run
from tests.run_files import predicted

LABELS = {"text": ["a", "b", "c", "d"], "label": ["x", "y", "x", "y"]}
TAGS = {"tokens": [["Ada", "met", "Bo"]], "tags": [["B-PER", "O", "B-PER"]]}


def rows(*answers, **more):
    return [{"prediction": answer, **{name: of[i] for name, of in more.items()}} for i, answer in enumerate(answers)]


def test_the_majority_by_hand():
    assert votes.vote(rows("x", "y", "y"), False) == {"prediction": "y", "confidence": 0.6667}
    assert votes.vote(rows("x", "y", confidence=[0.6, 0.9]), False)["prediction"] == "y"  # equally many, more sure
    assert votes.vote(rows("x", "y"), False) == {"prediction": "x", "confidence": 0.5}
    tags = votes.vote(rows(["O", "B"], ["O", "O"], ["B", "O"]), True)
    assert tags == {"prediction": ["O", "O"], "confidence": [0.6667, 0.6667]}
    assert votes.vote(rows(["x", "y"], ["y"], ["z"]), False) == {"prediction": ["y"], "confidence": [0.6667]}
    spans = [[{"start": 3, "end": 4, "label": "A"}], [{"start": 3, "end": 4, "label": "A"}], []]
    assert votes.vote(rows(*spans), True)["prediction"] == spans[0]
    joint = [{"intent": "i", "slots": ["O"]}, {"intent": "j", "slots": ["B"]}, {"intent": "j", "slots": ["B"]}]
    assert votes.vote(rows(*joint), True) == {"prediction": joint[1], "confidence": [0.6667, 0.6667]}
    assert votes.vote(rows("1", "2", "2", top=[["1", "2", "3"]] * 3), False)["top"] == ["2", "1", "3"]
    ranked = rows(["b", "a", "c"], ["a", "b", "c"], ["b", "c", "a"], order=[[1, 0, 2], [0, 1, 2], [1, 2, 0]],
                  candidates=[["a", "b", "c"]] * 3)  # fmt: skip
    assert votes.vote(ranked, False)["order"] == [1, 0, 2]  # mean places of a, b, c: 1, 1/3, 5/3
    with pytest.raises(ValueError, match="numbers have no majority"):
        votes.vote(rows(1.0, 2.0), False)


def test_the_mean_of_what_predictions_hold(compose_config):
    from stages.config import build_task

    assert votes.mean(None, rows(1.0, 2.0)) == {"prediction": 1.5}
    assert votes.mean(None, rows({"a": 1.0, "b": 0.0}, {"a": 2.0, "b": 1.0})) == {"prediction": {"a": 1.5, "b": 0.5}}
    assert not votes.holds_probabilities(rows("x", "y")) and votes.holds_probabilities(rows(1.0, 2.0))
    assert not votes.holds_probabilities(rows(2.5, loss=[1.0]))  # a language model's perplexity
    choice = rows("p", "q", probabilities=[[0.9, 0.1], [0.3, 0.7]], choices=[["p", "q"]] * 2)
    assert votes.mean(None, choice) == {"prediction": "p", "confidence": 0.6, "probabilities": [0.6, 0.4]}
    ranked = rows(["b", "a"], ["a", "b"], order=[[1, 0], [0, 1]], scores=[[2.0, 1.0], [3.0, 0.0]],
                  candidates=[["a", "b"]] * 2)  # fmt: skip
    assert votes.mean(None, ranked) == {"prediction": ["a", "b"], "order": [0, 1], "scores": [2.0, 1.0]}
    task = build_task({"task": {"name": "text_classification", "best": "f1_micro", "kind": "multi_label"}})
    found = votes.mean(task, rows(["a"], [], scores=[{"a": 0.9, "b": 0.2}, {"a": 0.3, "b": 0.4}]))
    assert found["prediction"] == ["a"] and found["scores"] == {"a": 0.6, "b": 0.3}


def test_a_vote_is_scored_and_compared_like_a_run(tmp_path, capsys):
    for seed, answers in enumerate((["x", "x", "x", "y"], ["x", "y", "y", "y"], ["y", "y", "x", "y"]), start=1):
        leave_run(tmp_path / f"r{seed}", LABELS, answers, seed)
    place = combine(arguments([str(tmp_path), "--how", "vote"]))
    assert place.parent == tmp_path / "ensembles" and [row["prediction"] for row in predicted(place)] == list("xyxy")
    run = read_run(place)
    assert run.value("test", "accuracy") == 1.0 == scores(run.task, predicted(place))["accuracy"]
    assert run.metrics["members"] == ["r1", "r2", "r3"] and run.metrics["training_seconds"] == 27
    compare(compared([str(tmp_path / "r1"), str(place), "--resamples", "50"]))
    assert "no conclusion on vote of 3 against a" in " ".join(capsys.readouterr().out.split())


def test_entities_by_vote(tmp_path):
    answers = (["B-PER", "O", "O"], ["B-PER", "O", "B-PER"], ["O", "O", "B-PER"])
    for seed, tags in enumerate(answers, start=1):
        leave_run(tmp_path / f"r{seed}", TAGS, [tags], seed, task="ner")
    place = combine(arguments([str(tmp_path), "--how", "vote", "--out", str(tmp_path / "out")]))
    assert json.loads((place / "metrics.json").read_text())["test"]["f1"] == 1.0


@pytest.mark.parametrize("prepare, said", [
    (lambda root: shutil.rmtree(root / "r2"), "needs two runs or more, 1 is given"),
    (lambda root: (root / "r2" / "predictions" / "test.jsonl").unlink(), "r2 has no predictions/test.jsonl"),
    (lambda root: None, "r1 has no model any more, and its predictions hold no probabilities"),
    (lambda root: leave_run(root / "ner", TAGS, [["O", "O", "O"]], task="ner"), "different tasks"),
])  # fmt: skip
def test_what_has_no_answer_in_common(tmp_path, prepare, said):
    for seed in (1, 2):
        leave_run(tmp_path / f"r{seed}", LABELS, ["x"] * 4, seed)
    prepare(tmp_path)
    with pytest.raises(ValueError, match=said.replace(".", r"\.")):
        combine(arguments([str(tmp_path)]))


def test_probabilities_are_kept_and_restored(compose_config):
    """NER keeps the best label of a word and its probability; averaged are all labels."""
    import torch

    from stages.config import build_task
    from sweeps.together import Probabilities

    task = Probabilities(build_task({"task": {"name": "ner", "best": "f1"}}))
    logits = [torch.tensor([[[2.0, 0.0]]]), torch.tensor([[[0.0, 1.0]]])]
    kept = [task.reduce({"logits": one})[0].numpy() for one in logits]
    mean = (kept[0] + kept[1]) / 2
    best, confidence = task.restored([mean])
    expected = (1 / (1 + np.exp(-2)) + 1 / (1 + np.exp(1))) / 2
    assert best.tolist() == [[0]] and confidence[0, 0] == pytest.approx(expected)
    whole = Probabilities(build_task({"task": {"name": "text_classification", "best": "accuracy"}}))
    (probabilities,) = whole.reduce({"logits": logits[0][0]})
    assert whole.restored([probabilities.numpy()])[0].shape == (1, 2) and whole.name == "text_classification"
    with pytest.raises(ValueError, match="answers have no mean"):
        whole._task = build_task({"task": {"name": "ner", "best": "f1"}})
        whole.reduce({"logits": logits[0], "other": 1} | {"logits": logits[0].int()})


@pytest.mark.slow
@pytest.mark.parametrize("task", ["ner", "text_classification", "joint_intent_slots", "relation_extraction"])
def test_models_asked_together(finished, tmp_path, task):
    """A run together with itself answers as it does alone; with one whose answers are others it does not."""
    run = finished(task)
    twin = shutil.copytree(run, tmp_path / "twin")
    place = combine(arguments([str(run), str(twin), "--cpu", "--out", str(tmp_path / "out")]))
    assert [row["prediction"] for row in predicted(place)] == [row["prediction"] for row in predicted(run)]
    lines = (twin / "predictions" / "test.jsonl").read_text().splitlines()
    own = [json.loads(line) for line in lines]
    for row, other in zip(own, own[1:] + own[:1], strict=True):
        row["prediction"] = other["prediction"]
    (twin / "predictions" / "test.jsonl").write_text("\n".join(map(json.dumps, own)))
    if len({json.dumps(row["prediction"]) for row in own}) > 2:
        with pytest.raises(ValueError, match="differently now"):
            combine(arguments([str(run), str(twin), "--cpu", "--out", str(tmp_path / "again")]))
