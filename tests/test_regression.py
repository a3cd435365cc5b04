"""Regression: targets as they are read, rows, the loss and its scale by hand, baseline; one run, used again."""

import json

import pytest
import torch
from run_files import predicted

from tasks.contract import IGNORED
from tasks.regression import Regression
from tasks.texts.real_targets import as_label
from tasks.texts.rows import encode_texts
from tasks.texts.target_scale import TargetContext, scale

TASK = Regression("regression", "pearson")
PLAIN = Regression("regression", "pearson", scaling=None)


def prepared(*targets, split="train", **columns):
    texts = [f"text {i}" for i in range(len(targets))]
    return TASK.prepare({split: {"text": texts, "target": list(targets), **columns}})


# --- targets as they are read


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([1, "2.5", " -3e2 "], [1.0, 2.5, -300.0]),
        ([[1, 2], ["3", 4.5]], [{"1": 1.0, "2": 2.0}, {"1": 3.0, "2": 4.5}]),
        ([{"V": "3.0", "A": 1}, {"A": 2, "V": 0}], [{"V": 3.0, "A": 1.0}, {"A": 2.0, "V": 0.0}]),
        ([{"V": 3}, {"V": 1}], [3.0, 1.0]),
        ([[7], [8]], [7.0, 8.0]),
    ],
)
def test_targets_are_numbers_lists_or_objects(given, expected):
    assert prepared(*given)[0]["train"]["target"] == expected


@pytest.mark.parametrize("value", ["nan", "inf", float("nan"), float("-inf"), "x", "1,5", "", True, {"a": 1, "b": "?"}])
def test_what_is_no_finite_number_is_named_with_its_place(value):
    with pytest.raises(ValueError, match=r"^dev example 2: data\.columns\.target( \(b\))? must be a finite number, it"):
        prepared(1.0 if not isinstance(value, dict) else {"a": 1, "b": 2}, value, split="dev")


@pytest.mark.parametrize("value", [None, [], {}])
def test_a_target_that_is_missing(value):
    with pytest.raises(ValueError, match=r"^train example 2 has no target\. Fill it in"):
        prepared(1.0, value)


def test_all_examples_have_the_same_targets():
    with pytest.raises(ValueError, match="test example 1 has the targets V, B, the first one has A, V"):
        TASK.prepare(
            {
                "train": {"text": ["a"], "target": [{"V": 1, "A": 2}]},
                "test": {"text": ["a"], "target": [{"V": 1, "B": 2}]},
            }
        )


def test_all_examples_have_as_many_targets():
    with pytest.raises(ValueError, match="train example 2 has the targets 1, 2, the first one has target"):
        prepared(1, [1, 2])


@pytest.mark.parametrize("column", ["text", "pair"])
def test_what_is_no_text_is_named(column):
    examples = {"text": ["a"], "pair": ["b"], "target": [1]}
    with pytest.raises(
        ValueError, match=rf"^train example 1: data\.columns\.{column} must hold text, it holds \['a'\]"
    ):
        TASK.prepare({"train": {**examples, column: [["a"]]}})


def test_the_range_of_a_target_is_noted_and_a_constant_one_warned_of():
    found = prepared({"V": 1, "A": 5}, {"V": 4, "A": 5})[1]
    assert [(f.level, f.what) for f in found] == [
        ("note", "V: 1 to 4, mean 2.5, standard deviation 1.5"),
        ("warning", "A is 5 everywhere"),
    ]


def test_new_text_needs_no_target():
    assert TASK.prepare({"new": {"text": ["a"]}}) == ({"new": {"text": ["a"]}}, [])


@pytest.mark.parametrize("choice", [{"best": "accuracy"}, {"scaling": "minmax"}])
def test_choices_that_do_not_exist(choice):
    with pytest.raises(ValueError, match=r"task\.(best|scaling)=\w+ is not"):
        Regression(**{"name": "regression", "best": "pearson", **choice})


