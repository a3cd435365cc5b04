"""What turns text into sub-words, or images into pixels: loaded with the model, probed, taught the task's tokens."""

import json

from stages.trust import loading


def load_processor(folder, task):
    """What makes a model's inputs of the task's: the tokenizer of a model folder, or its image processor."""
    if not task.images:
        return add_tokens(load_tokenizer(folder, task.splits_words), task)
    from transformers import AutoImageProcessor

    try:
        return AutoImageProcessor.from_pretrained(str(folder), backend="pil", **loading(folder))
    except (OSError, ValueError, ImportError) as error:
        reason = str(error).split(". ")[0]
        raise ValueError(
            f"model.path={folder} has no image processor ({reason}). task={task.name} reads images: choose a vision "
            "model, such as model=vit-base or model=small_cnn."
        ) from error


def load_tokenizer(folder, splits_words):
    """The fast tokenizer of a model folder; for split words one that treats a word as it does after a space."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(str(folder), **loading(folder))
        if splits_words and not treats_words_alike(tokenizer):
            tokenizer = AutoTokenizer.from_pretrained(str(folder), add_prefix_space=True, **loading(folder))
        if splits_words and not treats_words_alike(tokenizer):
            _add_prefix_space(tokenizer)
    except (OSError, ValueError, ImportError) as error:
        raise ValueError(f"model.path={folder}: its tokenizer cannot be loaded: {error}") from error
    if not tokenizer.is_fast:
        raise ValueError(f"model.path={folder} has no fast tokenizer, which is needed to follow words to sub-words.")
    if splits_words and not treats_words_alike(tokenizer):
        raise ValueError(f"model.path={folder}: its tokenizer reads split words differently from running text.")
    tokenizer.truncation_side = "right"
    return tokenizer


def _add_prefix_space(tokenizer):
    """Set it in the byte-level step itself, for tokenizers whose class does not know the option (ModernBERT's)."""
    from tokenizers import Tokenizer

    state = json.loads(tokenizer.backend_tokenizer.to_str())
    step = state["pre_tokenizer"] or {}
    for part in (step, *step.get("pretokenizers", ())):
        if part.get("type") == "ByteLevel":
            part["add_prefix_space"] = True
    tokenizer._tokenizer = Tokenizer.from_str(json.dumps(state))


def treats_words_alike(tokenizer):
    """Whether the second of two split words becomes the same sub-words as in running text. Byte-level tokenizers write
    the space into the word, and lose about 2 F1 where it is missing; found by trying, not by a list of model types."""
    try:
        split = tokenizer(["the", "Berlin", "wall"], is_split_into_words=True, add_special_tokens=False)["input_ids"]
    except (AssertionError, ValueError):
        return False
    running = tokenizer(" the Berlin wall", add_special_tokens=False)["input_ids"]
    return split[1:] == running[len(running) - len(split) + 1 :]


def add_tokens(tokenizer, task):
    """Add the task's special tokens to the vocabulary; a saved tokenizer has them."""
    if task.new_tokens:
        tokenizer.add_special_tokens(
            {"extra_special_tokens": list(task.new_tokens)}, replace_extra_special_tokens=False
        )
    return tokenizer
