"""Whole experiments, from words to what a run leaves in its folder, on tiny models."""

import json
import random

import pytest
from omegaconf import OmegaConf
from run_files import predicted, read_lines

from stages.config import build_task
from tests.conftest import LETTERS

QUICK = ("training.max_steps=3", "data.limit=24", "batch_size=8")
LEFT = {
    "config.yaml", "findings.json", "history.jsonl", "identity.json", "metrics.json", "model", "predictions",
    "provenance.json", "report.html",
}  # fmt: skip


@pytest.mark.parametrize("task", ["ner", "text_classification"])
@pytest.mark.parametrize("method", ["full", "lora"])
@pytest.mark.parametrize("bf16", ["false", "true"])
def test_what_a_run_leaves(run_here, tiny_bert, task, method, bf16):
    words = (f"experiment=quickstart/{task}", f"model.path={tiny_bert}", f"method={method}", f"training.bf16={bf16}")
    folder = run_here(*words, *QUICK)
    assert {p.name for p in folder.iterdir()} - {"adapter", "tuned.json"} == LEFT
    assert (folder / "adapter").is_dir() == (method == "lora")
    metrics = json.loads((folder / "metrics.json").read_text())
    config = OmegaConf.to_container(OmegaConf.load(folder / "config.yaml"))
    best = build_task(config).best
    assert 0 <= metrics["test"][best] <= 1 and 0 <= metrics["baseline"]["values"][best] <= 1
    assert metrics["validation"]["loss"] > 0
    assert config["method"]["name"] == method and config["training"]["max_steps"] == 3
    history = read_lines(folder / "history.jsonl")
    assert any("eval_loss" in line for line in history) and any("train_runtime" in line for line in history)
    provenance = json.loads((folder / "provenance.json").read_text())
    assert provenance["packages"]["torch"].startswith("2.13.0") and provenance["seconds"] > 0
    assert list(provenance["phases"]) == ["start", "data", "model", "training", "evaluation", "saving", "report"]
    cost = provenance["cost"]
    assert 0 <= cost.pop("padding") < 1 and cost.pop("gpu_memory_gib") is None
    assert all(value > 0 for value in cost.values())
    assert sum(provenance["phases"].values()) == pytest.approx(provenance["seconds"], abs=1)
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert f"{metrics['test'][best]:.3f}" in page and "Worst errors" in page and "could not be drawn" not in page
    assert provenance["data"]["digest"] and provenance["model"]["weights"]
    card = (folder / "model" / "README.md").read_text()
    assert f"| {best} | {metrics['test'][best]:.4f} |" in card
    assert f"pipeline_tag: {'token' if task == 'ner' else 'text'}-classification" in card


def test_predictions_line_up_with_inputs(run_here, tiny_bert, tmp_path):
    """Lengths are shuffled on purpose: evaluation sorts by length, the file must not."""
    rows, generator = [], random.Random(0)
    for i in range(40):
        words = ["".join(generator.choices(LETTERS, k=3)) for _ in range(generator.randint(1, 120))]
        rows.append({"tokens": words, "tags": ["B-X" if i % 3 == 0 else "O"] + ["O"] * (len(words) - 1)})
    data = tmp_path / "data.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    words = ["task=ner", "data=files", *(f"data.{s}={data}" for s in ("train", "validation", "test"))]
    folder = run_here(*words, f"model.path={tiny_bert}", "training.max_steps=1")
    for split in ("validation", "test"):
        predictions = predicted(folder, split)
        assert [p["id"] for p in predictions] == list(range(40))
        assert [p["tokens"] for p in predictions] == [row["tokens"] for row in rows]
        assert [p["gold"] for p in predictions] == [row["tags"] for row in rows]
        assert all(len(p["prediction"]) == len(p["confidence"]) == len(p["tokens"]) for p in predictions)
        assert all(0 < c <= 1 for p in predictions for c in p["confidence"])


