"""How it is optimized: which optimizer and schedule can run, and how fast each part learns. No torch here."""

from importlib.util import find_spec

from stages.arguments import typed, unknown
from stages.layers import crf_parameters, embedding_parameters, encoder_layers, head_parameters

# Optimizers of the Trainer that another package brings: the module, what pip installs, the names that begin so.
PACKAGES = {
    ("bitsandbytes", "bitsandbytes"): "adamw_bnb_8bit adamw_8bit ademamix lion paged_ rmsprop_bnb",
    ("galore_torch", "galore-torch"): "galore_",
    ("apollo_torch", "apollo-torch"): "apollo_",
    ("lomo_optim", "lomo-optim"): "lomo adalomo",
    ("grokadamw", "grokadamw"): "grokadamw",
    ("schedulefree", "schedulefree"): "schedule_free_",
    ("optimi", "torch-optimi"): "stable_adamw",
    ("torchao", "torchao"): "adamw_torch_4bit adamw_torch_8bit",
    ("torch_xla", "torch_xla"): "adamw_torch_xla",
    ("torch_npu", "torch_npu"): "adamw_torch_npu_fused",
    ("torchdistx", "git+https://github.com/pytorch/torchdistx"): "adamw_anyprecision",
}
# What optim_args may hold: the Trainer takes any word and uses only these.
OPTIM_ARGS = {
    "adamw_torch": "", "adamw_torch_fused": "", "adafactor": "", "sgd": "momentum dampening nesterov",
    "adagrad": "lr_decay eps", "rmsprop": "momentum alpha eps centered",
}  # fmt: skip
# What lr_scheduler_kwargs may hold.
SCHEDULER_KEYS = {
    "linear": "", "constant": "", "constant_with_warmup": "", "cosine": "num_cycles",
    "cosine_with_restarts": "num_cycles", "polynomial": "lr_end power", "inverse_sqrt": "timescale",
    "cosine_with_min_lr": "num_cycles min_lr min_lr_rate",
    "cosine_warmup_with_min_lr": "num_cycles min_lr min_lr_rate warmup_lr_rate",
    "warmup_stable_decay": "num_decay_steps num_stable_steps warmup_type decay_type min_lr_ratio num_cycles",
    "reduce_lr_on_plateau": "factor patience threshold threshold_mode cooldown min_lr eps",
    "greedy": "factor patience threshold threshold_mode cooldown warmup min_lr max_lr eps smooth window_size "
    "reset_start",
}  # fmt: skip
BY_SCORE = ("reduce_lr_on_plateau", "greedy")  # they follow task.best instead of a plan


def check_optimization(config):
    """Raise ValueError for an optimizer that is not installed, and for arguments that it or the schedule lacks."""
    _check_optimizer(config["optimizer"])
    _check_scheduler(config["scheduler"], config["training"].get("eval_strategy", "no"))


def _check_optimizer(optimizer):
    name = optimizer.get("optim", "adamw_torch_fused")
    for (module, package), names in PACKAGES.items():
        if name.startswith(tuple(names.split())) and find_spec(module) is None:
            raise ValueError(f"optimizer.optim={name} needs a package that is not installed: pip install {package}")
    if name.startswith(("galore_", "apollo_")) and not optimizer.get("optim_target_modules"):
        raise ValueError(
            f"optimizer.optim={name} needs layers to work on. Add optimizer.optim_target_modules=all-linear"
        )
    given = optimizer.get("optim_args") or ""
    for pair in given.replace(" ", "").split(",") if given else ():
        key, _, value = pair.partition("=")
        if not value:
            raise ValueError(f"optimizer.optim_args={given} is not understood. Write 'key=value,key=value'.")
        known = OPTIM_ARGS.get(name, key).split()
        if key not in known:
            raise ValueError(_unknown("optimizer.optim_args", key, known, f"optimizer.optim={name}"))


