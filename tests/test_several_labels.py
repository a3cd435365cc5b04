"""Several labels per text: on literals, against scikit-learn, torch and by hand; how files hold them; a run."""

import json
import math

import numpy as np
import pytest
import torch
from label_kinds import MANY, NAME, ONE, answered
from run_files import predicted
from sklearn.metrics import average_precision_score
from torch.nn.functional import binary_cross_entropy_with_logits

from stages.as_text import as_text
from stages.data import load_data
from tasks.contract import IGNORED, LossContext
from tasks.text_classification import TextClassification

GOLD = [["a", "b"], ["a"], [], ["c"]]
FOUND = [["a"], ["a", "b"], [], ["b"]]
PLAIN = LossContext()


# --- several labels


def test_several_labels_by_hand():
    """a: 2 right; b: 2 wrong, 1 missed; c: 1 missed. Micro 2*2 / (2*2 + 2 + 2); per text 2/3, 2/3, 1 (none, and none
    found), 0."""
    scores = MANY.metrics(answered(FOUND), {"label": GOLD})
    assert scores.values == pytest.approx(
        {"subset_accuracy": 1 / 4, "f1_micro": 1 / 2, "f1_macro": 1 / 3, "f1_weighted": 2 / 4, "f1_samples": 7 / 12}
    )
    rows = {row["label"]: row for row in scores.tables["labels"]}
    assert rows["b"] == {"label": "b", "precision": 0, "recall": 0, "f1": 0, "support": 1}
    assert [*rows] == ["a", "b", "c", "micro avg", "macro avg", "weighted avg"]
    assert scores.tables["labels per text"] == [
        {"labels of a text": 0, "in gold": 1, "in predictions": 1},
        {"labels of a text": 1, "in gold": 2, "in predictions": 2},
        {"labels of a text": 2, "in gold": 1, "in predictions": 1},
    ]


def test_mean_average_precision_by_hand():
    """a: right, wrong, right: (1 + 2/3) / 2. b: the last of four: 1/4. c: the first: 1."""
    a, b, c = [0.9, 0.8, 0.85, 0.1], [0.1, 0.2, 0.3, 0.4], [0.1, 0.2, 0.3, 0.9]
    rows = [{"a": x, "b": y, "c": z} for x, y, z in zip(a, b, c, strict=True)]
    found = MANY.metrics(answered(FOUND, scores=rows), {"label": GOLD}).values["map"]
    assert found == pytest.approx((5 / 6 + 1 / 4 + 1) / 3)
    assert found == pytest.approx(average_precision_score([[1, 1, 0], [1, 0, 0], [0, 0, 0], [0, 0, 1]],
                                                          np.array([a, b, c]).T))  # fmt: skip


def test_texts_without_any_label_at_all():
    scores = MANY.metrics(answered([[], []], scores=[{"a": 0.1}] * 2), {"label": [[], []]})
    assert scores.values["f1_micro"] == scores.values["subset_accuracy"] == 1
    assert scores.values["map"] == 0 and scores.tables["labels"] == []


def test_the_threshold_is_found_on_validation_and_used():
    """From 0.31 to 0.41 all is right, and of these 0.41 is next to 0.5."""
    p = np.array([[0.41, 0.1], [0.3, 0.45], [0.05, 0.02]])
    examples = {"text": ["x", "y", "z"], "label": [[], ["b"], ["a"]]}
    rows = {"example": [2, 1, 0], "labels": None}
    task = MANY.tuned((p,), rows, ("a", "b"), examples)
    assert task.threshold == 0.41 and task.label_order == ("a", "b")
    decoded = task.decode((p,), rows, ("a", "b"), examples, None)
    assert [d["prediction"] for d in decoded] == [[], ["b"], ["a"]]
    assert decoded[1] == {"prediction": ["b"], "confidence": [0.45], "scores": {"a": 0.3, "b": 0.45}}
    assert (
        TextClassification(NAME, None, "multi_label", threshold=0.5).tuned((p,), rows, "ab", examples).threshold == 0.5
    )
    assert [d["prediction"] for d in MANY.decode((p,), rows, ("a", "b"), examples, None)] == [[], [], []]


def test_the_threshold_serves_the_score_that_is_asked_for():
    """At 0.2 b is found, with three that are wrong; from 0.26 up three texts of four are whole."""
    p = np.array([[0.9, 0.2], [0.9, 0.25], [0.9, 0.25], [0.9, 0.25]])
    examples = {"text": list("wxyz"), "label": [["a", "b"], ["a"], ["a"], ["a"]]}
    for best, expected in (("subset_accuracy", 0.5), ("f1_macro", 0.2)):
        task = TextClassification(NAME, best, "multi_label")
        assert task.tuned((p,), {"example": range(4)}, ("a", "b"), examples).threshold == expected