@pytest.mark.parametrize("task", ["ner", "text_classification"])
def test_the_saved_model_predicts_what_the_file_says(run_here, tiny_bert, task):
    """`pipeline` alone, without this project, gives the predictions of the file."""
    from transformers import pipeline

    folder = run_here(
        f"experiment=quickstart/{task}", f"model.path={tiny_bert}", "optimizer.learning_rate=0.01", *QUICK
    )
    kind = task.replace("ner", "token_classification").replace("_", "-")
    model = pipeline(kind, model=str(folder / "model"), device="cpu")
    rows = predicted(folder)
    if task == "text_classification":
        answers = model([row["text"] for row in rows], truncation=True)
        assert [a["label"] for a in answers] == [row["prediction"] for row in rows]
        assert [a["score"] for a in answers] == pytest.approx([row["confidence"] for row in rows], abs=1e-3)
        return
    rows = [row for row in rows if len(model.tokenizer(row["tokens"], is_split_into_words=True)["input_ids"]) <= 64]
    assert len(rows) > 5
    for row in rows:  # the pipeline reads text: characters say which word a piece belongs to
        starts = [sum(len(w) + 1 for w in row["tokens"][:i]) for i in range(len(row["tokens"]))]
        firsts = {}
        for piece in model(" ".join(row["tokens"]), ignore_labels=[]):
            firsts.setdefault(max(i for i, start in enumerate(starts) if start <= piece["start"]), piece["entity"])
        assert [firsts[i] for i in range(len(starts))] == row["prediction"]


def test_a_finished_run_is_shown_not_overwritten(run_here, tiny_bert, capsys):
    words = ("experiment=quickstart/text_classification", f"model.path={tiny_bert}", *QUICK)
    folder = run_here(*words)
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()}
    shown = capsys.readouterr().out
    run_here(*words)
    again = capsys.readouterr().out
    assert "is finished" in again and "training" not in again.split("scores")[0]
    assert again.split("scores (", 1)[1] == shown.split("scores (", 1)[1]
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()} == before


def test_rerun_keeps_the_old_run(run_here, tiny_bert):
    words = ("experiment=quickstart/text_classification", f"model.path={tiny_bert}", *QUICK)
    folder = run_here(*words)
    old = (folder / "metrics.json").read_text()
    assert run_here(*words, "rerun=true") == folder
    assert folder.with_name(f"{folder.name}.1").joinpath("metrics.json").read_text() == old
    new, old = json.loads((folder / "metrics.json").read_text()), json.loads(old)
    assert new["test"] == old["test"] and new["validation"] == old["validation"]  # same seed, same numbers


def test_two_seeds_differ(run_here, tiny_bert):
    words = ("experiment=quickstart/text_classification", f"model.path={tiny_bert}", *QUICK)
    losses = [json.loads((run_here(*words, f"seed={s}") / "metrics.json").read_text())["test"]["loss"] for s in (1, 2)]
    assert losses[0] != losses[1]


@pytest.mark.parametrize("at", [9, 8])  # the end of the third of four epochs, and a step inside it
def test_an_interrupted_run_goes_on(run_here, tiny_bert, monkeypatch, at):
    """Stopped and typed again, it ends with the weights of a run that went through; a checkpoint that was not written
    to its end is passed over."""
    from safetensors.torch import load_file

    from stages import progress

    words = ("experiment=quickstart/text_classification", f"model.path={tiny_bert}", "data.limit=24", "batch_size=8")
    words += ("training.num_train_epochs=4", "hardware.per_device_train_batch_size=4", "training.logging_steps=1")
    words += ("training.eval_strategy=steps", "training.save_strategy=steps", "training.eval_steps=2")
    whole = run_here(*words)
    expected = load_file(whole / "model" / "model.safetensors")
    steps = [line["step"] for line in read_lines(whole / "history.jsonl")]
    whole.rename(whole.with_name("whole"))

    def stop(self, args, state, control, **kwargs):
        if state.global_step >= at:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(progress.Progress, "on_step_begin", stop)
        with pytest.raises(KeyboardInterrupt):
            run_here(*words)
    unfinished = whole / "checkpoints" / f"checkpoint-{at + 1}"
    unfinished.mkdir()
    (unfinished / "model.safetensors").write_bytes(b"half of")
    folder = run_here(*words)
    weights = load_file(folder / "model" / "model.safetensors")
    assert all(weights[name].equal(tensor) for name, tensor in expected.items())
    assert [line["step"] for line in read_lines(folder / "history.jsonl")] == steps


def test_patience_counts_on_after_an_interruption(run_here, tiny_bert, monkeypatch):
    """With a learning rate of 0 nothing improves: patience 4 stops at the fifth evaluation, interrupted or not."""
    from stages import progress

    words = ("experiment=quickstart/text_classification", f"model.path={tiny_bert}", "data.limit=8", "batch_size=8")
    words += ("training.num_train_epochs=20", "optimizer.learning_rate=0", "training.early_stopping_patience=4")

    def stop(self, args, state, control, **kwargs):
        if state.global_step >= 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(progress.Progress, "on_step_begin", stop)
        with pytest.raises(KeyboardInterrupt):
            run_here(*words)
    history = read_lines(run_here(*words) / "history.jsonl")
    assert [line["step"] for line in history if "eval_loss" in line] == [1, 2, 3, 4, 5]


