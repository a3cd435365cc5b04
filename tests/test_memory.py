"""Where memory is short, the same batch is trained in smaller pieces: same data, same loss, nothing lost."""

import json
import sys
from types import SimpleNamespace

import pytest
import torch
from run_files import predicted, read_lines

from stages import agent, memory
from stages.agent import AGAIN
from stages.tuner import Tuner
from tests.conftest import PROJECT
from tests.started import Started

SHORT = "CUDA out of memory. Tried to allocate 20.00 MiB"
WORDS = ("experiment=quickstart/text_classification", "hardware=cpu", "tracking=disabled", "data.limit=64",
         "batch_size=16", "training.logging_steps=1", "training.dropout=0", "training.num_train_epochs=2",
         "optimizer.learning_rate=1e-3")  # fmt: skip


@pytest.mark.parametrize(("rows", "less"), [(1, 1), (2, 1), (3, 1), (6, 3), (9, 3), (16, 8), (35, 7)])
def test_the_next_smaller_piece_divides(rows, less):
    assert memory.smaller(rows) == less


def test_what_fits_is_remembered_where_it_divides(tmp_path):
    hardware = {"num_processes": 1}
    assert memory.known_to_fit(hardware, tmp_path, 16) == hardware
    memory.keep(tmp_path, memory.TRAIN, 8)
    memory.keep(tmp_path, memory.EVAL, 4)
    assert memory.known_to_fit(hardware, tmp_path, 16) == {**hardware, memory.TRAIN: 8, memory.EVAL: 4}
    assert memory.known_to_fit(hardware, tmp_path, 12) == {**hardware, memory.EVAL: 4}
    typed = {memory.TRAIN: 2, memory.EVAL: 32}  # less than fits is what was asked for
    assert memory.known_to_fit(typed, tmp_path, 16) == {memory.TRAIN: 2, memory.EVAL: 4}


def limited(monkeypatch, name, rows, first=0):
    """Let a step of the Tuner fail for more rows than that, the training's from a step on."""
    real = getattr(Tuner, name)

    def step(self, model, inputs, *args, **kwargs):
        if len(inputs["input_ids"]) > rows and self.state.global_step >= first:
            raise torch.OutOfMemoryError(SHORT)
        return real(self, model, inputs, *args, **kwargs)

    monkeypatch.setattr(Tuner, name, step)


def weights(run):
    from safetensors.torch import load_file

    return load_file(run / "model" / "model.safetensors")


def losses(run):
    return [(row["step"], row["loss"]) for row in read_lines(run / "history.jsonl") if "loss" in row]


def test_short_from_the_start(run_here, tiny_bert, tmp_path, monkeypatch, capsys):
    """As if the smaller pieces had been asked for, bit by bit."""
    asked = run_here(*WORDS, f"model.path={tiny_bert}", f"output_root={tmp_path}/a", f"hardware.{memory.TRAIN}=4")
    limited(monkeypatch, "training_step", 4)
    run = run_here(*WORDS, f"model.path={tiny_bert}", f"output_root={tmp_path}/b")
    said = capsys.readouterr()
    assert "Goes on with 4 and 4 passes" in said.out + said.err
    assert json.loads((run / memory.KEPT).read_text()) == {memory.TRAIN: 4}
    assert losses(run) == losses(asked) and predicted(run) == predicted(asked)
    assert all(torch.equal(tensor, weights(asked)[name]) for name, tensor in weights(run).items())


def test_short_in_the_middle(run_here, tiny_bert, tmp_path, monkeypatch):
    """Steps 0 to 2 in one piece, then in four; the loss is that of a run that had room."""
    whole = run_here(*WORDS, f"model.path={tiny_bert}", f"output_root={tmp_path}/a")
    limited(monkeypatch, "training_step", 4, first=3)
    run = run_here(*WORDS, f"model.path={tiny_bert}", f"output_root={tmp_path}/b")
    steps, expected = losses(run), losses(whole)
    assert [step for step, _ in steps] == [step for step, _ in expected] and len(steps) == 8
    assert [loss for _, loss in steps] == pytest.approx([loss for _, loss in expected], abs=1e-4)


@pytest.mark.slow
def test_short_with_batches_of_like_cost(run_here, tiny_bert, tmp_path, monkeypatch):
    """Each piece has a share of the sub-words, and the loss is that of a run that had room."""
    words = (*WORDS, "batching=tokens", f"model.path={tiny_bert}")
    whole, real, sizes = run_here(*words, f"output_root={tmp_path}/a"), Tuner.training_step, []

    def step(self, model, inputs, *args, **kwargs):
        sizes.append(inputs["input_ids"].numel())
        if sizes[-1] > max(sizes) / 2:
            raise torch.OutOfMemoryError(SHORT)
        return real(self, model, inputs, *args, **kwargs)

    monkeypatch.setattr(Tuner, "training_step", step)
    run = run_here(*words, f"output_root={tmp_path}/b")
    assert json.loads((run / memory.KEPT).read_text())[memory.TRAIN] < 16
    assert [loss for _, loss in losses(run)] == pytest.approx([loss for _, loss in losses(whole)], abs=1e-4)