def _check_scheduler(scheduler, eval_strategy):
    name, given = scheduler.get("lr_scheduler_type", "linear"), scheduler.get("lr_scheduler_kwargs") or {}
    if not isinstance(given, dict):
        raise ValueError(f"scheduler.lr_scheduler_kwargs={typed(given)} is not keys with values, as in {{a: b}}.")
    if name in BY_SCORE and "mode" in given:
        raise ValueError("scheduler.lr_scheduler_kwargs.mode is set by the project. Change task.best.")
    if name in BY_SCORE and eval_strategy == "no":
        raise ValueError(f"lr_scheduler_type={name} needs evaluations. Set training.eval_strategy=epoch or steps.")
    if name in (*BY_SCORE, "constant") and scheduler.get("warmup_steps"):
        raise ValueError(f"scheduler.lr_scheduler_type={name} has no warm-up. Leave scheduler.warmup_steps out.")
    known = SCHEDULER_KEYS[name].split()
    for key in given:
        if key not in known:
            raise ValueError(
                _unknown("scheduler.lr_scheduler_kwargs", key, known, f"scheduler.lr_scheduler_type={name}")
            )


def _unknown(place, key, known, choice):
    nearest = unknown(f"{place}.{key}", [f"{place}.{k}" for k in known]) if known else f"there is no key {place}.{key}."
    return f"{nearest} {choice} takes {' '.join(known) or 'none'}."


def scheduler_values(name, given, steps, greater_is_better):
    """The schedule's own arguments: the direction of the score that it follows, and shares of all steps as steps."""
    values = dict(given or {})
    if name in BY_SCORE:
        values["mode"] = "max" if greater_is_better else "min"
    for key in ("num_decay_steps", "num_stable_steps"):
        if 0 < (values.get(key) or 0) < 1:
            values[key] = round(values[key] * steps)
    return values


def learning_rates(model, optimizer, base):
    """-> {id of a parameter: its learning rate}. Layer i of `depth` learns at `base * layer_decay ** (depth - i)`, the
    embeddings as layer 0 (Sun et al., 2019), everything above the layers and everything new at `base`; the head, and in
    it a CRF, at a rate of their own where one is given. Raises ValueError where the model has no such part."""
    rates = {id(p): base for p in model.parameters()}
    decay = optimizer.get("layer_decay")
    if decay is not None:
        layers = encoder_layers(model, f"optimizer.layer_decay={decay}")
        levels = [embedding_parameters(model), *(list(layer.parameters()) for layer in layers)]
        for i, parameters in enumerate(levels):
            rates.update({id(p): base * decay ** (len(layers) - i) for p in parameters})
    for part, parameters in (("head", head_parameters(model)), ("crf", crf_parameters(model))):
        rate = optimizer.get(f"{part}_learning_rate")
        if rate is not None and not parameters:
            raise ValueError(f"optimizer.{part}_learning_rate={rate}: this model has no {part}. Leave the key out.")
        rates.update({id(p): rate for p in parameters if rate is not None})
    return rates


def set_learning_rates(optimizer, rates, base):
    """Split each group of an optimizer that has not stepped by its parameters' rates. What the Trainer decided for a
    group, weight decay above all, holds for its parts; those at the base rate come first: the first one's is logged."""
    groups = []
    for group in optimizer.param_groups:
        by_rate = {}
        for parameter in group["params"]:
            by_rate.setdefault(rates[id(parameter)], []).append(parameter)
        groups += [{**group, "params": parameters, "lr": rate} for rate, parameters in by_rate.items()]
    optimizer.param_groups[:] = sorted(groups, key=lambda group: group["lr"] != base)


def own_rates(optimizer):
    """Whether a configuration's optimizer asks for more than one learning rate."""
    return any(optimizer.get(key) is not None for key in ("layer_decay", "head_learning_rate", "crf_learning_rate"))


def describe_rates(model, optimizer, rates, base):
    """One line: the rates that parameters really learn at."""
    own = {part: optimizer.get(f"{part}_learning_rate") for part in ("head", "crf")}
    trained = {id(p) for p in model.parameters() if p.requires_grad} - {id(p) for p in head_parameters(model)}
    lowest = min((rates[key] for key in trained), default=base)
    shown = [f"{base:.3g}", *([f"lower layers down to {lowest:.3g}"] if lowest < base else [])]
    return ", ".join(shown + [f"{part} {rate:.3g}" for part, rate in own.items() if rate is not None])
