"""FSDP, really split over two CPU processes, gives what one process gives; the settings that reach the plugins."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from conftest import OFFLINE, PROJECT
from run_files import read_lines

from stages import sharding
from stages.hardware import check_started
from stages.launching import start_processes

QUICKSTART = "experiment=quickstart/ner"
EXACT = (
    QUICKSTART, "training.max_steps=4", "data.limit=40", "batch_size=8", "training.logging_steps=1", "task.best=loss",
    "training.eval_strategy=steps", "training.save_strategy=steps", "training.eval_steps=2", "tracking=disabled",
    "model.config.hidden_dropout_prob=0", "model.config.attention_probs_dropout_prob=0", "optimizer.learning_rate=1e-3",
)  # fmt: skip


@pytest.fixture
def split_run(tiny_bert, tmp_path):
    """`split_run("hardware=fsdp", ...)` runs an experiment on two CPU processes; -> the run's folder."""

    def run(*words, **environment):
        root = tmp_path / "split"
        words = (*EXACT, f"model.path={tiny_bert}", f"output_root={root}", *words)
        script = str(PROJECT / "tests" / "sharding_on_cpu.py")
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", script]
        environment = {**os.environ, **OFFLINE, "OMP_NUM_THREADS": "1", **environment}
        done = subprocess.run([*command, *words], capture_output=True, text=True, timeout=300, env=environment)
        assert (done.returncode == 0) == ("STOP_AT" not in environment), done.stderr
        (folder,) = root.iterdir()
        return folder

    return run


def history(folder):
    rows = read_lines(folder / "history.jsonl")
    steps = [(row["step"], row["loss"], row["grad_norm"]) for row in rows if "grad_norm" in row]
    return steps, [row["eval_loss"] for row in rows if "eval_loss" in row]


def assert_same_result(split, whole):
    from safetensors.torch import load_file

    for of_split, of_whole in zip(history(split), history(whole), strict=True):
        assert len(of_split) == len(of_whole) > 1
        assert of_split == [pytest.approx(row, abs=1e-4) for row in of_whole]
    ours, expected = (load_file(folder / "model" / "model.safetensors") for folder in (split, whole))
    assert set(ours) == set(expected)
    for name, weights in expected.items():
        assert (ours[name] - weights).abs().max() < 2e-4, name


@pytest.mark.slow
def test_fsdp_is_the_same_experiment_as_one_process(split_run, run_here, tiny_bert):
    """Losses, gradient norms and the saved weights of the best checkpoint, with another accumulation."""
    whole = run_here(*EXACT, f"model.path={tiny_bert}")
    split = split_run("hardware=fsdp", "hardware.per_device_train_batch_size=2")
    assert split.name == whole.name  # hardware is not in the digest
    assert_same_result(split, whole)


@pytest.mark.slow
def test_fsdp_interrupted_and_resumed(split_run, run_here, tiny_bert):
    whole = run_here(*EXACT, f"model.path={tiny_bert}")
    split = split_run("hardware=fsdp", STOP_AT="3")
    assert [path.name for path in (split / "checkpoints").iterdir()] == ["checkpoint-2"]
    assert_same_result(split_run("hardware=fsdp"), whole)


@pytest.mark.slow
def test_fsdp_with_lora(split_run, run_here, tiny_bert):
    words = ("method=lora", "method.lora_dropout=0")
    whole, split = run_here(*EXACT, f"model.path={tiny_bert}", *words), split_run("hardware=fsdp", *words)
    assert_same_result(split, whole)
    assert (split / "adapter" / "adapter_model.safetensors").is_file()


@pytest.mark.slow
@pytest.mark.skipif(not find_spec("deepspeed"), reason="needs pip install deepspeed, which is optional")
@pytest.mark.parametrize("option", ["deepspeed", "deepspeed_zero3"])
def test_deepspeed_is_the_same_experiment_as_one_process(split_run, run_here, tiny_bert, option):
    words = (f"hardware={option}", "hardware.per_device_train_batch_size=2")
    whole, split = run_here(*EXACT, f"model.path={tiny_bert}"), split_run(*words, DS_ACCELERATOR="cpu")
    assert split.name == whole.name
    assert_same_result(split, whole)