def test_short_in_evaluation(run_here, tiny_bert, tmp_path, monkeypatch, capsys):
    whole = run_here(*WORDS, f"model.path={tiny_bert}", f"output_root={tmp_path}/a")
    limited(monkeypatch, "prediction_step", 8)
    run = run_here(*WORDS, f"model.path={tiny_bert}", f"output_root={tmp_path}/b")
    said = capsys.readouterr()
    assert "evaluates 8 examples at a time instead of 16" in said.out + said.err
    assert json.loads((run / memory.KEPT).read_text()) == {memory.EVAL: 8}
    assert [row["prediction"] for row in predicted(run)] == [row["prediction"] for row in predicted(whole)]


def test_one_example_is_too_much(run_here, tiny_bert, tmp_path, monkeypatch):
    limited(monkeypatch, "training_step", 0)
    with pytest.raises(ValueError, match="a single example does not fit"):
        run_here(*WORDS, f"model.path={tiny_bert}", f"output_root={tmp_path}")


# --- several processes


def test_who_starts_again(monkeypatch, tmp_path):
    """The processes of the project's own launcher; others end with the key to change."""
    from stages import launching

    arguments = {"per_device_train_batch_size": 8, "gradient_accumulation_steps": 1, "world_size": 2}
    tuner = SimpleNamespace(args=SimpleNamespace(**arguments, output_dir=str(tmp_path / "checkpoints")))
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.delenv(launching.RESTARTS, raising=False)
    with pytest.raises(
        ValueError, match=f"8 examples in a forward pass do not fit .* set hardware.{memory.TRAIN}=4, and"
    ):
        memory._cut_pieces(tuner, torch.OutOfMemoryError(SHORT))
    assert not list(tmp_path.iterdir())
    monkeypatch.setenv(launching.RESTARTS, "1")
    with pytest.raises(SystemExit) as ended:
        memory._cut_pieces(tuner, torch.OutOfMemoryError(SHORT))
    assert ended.value.code == AGAIN and json.loads((tmp_path / memory.KEPT).read_text()) == {memory.TRAIN: 4}


@pytest.mark.parametrize(
    ("codes", "code", "said"),
    [
        ({0: 1, 1: -9}, 137, "process 1 (pid 11) was ended by SIGKILL"),  # the other failed because of it
        ({0: 1, 1: 2}, 1, ""),
        ({0: -6, 1: AGAIN}, None, "memory is short in process 1. All processes start again"),
    ],
)
def test_what_the_launcher_makes_of_it(monkeypatch, capsys, codes, code, said):
    import accelerate.commands.launch
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure

    failures = {r: ProcessFailure(r, 10 + r, code, "/nowhere") for r, code in codes.items()}

    def fail():
        raise ChildFailedError("run.py", failures)

    started = []
    monkeypatch.setattr(accelerate.commands.launch, "main", fail)
    monkeypatch.setattr(agent.os, "execv", lambda path, words: started.append(words) or sys.exit(0))
    monkeypatch.setattr(agent.logging, "disable", lambda level: None)
    monkeypatch.setattr(agent.signal, "signal", lambda *_: None)
    with pytest.raises(SystemExit) as ended:
        agent.main()
    assert ended.value.code == (code or 0) and started == ([] if code else [sys.orig_argv])
    captured = capsys.readouterr()
    assert said in captured.out + captured.err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rank", "limits", "kept", "begins"),
    [
        ("1", {"SHORT_TRAIN": "2", "SHORT_FROM": "5"}, {memory.TRAIN: 2}, 2),  # 8 examples each, 4, 2
        ("0", {"SHORT_TRAIN": "4"}, {memory.TRAIN: 4}, 1),
        ("1", {"SHORT_EVAL": "16"}, {memory.EVAL: 16}, 1),
    ],
)
def test_short_in_one_of_two_processes(tiny_bert, tmp_path, rank, limits, kept, begins):
    """All begin again with what fits in each, from the last checkpoint, and the loss is that of a run that had room."""
    more = ("hardware.num_processes=2", "training.eval_strategy=steps", "training.eval_steps=4")
    words = [*WORDS, *more, "training.save_strategy=steps", f"model.path={tiny_bert}", "data.limit=64"]
    script, found = PROJECT / "tests" / "short_of_memory.py", []
    for folder, given in (("whole", {}), ("short", limits)):
        (tmp_path / folder).mkdir()
        where = f"output_root={tmp_path}/{folder}/runs"
        started = Started([*words, where], tmp_path / folder, script, SHORT_RANK=rank, **given)
        code, _ = started.end(280)
        assert code == 0 and "Traceback" not in started.said, started.said
        found.append(started.run())
    whole, run = found
    assert started.said.count(f"warning: memory is short in process {rank}. All processes start again") == begins
    assert json.loads((run / memory.KEPT).read_text()) == kept
    assert "goes on from checkpoint-4" in started.said or "SHORT_FROM" not in limits
    assert [loss for _, loss in losses(run)] == pytest.approx([loss for _, loss in losses(whole)], abs=1e-4)
    assert [row["prediction"] for row in predicted(run)] == [row["prediction"] for row in predicted(whole)]
