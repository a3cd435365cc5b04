"""Packed rows: whether a model keeps the texts of a row apart. Architectures that take no positions, or ignore where
they start anew, let each text see those before it."""

from stages.terminal import warn

PROBE = 3  # tokens of a text that is tried alone and behind another one


def check_packing(task, model):
    """Raise ValueError where packing was asked for and the model cannot; blocks of running text are only warned of."""
    asked = hasattr(task, "packing")
    if asked and model.config.is_encoder_decoder:
        raise ValueError("task.packing=true: an encoder-decoder reads prompt and reply apart. Set task.packing=false.")
    if keeps_apart(model):
        return
    what = f"{model.config.model_type} lets the texts of a row see each other"
    if asked:
        raise ValueError(f"task.packing=true: {what}. Set task.packing=false.")
    warn(f"{what}: the documents of a block are parted by their end tokens alone.")


def keeps_apart(model):
    """Whether a text behind another one gets the logits that it gets alone. True for flash attention, which needs a
    GPU to try; it looks at positions where a batch is one row."""
    import torch

    if str(getattr(model.config, "_attn_implementation", "")).startswith("flash"):
        return True
    before, text = torch.arange(2 * PROBE, device=model.device).view(2, 1, PROBE)
    places, trains = torch.arange(PROBE, device=model.device).unsqueeze(0), model.training
    model.eval()
    try:
        with torch.no_grad():
            alone = model(input_ids=text, position_ids=places)["logits"]
            both = model(input_ids=torch.cat([before, text], dim=1), position_ids=places.repeat(1, 2))["logits"]
    except TypeError:  # it takes no positions
        return False
    finally:
        model.train(trains)
    return torch.allclose(both[:, PROBE:], alone, rtol=1e-4, atol=1e-4 * alone.abs().max().item())
