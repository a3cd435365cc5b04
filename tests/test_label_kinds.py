"""One label and ordered labels: choices, scores against scikit-learn and by hand, focal loss, samples; a run."""

import hashlib
import json
import math

import numpy as np
import pytest
import torch
from label_kinds import MANY, NAME, ONE, ORDERED, answered
from run_files import predicted
from sklearn.metrics import cohen_kappa_score, f1_score, matthews_corrcoef
from torch.nn.functional import cross_entropy

from tasks.contract import IGNORED, LossContext
from tasks.samples import multi_label, ordinal, sentence_pair
from tasks.text_classification import TextClassification

PLAIN = LossContext()


# --- choices


def test_each_kind_is_chosen_by_the_score_it_is_published_with():
    assert [task.best for task in (ONE, MANY, ORDERED)] == ["accuracy", "f1_micro", "qwk"]
    assert [task.sample for task in (ONE, MANY, ORDERED)] == [NAME, "multi_label", "ordinal"]
    assert TextClassification(NAME, None, pairs=True).sample == "sentence_pair"


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"kind": "many"}, "task.kind=many is not known. Choose one of: single_label, multi_label, ordinal."),
        ({"kind": "multi_label", "best": "accuracy"}, "task.best=accuracy is not a score of text_classification"),
        ({"threshold": 1}, "task.threshold=1 is not a probability between 0 and 1, or null."),
        ({"focal_gamma": -1}, "task.focal_gamma=-1 is below 0."),
        ({"separator": ""}, "task.separator is empty."),
    ],
)
def test_choices_that_do_not_exist(choice, expected):
    with pytest.raises(ValueError) as caught:
        TextClassification(NAME, **{"best": None, **choice})
    assert str(caught.value).startswith(expected)


@pytest.mark.parametrize(
    ("words", "best"),
    [
        (["data=glue/cola"], "mcc"),
        (["data=glue/mrpc"], "f1"),
        (["data=glue/rte"], "accuracy"),
        (["data=glue/cola", "task.best=f1_macro"], "f1_macro"),
        (["data=sample", "task.kind=ordinal"], "qwk"),
    ],
)
def test_a_data_set_names_its_own_score(compose_config, words, best):
    assert compose_config(f"task={NAME}", *words)["task"]["best"] == best


def test_label_smoothing_has_no_place_beside_the_focal_loss(compose_config):
    words = ["data=sample", "training.label_smoothing_factor=0.1"]
    assert compose_config(f"task={NAME}", *words)
    with pytest.raises(ValueError, match="label_smoothing_factor has no meaning for the loss"):
        compose_config(f"task={NAME}", *words, "task.focal_gamma=2")


# --- single label: correlation and the positive class


def test_mcc_of_the_example_in_scikit_learns_documentation():
    """TP 2, FP 1, FN 1, TN 0: (0 - 1) / sqrt(3 * 3 * 1 * 1)."""
    scores = ONE.metrics(answered(["+", "-", "+", "+"]), {"label": ["+", "+", "+", "-"]}).values
    assert scores["mcc"] == pytest.approx(-1 / 3) and "f1" not in scores


def test_f1_of_the_positive_label_is_that_of_the_second_name(tokenizer):
    gold, found = ["no", "yes", "yes", "no"], ["yes", "yes", "no", "no"]
    reduced = (np.array([[0.5, 0.5]] * 4),)
    task = ONE.tuned(reduced, {"example": [0, 1, 2, 3]}, ("no", "yes"), {"text": ["t"] * 4, "label": gold})
    assert (task.label_order, task.pairs) == (("no", "yes"), False)
    scores = task.metrics(answered(found), {"label": [*gold]}).values
    assert scores["f1"] == pytest.approx(1 / 2) == f1_score(gold, found, pos_label="yes")
    assert scores["mcc"] == matthews_corrcoef(gold, found)


def test_f1_needs_two_labels():
    task = TextClassification(NAME, "f1")
    assert task.labels({"label": ["b", "a"]}, None) == ("a", "b")
    with pytest.raises(ValueError, match=r"task\.best=f1 is the F1 of the second of two labels, and there are 3"):
        task.labels({"label": ["b", "a", "c"]}, None)


# --- ordered labels


def test_quadratic_kappa_by_hand():
    """Ranks 0 1 2 against 0 2 2: squared distances sum to 1, those of all pairs of the two columns to 15 over 3 rows;
    1 - 1 / 5 (Cohen, 1968)."""
    task = TextClassification(NAME, None, "ordinal", label_order=["low", "mid", "high"])
    scores = task.metrics(answered(["low", "high", "high"]), {"label": ["low", "mid", "high"]})
    assert scores.values["qwk"] == pytest.approx(0.8)
    assert scores.values["mae"] == pytest.approx(1 / 3) and scores.values["accuracy"] == pytest.approx(2 / 3)
    assert scores.values["within_one"] == 1
    assert [(row["ranks apart"], row["examples"]) for row in scores.tables["ranks apart"]] == [(0, 2), (1, 1)]
    assert [row["label"] for row in scores.tables["labels"]] == ["low", "mid", "high", "macro avg", "weighted avg"]


def test_quadratic_kappa_of_scikit_learn_and_of_what_is_all_one_label():
    gold, found = list("1354223145"), list("1343225145")
    scores = ORDERED.metrics(answered(found), {"label": gold}).values
    assert scores["qwk"] == pytest.approx(cohen_kappa_score([*map(int, gold)], [*map(int, found)], weights="quadratic"))
    assert scores["mae"] == pytest.approx((1 + 1 + 2) / 10)
    assert ORDERED.metrics(answered(["2", "2"]), {"label": ["2", "2"]}).values["qwk"] == 0