def test_losses_of_several_labels_are_those_of_torch():
    logits, labels = torch.tensor([[1.0, -2.0, 0.5], [0.3, 0.2, -1.0]]), torch.tensor([[1, 0, 1], [0, 1, 0]])
    found = MANY.loss({"logits": logits}, labels, PLAIN)
    assert found.sum() / MANY.items(labels).sum() == pytest.approx(
        binary_cross_entropy_with_logits(logits, labels.float()).item()
    )
    weighted = MANY.loss({"logits": logits}, labels, LossContext((2.0, 1.0, 0.5)))
    expected = binary_cross_entropy_with_logits(logits, labels.float(), pos_weight=torch.tensor([2.0, 1.0, 0.5]))
    assert weighted.sum() / 6 == pytest.approx(expected.item())
    unknown = torch.full_like(labels, IGNORED)
    assert MANY.loss({"logits": logits}, unknown, PLAIN).tolist() == [0, 0] and MANY.items(unknown).tolist() == [0, 0]


def test_weights_of_several_labels_balance_each_against_its_absence():
    task = TextClassification(NAME, None, "multi_label", class_weights="auto")
    context = task.loss_context({"labels": [[1, 0, 0], [1, 1, 0], [0, 0, 0], [1, 0, 0]]}, ("a", "b", "c"), 0.0)
    assert context.class_weights == pytest.approx((1 / 3, 3.0, 1.0))


def test_rows_of_several_labels(tokenizer):
    rows = MANY.encode({"text": ["a", "b"], "label": [["y", "new"], []]}, tokenizer, ("x", "y"))
    assert rows["labels"] == [[0, 1], [0, 0]]
    batch = MANY.collator(tokenizer, None)([{n: rows[n][i] for n in ("input_ids", "labels")} for i in (0, 1)])
    assert batch["labels"].tolist() == [[0, 1], [0, 0]]
    assert MANY.encode({"text": ["a"]}, tokenizer, ("x", "y"))["labels"] == [[IGNORED, IGNORED]]


def test_answers_of_several_labels():
    row = {"gold": ["a", "c"], "prediction": ["a", "b"], "scores": {"a": 0.9, "b": 0.7, "c": 0.2}}
    found = [(answer.gold, answer.predicted, answer.confidence, round(answer.error, 9)) for answer in MANY.answers(row)]
    assert found == [("a", "a", 0.9, 0), (None, "b", 0.7, 0.7), ("c", None, None, 0.8)]


def test_the_baseline_of_several_labels():
    train = {"text": ["x", "y", "z"], "label": [["a", "b"], ["a"], []]}
    name, found = MANY.baseline(train, {"text": ["new", "x"], "label": [["a"], []]})
    assert name == "memorised texts, else most frequent label"
    assert [row["prediction"] for row in found] == [["a"], ["a", "b"]]
    assert found[0]["scores"] == pytest.approx({"a": 2 / 3, "b": 1 / 3})


# --- how several labels are written


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2,0", ["love", "joy"]), ("1", ["fear"]), (1, ["fear"]), (1.0, ["fear"]), ([0, 2], ["joy", "love"]),
        ("joy, love", ["joy", "love"]), ('["joy", "fear"]', ["joy", "fear"]), ("", []), ([], []), ("new", ["new"]),
    ],
)  # fmt: skip
def test_labels_in_a_cell(cell, expected):
    columns = as_text({"text": ["t"], "label": [cell]}, MANY, ["joy", "fear", "love"], ["a.tsv:1"])
    assert columns["label"] == [expected]


@pytest.mark.parametrize("mark", [";", "|", "、"])
def test_another_separator(mark):
    task = TextClassification(NAME, None, "multi_label", separator=mark)
    assert as_text({"label": [f"喜悦{mark} 悲伤,愤怒"]}, task, None, ["a.csv:2"])["label"] == [["喜悦", "悲伤,愤怒"]]
    assert as_text({"label": ["喜悦,悲伤"]}, ONE, None, ["a.csv:2"])["label"] == ["喜悦,悲伤"]


