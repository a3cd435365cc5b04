"""Ranking: scores worked out by hand, examples as they are read, pairs and groups on literals; runs, used again."""

import hashlib
import json
import math

import numpy
import pytest
import torch
from datasets import Dataset
from run_files import predicted

from stages.data import load_data
from stages.findings import find_long
from stages.prediction import load_model
from tasks.contract import IGNORED
from tasks.ranking import Ranking
from tasks.samples import ranking as sample
from tasks.texts.ranking_loss import GradesContext, pair_loss

TASK = Ranking("ranking", "mrr")
PAIRWISE = Ranking("ranking", "mrr", objective="pairwise")


# --- scores of a task


def test_means_are_over_queries_that_have_an_answer():
    examples = {"relevance": [[0.0, 1.0], [0.0, 0.0], [2.0, 1.0]]}
    guesses = [{"order": [0, 1]}, {"order": [1, 0]}, {"order": [0, 1]}]
    found = TASK.metrics(guesses, examples)
    assert found.values == {
        "mrr": 0.75, "map": 0.75, "precision_at_1": 0.5, "recall": 1.0,
        "ndcg": pytest.approx((1 / math.log2(3) + 1) / 2),
    }  # fmt: skip
    assert [row["k"] for row in found.tables["by k"]] == [1, 3, 5, 10]
    assert found.tables["by k"][0] == {"k": 1, "mrr": 0.5, "ndcg": 0.5, "recall": 0.25}


def test_pairwise_evaluation_has_the_loss_of_pairs():
    """Leads of 1 and of -1 between candidates of different relevance: the mean of log(1 + e^-1) and log(1 + e)."""
    examples = {"relevance": [[1.0, 0.0], [0.0, 1.0, 1.0]]}
    guesses = [{"order": [0, 1], "scores": [2.0, 1.0]}, {"order": [0, 1, 2], "scores": [2.0, 1.0, 1.0]}]
    expected = (math.log(1 + math.exp(-1)) + 2 * math.log(1 + math.e)) / 3
    assert PAIRWISE.metrics(guesses, examples).values["loss"] == pytest.approx(expected)
    assert "loss" not in TASK.metrics(guesses, examples).values
    assert pair_loss(1000.0) == 0.0 and pair_loss(-1000.0) == 1000.0


# --- examples as they are read

FLAT = {"query": ["q", "r", "q"], "text": ["a", "b", "c"], "relevance": [0, "1", 2.0]}


def test_rows_of_one_candidate_are_grouped_by_query():
    ready, found = TASK.prepare({"train": FLAT})
    assert ready["train"] == {
        "query": ["q", "r"], "candidates": [["a", "c"], ["b"]], "relevance": [[0.0, 2.0], [1.0]],
    }  # fmt: skip
    assert [f.what for f in found] == ["candidates per query: 1 to 2, mean 1.5"]


def test_new_rows_stand_alone_and_are_scored_one_by_one():
    new = {name: FLAT[name] for name in ("query", "text")}
    ready, _ = TASK.prepare({"new": new})
    assert ready["new"] == {"query": ["q", "r", "q"], "candidates": [["a"], ["b"], ["c"]]}