LAYERS = {
    "Bert": ["BertLayer"], "Roberta": ["RobertaLayer"], "DebertaV2": ["DebertaV2Layer"], "Electra": ["ElectraLayer"],
    "ModernBert": ["ModernBertEncoderLayer"], "DistilBert": ["TransformerBlock"], "Funnel": ["FunnelLayer"],
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_layers_are_found_in_any_architecture(name):
    import torch
    import transformers

    with torch.device("meta"):
        model = getattr(transformers, f"{name}ForTokenClassification")(getattr(transformers, f"{name}Config")())
    assert sharding.layer_classes(model) == LAYERS[name]


def arguments(compose_config, tmp_path, *words):
    from stages.config import build_task
    from stages.training import training_arguments

    config = compose_config(QUICKSTART, *words)
    return training_arguments(config, build_task(config), tmp_path)


def test_what_the_fsdp_plugin_holds(compose_config, tmp_path):
    """Accelerate's own object: a misspelt key would be ignored on the way without a word."""
    from accelerate import FullyShardedDataParallelPlugin
    from torch.distributed.fsdp import CPUOffloadPolicy, StateDictType

    plain = FullyShardedDataParallelPlugin(**arguments(compose_config, tmp_path, "hardware=fsdp").fsdp_plugin_args)
    assert plain.fsdp_version == 2 and plain.reshard_after_forward is True and not plain.activation_checkpointing
    assert plain.state_dict_type == StateDictType.FULL_STATE_DICT and not plain.cpu_ram_efficient_loading
    keys = {
        "reshard_after_forward": "false", "cpu_offload": "true", "activation_checkpointing": "true",
        "state_dict_type": "SHARDED_STATE_DICT", "transformer_layer_cls_to_wrap": "[A,B]",
    }  # fmt: skip
    words = [f"hardware.fsdp_config.{key}={value}" for key, value in keys.items()]
    other = arguments(compose_config, tmp_path, "hardware=fsdp", *words).fsdp_plugin_args
    chosen = FullyShardedDataParallelPlugin(**other)
    assert chosen.reshard_after_forward is False and isinstance(chosen.cpu_offload, CPUOffloadPolicy)
    assert chosen.activation_checkpointing and chosen.state_dict_type == StateDictType.SHARDED_STATE_DICT
    assert chosen.transformer_cls_names_to_wrap == ["A", "B"]
    by_size = ("auto_wrap_policy=SIZE_BASED_WRAP", "min_num_params=1000")
    sized = arguments(compose_config, tmp_path, "hardware=fsdp", *(f"hardware.fsdp_config.{w}" for w in by_size))
    assert FullyShardedDataParallelPlugin(**sized.fsdp_plugin_args).min_num_params == 1000


def test_keys_of_fsdp_exist():
    source = Path(find_spec("transformers").origin).parent / "training_args.py"
    known = set(re.findall(r"""fsdp_config(?:\.get\(|\[)"(\w+)\"""", source.read_text(encoding="utf-8")))
    assert set(sharding.FSDP_KEYS) <= known and len(known) > 10


@pytest.mark.parametrize(("option", "stage"), [("deepspeed", 2), ("deepspeed_zero3", 3)])
def test_what_deepspeed_gets(compose_config, option, stage):
    words = ("hardware.deepspeed.zero_optimization.offload_optimizer.device=cpu",)
    hardware = compose_config(QUICKSTART, f"hardware={option}", *words)["hardware"]
    given = sharding.trainer_choices(hardware)["deepspeed"]
    zero = given["zero_optimization"]
    assert zero["stage"] == stage and zero["offload_optimizer"] == {"device": "cpu"}
    assert zero.get("stage3_gather_16bit_weights_on_model_save", False) == (stage == 3)
    assert given["gradient_clipping"] == given["train_batch_size"] == given["bf16"]["enabled"] == "auto"
    assert sharding.splits_weights(hardware) == (stage == 3)
    given["train_batch_size"] = 8
    assert sharding.trainer_choices(hardware)["deepspeed"]["train_batch_size"] == "auto"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("fsdp_config.cpu_ofload=true",), "Nearest: hardware.fsdp_config.cpu_offload"),
        (("fsdp_config.cpu_ram_efficient_loading=true",), "there is no key hardware.fsdp_config.cpu_ram_efficient"),
        (("fsdp_config=a.json",), "hardware.fsdp_config=a.json is not keys with values."),
        (("fsdp=full_shard",), "hardware.fsdp=full_shard is not true or false."),
        (("use_cpu=true",), "FSDP and DeepSpeed need GPUs."),
        (("deepspeed.zero_optimization.stage=2",), "are two ways to split a model."),
        (("fsdp=false", "fsdp_config.cpu_offload=true"), "counts only with FSDP."),
        (("fsdp=false", "deepspeed.zero_optimization.stage=4"), "stage=4 is not a stage of ZeRO."),
        (("fsdp=false", "deepspeed.gradient_clipping=2"), "gradient_clipping is set by the project"),
        (("fsdp=false", "deepspeed.optimizer.type=Adam"), "there is no key hardware.deepspeed.optimizer."),
        (("fsdp=false", "deepspeed=ds.json"), "hardware.deepspeed=ds.json is not keys with values."),
    ],
)
def test_wrong_choices(compose_config, words, message):
    with pytest.raises(ValueError) as caught:
        compose_config(QUICKSTART, "hardware=fsdp", *(f"hardware.{word}" for word in words))
    assert message in str(caught.value)


