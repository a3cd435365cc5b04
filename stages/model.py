"""The model: the task's head put on it, the method applied, saved and checked."""

import warnings

from stages.arguments import unknown
from stages.files import follow_umask
from stages.layers import freeze
from stages.scratch.draft import register
from stages.scratch.vocabulary import UNLIMITED
from stages.trust import keep_code, loading, own_class
from tasks.contract import Task

# peft 0.21 asks transformers by a name that is on its way out; nothing a user could change.
warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing", category=FutureWarning)
register()


def fit_task(task, folder, tokenizer):
    """The task as it works on the model in a folder."""
    from transformers import AutoConfig

    return task.for_model(AutoConfig.from_pretrained(str(folder), **loading(folder)), tokenizer)


def limit_length(model, processor, asked=None):
    """Let a tokenizer write no more than the model reads; images have no length."""
    if hasattr(processor, "model_max_length"):
        processor.model_max_length = readable_length(model, processor, asked)


def readable_length(model, tokenizer, asked=None):
    """How many sub-words the model reads at once; raises ValueError where more are asked for."""
    positions = getattr(model.config, "max_position_embeddings", None) or 0
    if positions <= 0:  # no limit, as XLNet says with -1
        positions = tokenizer.model_max_length
    embeddings = [m for name, m in model.named_modules() if name.endswith("position_embeddings")]
    padding = next((m.padding_idx for m in embeddings if getattr(m, "padding_idx", None) is not None), None)
    if padding is not None:
        positions -= padding + 1  # RoBERTa counts positions from behind its padding id
    length = min(positions, tokenizer.model_max_length, UNLIMITED)
    if asked and asked > length:
        raise ValueError(f"model.max_length={asked}, but this model reads {length} sub-words. Give {length} or less.")
    return asked or length


def build_model(config, task, labels, folder, tokenizer, learned=None):
    """The pretrained model with the task's new head and named labels, under the method: adapted, or partly frozen.
    `learned`: the task's `learned_config`."""
    import transformers

    known = transformers.AutoConfig.from_pretrained(str(folder), **loading(folder))
    changes = {**dropouts(known, config["training"]), **config["model"]["config"]}
    for key in changes:
        if key not in known.to_dict():
            raise ValueError(unknown(f"model.config.{key}", [f"model.config.{k}" for k in known.to_dict()]))
    names = {"id2label": dict(enumerate(labels)), "label2id": {name: i for i, name in enumerate(labels)}}
    changes = {**(names if labels else {}), **task.head_config, **(learned or {}), **changes}
    if config["model"].get("attention"):
        changes["attn_implementation"] = config["model"]["attention"]
    transformers.set_seed(config["seed"])  # the head is made here, before the Trainer seeds anything
    model, found = load_head(task, folder, ignore_mismatched_sizes=True, output_loading_info=True, **changes)
    new = {*found["missing_keys"], *(key for key, *_ in found["mismatched_keys"])}
    model.new_modules = tuple(outermost(model, new))
    task.check_model(model.new_modules)
    grown = _grow_vocabulary(model, tokenizer, task)
    crf = [name for name, _ in model.named_modules() if name.split(".")[-1] == "crf"]  # peft knows plain heads only
    return _adapt(model, config["method"], task, list(dict.fromkeys([*model.new_modules, *crf, *grown])))


def _grow_vocabulary(model, tokenizer, task):
    """Room for the task's tokens in the embeddings; -> the modules to train and save whole because of them."""
    if not task.new_tokens:
        return []
    if len(tokenizer) > model.get_input_embeddings().num_embeddings:
        model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    embeddings = model.get_input_embeddings()
    return [name for name, module in model.named_modules() if module is embeddings]


def dropouts(known, training):
    """The keys of a model's own configuration that `training.dropout` sets, and those of attention alone that
    `training.attention_dropout` does: architectures call them differently."""
    values = {key: value for key, value in known.to_dict().items() if "dropout" in key or key.endswith("pdrop")}
    named = [key for key, value in values.items() if value is None or type(value) in (int, float)]
    of_attention = [key for key in named if "att" in key]
    shares = {key: training.get("dropout") for key in named}
    if training.get("attention_dropout") is not None:
        if not of_attention:
            raise ValueError(
                f"training.attention_dropout={training['attention_dropout']}: {known.model_type} has no dropout of its "
                "attention alone. Use training.dropout."
            )
        shares |= dict.fromkeys(of_attention, training["attention_dropout"])
    return {key: share for key, share in shares.items() if share is not None}


def outermost(model, parameters):
    """The modules all of whose parameters are among these, without those inside another one; containers, and models on
    an encoder that they share, are entered, as peft can wrap neither."""
    from torch.nn import ModuleDict, ModuleList
    from transformers import PreTrainedModel

    whole = []
    for name, module in model.named_modules():
        if isinstance(module, (ModuleDict, ModuleList, PreTrainedModel)):
            continue
        inner = [f"{name}.{p}" for p, _ in module.named_parameters()]
        inside = any(name.startswith(f"{outer}.") for outer in whole)
        if name and inner and parameters.issuperset(inner) and not inside:
            whole.append(name)
    return whole