def test_labels_that_the_head_lacks_have_a_rank():
    task = TextClassification(NAME, None, "ordinal", label_order=["1", "2", "10"])
    assert task.metrics(answered(["2", "10"]), {"label": ["5", "10"]}).values["mae"] == 0.5  # 1, 2, 5, 10
    named = TextClassification(NAME, None, "ordinal", label_order=["bad", "good"])
    assert named.metrics(answered(["good"]), {"label": ["superb"]}).values["mae"] == 1


def test_the_answer_is_the_rank_next_to_the_expected_one():
    p = np.array([[0.4, 0.0, 0.0, 0.6], [0.1, 0.8, 0.1, 0.0], [0.0, 0.0, 0.5, 0.5]])
    decoded = ORDERED.decode((p,), {"example": [0, 1, 2]}, tuple("abcd"), {"text": ["x"] * 3}, None)
    assert [d["prediction"] for d in decoded] == ["c", "b", "d"]
    assert decoded[0] == {"prediction": "c", "confidence": 0.0, "expected_rank": 1.8}


def test_ordered_labels_need_an_order():
    assert ORDERED.labels({"label": ["10", "2", "1"]}, None) == ("1", "2", "10")
    assert ORDERED.labels({"label": ["good", "bad"]}, ["bad", "good"]) == ("bad", "good")
    with pytest.raises(ValueError, match=r"nothing says in which order the labels stand \(bad, good\).*data\.labels="):
        ORDERED.labels({"label": ["good", "bad"]}, None)


def test_the_baseline_of_ordered_labels_is_the_median():
    train = {"text": list("vwxyz"), "label": ["1", "1", "2", "10", "10"]}
    name, found = ORDERED.baseline(train, {"text": ["new", "z"]})
    assert name == "memorised texts, else median label" and [row["prediction"] for row in found] == ["2", "10"]


def test_answers_further_off_are_worse():
    task = TextClassification(NAME, None, "ordinal", label_order=list("abcd"))
    errors = [task.answers({"gold": "a", "prediction": p, "confidence": 0.9})[0].error for p in "abcd"]
    assert errors == [0, 1.9, 2.9, 3.9]


# --- focal loss (Lin et al., 2017)


def test_focal_loss_of_one_label():
    """Section 3.2: with gamma = 2 an example classified with p = 0.9 has a loss 100 times lower."""
    logits = torch.log(torch.tensor([[0.9, 0.1], [0.5, 0.5]]))
    labels, focal = torch.tensor([0, 1]), TextClassification(NAME, None, focal_gamma=2.0)
    found = focal.loss({"logits": logits}, labels, PLAIN)
    assert found.tolist() == pytest.approx([-math.log(0.9) / 100, -math.log(0.5) / 4])
    plain = ONE.loss({"logits": logits}, labels, PLAIN)
    assert plain.tolist() == pytest.approx(cross_entropy(logits, labels, reduction="none").tolist())
    assert focal.loss({"logits": logits}, torch.tensor([IGNORED, 1]), PLAIN)[0] == 0
    weighted = focal.loss({"logits": logits}, labels, LossContext((0.25, 0.75)))
    assert weighted.tolist() == pytest.approx([0.25 * found[0].item(), 0.75 * found[1].item()])


# --- samples


@pytest.mark.parametrize(
    ("module", "start"),
    [(multi_label, "0e213b09b22a8789"), (ordinal, "872de1bad721dc80"), (sentence_pair, "e4043cd1df26d123")],
)
def test_a_sample_is_always_the_same_and_not_solved_by_memory(module, start):
    made = module.generate()
    assert hashlib.sha256(json.dumps(made).encode()).hexdigest().startswith(start), "noted scores no longer hold"
    texts = {
        split: set(zip(*(made[split][n] for n in ("text", "pair") if n in made[split]), strict=True)) for split in made
    }
    assert not texts["test"] & texts["train"] and not texts["validation"] & texts["train"]
    task = TextClassification(
        NAME, None, {"sentence_pair": "single_label"}.get(module.__name__[14:], module.__name__[14:])
    )
    _, found = task.baseline(made["train"], made["test"])
    name = {"sentence_pair": "mcc", "multi_label": "f1_macro", "ordinal": "qwk"}[module.__name__[14:]]
    assert abs(task.metrics(found, made["test"]).values[name]) < 0.1


# --- whole runs

SHORT = ["data.limit=60", "optimizer.learning_rate=5e-3", "training.max_steps=12", "batch_size=8",
         "training.eval_strategy=steps", "training.eval_steps=12", "training.save_strategy=steps"]  # fmt: skip


def test_a_run_on_ordered_labels(run_here, tiny_bert):
    from stages.prediction import load_model

    folder = run_here(f"task={NAME}", "task.kind=ordinal", "data=sample", f"model.path={tiny_bert}", *SHORT)
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["baseline"]["values"]["qwk"] == 0 and {"qwk", "mae", "within_one"} <= {*metrics["test"]}
    assert json.loads((folder / "tuned.json").read_text())["label_order"] == ["1", "2", "3", "4", "5"]
    rows = predicted(folder)
    again = load_model(folder, {"use_cpu": True}).predict({"text": [row["text"] for row in rows]})
    assert [p["prediction"] for p in again] == [row["prediction"] for row in rows]
