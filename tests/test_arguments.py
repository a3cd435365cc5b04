"""Arguments of the trainer: who owns each, which go together or not at all, what is not left to a launcher."""

import ast
import dataclasses

import pytest
from conftest import PROJECT

from stages import hardware, launching, training
from stages.arguments import EXTRA, OPEN, OURS, OWNERS, argument_keys, owner, trainer_arguments, unknown
from stages.command_line import clear_errors

QUICKSTART = "experiment=quickstart/ner"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("eval_strategy=steps", "save_strategy=steps", "eval_steps=10", "save_steps=20"),
            "training.eval_steps=10 and",
        ),
        (("eval_strategy=no", "save_strategy=no", "early_stopping_patience=2"), "early_stopping_patience needs"),
        (("early_stopping_threshold=0.01",), "Add training.early_stopping_patience=2"),
        (("eval_strategy=epoch", "save_strategy=steps"), "training.eval_strategy=epoch and"),
        (("do_train=false",), "training.do_train is set by the project"),
        (("push_to_hub=true",), "hf upload"),
        (("bf16_full_eval=true",), "Change training.bf16"),
        (("fsdp=true",), "Write hardware.fsdp=true"),
        (("parallelism_config=null",), "hardware=fsdp or hardware=deepspeed"),
    ],
)
def test_what_does_not_go_together(compose_config, words, message):
    with pytest.raises(ValueError, match=message):
        compose_config(QUICKSTART, *(f"training.{word}" for word in words))


FLASH = "model.attention=flash_attention_2 training.bf16=true"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("batching=tokens training.train_sampling_strategy=random", "=random does not go with batching=tokens"),
        (f"{FLASH} hardware=cpu", "model.attention=flash_attention_2 needs a GPU"),
        (f"{FLASH} task=causal_lm", "Add hardware.per_device_train_batch_size=1"),
        (f"{FLASH} task=dialogue task.packing=true", "Add hardware.per_device_train_batch_size=1"),
    ],
)
def test_what_does_not_go_with_batches_or_attention(compose_config, words, message):
    with pytest.raises(ValueError, match=message):
        compose_config("data=sample", "model=minilm", *words.split())


def arguments(compose_config, tmp_path, *words):
    from stages.config import build_task

    config = compose_config(QUICKSTART, "hardware=cpu", *words)
    return training.training_arguments(config, build_task(config), tmp_path)


def test_checkpoints_are_saved_when_they_are_evaluated(compose_config, tmp_path):
    by_steps = ("training.eval_strategy=steps", "training.save_strategy=steps")
    for words, steps in (((), 10), (("training.eval_steps=7",), 7), (("training.save_steps=9",), 9)):
        chosen = arguments(compose_config, tmp_path, *by_steps, *words)
        assert (chosen.eval_steps, chosen.save_steps) == (steps, steps)


def test_names_of_the_user_reach_the_trainer(compose_config, tmp_path):
    words = (
        "training.label_smoothing_factor=0.1", "training.gradient_checkpointing=true", "training.max_grad_norm=2",
        "scheduler.warmup_steps=0.1", "optimizer.adam_beta2=0.98", "hardware.per_device_train_batch_size=4",
        "training.bf16=true", "training.torch_compile=true", "hardware.dataloader_num_workers=2",
        "hardware.dataloader_pin_memory=true",
    )  # fmt: skip
    chosen = arguments(compose_config, tmp_path, *words)
    assert chosen.bf16 and chosen.torch_compile and chosen.dataloader_num_workers == 2
    assert chosen.accelerator_config.non_blocking  # the Trainer pins nothing without a GPU
    assert not arguments(compose_config, tmp_path).accelerator_config.non_blocking
    assert chosen.label_smoothing_factor == 0.1 and chosen.gradient_checkpointing and chosen.max_grad_norm == 2
    assert chosen.warmup_steps == 0.1 and chosen.adam_beta2 == 0.98
    assert (chosen.per_device_train_batch_size, chosen.gradient_accumulation_steps) == (4, 4)
    assert chosen.metric_for_best_model == "f1" and chosen.greater_is_better and chosen.load_best_model_at_end
    lower = arguments(compose_config, tmp_path, "task.best=loss")
    assert lower.metric_for_best_model == "loss" and not lower.greater_is_better


def test_a_launcher_does_not_choose_the_precision(monkeypatch, capsys):
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "bf16")
    monkeypatch.setenv("ACCELERATE_DYNAMO_BACKEND", "NO")
    launching.start_processes({"batch_size": 16, "hardware": {"use_cpu": True}}, ["run.py"])
    said = capsys.readouterr().out
    assert "training.bf16=true" in said and "DYNAMO" not in said
    assert "ACCELERATE_MIXED_PRECISION" not in launching.os.environ


def test_only_our_own_messages_pass_for_wrong_choices(capsys):
    """A message that the project raises is shown alone; a ValueError that just happens keeps its traceback."""
    with pytest.raises(SystemExit), clear_errors():
        hardware.rows_per_process(10, {"num_processes": 4})
    assert capsys.readouterr().err.startswith("error: batch_size=10 cannot be split over 4 processes")
    with pytest.raises(ValueError, match="invalid literal"), clear_errors():
        hardware.launched.__globals__["os"].environ["WORLD_SIZE"] = "two"
        try:
            hardware.launched()
        finally:
            del hardware.launched.__globals__["os"].environ["WORLD_SIZE"]


def test_trainer_arguments_are_those_of_the_installed_class():
    from transformers import TrainingArguments

    assert list(trainer_arguments()) == [f.name for f in dataclasses.fields(TrainingArguments)]


def test_each_field_has_one_owner():
    owned = [name for names in OWNERS.values() for name in names.split()]
    assert len(owned) == len(set(owned))
    assert {*owned, *OURS} <= set(trainer_arguments())
    assert not set(owned) & set(OURS)
    assert not {name for names in EXTRA.values() for name in names} & set(trainer_arguments())
    assert set(OWNERS) | {"training"} == set(OPEN) >= set(EXTRA)
    assert owner("optim") == "optimizer"
    assert owner("bf16") == "training"
    assert len(argument_keys()) == len(trainer_arguments()) - len(OURS) + sum(map(len, EXTRA.values()))


def test_what_the_project_sets_is_not_open_to_users():
    """Each keyword that stages/training.py hands to TrainingArguments itself is in OURS, or a hardware default."""
    tree = ast.parse((PROJECT / "stages" / "training.py").read_text())
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and ast.unparse(n.func) == "TrainingArguments"]
    assert {k.arg for call in calls for k in call.keywords if k.arg} <= set(OURS)


def test_unknown_names_the_nearest():
    known = ["seed", "task", "training", "training.max_steps", "task.best", "task.stride"]
    assert unknown("trainer.max_steps", known) == "there is no key trainer.max_steps. Nearest: training.max_steps."
    assert unknown("trainer.x", known) == "there is no key trainer.x. Nearest: training."
    assert unknown("task.zzz", known) == "there is no key task.zzz. Known: task.best, task.stride."
    assert unknown("q", known) == "there is no key q. Known: seed, task, training."