def load_head(task, folder, **changes):
    """`from_pretrained` of the task's head, in float32, without the loader's bar and table of new weights."""
    import torch
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    try:
        safe = {"use_safetensors": True, **loading(folder)}  # pickled weights can hold a program
        return _head_class(task, folder).from_pretrained(str(folder), dtype=torch.float32, **safe, **changes)
    except (OSError, ValueError, ImportError) as error:
        asked = changes.get("attn_implementation")
        how = f" with model.attention={asked}" if asked else ""
        raise ValueError(f"model.path={folder} cannot be loaded as {task.auto_class}{how}: {error}") from error


def _head_class(task, folder):
    """The task's class for the architecture of a folder; transformers' own loader where it has none, to say so."""
    import transformers

    loader = getattr(transformers, task.auto_class)
    known = transformers.AutoConfig.from_pretrained(str(folder), **loading(folder))
    base = own_class(known, folder, task.auto_class) or loader._model_mapping.get(type(known), None)
    return task.head_class(base) if isinstance(base, type) else loader


def _adapt(model, method, task, new):
    """Wrap the model by the method. `new`: modules that the pretrained weights lack, the head among them (for some
    models the pooler as well); they start at random, so they are trained whole and saved with the adapter."""
    if method["name"] in ("full", "bitfit", "head_only"):
        freeze(model, method)
        return model
    from peft import LoraConfig, get_peft_model
    from peft.utils import TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING as TARGETS

    choices = {key: value for key, value in method.items() if key != "name"}
    if choices["target_modules"] is None and model.config.model_type not in TARGETS:
        choices["target_modules"] = _linear_layers(model, new)
    try:
        return get_peft_model(model, LoraConfig(task_type=task.lora_type, modules_to_save=new, **choices))
    except ValueError as error:
        raise ValueError(f"method=lora: {error} Name the layers with method.target_modules=[...]") from error


def _linear_layers(model, new):
    """All linear layers outside the new modules: what to adapt where peft does not know the architecture."""
    from torch.nn import Linear

    linear = [name for name, module in model.named_modules() if isinstance(module, Linear)]
    return [name for name in linear if not any(f"{name}.".startswith(f"{module}.") for module in new)]


def count_parameters(model):
    """-> (trained parameters, all parameters)."""
    sizes = [(p.numel(), p.requires_grad) for p in model.parameters()]
    return sum(n for n, trained in sizes if trained), sum(n for n, _ in sizes)


def save_model(model, tokenizer, folder):
    """Save in Hub format, loadable by `from_pretrained` and `pipeline` without this project.

    An adapter is saved beside, as `adapter/`, and merged into a copy of its base for `model/`.
    """
    if hasattr(model, "merge_and_unload"):
        model.save_pretrained(str(folder.parent / "adapter"))
        model = model.merge_and_unload()
    model.save_pretrained(str(folder))
    keep_code(model, folder)
    if hasattr(tokenizer, "backend_tokenizer"):
        tokenizer.backend_tokenizer.no_truncation()  # a setting of the last call, which would be saved too
        tokenizer.backend_tokenizer.no_padding()
    tokenizer.save_pretrained(str(folder))
    for made in (folder, folder.parent / "adapter"):
        follow_umask(made)


def check_saved(task, folder, batch, expected):
    """Load what was saved and compare its answers on a batch; raises RuntimeError if they differ by more than 1e-3."""
    saved = {folder / "model": load_head(task, folder / "model")}
    if (folder / "adapter").is_dir():
        saved[folder / "adapter"] = load_adapter(task, folder / "adapter", saved[folder / "model"].config)
    for place, model in saved.items():
        pairs = zip(answers(task, model, batch), expected, strict=True)
        difference = max((found - wanted).abs().max().item() for found, wanted in pairs)
        if not difference < 1e-3:
            raise RuntimeError(
                f"the model saved in {place} differs from the trained one: its answers by {difference:.3g}."
            )


def load_adapter(task, folder, config):
    """An adapter with its head, on the base that it names. `config` carries the labels."""
    from peft import PeftConfig, PeftModel

    base = PeftConfig.from_pretrained(str(folder)).base_model_name_or_path
    model = load_head(task, base, config=config, ignore_mismatched_sizes=True)  # the adapter brings the head
    return PeftModel.from_pretrained(model, str(folder))


def answers(task, model, batch):
    """What a model says of a batch: its logits, and what `decode` gets of them (which a CRF's transitions decide)."""
    import torch

    with torch.no_grad():
        outputs, plain = model.eval()(**batch), type(task).respond is Task.respond
        return [outputs["logits"], *(task.reduce(outputs)[-1:] if plain else [])]
