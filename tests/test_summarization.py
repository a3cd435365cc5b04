"""Summarization on literals, and runs of both kinds of model."""

import hashlib
import json

import pytest
import torch
from run_files import predicted, read_lines

from stages.model import fit_task
from stages.prediction import load_model
from stages.processor import load_tokenizer
from tasks.samples.summarization import generate
from tasks.summarization import Summarization

TASK = Summarization("summarization", "loss", {"max_new_tokens": 6}, prompt="summarize: {text}", lead=1)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"best": "f1"}, "task.best=f1 is not a score of summarization. Choose one of: rouge1, rouge2, rougeL"),
        ({"prompt": "summarize"}, "task.prompt='summarize' holds no {text}, where the text goes"),
        ({"lead": 0}, "task.lead=0 is not a number of sentences"),
        ({"generation": {"max_new_tokens": 5, "num_beam": 4}}, "task.generation.num_beam is not known"),
    ],
)
def test_choices_that_do_not_exist(choice, expected):
    given = {"name": "summarization", "best": "loss", "generation": {"max_new_tokens": 5}, **choice}
    with pytest.raises(ValueError) as caught:
        Summarization(**given)
    assert str(caught.value).startswith(expected)


def test_texts_may_be_lists_of_sentences_and_summaries_lists_of_references():
    examples = {"text": ["A b.", ["C d.", "E f."]], "summary": ["a", ["c", "e"]]}
    ready, findings = TASK.prepare({"test": examples})
    assert ready["test"] == {"text": ["A b.", "C d. E f."], "summary": [["a"], ["c", "e"]]} and findings == []
    assert TASK.prepare(ready) == (ready, [])
    assert TASK.prepare({"new": {"text": ["x"]}})[0] == {"new": {"text": ["x"]}}


@pytest.mark.parametrize(
    ("examples", "expected"),
    [
        (
            {"text": ["a", {"b": 1}], "summary": ["a", "b"]},
            "test example 2: data.columns.text must hold text or a list",
        ),
        ({"text": ["a", "b"], "summary": ["a", [3]]}, "test example 2: data.columns.summary must hold text or a list"),
        ({"text": ["a", "b"], "summary": ["a", []]}, "test example 2: data.columns.summary is empty"),
        ({"text": ["a", "b"], "summary": ["a", " "]}, "test example 2: data.columns.summary is empty"),
    ],
)
def test_what_is_wrong_with_an_example_is_named(examples, expected):
    with pytest.raises(ValueError) as caught:
        TASK.prepare({"test": examples})
    assert str(caught.value).startswith(expected)


def test_the_first_reference_is_learned_after_the_prompt(tiny_llama, tiny_t5):
    examples = {"text": ["the cat", "我们去北京"], "summary": [["a dog", "x"], ["北京"]]}
    llama, t5 = load_tokenizer(tiny_llama, False), load_tokenizer(tiny_t5, False)
    rows = fit_task(TASK, tiny_llama, llama).encode(examples, llama, ())
    assert llama.decode(rows["input_ids"][0]) == "<|user|>summarize: the cat</s><|assistant|>"
    assert [llama.decode(ids) for ids in rows["labels"]] == ["a dog</s>", "北京</s>"]
    rows = fit_task(TASK, tiny_t5, t5).encode(examples, t5, ())
    assert t5.decode(rows["input_ids"][1]) == "summarize: 我们去北京</s>"


def test_scores_and_tables():
    examples = {
        "text": ["The cat sat. It slept.", "A dog ran."],
        "summary": [["cat slept", "the cat sat"], ["dog ran"]],
    }
    scores = TASK.metrics([{"prediction": "the cat sat"}, {"prediction": "dog ran off"}], examples)
    assert scores.values == pytest.approx(
        {"rouge1": 0.9, "rouge2": (1 + 2 / 3) / 2, "rougeL": 0.9, "rougeLsum": 0.9, "words": 3.0, "novel_2": 1 / 4}
    )
    form = scores.tables["length and new n-grams"]
    assert [row["of"] for row in form] == ["predictions", "references"]
    assert form[1]["words"] == pytest.approx(7 / 3) and form[1]["new 2-grams"] == pytest.approx(1 / 3)
    assert "rouge-score 0.1.2" in scores.tables["computed by"][0]["settings"]
    blank = TASK.metrics([{"prediction": None}, {"prediction": ""}], examples)
    assert blank.values["rouge1"] == blank.values["words"] == 0


def test_the_baseline_copies_the_lead():
    task = Summarization("summarization", "loss", {"max_new_tokens": 6}, lead=2)
    name, guesses = task.baseline({}, {"text": ["A b. C d! E f.", "我去。你来。他走。", "one"]})
    assert name == "the first 2 sentences"
    assert [guess["prediction"] for guess in guesses] == ["A b. C d!", "我去。 你来。", "one"]


