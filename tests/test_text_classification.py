"""Text classification on literals, against scikit-learn and numbers worked out by hand."""

import numpy
import pytest
import torch
from sklearn.metrics import classification_report, confusion_matrix, f1_score
from sklearn.utils.class_weight import compute_class_weight

from tasks.contract import IGNORED
from tasks.text_classification import TextClassification
from tasks.texts.one_label import calibration_error

TASK = TextClassification("text_classification", "accuracy")


def predictions(labels, confidence=None):
    confidence = confidence or [0.5] * len(labels)
    return [{"prediction": p, "confidence": c} for p, c in zip(labels, confidence, strict=True)]


# --- choices, labels and what is wrong with examples


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"best": "f2"}, "task.best=f2 is not a score of text_classification. Choose one of: accuracy, f1_macro"),
        ({"class_weights": "balanced"}, "task.class_weights=balanced is not known. Choose one of: auto, null."),
        ({"calibration_bins": 0}, "task.calibration_bins=0 is not a number of bins"),
        ({"calibration_bins": 1.5}, "task.calibration_bins=1.5 is not a number of bins"),
    ],
)
def test_choices_that_do_not_exist(choice, expected):
    with pytest.raises(ValueError, match=expected.replace(".", r"\.")):
        TextClassification(**{"name": "text_classification", "best": "accuracy", **choice})


@pytest.mark.parametrize("value", [["a", "b"], None, 3, {"a": 1}])
@pytest.mark.parametrize("column", ["text", "label"])
def test_what_is_no_text_is_named_with_its_place(value, column):
    examples = {"text": ["a", "b"], "label": ["x", "y"]}
    examples[column][1] = value
    with pytest.raises(ValueError) as caught:
        TASK.prepare({"train": {"text": ["a"], "label": ["x"]}, "test": examples})
    several = column == "label" and isinstance(value, list | dict)
    hint = " Several labels to a text: task.kind=multi_label." * several
    assert str(caught.value) == f"test example 2: data.columns.{column} must hold text, it holds {value!r}." + hint


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (["10", "9", "1", "10"], ("1", "9", "10")),
        (["0.5", "-1", "2"], ("-1", "0.5", "2")),
        (["b", "10", "a", "2"], ("2", "10", "a", "b")),
        (["nan", "1", "inf", "a"], ("1", "a", "inf", "nan")),
        (["Ä", "b"], ("b", "Ä")),
    ],
)
def test_labels_that_are_numbers_are_sorted_by_value(found, expected):
    assert TASK.labels({"label": found}, None) == expected
    assert TASK.labels({"label": found[::-1]}, None) == expected


def test_declared_labels_keep_their_order_and_those_without_examples():
    assert TASK.labels({"label": ["b", "a"]}, ["b", "c", "a"]) == ("b", "c", "a")


def test_labels_of_train_that_are_not_declared_would_never_be_learned():
    with pytest.raises(ValueError, match=r"data\.labels=a, b: train also has c, d\. Name every label"):
        TASK.labels({"label": ["a", "d", "c"]}, ["a", "b"])


# --- encode, decode


def test_one_row_per_text_in_order_and_long_ones_are_marked(tokenizer):
    examples = {"text": ["a b", "x " * 300, "", "a " * 62, "a " * 63, "x " * 62 + "y"], "label": list("babbab")}
    rows = TASK.encode(examples, tokenizer, ("a", "b"))
    assert rows["example"] == [0, 1, 2, 3, 4, 5]
    assert rows["cut"] == [False, True, False, False, True, True]
    assert rows["labels"] == [1, 0, 1, 1, 0, 1]
    assert [len(ids) for ids in rows["input_ids"]] == [4, 64, 2, 64, 64, 64]
    for text, ids in zip(examples["text"], rows["input_ids"], strict=True):
        assert ids == tokenizer(text, truncation=True, max_length=64)["input_ids"]
    batch = TASK.collator(tokenizer, None)(
        [{n: rows[n][i] for n in ("input_ids", "attention_mask", "labels")} for i in (0, 1)]
    )
    assert batch["labels"].tolist() == [1, 0]
    assert batch["attention_mask"].sum(dim=1).tolist() == [4, 64]


def test_a_label_that_the_head_does_not_know_is_not_learned(tokenizer):
    rows = TASK.encode({"text": ["a", "b"], "label": ["x", "new"]}, tokenizer, ("x", "y"))
    assert rows["labels"] == [0, IGNORED]


def test_predictions_go_to_their_examples_in_any_order():
    outputs = {"logits": torch.log(torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.3, 0.5, 0.2]]))}
    reduced = tuple(part.numpy() for part in TASK.reduce(outputs))
    decoded = TASK.decode(reduced, {"example": [2, 0, 1]}, ("x", "y", "z"), {"text": ["a", "b", "c"]}, None)
    assert decoded == [
        {"prediction": "z", "confidence": 0.8},
        {"prediction": "y", "confidence": 0.5},
        {"prediction": "x", "confidence": 0.7},
    ]


# --- class weights


