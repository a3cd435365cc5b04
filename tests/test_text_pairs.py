"""Pairs of texts: read together, left out or missing, remembered by the baseline; a run on a file of pairs."""

import json

import pytest
from label_kinds import NAME, ONE
from run_files import predicted

from tasks.text_classification import TextClassification


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


# --- whole runs


def test_a_run_on_pairs_in_a_file(run_here, tiny_bert, tmp_path):
    from stages.prediction import load_model

    pairs = [("good film", "bad film"), ("the city", "the city"), ("城市 good", "城市 bad"), ("river", "river")] * 8
    rows = [f"{a} {i}\t{b} {i}\t{'same' if a == b else 'different'}" for i, (a, b) in enumerate(pairs)]
    (tmp_path / "pairs.tsv").write_text("\n".join(["s1\ts2\tgold", *rows]), encoding="utf-8")
    columns = [f"data.columns.{name}={column}" for name, column in (("text", "s1"), ("pair", "s2"), ("label", "gold"))]
    folder = run_here(f"task={NAME}", "data=files", f"data.train={tmp_path}/pairs.tsv", *columns,
                      f"model.path={tiny_bert}", "training.max_steps=2")  # fmt: skip
    assert json.loads((folder / "tuned.json").read_text())["pairs"] is True
    found = predicted(folder)
    assert all({"text", "pair", "gold", "prediction"} <= {*row} for row in found) and len(found) == 3
    model = load_model(folder, {"use_cpu": True})
    again = model.predict({name: [row[name] for row in found] for name in ("text", "pair")})
    assert [p["prediction"] for p in again] == [row["prediction"] for row in found]
    with pytest.raises(ValueError, match=r"task\.pairs: there is no second text"):
        model.predict({"text": ["good film"]})