@pytest.mark.parametrize("option", ["fsdp", "deepspeed", "deepspeed_zero3"])
def test_an_optimizer_that_needs_whole_weights(compose_config, option):
    with pytest.raises(ValueError, match="adafactor needs whole weights"):
        compose_config(QUICKSTART, f"hardware={option}", "optimizer=adafactor")


def test_deepspeed_is_missed_at_once(monkeypatch):
    monkeypatch.setattr(sharding, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="pip install deepspeed=="):
        start_processes({"batch_size": 8, "hardware": {"deepspeed": {"zero_optimization": {"stage": 2}}}}, ["run.py"])


class Started:
    """What accelerate says that it started."""

    def __init__(self, kind, device="cpu"):
        from accelerate.state import DistributedType

        self.distributed_type, self.device = DistributedType(kind), type("Device", (), {"type": device})


@pytest.mark.parametrize(
    ("hardware", "world", "started", "message"),
    [
        ({"fsdp": True}, 2, Started("MULTI_CPU"), "hardware asks for FSDP, but accelerate started MULTI_CPU on cpu."),
        ({"fsdp": True}, 2, Started("MULTI_GPU", "cuda"), "started MULTI_GPU on cuda"),
        ({"deepspeed": {"zero_optimization": {}}}, 2, Started("MULTI_GPU"), "hardware asks for DEEPSPEED"),
        ({}, 2, Started("FSDP"), "hardware asks for plain data parallelism, but accelerate started FSDP"),
        ({}, None, Started("MULTI_CPU"), "hardware asks for one process"),
        ({"device": "mps"}, None, Started("NO"), "hardware.device=mps, but the device is cpu."),
    ],
)
def test_something_else_was_started(monkeypatch, tmp_path, hardware, world, started, message):
    monkeypatch.setenv("WORLD_SIZE", str(world or ""))
    with pytest.raises(ValueError) as caught:
        check_started({"hardware": hardware}, started, tmp_path)
    assert message in str(caught.value)