def test_an_answer_is_compared_with_the_nearest_reference():
    row = {"text": "t", "gold": ["cat slept", "the cat sat"], "prediction": "the cat ran"}
    (answer,) = TASK.answers(row)
    assert (answer.gold, answer.predicted) == ("the cat sat", "the cat ran")
    assert answer.error == pytest.approx(1 / 3)
    assert TASK.answers({"gold": "a b", "prediction": "a b"})[0].error == 0
    assert TASK.for_evaluate([{"prediction": "x"}], {"summary": [["a", "b"]]}) == {
        "predictions": ["x"], "references": ["a"],
    }  # fmt: skip


def test_the_sample_is_the_same_everywhere_and_not_solved_by_its_lead():
    made = generate()
    pinned = "3e172359a4609edd8cafb2e0d8b09616e2ea341904b44b8b3f44db760b5baa00"
    assert hashlib.sha256(json.dumps(made).encode()).hexdigest() == pinned
    examples = TASK.prepare(made)[0]["test"]
    assert [len(texts) for texts in examples["summary"]] == [2] * 40
    _, guesses = TASK.baseline({}, examples)
    assert TASK.metrics(guesses, examples).values["rouge2"] < 0.1
    known = " ".join(made["train"]["text"])
    assert not any(name in known for name in ("Vale", "Bergen", "squash"))


@pytest.mark.parametrize(("model", "method"), [("tiny_llama", "lora"), ("tiny_t5", "full")])
def test_a_run_writes_summaries_that_its_model_writes_again(run_here, request, model, method, tmp_path):
    """Several references, a list of sentences, Chinese, and a text too long for the model."""
    rows = [
        {"source": ["the cat sat.", "a dog ran."], "target": ["cat sat", "dog ran"]},
        {"source": ["我们去北京看河。"], "target": ["去北京"]},
        {"source": ["the city of Berlin ."] * 60, "target": ["city"]},
    ] * 2
    for name in ("train", "test"):
        lines = [json.dumps({**row, "source": [f"{name} {i}.", *row["source"]]}) for i, row in enumerate(rows)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines))
    words = ["task=summarization", "data=files", f"data.train={tmp_path}/train.jsonl", f"method={method}",
             f"data.validation={tmp_path}/test.jsonl", f"data.test={tmp_path}/test.jsonl", "data.columns.text=source",
             "data.columns.summary=target", "task.generation.max_new_tokens=8", "training.num_train_epochs=1",
             "batch_size=4", f"model.path={request.getfixturevalue(model)}"]  # fmt: skip
    folder = run_here(*words)
    metrics = json.loads((folder / "metrics.json").read_text())
    assert {"rouge1", "rougeLsum", "words", "novel_2", "loss", "perplexity"} <= set(metrics["test"])
    assert metrics["baseline"]["values"]["rouge1"] > 0 and metrics["tables"]["test"]["computed by"]
    found = json.loads((folder / "findings.json").read_text())
    assert any("2 examples are longer than the model reads" in f["what"] for f in found if f["split"] == "test")
    history = read_lines(folder / "history.jsonl")
    assert not any("eval_rouge1" in line for line in history), "no text is written while training"
    rows = predicted(folder)
    assert [row["gold"] for row in rows[:2]] == [["cat sat", "dog ran"], ["去北京"]] and len(rows) == 6
    again = load_model(folder).predict({"text": [row["text"] for row in rows] + [" "]})
    assert [guess["prediction"] for guess in again] == [*(row["prediction"] for row in rows), None]
    assert any(row["prediction"] for row in rows)
    config = json.loads((folder / "model" / "generation_config.json").read_text())
    assert config["max_new_tokens"] == 8
    assert "cat sat" in (folder / "report.html").read_text(encoding="utf-8")


def test_a_model_that_cannot_write_is_refused(run_here, tiny_bert):
    with pytest.raises(ValueError, match=r"model\.path is a bert model, which reads but does not write"):
        run_here("task=summarization", "data=sample", f"model.path={tiny_bert}")


def test_a_checkpoint_may_be_chosen_by_rouge(run_here, tiny_gpt2):
    folder = run_here(
        "task=summarization", "data=sample", "data.limit=6", f"model.path={tiny_gpt2}", "task.best=rouge1",
        "task.generation.max_new_tokens=4", "training.max_steps=2", "batch_size=2",
    )  # fmt: skip
    history = read_lines(folder / "history.jsonl")
    assert any("eval_rouge1" in line for line in history)


def test_text_is_written_in_the_precision_of_training_in_evaluation_and_after(run_here, tiny_llama, monkeypatch):
    """An adapter's inner model writes, which accelerate's wrapper for half precision does not reach."""
    seen, respond = [], Summarization.respond

    def watched(self, model, inputs, labels):
        seen.append(torch.is_autocast_enabled("cpu"))
        return respond(self, model, inputs, labels)

    monkeypatch.setattr(Summarization, "respond", watched)
    folder = run_here(
        "task=summarization", "data=sample", "data.limit=4", f"model.path={tiny_llama}", "training.bf16=true",
        "task.generation.max_new_tokens=4", "training.max_steps=2", "batch_size=2", "method=lora",
    )  # fmt: skip
    assert seen == [True, True], "validation and test"
    rows = predicted(folder)
    again = load_model(folder).predict({"text": [row["text"] for row in rows]})
    assert seen == [True] * 3 and [guess["prediction"] for guess in again] == [row["prediction"] for row in rows]
