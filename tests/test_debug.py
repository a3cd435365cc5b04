"""The debug experiments do what their headers say, on every task that has a sample."""

import json

import pytest
from conftest import PROJECT
from omegaconf import OmegaConf
from run_files import predicted, read_lines

from stages.profiling import operations, phase_rows

SAMPLES = {p.stem for p in (PROJECT / "tasks" / "samples").glob("*.py")}
TASKS = sorted(p.stem for p in (PROJECT / "conf" / "task").glob("*.yaml") if p.stem in SAMPLES)
WRITERS = ("summarization", "translation", "dialogue", "causal_lm")
EXPERIMENTS = sorted(p.stem for p in (PROJECT / "conf" / "experiment" / "debug").glob("*.yaml"))


def test_each_debug_experiment_is_tested_here():
    assert EXPERIMENTS == ["one_batch", "overfit", "profile"] and len(TASKS) >= 2


BERTS = [task for task in TASKS if task not in (*WRITERS, "image_classification", "few_shot", "masked_lm")]


def first_two(tasks):
    """Two of them by default, all in the slow tests: each has its own run in its own tests."""
    return [
        task if task in ("ner", "text_classification") else pytest.param(task, marks=pytest.mark.slow) for task in tasks
    ]


@pytest.mark.parametrize("task", first_two(BERTS))
def test_one_batch_goes_the_full_path(run_here, tiny_bert, task):
    folder = run_here("experiment=debug/one_batch", f"task={task}", f"model.path={tiny_bert}")
    assert [line["step"] for line in read_lines(folder / "history.jsonl")] == [1, 1]
    assert len(predicted(folder)) == 16
    assert (folder / "model" / "model.safetensors").is_file() and (folder / "metrics.json").is_file()


@pytest.mark.parametrize("task", first_two(BERTS))
def test_overfit_reaches_the_best_score(run_here, tiny_bert, task):
    """A random model needs a higher rate than a pretrained one, nothing else."""
    words = ("optimizer.learning_rate=5e-3", "training.max_steps=200", "training.eval_steps=100")
    folder = run_here("experiment=debug/overfit", f"task={task}", f"model.path={tiny_bert}", *words)
    metrics = json.loads((folder / "metrics.json").read_text())
    best = json.loads((folder / "model" / "config.json").read_text())
    assert best["hidden_dropout_prob"] == best["attention_probs_dropout_prob"] == 0
    reached = [metrics[split][metrics_key(folder)] for split in ("validation", "test")]
    tied = task == "ranking"  # the tiny vocabulary makes some candidates the same text
    assert min(reached) >= (0.9 if tied else 0.999)
    losses = [line["loss"] for line in read_lines(folder / "history.jsonl") if "loss" in line]
    assert losses[-1] < (0.4 if tied else 0.2) * losses[0]


def metrics_key(folder):
    return OmegaConf.load(folder / "config.yaml").task.best


def test_profile_leaves_a_trace_and_tables(run_here, tiny_bert, capsys):
    """Two steps to an epoch, two accumulation pieces each: evaluations between the steps are no part of them."""
    words = ("data.limit=16", "batch_size=8", "hardware.per_device_train_batch_size=4")
    folder = run_here("experiment=debug/profile", f"model.path={tiny_bert}", "task=text_classification", *words)
    said = capsys.readouterr().out
    assert "profile of 5 steps" in said and "whole step" in said and "aten::" in said
    summary = json.loads((folder / "profile" / "summary.json").read_text())
    seconds = {row["phase"]: row["seconds"] for row in summary["phases"]}
    assert list(seconds) == ["data", "forward", "backward", "optimizer", "rest", "whole step"]
    assert all(value > 0 for value in seconds.values()) and summary["steps"] == 5
    assert sum(seconds.values()) == pytest.approx(2 * seconds["whole step"])
    calls = {row["operation"]: row["calls"] for row in summary["operations"]}
    assert calls["aten::embedding"] == 5 * 2 * 3  # steps, pieces, embeddings of a BERT: no evaluation among them
    assert {path.name for path in folder.glob("profile/step_*")} == {f"step_{i}.json" for i in range(3, 8)}
    events = json.loads((folder / "profile" / "step_5.json").read_text())["traceEvents"]
    phases = {"phase: data", "phase: forward", "phase: backward", "phase: optimizer"}
    assert phases <= {event.get("name") for event in events}


def test_too_few_steps_to_profile(run_here, tiny_bert, capsys):
    words = ("experiment=debug/profile", f"model.path={tiny_bert}", "data.limit=16")
    folder = run_here(*words, "training.max_steps=2")
    assert "nothing was profiled" in capsys.readouterr().out and not (folder / "profile").exists()
    folder = run_here(*words, "training.max_steps=4")
    assert json.loads((folder / "profile" / "summary.json").read_text())["steps"] == 2


def test_rows_of_phases():
    rows = phase_rows({"data": 1.0, "forward": 2.0, "whole step": 4.0}, 2)
    assert [(row["phase"], row["seconds"], row["share"]) for row in rows] == [
        ("data", 0.5, 0.25), ("forward", 1.0, 0.5), ("rest", 0.5, 0.25), ("whole step", 2.0, 1.0),
    ]  # fmt: skip
    assert operations([]) == []


def test_dropout_is_one_word_for_every_architecture():
    from transformers import AutoConfig

    from stages.model import dropouts

    keys = {
        "bert": {"hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout"},
        "distilbert": {"dropout", "attention_dropout", "qa_dropout", "seq_classif_dropout"},
        "modernbert": {"embedding_dropout", "mlp_dropout", "attention_dropout", "classifier_dropout"},
        "gpt2": {"resid_pdrop", "embd_pdrop", "attn_pdrop"},
    }
    for name, expected in keys.items():
        known = AutoConfig.for_model(name)
        found = dropouts(known, {"dropout": 0.2})
        assert expected <= set(found) and set(found.values()) == {0.2}
        assert dropouts(known, {}) == {}
        of_attention = {key for key in expected if "att" in key}
        assert dropouts(known, {"attention_dropout": 0}) == dict.fromkeys(of_attention, 0)
        assert dropouts(known, {"dropout": 0.2, "attention_dropout": 0}) == {**found, **dict.fromkeys(of_attention, 0)}
    with pytest.raises(ValueError, match=r"t5 has no dropout of its attention alone\. Use training\.dropout"):
        dropouts(AutoConfig.for_model("t5"), {"attention_dropout": 0})
