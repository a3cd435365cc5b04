"""Models split over processes, by FSDP or DeepSpeed: what may be chosen, what the Trainer gets, the way back."""

import os
from copy import deepcopy
from importlib.util import find_spec

from stages.arguments import typed, unknown

# transformers ignores a key that it does not know. FSDP1, XLA and loading on one process only are left out.
FSDP_KEYS = (
    "reshard_after_forward", "cpu_offload", "activation_checkpointing", "state_dict_type", "auto_wrap_policy",
    "transformer_layer_cls_to_wrap", "min_num_params",
)  # fmt: skip
# DeepSpeed ignores such a key too. What would change numbers is left out: the Trainer's own choices fill it in.
DEEPSPEED_KEYS = (
    "zero_optimization", "zero_force_ds_cpu_optimizer", "aio", "checkpoint", "comms_logger", "flops_profiler",
    "steps_per_print", "wall_clock_breakdown",
)  # fmt: skip
FROM_TRAINER = {
    "train_batch_size": "auto", "train_micro_batch_size_per_gpu": "auto", "gradient_accumulation_steps": "auto",
    "gradient_clipping": "auto", "bf16": {"enabled": "auto"}, "fp16": {"enabled": "auto"},
}  # fmt: skip
STAGES = (1, 2, 3)
DEEPSPEED = "deepspeed==0.19.8"


def check_sharding(hardware, optimizer):
    """Raise ValueError for a choice of FSDP or DeepSpeed that is unknown, or that does not go together."""
    fsdp, deepspeed = hardware.get("fsdp"), hardware.get("deepspeed")
    if fsdp and deepspeed:
        raise ValueError("hardware.fsdp and hardware.deepspeed are two ways to split a model. Choose one.")
    if (fsdp or deepspeed) and hardware.get("use_cpu"):
        raise ValueError("hardware.use_cpu=true: FSDP and DeepSpeed need GPUs. Use hardware=cpu alone.")
    if (fsdp or deepspeed) and optimizer == "adafactor":  # fails under FSDP, gives other numbers under DeepSpeed
        raise ValueError(
            "optimizer.optim=adafactor needs whole weights, for their rows and columns, but FSDP and DeepSpeed split "
            "them. Use optimizer=adamw, or hardware=multi_gpu."
        )
    if hardware.get("fsdp_config") is not None:
        _check_keys("hardware.fsdp_config", hardware["fsdp_config"], FSDP_KEYS)
        if not fsdp:
            raise ValueError("hardware.fsdp_config counts only with FSDP. Use hardware=fsdp.")
    if deepspeed is not None:
        _check_keys("hardware.deepspeed", deepspeed, DEEPSPEED_KEYS)
        stage = _zero(hardware).get("stage")
        if stage not in STAGES:
            key = "hardware.deepspeed.zero_optimization.stage"
            raise ValueError(f"{key}={typed(stage)} is not a stage of ZeRO. Choose one of: 1, 2, 3.")


def _check_keys(place, given, known):
    if not isinstance(given, dict):
        raise ValueError(f"{place}={typed(given)} is not keys with values. Write {place}.{known[0]}=...")
    for key in given:
        if key in FROM_TRAINER:
            raise ValueError(f"{place}.{key} is set by the project, from batch_size and training.*")
        if key not in known:
            raise ValueError(unknown(f"{place}.{key}", [f"{place}.{name}" for name in known]))


def _zero(hardware):
    zero = hardware["deepspeed"].get("zero_optimization")
    return zero if isinstance(zero, dict) else {}


def find_deepspeed(hardware):
    """Raise ValueError where DeepSpeed is asked for and not installed; it is no requirement of the project."""
    if hardware.get("deepspeed") and find_spec("deepspeed") is None:
        raise ValueError(f"hardware.deepspeed: DeepSpeed is not installed. Run: pip install {DEEPSPEED}")


def show_fsdp(hardware):
    """Tell accelerate of FSDP before it opens the connection between processes: what is gathered in main memory, or
    kept there, goes through gloo, which it adds to NCCL by these variables alone."""
    if hardware.get("fsdp"):
        choices = hardware.get("fsdp_config") or {}
        os.environ["ACCELERATE_USE_FSDP"] = "true"
        os.environ["FSDP_STATE_DICT_TYPE"] = choices.get("state_dict_type", "FULL_STATE_DICT")
        os.environ["FSDP_OFFLOAD_PARAMS"] = str(bool(choices.get("cpu_offload"))).lower()


def trainer_choices(hardware):
    """The fields of TrainingArguments for a split model: whole, and copied, for the Trainer writes into them."""
    whole = {"fsdp_config": hardware.get("fsdp_config")}
    if hardware.get("deepspeed"):
        gather = {"stage3_gather_16bit_weights_on_model_save": True} if _zero(hardware)["stage"] == 3 else {}
        zero = {**gather, **_zero(hardware)}
        whole["deepspeed"] = {**FROM_TRAINER, **hardware["deepspeed"], "zero_optimization": zero}
    return {name: deepcopy(value) for name, value in whole.items() if value is not None}


def name_layers(arguments, model):
    """Split a model layer by layer, unless the user named the classes. What models name themselves, in
    `_no_split_modules`, is nothing for some, and for BERT's relatives the embeddings too: accelerate 1.15 fails there,
    for it splits the word embeddings once more."""
    chosen = arguments.fsdp_plugin_args
    if chosen and chosen["auto_wrap_policy"] == "TRANSFORMER_BASED_WRAP":
        chosen.setdefault("transformer_cls_names_to_wrap", layer_classes(model))


def layer_classes(model):
    """Class names of the layers: of what stands in a list of modules that is not inside another layer."""
    names, inside = [], ()
    for name, module in model.named_modules():
        layers = [type(layer).__name__ for layer in module] if type(module).__name__ == "ModuleList" else []
        if layers and "ModuleList" not in layers and not name.startswith(inside):
            inside += (f"{name}.",)
            names += layers
    return list(dict.fromkeys(names))


def splits_weights(hardware):
    """Whether no process holds the whole model: FSDP, or the third stage of ZeRO."""
    return bool(hardware.get("fsdp") or (hardware.get("deepspeed") and _zero(hardware)["stage"] == 3))


def gather(accelerator, split, whole):
    """Copy the weights of a split model into `whole`, on the CPU of the main process. Runs on all processes."""
    from transformers.integrations.deepspeed import unset_hf_deepspeed_config

    weights = accelerator.get_state_dict(split)
    if accelerator.is_main_process:
        whole.load_state_dict(weights)
    unset_hf_deepspeed_config()  # or what is loaded from now on would be split again
    return whole