def test_labels_are_the_targets_names():
    assert TASK.labels({"target": [1.0]}, None) == ("target",)
    assert TASK.labels({"target": [{"V": 1, "A": 2}]}, ["V", "A"]) == ("V", "A")
    with pytest.raises(ValueError, match=r"data\.labels=low, high: targets have the names V, A"):
        TASK.labels({"target": [{"V": 1, "A": 2}]}, ["low", "high"])


# --- rows


def test_rows_hold_the_targets_in_the_order_of_the_labels(tokenizer):
    examples = {"text": ["good", "bad " * 100], "target": [{"V": 1.0, "A": 2.0}, {"A": -100.0, "V": -100.0}]}
    rows = TASK.encode(examples, tokenizer, ("A", "V"))
    assert rows["labels"] == [[2.0, 1.0], [-100.0 + 2**-17] * 2]
    assert torch.tensor(rows["labels"])[1, 0] != IGNORED
    assert rows["cut"] == [False, True] and [len(ids) for ids in rows["input_ids"]] == [3, 64]
    assert TASK.encode({"text": ["a"]}, tokenizer, ("A", "V"))["labels"] == [[IGNORED] * 2]


def test_pairs_are_encoded_as_the_tokenizer_does_it(tokenizer):
    first, second = ["good film", "a " * 70, "a " * 10, "中文 東京"], ["bad", "in " * 5, "to " * 70, "北京 は"]
    rows = encode_texts(tokenizer, first, second)
    expected = tokenizer(first, second, truncation="longest_first", max_length=64)
    assert all(rows[name] == expected[name] for name in tokenizer.model_input_names)
    assert rows["cut"] == [False, True, True, False]


@pytest.mark.parametrize(
    ("cut", "lengths", "kept"),
    [
        ("only_first", (70, 20), (41, 20)), ("only_second", (20, 70), (20, 41)),
        ("only_first", (10, 80), (10, 51)), ("only_second", (80, 10), (51, 10)), ("only_first", (70, 61), (31, 30)),
    ],
)  # fmt: skip
def test_the_one_that_is_to_stay_whole_stays_whole_where_that_leaves_room(tokenizer, cut, lengths, kept):
    rows = encode_texts(tokenizer, ["a " * lengths[0]], ["in " * lengths[1]], cut)
    ids = rows["input_ids"][0]
    counts = [ids.count(tokenizer.convert_tokens_to_ids(word)) for word in ("a", "in")]
    assert rows["cut"] == [True] and len(ids) == 64 and sum(counts) == 61
    assert counts == list(kept) or sorted(counts) == sorted(kept)


# --- loss and scale


def test_the_scale_is_that_of_train_and_of_its_targets_alone():
    train = {"target": [{"V": 1.0, "A": 5.0}, {"V": 5.0, "A": 5.0}]}
    assert TASK.learned_config(train) == {"target_mean": [3.0, 5.0], "target_std": [2.0, 1.0]}
    assert TASK.loss_context({"labels": [[1.0, 5.0], [5.0, 5.0]]}, ("V", "A"), 0.0).std == (2.0, 1.0)
    assert PLAIN.learned_config(train) == {}
    assert PLAIN.loss_context({"labels": [[1.0, 5.0], [5.0, 5.0]]}, ("V", "A"), 0.0).std == (1.0, 1.0)
    assert scale([2.0]) == (2.0, 1.0)


def test_loss_by_hand():
    """(3 - 1) / 2 and (5 - 6) / 1 squared: 1 + 1; the second row is unknown; a target may be -100."""
    labels = torch.tensor([[1.0, 6.0], [IGNORED] * 2, [as_label(-100.0)] * 2])
    outputs = {"logits": torch.tensor([[3.0, 5.0], [9.0, 9.0], [-100.0, -98.0]])}
    losses = TASK.loss(outputs, labels, TargetContext(std=(2.0, 1.0))).tolist()
    assert losses == [2.0, 0.0, pytest.approx(4.0, abs=1e-4)]
    assert TASK.items(labels).tolist() == [2, 0, 2]


