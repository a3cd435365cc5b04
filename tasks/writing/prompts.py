"""Prompts and what is written after them, as rows and batches: for encoder-decoders and for decoder-only models."""

from typing import Any

from tasks.contract import IGNORED
from tasks.writing.references import first_references


def prompts_ids(tokenizer, prompts: list[str], decoder_only: bool) -> list[list[int]]:
    """Prompts as a model of this kind wants them: a chat model gets each as the user's message, any other decoder-only
    model with a line end behind it, an encoder-decoder with its special tokens."""
    if decoder_only and tokenizer.chat_template:
        chats = [[{"role": "user", "content": prompt}] for prompt in prompts]
        return [
            tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_dict=True)["input_ids"]
            for chat in chats
        ]
    if not decoder_only or not prompts:
        return tokenizer(prompts)["input_ids"] if prompts else []
    lines, start = [f"{prompt}\n" for prompt in prompts], beginning(tokenizer)
    return [[*start, *ids] for ids in tokenizer(lines, add_special_tokens=False)["input_ids"]]


def beginning(tokenizer):
    """The tokens that a tokenizer puts before any text, such as Llama's <s>."""
    both = tokenizer("a")["input_ids"]
    return both[: both.index(tokenizer("a", add_special_tokens=False)["input_ids"][0])]


def target_ids(tokenizer, text: str, decoder_only: bool) -> list[int]:
    """What is to be written, with its end."""
    return targets_ids(tokenizer, [text], decoder_only)[0]


def targets_ids(tokenizer, texts: list[str], decoder_only: bool) -> list[list[int]]:
    if not decoder_only or not texts:
        return tokenizer(text_target=texts)["input_ids"] if texts else []
    return [[*ids, tokenizer.eos_token_id] for ids in tokenizer(texts, add_special_tokens=False)["input_ids"]]


def fitted(make, text: str, tokenizer, room: int) -> tuple[list[int], bool]:
    """-> (`make(text)`: the ids of a prompt around a text; whether its end had to be cut off to fit into `room`)."""
    ids = make(text)
    if len(ids) <= room:
        return ids, False
    ends = [end for _, end in tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]]
    keep = len(ends) - (len(ids) - room)
    while keep > 0:
        ids = make(text[: ends[keep - 1]])
        if len(ids) <= room:
            return ids, True
        keep -= len(ids) - room
    ids = make("")
    if len(ids) > room:
        raise ValueError(f"the prompt alone has {len(ids)} sub-words, but only {room} fit in. Raise model.max_length.")
    return ids, True


def room_for_prompt(tokenizer, settings: dict[str, Any], decoder_only: bool) -> int:
    """How many sub-words a prompt may have: decoder-only models write into the same space."""
    room = tokenizer.model_max_length - (settings["max_new_tokens"] if decoder_only else 0)
    if room < 1:
        raise ValueError(
            f"task.generation.max_new_tokens={settings['max_new_tokens']} leaves no room for the prompt: the model "
            f"reads {tokenizer.model_max_length} sub-words in all. Lower it, or raise model.max_length."
        )
    return room


def encode_pairs(prompts, targets, tokenizer, settings: dict[str, Any], decoder_only: bool) -> dict[str, list]:
    """One row per example. `prompts`: pairs of a function that puts a text into a prompt, and that text, whose end may
    be cut off; `targets`: texts, or None where there is no gold.

    `input_ids` is the prompt and `labels` what is written after it; `Pairs` and `Continuations` put them together. So
    rows are as long, and batches the same, with and without gold.
    """
    room, prompts = room_for_prompt(tokenizer, settings, decoder_only), list(prompts)
    whole = prompts_ids(tokenizer, [around(text) for around, text in prompts], decoder_only)
    written = iter(targets_ids(tokenizer, [text for text in targets if text is not None], decoder_only))
    rows = {"input_ids": [], "attention_mask": [], "labels": [], "cut": []}
    for (around, text), ids, target in zip(prompts, whole, targets, strict=True):
        cut = len(ids) > room
        if cut:
            ids, _ = fitted(
                lambda part, around=around: prompts_ids(tokenizer, [around(part)], decoder_only)[0],
                text, tokenizer, room,
            )  # fmt: skip
        labels = [] if target is None else next(written)
        most = tokenizer.model_max_length - (len(ids) if decoder_only else 0)
        rows["input_ids"].append(ids)
        rows["attention_mask"].append([1] * len(ids))
        rows["labels"].append(labels[:most])
        rows["cut"].append(cut or len(labels) > most)
    return {**rows, "example": list(range(len(rows["cut"])))}


def encode_texts(examples, columns, prompt: str, tokenizer, settings: dict[str, Any], decoder_only: bool):
    """The same for the texts of one column and the first references of another, `columns`; the prompt holds the name of
    the first in braces, where the text goes."""
    text, gold = columns
    prompts = [(lambda part: prompt.replace(f"{{{text}}}", part), whole) for whole in examples[text]]
    targets = first_references(examples, gold) or [None] * len(prompts)
    return encode_pairs(prompts, targets, tokenizer, settings, decoder_only)


class Pairs:
    """Batches for encoder-decoders: prompts and targets padded on the right; the model shifts the decoder's inputs."""

    def __init__(self, tokenizer, model):
        self.pad, self.model = tokenizer.pad_token_id, model

    def __call__(self, rows):
        prompts = [row["input_ids"] for row in rows]
        labels = _padded([row["labels"] or [IGNORED] for row in rows], IGNORED)
        return {
            "input_ids": _padded(prompts, self.pad),
            "attention_mask": _padded([[1] * len(ids) for ids in prompts], 0),
            "decoder_input_ids": self.model.prepare_decoder_input_ids_from_labels(labels=labels),
            "labels": labels,
        }


class Continuations:
    """Batches for decoder-only models: prompt and target in one, padded on the left, so that all targets stand at the
    right edge and only their logits are computed."""

    def __init__(self, tokenizer, model):
        from inspect import signature

        self.pad = tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id
        inner = model.get_base_model() if hasattr(model, "get_base_model") else model
        self.takes = set(signature(inner.forward).parameters)

    def __call__(self, rows):
        import torch

        targets = [[i for i in row["labels"] if i != IGNORED] for row in rows]
        whole = [[*row["input_ids"], *target] for row, target in zip(rows, targets, strict=True)]
        golds = [
            [IGNORED] * len(row["input_ids"]) + row["labels"][: len(t)] for row, t in zip(rows, targets, strict=True)
        ]
        mask = _padded([[1] * len(ids) for ids in whole], 0, left=True)
        width, longest = mask.shape[1], max(map(len, targets))
        more = {
            "position_ids": (mask.cumsum(dim=1) - 1).clamp(min=0),
            "logits_to_keep": torch.arange(width - longest - 1, width),
        }
        return {
            "input_ids": _padded(whole, self.pad, left=True),
            "attention_mask": mask,
            **{name: value for name, value in more.items() if name in self.takes},
            "labels": _padded(golds, IGNORED, left=True),
        }


def _padded(lists, value, left=False):
    """Lists of ids as one tensor, as wide as the longest."""
    import torch

    width = max(map(len, lists))
    fill = [[value] * (width - len(ids)) for ids in lists]
    return torch.tensor([pad + ids if left else ids + pad for pad, ids in zip(fill, lists, strict=True)])