def test_queries_without_a_relevant_candidate_are_warned_of():
    _, found = TASK.prepare({"test": {"query": ["q"], "candidates": [["a", "b"]], "relevance": [[0, 0]]}})
    assert [(f.level, f.what) for f in found][1] == ("warning", "1 queries have no relevant candidate")


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("candidates", "a b", "data.columns.candidates must be a list of texts, it is 'a b'"),
        ("candidates", [], "data.columns.candidates must be a list of texts, it is []"),
        ("candidates", ["a", 3], "data.columns.candidates must be a list of texts"),
        ("relevance", [1], "data.columns.relevance needs one value for each of 2 candidates, it has 1 values"),
        ("relevance", 1, "data.columns.relevance needs one value for each of 2 candidates, it has 1."),
        ("relevance", [1, -1], "data.columns.relevance must be a number from 0 up, it is -1"),
        ("relevance", [1, "yes"], "data.columns.relevance must be a number from 0 up, it is 'yes'"),
        ("relevance", [1, float("nan")], "data.columns.relevance must be a number from 0 up, it is nan"),
        ("query", None, "data.columns.query must hold text, it holds None"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(column, value, said):
    examples = {"query": ["q", "r"], "candidates": [["a", "b"]] * 2, "relevance": [[0, 1]] * 2}
    examples[column] = [examples[column][0], value]
    with pytest.raises(ValueError) as caught:
        TASK.prepare({"dev": examples})
    assert str(caught.value).startswith("dev example 2: ") and said in str(caught.value)


@pytest.mark.parametrize("choice", [{"objective": "listwise"}, {"k": 0}, {"negatives": 0}, {"best": "accuracy"}])
def test_choices_that_do_not_exist(choice):
    with pytest.raises(ValueError, match=r"task\.(objective|k|negatives|best)=\w+ is not"):
        Ranking(**{"name": "ranking", "best": "mrr", **choice})


# --- what is learned from

EXAMPLES = {
    "query": ["good film", "in the city"],
    "candidates": [["bad " * 80, "good", "河"], ["river", "he said"]],
    "relevance": [[0.0, 1.0, 0.0], [2.0, 0.0]],
}


@pytest.fixture(scope="module")
def rows(tokenizer):
    encoded = TASK.encode(EXAMPLES, tokenizer, ())
    return Dataset.from_dict({**encoded, "length": [len(ids) for ids in encoded["input_ids"]]})


def test_each_candidate_is_a_row_and_the_query_stays_whole(tokenizer, rows):
    assert rows["example"][:] == [0, 0, 0, 1, 1] and rows["candidate"][:] == [0, 1, 2, 0, 1]
    assert rows["labels"][:] == [0.0, 1.0, 0.0, 2.0, 0.0] and rows["cut"][:] == [True, False, False, False, False]
    assert tokenizer.decode(rows["input_ids"][0]).startswith("[CLS] good film [SEP] bad bad")
    assert TASK.encode({k: EXAMPLES[k] for k in ("query", "candidates")}, tokenizer, ())["labels"] == [IGNORED] * 5
    notes = find_long({"test": type("Split", (), {"rows": rows})}, TASK)
    assert [f.what for f in notes] == [
        "1 examples are longer than the model reads: the end of the candidate is not seen"
    ]


def test_training_rows(tokenizer, rows):
    few = Ranking("ranking", "mrr", negatives=1).training_rows(rows, tokenizer, 1)
    assert sorted(few["labels"][:]) == [0.0, 0.0, 1.0, 2.0]
    pairs = PAIRWISE.training_rows(rows, tokenizer, 1)
    assert len(pairs) == 3 and pairs["length"][:] == [len(a) + len(b) for a, b in pairs["input_ids"][:]]
    for first, second in pairs["input_ids"][:]:
        texts = list(rows["input_ids"])
        assert rows["labels"][texts.index(first)] > rows["labels"][texts.index(second)]
    with pytest.raises(ValueError, match="no query of train has candidates of different relevance"):
        PAIRWISE.training_rows(rows.select([1, 3]), tokenizer, 1)


def test_losses_by_hand():
    logits, labels = torch.tensor([[1.0], [-2.0], [0.0]]), torch.tensor([2.0, 0.0, float(IGNORED)])
    context = TASK.loss_context({"labels": [2.0, 0.0, 1.0]}, (), 0.0)
    assert context.top == 2.0
    expected = [math.log(1 + math.exp(-1)), math.log(1 + math.exp(-2)), 0.0]
    assert TASK.loss({"logits": logits}, labels, context).tolist() == pytest.approx(expected)
    assert TASK.items(labels).tolist() == [1, 1, 0]
    pairs = torch.tensor([[2.0, 1.0], [0.0, 3.0]])
    expected = [math.log(1 + math.exp(-1)), math.log(1 + math.exp(3))]
    assert PAIRWISE.loss({"logits": pairs}, torch.ones(2), GradesContext()).tolist() == pytest.approx(expected)


def test_pairs_score_as_their_texts_do_alone(tiny_bert, tokenizer, rows):
    from transformers import BertForSequenceClassification

    head = TASK.head_class(BertForSequenceClassification).from_pretrained(tiny_bert, num_labels=1).eval()
    collate, names = TASK.collator(tokenizer, head), (*tokenizer.model_input_names, "labels")
    pairs = PAIRWISE.training_rows(rows, tokenizer, 1)
    of_pairs = collate([{n: row[n] for n in names} for row in pairs])
    inputs = tokenizer.model_input_names
    singles = [{**{n: row[n][i] for n in inputs}, "labels": 1.0} for row in pairs for i in (0, 1)]
    of_singles = collate(singles)
    with torch.no_grad():
        together, alone = (
            head(**{k: v for k, v in b.items() if k != "labels"})["logits"] for b in (of_pairs, of_singles)
        )
    assert together.shape == (3, 2) and alone.shape == (6, 1)
    assert torch.allclose(together.flatten(), alone.flatten(), atol=1e-6)


def test_predictions_are_candidates_in_order(rows):
    scores = numpy.array([[0.5, -1.0, 2.0, 0.123456, 3.0]]).T[:, 0]
    decoded = TASK.decode((scores,), {"example": [0, 0, 0, 1, 1], "candidate": [2, 0, 1, 1, 0]}, (), EXAMPLES, None)
    assert decoded[0] == {"prediction": ["good", "河", "bad " * 80], "order": [1, 2, 0], "scores": [2.0, 0.5, -1.0]}
    assert decoded[1] == {"prediction": ["river", "he said"], "order": [0, 1], "scores": [3.0, 0.1235]}


def test_answers_and_marks_of_a_row():
    row = {"query": "q", "candidates": ["a", "b", "c"], "gold": [0.0, 0.0, 2.0], "prediction": ["b", "c", "a"],
           "order": [1, 2, 0]}  # fmt: skip
    (answer,) = TASK.answers(row)
    assert (answer.gold, answer.predicted, answer.error) == ("c", "b", 0.5)
    assert TASK.marked(row) == [("q", None, None), ("b", None, "relevant"), ("c", "relevant", None)]
    assert TASK.answers({**row, "gold": [0.0, 0.0, 0.0]}) == []


# --- the sample and runs


def test_the_sample_is_pinned_and_its_test_split_is_new():
    data = sample.generate()
    assert hashlib.sha256(json.dumps(data).encode()).hexdigest() == DIGEST
    assert {split: len(columns["query"]) for split, columns in data.items()} == sample.SIZES
    assert not {*data["train"]["query"]} & {*data["test"]["query"]}
    passages = [{c for of in data[s]["candidates"] for c in of} for s in ("train", "test")]
    assert not passages[0] & passages[1]
    assert all(values.count(2) == 1 for columns in data.values() for values in columns["relevance"])


DIGEST = "23a65400b9f09cc1fce603367aaf0bf78030c1339e00ba058feb7593a1a70b81"


@pytest.mark.parametrize("objective", ["pointwise", "pairwise"])
def test_a_run_on_flat_rows(run_here, tiny_bert, tmp_path, objective):
    lines = ["query\tpassage\tgrade"]
    lines += [
        f"the city {i}\t{'good' if j == i % 3 else 'bad'} film {i} {j}\t{int(j == i % 3)}"
        for i in range(30)
        for j in range(3)
    ]
    file = tmp_path / "rows.tsv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    folder = run_here(
        "task=ranking", f"task.objective={objective}", "data=files", f"data.train={file}", f"model.path={tiny_bert}",
        "data.columns={query: query, text: passage, relevance: grade}", "training.max_steps=2",
        "training.eval_strategy=steps", "training.eval_steps=2", "training.save_strategy=steps",
    )  # fmt: skip
    rows = predicted(folder)
    assert len(rows) == 3 and all(sorted(row["prediction"]) == sorted(row["candidates"]) for row in rows)
    assert all(row["scores"] == sorted(row["scores"], reverse=True) for row in rows)
    metrics = json.loads((folder / "metrics.json").read_text())
    ranks = [[row["gold"][i] for i in row["order"]].index(1.0) + 1 for row in rows]
    assert metrics["test"]["mrr"] == pytest.approx(sum(1 / rank for rank in ranks) / 3)

    model = load_model(folder)
    again = model.predict({name: [row[name] for row in rows] for name in ("query", "candidates")})
    for row, guess in zip(rows, again, strict=True):
        assert guess["order"] == row["order"] and guess["scores"] == pytest.approx(row["scores"], abs=2e-4)
    flat = model.predict({"query": [rows[0]["query"]] * 3, "text": rows[0]["candidates"]})
    assert [guess["scores"][0] for guess in flat] == pytest.approx(
        [rows[0]["scores"][rows[0]["order"].index(i)] for i in range(3)], abs=2e-4
    )


def test_json_lines_hold_lists(tmp_path):
    file = tmp_path / "a.jsonl"
    row = {"query": "q", "passages": {"text": ["a", "b"], "selected": [0, 1]}}
    file.write_text(json.dumps(row) + "\n", encoding="utf-8")
    columns = {"candidates": "passages.text", "relevance": "passages.selected"}
    keys = {"name": "files", "source": "files", "format": None, "train": str(file), "validation": str(file),
            "test": None, "columns": columns, "labels": None, "validation_share": 0.1, "test_share": 0, "limit": None,
            "per_class": None, "split_column": None}  # fmt: skip
    data = load_data({"data": keys}, TASK)
    assert data.splits["train"] == {"query": ["q"], "candidates": [["a", "b"]], "relevance": [[0.0, 1.0]]}
