"""Runs of causal and masked language modelling: pretraining and what starts from it, batches cut and shared."""

import json
from math import exp, log

import pytest
from run_files import predicted, read_lines

from stages.prediction import load_model


@pytest.fixture
def corpus(tmp_path):
    """A text of 40 paragraphs of two lines, the tenth of them Chinese."""
    kinds = ("Anna lives in {}\nand {} is far", "我们去北京 {}\n好 {}")
    text = "\n\n".join(kinds[i % 10 == 9].format(i, i + 1) for i in range(40))
    path = tmp_path / "play.txt"
    path.write_text(text, encoding="utf-8")
    return path


SHORT = (
    "training.max_steps=2",
    "training.eval_strategy=steps",
    "training.eval_steps=2",
    "training.save_strategy=steps",
)


def test_pretraining_and_the_run_that_starts_from_it(run_here, tiny_bert, corpus):
    words = ("data=files", f"data.train={corpus}", "data.format=paragraphs", f"model.path={tiny_bert}", *SHORT)
    first = run_here("task=masked_lm", *words, "task.block=32")
    rows = predicted(first)
    assert [row["text"] for row in rows] == corpus.read_text(encoding="utf-8").split("\n\n")[-4:], "the end, in order"
    assert "gold" not in rows[0] and rows[0]["prediction"] == pytest.approx(exp(rows[0]["loss"]), rel=1e-3)
    scores = json.loads((first / "metrics.json").read_text())
    assert scores["test"]["perplexity"] == pytest.approx(exp(scores["test"]["loss"]), rel=1e-4)
    assert scores["baseline"]["name"].startswith("unigram") and scores["baseline"]["values"]["perplexity"] > 1
    again = load_model(first, {"use_cpu": True}).predict({"text": [row["text"] for row in rows]})
    assert [p["prediction"] for p in again] == pytest.approx([row["prediction"] for row in rows], rel=1e-3)
    assert [p["guesses"] for p in again] == [row["guesses"] for row in rows]

    second = run_here("task=text_classification", "data=sample", "data.limit=20", f"model.path={first}", *SHORT)
    origin = json.loads((second / "provenance.json").read_text())["model"]
    known = json.loads((first / "provenance.json").read_text())
    assert origin["run"]["run"] == first.name and origin["run"]["task"] == "masked_lm"
    assert origin["run"]["data"] == known["data"] and origin["run"]["model"]["path"] == str(tiny_bert)
    (first / "metrics.json").unlink()
    with pytest.raises(ValueError, match=r"is not finished, it has no metrics\.json"):
        run_here("task=text_classification", "data=sample", "data.limit=20", f"model.path={first}", *SHORT, "seed=2")


def test_a_causal_run(run_here, tiny_llama, corpus):
    run = run_here("task=causal_lm", "data=files", f"data.train={corpus}", f"model.path={tiny_llama}", "task.block=32",
                   "task.stride=4", *SHORT)  # fmt: skip
    rows = predicted(run)
    texts = corpus.read_text(encoding="utf-8").split("\n")
    assert [row["text"] for row in rows] == texts[-len(rows) :], "a .txt file is lines of running text"
    assert [row["prediction"] is None for row in rows] == [not row["text"] for row in rows]
    scores = json.loads((run / "metrics.json").read_text())["test"]
    nats = sum(row["loss"] * row["tokens"] for row in rows if row["tokens"])
    tokens = sum(row["tokens"] or 0 for row in rows)
    assert scores["loss"] == pytest.approx(nats / tokens, rel=1e-4)
    size = sum(len(row["text"].encode()) for row in rows if row["text"])
    assert scores["bits_per_byte"] == pytest.approx(nats / log(2) / size, rel=1e-4)
    again = load_model(run, {"use_cpu": True}).predict({"text": [row["text"] for row in rows]})
    assert [p["loss"] for p in again if p["tokens"]] == pytest.approx(
        [r["loss"] for r in rows if r["tokens"]], abs=1e-3
    )


def losses_of(run):
    """The training loss after each step, and the scores of the test split."""
    history = read_lines(run / "history.jsonl")
    return [row["loss"] for row in history if "loss" in row], json.loads((run / "metrics.json").read_text())["test"]


EVERY_STEP = ("batch_size=4", "training.dropout=0", "training.logging_steps=1", "task.block=32", "training.max_steps=3")


def test_accumulation_changes_nothing(run_here, tiny_llama, corpus):
    words = ("task=causal_lm", "data=files", f"data.train={corpus}", f"model.path={tiny_llama}", *SHORT, *EVERY_STEP)
    together = losses_of(run_here(*words))
    apart = losses_of(run_here(*words, "hardware.per_device_train_batch_size=1", "rerun=true"))
    assert len(together[0]) == 3 and apart[0] == pytest.approx(together[0], abs=1e-4)
    assert apart[1] == pytest.approx(together[1], rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("task", ["causal_lm", "masked_lm"])
def test_two_processes_change_nothing(run_here, run_command, tiny_llama, tiny_bert, corpus, tmp_path, task):
    model = tiny_llama if task == "causal_lm" else tiny_bert
    words = (f"task={task}", "data=files", f"data.train={corpus}", f"model.path={model}", *SHORT, *EVERY_STEP)
    one = run_here(*words)
    done = run_command(*words, f"output_root={tmp_path}/two", "hardware=cpu", "hardware.num_processes=2",
                       "tracking=disabled")  # fmt: skip
    assert done.returncode == 0, done.stderr
    (two,) = (tmp_path / "two").glob("*/metrics.json")
    assert losses_of(two.parent)[0] == pytest.approx(losses_of(one)[0], abs=1e-4)
    assert losses_of(two.parent)[1] == pytest.approx(losses_of(one)[1], rel=1e-3)
    assert [row["tokens"] for row in predicted(two.parent)] == [row["tokens"] for row in predicted(one)]