def test_predictions_go_to_their_examples_in_the_targets_unit():
    reduced = TASK.reduce({"logits": torch.tensor([[3.123456789, -1.0], [0.5, 2e6]])})
    examples, rows = {"text": ["a", "b"]}, {"example": [1, 0]}
    assert TASK.decode(reduced, rows, ("V", "A"), examples, None) == [
        {"prediction": {"V": 0.5, "A": 2e6}}, {"prediction": {"V": 3.12346, "A": -1.0}},
    ]  # fmt: skip
    one = (reduced[0][:, :1],)
    assert TASK.decode(one, rows, ("target",), examples, None) == [{"prediction": 0.5}, {"prediction": 3.12346}]


# --- baseline and page


def test_the_baseline_is_the_mean_of_train():
    name, guesses = TASK.baseline({"target": [1.0, 3.0]}, {"text": ["a", "b"], "target": [2.0, 4.0]})
    assert "mean" in name and guesses == [{"prediction": 2.0}] * 2
    found = TASK.metrics(guesses, {"target": [2.0, 4.0]}).values
    assert found["mse"] == 2.0 and found["pearson"] == 0.0 and found["r2"] == -1.0
    _, guesses = TASK.baseline({"target": [{"V": 1.0, "A": 0.0}]}, {"text": ["a"]})
    assert guesses == [{"prediction": {"V": 1.0, "A": 0.0}}]


def test_answers_are_one_per_target():
    row = {"gold": {"V": 1.0, "A": 2.5}, "prediction": {"V": 1.5, "A": 2.5}}
    assert [(a.gold, a.predicted, a.error) for a in TASK.answers(row)] == [
        ("V 1", "V 1.5", 0.5),
        ("A 2.5", "A 2.5", 0.0),
    ]
    assert [(a.gold, a.error) for a in TASK.answers({"gold": 1.0, "prediction": 3.0})] == [("1", 2.0)]


# --- a run


def write_table(path, rows):
    path.write_text("\n".join("\t".join(map(str, row)) for row in rows) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("choice", ["method=full", "method=lora", "model=bag_of_words"])
def test_a_run_with_pairs_and_two_targets_predicts_in_their_units(run_here, tiny_bert, tmp_path, choice):
    """Targets around 1,000 with a spread of 100 are near at once: the head starts at their mean."""
    rows = [
        (f"good film {i}", f"好 {i}", 1000 + 100 * (i % 3), i % 2, ["train", "dev", "test", "train"][i % 4])
        for i in range(40)
    ]
    file = write_table(tmp_path / "a.tsv", [("one", "two", "far", "near", "part"), *rows])
    folder = run_here(
        "task=regression", "data=files", f"data.train={file}", "data.split_column=part", choice,
        *([] if choice.startswith("model=") else [f"model.path={tiny_bert}"]), "training.max_steps=2",
        "data.columns={text: one, pair: two, target: [far, near]}",
        "training.eval_strategy=steps", "training.eval_steps=2", "training.save_strategy=steps",
    )  # fmt: skip
    lines = predicted(folder)
    assert len(lines) == 10
    assert lines[0] == {"id": 0, "text": "good film 2", "pair": "好 2", "gold": {"far": 1200.0, "near": 0.0},
                        "prediction": lines[0]["prediction"]}  # fmt: skip
    assert all(800 < line["prediction"]["far"] < 1400 and -2 < line["prediction"]["near"] < 3 for line in lines)
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["baseline"]["values"]["pearson"] == 0.0
    assert [row["target"] for row in metrics["tables"]["test"]["targets"]] == ["far", "near"]
    config = json.loads((folder / "model" / "config.json").read_text())
    far = [row[2] for row in rows if row[4] == "train"]
    assert config["target_mean"][0] == pytest.approx(sum(far) / len(far))

    from stages.prediction import load_model

    model = load_model(folder)
    again = model.predict({"text": [line["text"] for line in lines], "pair": [line["pair"] for line in lines]})
    for line, guess in zip(lines, again, strict=True):
        assert guess["prediction"] == {k: pytest.approx(v, rel=1e-4, abs=1e-4) for k, v in line["prediction"].items()}
    assert model.predict({"text": [" "], "pair": [""]}) == [{"prediction": None}]