def test_what_is_no_list_of_labels_is_named_with_its_place():
    prepared, _ = MANY.prepare({"train": {"text": ["t", "u"], "label": [["10", "9", "9"], []]}})
    assert prepared["train"]["label"] == [["9", "10"], []]
    assert MANY.labels(prepared["train"], None) == ("9", "10")
    with pytest.raises(
        ValueError, match=r"test example 2: data\.columns\.label must hold a list of labels, or be .*; it holds 'a'"
    ):
        MANY.prepare({"test": {"text": ["t", "u"], "label": [[], "a"]}})
    with pytest.raises(ValueError, match=r"a\.json, object 3: data\.columns\.label has no value"):
        as_text({"label": [None]}, MANY, None, ["a.json, object 3"])
    with pytest.raises(ValueError, match=r"a\.tsv:1: data\.columns\.label is 7, which has no name among joy, fear"):
        as_text({"label": ["0,7"]}, MANY, ["joy", "fear"], ["a.tsv:1"])


def test_labels_in_columns_of_their_own(tmp_path, compose_config):
    """One column of 0 and 1 for each label, as in Jigsaw's files."""
    rows = ["text,toxic,辱骂", *(f"text {i},{i % 2},{i % 3 // 2}" for i in range(30))]
    (tmp_path / "a.csv").write_text("\n".join(rows), encoding="utf-8")
    words = ["data=files", f"data.train={tmp_path}/a.csv", "data.columns.label=[toxic,'辱骂']", "task.kind=multi_label"]
    data = load_data(compose_config(f"task={NAME}", *words), MANY)
    found = dict(zip(data.splits["train"]["text"], data.splits["train"]["label"], strict=True))
    assert data.labels == ("toxic", "辱骂") and len(found) == 24
    assert all(
        found[f"text {i}"] == ["toxic"] * (i % 2) + ["辱骂"] * (i % 3 // 2) for i in range(30) if f"text {i}" in found
    )
    with pytest.raises(
        ValueError, match=r"dev example 1: data\.columns\.label must .* columns of 0 and 1; it holds {'a': '2'}"
    ):
        MANY.prepare({"dev": {"text": ["t"], "label": [{"a": "2"}]}})


# --- focal loss (Lin et al., 2017)


def test_focal_loss_of_several_labels():
    """Equation 4 for each label: p of what is right is 0.9 and 0.8."""
    logits = torch.logit(torch.tensor([[0.9, 0.2]]))
    focal = TextClassification(NAME, None, "multi_label", focal_gamma=2.0)
    found = focal.loss({"logits": logits}, torch.tensor([[1, 0]]), PLAIN)
    assert found.tolist() == pytest.approx([-(0.1**2) * math.log(0.9) - 0.2**2 * math.log(0.8)])


# --- whole runs

SHORT = ["data.limit=60", "optimizer.learning_rate=5e-3", "training.max_steps=12", "batch_size=8",
         "training.eval_strategy=steps", "training.eval_steps=12", "training.save_strategy=steps"]  # fmt: skip


def test_a_run_keeps_its_threshold(run_here, tiny_bert):
    """From training to the saved model: the predictions of the file come back, and hang on the threshold kept."""
    from stages.prediction import load_model
    from stages.request import read_request
    from stages.reuse import score_run
    from stages.tracking import read_results

    folder = run_here(f"task={NAME}", "task.kind=multi_label", "data=sample", f"model.path={tiny_bert}", *SHORT)
    tuned, rows = json.loads((folder / "tuned.json").read_text()), predicted(folder)
    assert 0 < tuned["threshold"] < 1 and tuned["pairs"] is False and len(tuned["label_order"]) == 6
    chosen = [[n for n, p in row["scores"].items() if p >= tuned["threshold"]] for row in rows]
    assert [row["prediction"] for row in rows] == chosen and any(chosen)
    model = load_model(folder, {"use_cpu": True})
    again = model.predict({"text": [row["text"] for row in rows]})
    assert [p["prediction"] for p in again] == [row["prediction"] for row in rows]
    place = score_run(read_request([f"from={folder}", "data.test=test", "hardware=cpu"]))
    scored, own = (json.loads((p / "metrics.json").read_text())["test"] for p in (place, folder))
    assert {name: own[name] for name in scored} == pytest.approx(scored)
    (folder / "tuned.json").write_text(json.dumps({**tuned, "threshold": 0.999}))
    none = load_model(folder, {"use_cpu": True}).predict({"text": [rows[0]["text"]]})
    assert none[0]["prediction"] == []
    assert "labels per text" in (folder / "report.html").read_text()
    _, tables, *_ = read_results(folder)  # what a tracker shows
    assert all(isinstance(cell, str | int | float) for row in tables["predictions"] for cell in row.values())