def test_the_best_checkpoint_is_kept_between_epochs(run_here, tiny_bert):
    """Evaluated by steps, saved as often: the scores at the end are those of the best evaluation."""
    words = ("experiment=quickstart/text_classification", f"model.path={tiny_bert}", "data.limit=24", "batch_size=8")
    words += ("training.eval_strategy=steps", "training.save_strategy=steps", "training.eval_steps=2", "task.best=loss")
    folder = run_here(*words, "optimizer.learning_rate=0.05", "training.max_steps=12")
    losses = [line["eval_loss"] for line in read_lines(folder / "history.jsonl") if "eval_loss" in line]
    assert len(losses) == 6 and min(losses) != losses[-1]
    assert json.loads((folder / "metrics.json").read_text())["validation"]["loss"] == pytest.approx(
        min(losses), abs=1e-6
    )


def test_a_run_that_diverges_says_so(run_command, tiny_bert, tmp_path):
    words = ("experiment=quickstart/text_classification", f"model.path={tiny_bert}", f"output_root={tmp_path}", *QUICK)
    done = run_command(*words, "optimizer.learning_rate=1e20", "tracking=disabled")
    assert done.returncode == 2 and "training diverged" in done.stderr and "Traceback" not in done.stderr


def test_only_a_train_file(run_here, tiny_bert, tmp_path):
    data = tmp_path / "reviews.csv"
    lines = [f"{'good' if i % 2 else 'bad'} film {i},{i % 2 + 1}" for i in range(60)]
    data.write_text("review,stars\n" + "\n".join(lines) + "\n")
    words = (
        "task=text_classification", "data=files", f"data.train={data}", "data.columns.text=review",
        "data.columns.label=stars",
    )  # fmt: skip
    folder = run_here(*words, f"model.path={tiny_bert}", "training.max_steps=2")
    sizes = {p.stem: len(read_lines(p)) for p in (folder / "predictions").iterdir()}
    assert sizes == {"validation": 6, "test": 6}
    assert {row["gold"] for row in predicted(folder)} == {"1", "2"}


def test_the_whole_command(run_command, tiny_bert, tmp_path):
    """As typed by a user: exit 0, a stage per line, the table, and an offline W&B run."""
    words = ("experiment=quickstart/ner", f"model.path={tiny_bert}", f"output_root={tmp_path}", *QUICK)
    done = run_command(*words)
    assert done.returncode == 0, done.stderr
    for expected in (
        "experiment ",
        "tracking ",
        "model ",
        "epoch ",
        "scores (",
        "memorised entities",
        "entities by type",
    ):
        assert expected in done.stdout
    assert "Traceback" not in done.stderr
    assert len(list(tmp_path.glob("wandb/offline-run-*"))) == 1


def test_a_fault_is_not_hidden(run_command, tiny_bert, tmp_path):
    """A model that cannot be loaded: a message and a non-zero exit; and no half-made run passes for a finished one."""
    broken = tmp_path / "broken"
    broken.mkdir()
    for path in tiny_bert.iterdir():
        (broken / path.name).write_bytes(path.read_bytes() if path.suffix != ".safetensors" else b"not weights")
    done = run_command("experiment=quickstart/ner", f"model.path={broken}", f"output_root={tmp_path}/runs", *QUICK)
    assert done.returncode != 0
    assert not list(tmp_path.glob("runs/*/metrics.json"))


def test_a_document_of_5000_words(run_here, tiny_roberta, tmp_path):
    """One sentence of 5,000 words through a byte-level model that reads 62 sub-words: a prediction for every word."""
    words = [f"word{i}" if i % 7 else "\u200b" for i in range(5000)]
    data = tmp_path / "long.conll"
    data.write_text("".join(f"{word} {'B-X' if i % 50 == 0 else 'O'}\n" for i, word in enumerate(words)), "utf-8")
    files = [f"data.{split}={data}" for split in ("train", "validation", "test")]
    folder = run_here("task=ner", "data=files", *files, f"model.path={tiny_roberta}", "training.max_steps=1")
    (row,) = predicted(folder)
    assert row["tokens"] == words and len(row["prediction"]) == len(row["confidence"]) == 5000
    assert all(c > 0 for c in row["confidence"])  # a word without a sub-word of its own would be left at 0
    scores = json.loads((folder / "metrics.json").read_text())
    assert scores["tables"]["test"]["entities by type"][0]["support"] == 100
