"""Several labels, ordered labels, pairs of texts, focal loss: on literals, against scikit-learn, torch and by hand."""

import hashlib
import json
import math

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score, cohen_kappa_score, f1_score, matthews_corrcoef
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from stages.data import as_text, load_data
from stages.processor import load_tokenizer
from tasks.contract import IGNORED, LossContext
from tasks.samples import multi_label, ordinal, sentence_pair
from tasks.text_classification import TextClassification

NAME = "text_classification"
ONE, MANY, ORDERED = (TextClassification(NAME, None, kind) for kind in ("single_label", "multi_label", "ordinal"))
GOLD = [["a", "b"], ["a"], [], ["c"]]
FOUND = [["a"], ["a", "b"], [], ["b"]]
PLAIN = LossContext()


@pytest.fixture(scope="module")
def tokenizer(tiny_bert):
    return load_tokenizer(tiny_bert, False)


def answered(predictions, **more):
    return [{"prediction": p, **{name: values[i] for name, values in more.items()}} for i, p in enumerate(predictions)]


# --- choices


def test_each_kind_is_chosen_by_the_score_it_is_published_with():
    assert [task.best for task in (ONE, MANY, ORDERED)] == ["accuracy", "f1_micro", "qwk"]
    assert [task.sample for task in (ONE, MANY, ORDERED)] == [NAME, "multi_label", "ordinal"]
    assert TextClassification(NAME, None, pairs=True).sample == "sentence_pair"


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"kind": "many"}, "task.kind=many is not known. Choose single_label or multi_label or ordinal."),
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
    assert [*rows] == ["a", "b", "c", "micro avg", "macro avg", "weighted avg", "samples avg"]
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


def test_focal_loss_of_several_labels():
    """Equation 4 for each label: p of what is right is 0.9 and 0.8."""
    logits = torch.logit(torch.tensor([[0.9, 0.2]]))
    focal = TextClassification(NAME, None, "multi_label", focal_gamma=2.0)
    found = focal.loss({"logits": logits}, torch.tensor([[1, 0]]), PLAIN)
    assert found.tolist() == pytest.approx([-(0.1**2) * math.log(0.9) - 0.2**2 * math.log(0.8)])


# --- pairs


def test_pairs_are_read_together_and_long_ones_are_marked(tokenizer):
    examples = {"text": ["a b", "x " * 80, "a", "a " * 30], "pair": ["c", "d", "城市 river", "b " * 31]}
    rows = ONE.encode(examples, tokenizer, ("a", "b"))
    assert rows["cut"] == [False, True, False, False]
    assert [len(ids) for ids in rows["input_ids"]] == [6, 64, 6 + 1, 64]
    assert rows["input_ids"][0] == tokenizer("a b", "c")["input_ids"]
    assert rows["token_type_ids"][0] == [0, 0, 0, 0, 1, 1]
    assert rows["input_ids"][1][-2:] == tokenizer("d", add_special_tokens=False)["input_ids"] + [tokenizer.sep_token_id]
    longer = {"text": ["a " * 30], "pair": ["b " * 32]}
    assert ONE.encode(longer, tokenizer, ("a", "b"))["cut"] == [True]


def test_a_second_text_can_be_left_out_but_not_be_missing(tokenizer):
    single, pairs = (TextClassification(NAME, None, pairs=choice) for choice in (False, True))
    examples = {"text": ["a", "a"], "pair": ["b", "c"]}
    assert single.encode(examples, tokenizer, "ab")["input_ids"] == [tokenizer("a")["input_ids"]] * 2
    assert single.inputs(examples) == [("a",), ("a",)] and ONE.inputs(examples) == [("a", "b"), ("a", "c")]
    with pytest.raises(ValueError, match=r"task\.pairs: there is no second text.*data\.columns\.pair"):
        pairs.encode({"text": ["a"]}, tokenizer, "ab")


