"""Loss, gradients and predictions do not depend on how hardware splits the work."""

import json

import numpy as np
import pytest
from run_files import read_lines

EXACT = (
    "batch_size=32", "training.logging_steps=1", "optimizer.learning_rate=0.001", "model.config.hidden_dropout_prob=0",
    "model.config.attention_probs_dropout_prob=0", "data.limit=90", "hardware=cpu", "tracking=disabled",
)  # fmt: skip
BATCHING = [("ner", "examples"), ("text_classification", "tokens")]
SPLITS = {
    "1 x 32": (),
    "1 x 4 x 8": ("hardware.per_device_train_batch_size=8",),
    "2 x 16": ("hardware.num_processes=2",),
    "2 x 4 x 4": ("hardware.num_processes=2", "hardware.per_device_train_batch_size=4"),
}


def steps(root):
    """[(loss, gradient norm) per step] of the only run below a folder."""
    (path,) = root.glob("*/history.jsonl")
    rows = read_lines(path)
    return [(row["loss"], row["grad_norm"]) for row in rows if "grad_norm" in row]


@pytest.mark.parametrize(("task", "batching"), BATCHING)
def test_accumulation_changes_neither_loss_nor_gradient(run_here, tiny_bert, tmp_path, task, batching):
    """90 examples: the third batch of each epoch is smaller than the others and does not divide; of like cost, none
    has the size of another."""
    curves = []
    for i, split in enumerate(
        ((), ("hardware.per_device_train_batch_size=8",), ("hardware.per_device_train_batch_size=1",))
    ):
        words = (f"experiment=quickstart/{task}", f"batching={batching}", f"model.path={tiny_bert}", *EXACT)
        run_here(*words, "training.max_steps=5", f"output_root={tmp_path}/{i}", *split)
        curves.append(steps(tmp_path / str(i)))
    assert len(curves[0]) == 5
    for curve in curves[1:]:
        for (loss, norm), (expected_loss, expected_norm) in zip(curve, curves[0], strict=True):
            assert loss == pytest.approx(expected_loss, abs=1e-4)
            assert norm == pytest.approx(expected_norm, abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(("task", "batching"), BATCHING)
def test_loss_table(run_command, tiny_bert, tmp_path, task, batching, capsys):
    """The first 10 steps on 1 and 2 processes, with and without accumulation: the same loss and gradient norm."""
    curves = {}
    for name, split in SPLITS.items():
        root = tmp_path / name.replace(" ", "")
        words = (f"experiment=quickstart/{task}", f"batching={batching}", f"model.path={tiny_bert}", *EXACT)
        done = run_command(*words, "training.max_steps=10", f"output_root={root}", *split)
        assert done.returncode == 0, done.stderr
        curves[name] = steps(root)
    with capsys.disabled():
        print(f"\n{task}, batching={batching}: loss and gradient norm per step")
        print("step  " + "".join(f"{name:>20}" for name in curves))
        for step in range(10):
            cells = "".join(f"{curve[step][0]:>12.4f}{curve[step][1]:>8.4f}" for curve in curves.values())
            print(f"{step + 1:<6}{cells}")
    for curve in curves.values():
        assert len(curve) == 10
        for (loss, norm), (expected_loss, expected_norm) in zip(curve, curves["1 x 32"], strict=True):
            assert loss == pytest.approx(expected_loss, abs=1e-4)
            assert norm == pytest.approx(expected_norm, abs=1e-4)


@pytest.mark.parametrize("task", ["ner"])
def test_two_processes(run_command, run_here, tiny_bert, tmp_path, task):
    """One folder and one W&B run for two processes; the same weights give the same predictions as on one process."""
    words = (f"experiment=quickstart/{task}", "training.max_steps=2", "data.limit=51", "batch_size=8", "hardware=cpu")
    trained = run_here(*words, f"model.path={tiny_bert}")
    words = (*words, f"model.path={trained}/model", "optimizer.learning_rate=0", "training.max_steps=1")
    files = {}
    for processes in (1, 2):
        root = tmp_path / f"on{processes}"
        done = run_command(*words, f"output_root={root}", f"hardware.num_processes={processes}")
        assert done.returncode == 0, done.stderr
        assert len(list(root.glob("wandb/offline-run-*"))) == 1
        (folder,) = root.glob("*/metrics.json")
        files[processes] = {p.name: p.read_bytes() for p in (folder.parent / "predictions").iterdir()}
        assert json.loads((folder.parent / "provenance.json").read_text())["machine"]["processes"] == processes
        assert done.stdout.count("scores (") == 1
    assert set(files[1]) == {"validation.jsonl", "test.jsonl"}
    assert files[1] == files[2]


def test_examples_are_numbered_across_chunks(tiny_bert, monkeypatch):
    """More examples than are encoded at a time: each row still knows its example, and decoding puts them in place."""
    from stages import features
    from stages.outputs import joined
    from stages.processor import load_tokenizer
    from tasks.contract import task_class

    monkeypatch.setattr(features, "CHUNK", 7)
    task, labels = task_class("ner")("ner", "f1"), ("O", "B-X", "I-X")
    tokens = [["the", "city"] * (1 + i % 5) for i in range(23)]
    tags = [["B-X" if (i + w) % 3 == 0 else "O" for w in range(len(words))] for i, words in enumerate(tokens)]
    examples = {"tokens": tokens, "tags": tags}
    rows = features.encode({"test": examples}, labels, task, load_tokenizer(tiny_bert, splits_words=True))["test"].rows
    assert sorted(rows["example"]) == list(range(23)) and rows["length"][:] == sorted(rows["length"], reverse=True)
    as_labelled = joined([np.array([row]).clip(0) for row in rows["labels"]])
    decoded = task.decode((as_labelled, np.ones(as_labelled.shape)), rows, labels, examples, None)
    assert [d["prediction"] for d in decoded] == tags


def test_smoothing_and_weights_reach_the_training_loss(run_here, tiny_bert, tmp_path):
    """With a learning rate of 0 the weights stay: smoothing changes the training loss alone, so validation losses stay
    comparable; class weights, which say what is wanted, change both."""
    words = ("experiment=quickstart/text_classification", f"model.path={tiny_bert}", *EXACT, "training.max_steps=2")
    seen = {}
    for name, word in (
        ("plain", "seed=42"),
        ("smooth", "training.label_smoothing_factor=0.5"),
        ("weighted", "task.class_weights=auto"),
    ):
        folder = run_here(
            *words, "optimizer.learning_rate=0", "scheduler=constant", f"output_root={tmp_path}/{name}", word
        )
        (first, _), *_ = steps(tmp_path / name)
        seen[name] = first, json.loads((folder / "metrics.json").read_text())["validation"]["loss"]
    assert abs(seen["smooth"][0] - seen["plain"][0]) > 1e-4 and seen["smooth"][1] == seen["plain"][1]
    assert seen["weighted"][0] != seen["plain"][0] and seen["weighted"][1] != seen["plain"][1]


def test_a_run_stopped_after_its_last_step_trains_no_further(run_here, tiny_bert, monkeypatch):
    """Stopped while it wrote what it leaves, and typed again: scored and written, without a step more."""
    import run

    words = ("experiment=quickstart/text_classification", f"model.path={tiny_bert}", "data.limit=40", "batch_size=8")
    words += ("training.eval_strategy=steps", "training.save_strategy=steps", "training.eval_steps=7")
    words += ("training.max_steps=7", "training.logging_steps=1")
    with monkeypatch.context() as patch:
        patch.setattr(run, "leave", lambda *given: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run_here(*words)
    lines = (run_here(*words) / "history.jsonl").read_text().splitlines()
    assert max(json.loads(line)["step"] for line in lines) == 7


def test_an_adapter_on_a_model_with_other_labels(run_here, tiny_bert, tmp_path):
    """LoRA continues from a run of six labels with two: the saved adapter is loaded over the old head."""
    words = ("training.max_steps=1", "batch_size=8", "data.limit=24")
    first = run_here("experiment=quickstart/text_classification", f"model.path={tiny_bert}", *words)
    data = tmp_path / "two.csv"
    data.write_text("text,label\n" + "".join(f"film {i},{i % 2}\n" for i in range(40)))
    chosen = ("task=text_classification", "data=files", f"data.train={data}", "method=lora", *words)
    second = run_here(*chosen, f"model.path={first}/model")
    assert (second / "adapter").is_dir() and (second / "metrics.json").is_file()


def test_attention_with_broken_gradients_is_left_out(run_here, tiny_bert, tmp_path):
    import torch

    torch.backends.cuda.enable_cudnn_sdp(True)
    words = ("experiment=quickstart/text_classification", f"model.path={tiny_bert}", *EXACT, "training.max_steps=1")
    run_here(*words, f"output_root={tmp_path}")
    assert not torch.backends.cuda.cudnn_sdp_enabled()
