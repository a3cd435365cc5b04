"""Where each parameter stands, embeddings, encoder layers or head, and which of them a method leaves frozen."""


def freeze(model, method):
    """Stop the gradients that a method without adapters does not want. `method`: full, bitfit or head_only; raises
    ValueError where the model has too few layers, or no biases."""
    if method["name"] == "full":
        frozen = _lowest(model, method["frozen_layers"], method["frozen_embeddings"])
    else:
        trained = head_parameters(model)
        if method["name"] == "bitfit":
            trained += _biases(model)
        frozen = _without(model.parameters(), trained)
    for parameter in frozen:
        parameter.requires_grad = False


def _lowest(model, count, embeddings):
    """The parameters of the lowest encoder layers, with the embeddings under them."""
    if not count:
        return embedding_parameters(model) if embeddings else []
    layers = encoder_layers(model, f"method.frozen_layers={count}")
    if count > len(layers):
        has = f"this model has {len(layers)} encoder layers. Give {len(layers)} or less."
        raise ValueError(f"method.frozen_layers={count}, but {has}")
    return embedding_parameters(model) + [p for layer in layers[:count] for p in layer.parameters()]


def _biases(model):
    biases = [p for name, p in model.named_parameters() if name.endswith("bias")]
    if not _without(biases, head_parameters(model)):
        raise ValueError(f"method=bitfit trains biases, but {model.config.model_type} has none. Take method=lora.")
    return biases


def encoder_layers(model, asked):
    """The encoder's layers, lowest first: the one list of modules as long as the model is deep, found by structure so
    that no list of architectures is needed. Raises ValueError, naming what asked for them, where they share weights."""
    inner, depth = _bare(model), getattr(model.config, "num_hidden_layers", None)
    lists = _outermost_lists(inner.base_model, _new_parameters(inner))
    found = [layers for layers in lists if len(layers) == depth] or lists
    kind = model.config.model_type
    if len(found) != 1:
        raise ValueError(f"{asked}: the layers of {kind} are not one list, so they cannot be numbered. Leave it out.")
    if depth and len(found[0]) < depth:
        raise ValueError(
            f"{asked}: the {depth} layers of {kind} share the weights of {len(found[0])}, so they cannot be told "
            "apart. Leave it out."
        )
    return found[0]


def _outermost_lists(module, new):
    """The lists of modules with pretrained weights, without those inside another one."""
    from torch.nn import ModuleList

    if isinstance(module, ModuleList) and any(True for _ in module.parameters()):
        return [] if _ids(module.parameters()) <= new else [module]
    return [found for child in module.children() for found in _outermost_lists(child, new)]


def embedding_parameters(model):
    """What lies below the layers: everything registered before the first of them, and all embeddings outside them."""
    from torch.nn import Embedding

    inner = _bare(model)
    layered = _ids(p for layers in _outermost_lists(inner.base_model, set()) for p in layers.parameters())
    embedded = _ids(p for m in inner.modules() if isinstance(m, Embedding) for p in m.parameters())
    below, lower = [], True
    for parameter in inner.base_model.parameters():
        lower = lower and id(parameter) not in layered
        if lower or (id(parameter) in embedded and id(parameter) not in layered):
            below.append(parameter)
    return _without(below, head_parameters(model))


def head_parameters(model):
    """What pretraining lacks; where that is nothing, as in a model trained for the task before, what is no encoder."""
    inner = _bare(model)
    new = _new_parameters(inner)
    return [p for p in inner.parameters() if id(p) in new] or _without(
        inner.parameters(), inner.base_model.parameters()
    )


def crf_parameters(model):
    """The parameters of conditional random fields: modules named `crf`."""
    named = model.named_modules()
    return [p for name, module in named if name.split(".")[-1] == "crf" for p in module.parameters()]


def _new_parameters(inner):
    return _ids(p for name in inner.new_modules for p in inner.get_submodule(name).parameters())


def _bare(model):
    """The model inside its adapter."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def _ids(parameters):
    return {id(p) for p in parameters}


def _without(parameters, others):
    left_out = _ids(others)
    return [p for p in parameters if id(p) not in left_out]