def test_class_weights_equal_those_of_scikit_learn():
    task = TextClassification("text_classification", "accuracy", class_weights="auto")
    labels = [0] * 7 + [1] * 2 + [2] + [IGNORED] * 5
    context = task.loss_context({"labels": labels}, ("a", "b", "c"), 0.1)
    known = numpy.array([label for label in labels if label != IGNORED])
    expected = compute_class_weight("balanced", classes=numpy.array([0, 1, 2]), y=known)
    assert context.class_weights == pytest.approx(tuple(expected))
    assert context.label_smoothing == 0.1
    assert sum(context.class_weights[i] for i in known) / len(known) == pytest.approx(1)


def test_a_class_without_examples_has_no_weight_and_changes_no_other():
    task = TextClassification("text_classification", "accuracy", class_weights="auto")
    weights = task.loss_context({"labels": [0, 0, 0, 2]}, ("a", "b", "c"), 0.0).class_weights
    assert weights == pytest.approx((4 / 6, 0.0, 2.0))
    assert TASK.loss_context({"labels": [0, 2]}, ("a", "b", "c"), 0.0).class_weights is None


# --- scores

GOLD = ["a", "b", "c", "a", "b", "a", "new", "10", "9"]
PREDICTED = ["a", "c", "c", "b", "b", "a", "a", "9", "9"]


def test_scores_equal_those_of_scikit_learn():
    scores = TASK.metrics(predictions(PREDICTED), {"label": GOLD})
    assert scores.values["accuracy"] == pytest.approx(5 / 9)
    for average in ("macro", "micro", "weighted"):
        assert scores.values[f"f1_{average}"] == f1_score(GOLD, PREDICTED, average=average, zero_division=0)
    report = classification_report(GOLD, PREDICTED, output_dict=True, zero_division=0)
    for row in scores.tables["labels"]:
        expected = report[row["label"]]
        assert [row["precision"], row["recall"], row["f1"], row["support"]] == list(expected.values())
    averages = ["macro avg", "weighted avg"]
    assert [row["label"] for row in scores.tables["labels"]] == ["9", "10", "a", "b", "c", "new", *averages]
    assert all(type(value) is float for value in scores.values.values())


def test_scores_by_hand():
    """Two classes: a has precision 2/3 and recall 2/2, b precision 1/1 and recall 1/2, so F1 4/5 and 2/3."""
    scores = TASK.metrics(predictions(["a", "a", "a", "b"]), {"label": ["a", "a", "b", "b"]}).values
    assert scores["accuracy"] == scores["f1_micro"] == 0.75
    assert scores["f1_macro"] == scores["f1_weighted"] == pytest.approx((4 / 5 + 2 / 3) / 2)


def test_a_gold_label_that_the_head_does_not_know_counts_as_missed():
    scores = TASK.metrics(predictions(["a", "b", "a"]), {"label": ["a", "b", "new"]}).values
    assert scores["accuracy"] == pytest.approx(2 / 3)
    assert scores["f1_macro"] == pytest.approx((2 / 3 + 1 + 0) / 3)


def test_confusion_matrix():
    cells = TASK.metrics(predictions(PREDICTED), {"label": GOLD}).tables["confusion"]
    names = sorted({*GOLD, *PREDICTED})
    matrix = numpy.zeros((len(names), len(names)), int)
    for cell in cells:
        matrix[names.index(cell["gold"]), names.index(cell["predicted"])] = cell["count"]
    assert matrix.tolist() == confusion_matrix(GOLD, PREDICTED, labels=names).tolist()
    assert cells[0] == {"gold": "a", "predicted": "a", "count": 2}
    assert all(cell["count"] for cell in cells)


def test_calibration_error_by_hand():
    """Two bins: (0, 0.5] holds 0.4 wrong and 0.5 right, (0.5, 1] holds 0.8 right, 0.9 wrong, 1.0 right. Gaps: |1 - 0.9|
    and |2 - 2.7|, over 5 examples."""
    gold, predicted, confidence = ["a"] * 5, ["b", "a", "b", "a", "a"], [0.4, 0.8, 0.9, 1.0, 0.5]
    assert calibration_error(gold, predicted, confidence, 2) == pytest.approx((0.1 + 0.7) / 5)
    task = TextClassification("text_classification", "accuracy", calibration_bins=2)
    assert task.metrics(predictions(predicted, confidence), {"label": gold}).values[
        "calibration_error"
    ] == pytest.approx(0.16)


@pytest.mark.parametrize("bins", [1, 15])
def test_calibration_error_of_what_is_certain_and_right_or_wrong(bins):
    assert calibration_error(["a"], ["a"], [1.0], bins) == 0
    assert calibration_error(["a"], ["b"], [1.0], bins) == 1
    assert calibration_error([], [], [], bins) == 0


def test_one_bin_is_accuracy_against_mean_confidence():
    assert calibration_error("aab", "aaa", [0.9, 0.6, 0.9], 1) == pytest.approx(0.8 - 2 / 3)


# --- baseline


def test_the_baseline_remembers_texts():
    train = {"text": ["a", "b", "c"], "label": ["x", "y", "y"]}
    name, guesses = TASK.baseline(train, {"text": ["a", "new", "c"], "label": ["x", "x", "y"]})
    assert "memorised" in name
    assert [guess["prediction"] for guess in guesses] == ["x", "y", "y"]
    assert "calibration_error" not in TASK.metrics(guesses, {"label": ["x", "x", "y"]}).values