def test_a_second_text_may_be_a_list_and_is_shown():
    prepared = ONE.prepare({"train": {"text": ["摘要"], "pair": [["词", "语"]], "label": ["1"]}})[0]["train"]
    assert prepared["pair"] == ["词 语"]
    assert ONE.marked({"text": "摘要", "pair": "词 语", "gold": "1"}) == [("摘要", None, None), ("词 语", None, None)]
    with pytest.raises(ValueError, match=r"dev example 1: data\.columns\.pair must hold text, it holds 3"):
        ONE.prepare({"dev": {"text": ["a"], "pair": [3]}})


def test_the_baseline_of_pairs_remembers_pairs():
    train = {"text": ["a", "a", "b"], "pair": ["x", "y", "y"], "label": ["0", "1", "1"]}
    _, found = ONE.baseline(train, {"text": ["a", "b"], "pair": ["x", "x"]})
    assert [row["prediction"] for row in found] == ["0", "1"]


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


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def test_a_run_keeps_its_threshold(run_here, tiny_bert):
    """From training to the saved model: the predictions of the file come back, and hang on the threshold kept."""
    from stages.prediction import load_model
    from stages.request import read_request
    from stages.reuse import score_run
    from stages.tracking import read_results

    folder = run_here(f"task={NAME}", "task.kind=multi_label", "data=sample", f"model.path={tiny_bert}", *SHORT)
    tuned, rows = json.loads((folder / "tuned.json").read_text()), lines(folder / "predictions" / "test.jsonl")
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
    _, tables, _ = read_results(folder)  # what a tracker shows
    assert all(isinstance(cell, str | int | float) for row in tables["predictions"] for cell in row.values())


def test_a_run_on_pairs_in_a_file(run_here, tiny_bert, tmp_path):
    from stages.prediction import load_model

    pairs = [("good film", "bad film"), ("the city", "the city"), ("城市 good", "城市 bad"), ("river", "river")] * 8
    rows = [f"{a} {i}\t{b} {i}\t{'same' if a == b else 'different'}" for i, (a, b) in enumerate(pairs)]
    (tmp_path / "pairs.tsv").write_text("\n".join(["s1\ts2\tgold", *rows]), encoding="utf-8")
    columns = [f"data.columns.{name}={column}" for name, column in (("text", "s1"), ("pair", "s2"), ("label", "gold"))]
    folder = run_here(f"task={NAME}", "data=files", f"data.train={tmp_path}/pairs.tsv", *columns,
                      f"model.path={tiny_bert}", "training.max_steps=2")  # fmt: skip
    assert json.loads((folder / "tuned.json").read_text())["pairs"] is True
    found = lines(folder / "predictions" / "test.jsonl")
    assert all({"text", "pair", "gold", "prediction"} <= {*row} for row in found) and len(found) == 3
    model = load_model(folder, {"use_cpu": True})
    again = model.predict({name: [row[name] for row in found] for name in ("text", "pair")})
    assert [p["prediction"] for p in again] == [row["prediction"] for row in found]
    with pytest.raises(ValueError, match=r"task\.pairs: there is no second text"):
        model.predict({"text": ["good film"]})


def test_a_run_on_ordered_labels(run_here, tiny_bert):
    from stages.prediction import load_model

    folder = run_here(f"task={NAME}", "task.kind=ordinal", "data=sample", f"model.path={tiny_bert}", *SHORT)
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["baseline"]["values"]["qwk"] == 0 and {"qwk", "mae", "within_one"} <= {*metrics["test"]}
    assert json.loads((folder / "tuned.json").read_text())["label_order"] == ["1", "2", "3", "4", "5"]
    rows = lines(folder / "predictions" / "test.jsonl")
    again = load_model(folder, {"use_cpu": True}).predict({"text": [row["text"] for row in rows]})
    assert [p["prediction"] for p in again] == [row["prediction"] for row in rows]
