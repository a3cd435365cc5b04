"""Prompts for a masked language model: a text set into a template, words that stand for labels, their scores.

Schick and Schütze (2021), Pattern-Exploiting Training; Gao et al. (2021), LM-BFF.
"""

import re

from tasks.contract import Finding

TEXT, MASK = "{text}", "{mask}"


def check_template(template):
    """Raise ValueError unless the template holds the text and one mask."""
    for slot in (TEXT, MASK):
        if template.count(slot) != 1:
            raise ValueError(
                f"task.template={template!r} holds {slot} {template.count(slot)} times. Write it once, as in "
                "'{text} It is about {mask} .'"
            )


def label_words(labels, given):
    """The words of each label: those given, else its name taken apart (`card_arrival`, `cardArrival`: card arrival).

    Raises ValueError for words of a label that there is not, and for two labels with the same words.
    """
    given = {str(label): words for label, words in given.items()}  # a command line makes numbers of some
    unknown = [label for label in given if label not in labels]
    if unknown:
        raise ValueError(f"task.words.{unknown[0]}: no label is called so. There are: {', '.join(labels[:20])}.")
    words = {label: given.get(label) or words_of_name(label) for label in labels}
    for label, text in words.items():
        twin = next((other for other in labels if other != label and words[other] == text), None)
        if twin:
            raise ValueError(f"task.words: {label} and {twin} have the same words, {text!r}. Give one of them others.")
    return words


def words_of_name(label):
    """A label's name as words: lower case begins a new one before a capital, signs become spaces."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", re.sub(r"[\W_]+", " ", label)).strip()
    return spaced.lower() or label


def describe_names(splits, given):
    """A warning where names of labels have no letter, so that they say nothing, and no words are given for them."""
    names = {name for examples in splits.values() for name in examples.get("label", ())}
    bare = sorted(name for name in names if not any(c.isalpha() for c in name))
    if set(bare) <= set(map(str, given)):
        return []
    what = f"labels whose names are no words: {', '.join(bare[:8])}"
    return [Finding("warning", "all", what, "Say what they mean: task.words={0: bad, 1: good}")]


def fill(template, texts, tokenizer):
    """Texts in a template as sub-words -> (the tokenizer's batch, whether each text was cut). A text that is too long
    loses its end, the template nothing; what looks like a mask in a text is taken out of it."""
    texts = [text.replace(tokenizer.mask_token, " ") for text in texts]
    prompts = [_filled(template, text, tokenizer) for text in texts]
    lengths = [len(ids) for ids in tokenizer(prompts)["input_ids"]]
    most = tokenizer.model_max_length
    cut = [length > most for length in lengths]
    for i in [i for i, is_cut in enumerate(cut) if is_cut]:
        prompts[i] = _shortened(template, texts[i], lengths[i] - most, tokenizer)
    return tokenizer(prompts), cut


def _shortened(template, text, excess, tokenizer):
    """The prompt with the end of its text left out; where that changes the sub-words at the cut, with some more."""
    ends = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    for kept in range(max(len(ends) - excess, 0), -1, -1):
        prompt = _filled(template, text[: ends[kept - 1][1]] if kept else "", tokenizer)
        if len(tokenizer(prompt)["input_ids"]) <= tokenizer.model_max_length:
            return prompt
    most = tokenizer.model_max_length
    raise ValueError(f"task.template={template!r} alone is longer than the {most} sub-words that the model reads.")


def _filled(template, text, tokenizer):
    before, after = template.replace(MASK, tokenizer.mask_token).split(TEXT)
    return before + text + after


def word_ids(words, template, tokenizer):
    """The sub-words of each label's words, behind a space where the mask is. Raises ValueError for words that the
    vocabulary does not have."""
    space = " " if template.partition(MASK)[0][-1:] in ("", " ") else ""
    ids = {label: tokenizer(space + text, add_special_tokens=False)["input_ids"] for label, text in words.items()}
    for label, pieces in ids.items():
        if not pieces or tokenizer.unk_token_id in pieces:
            raise ValueError(
                f"task.words.{label}={words[label]!r} is not in the model's vocabulary. Give words that are."
            )
    return list(ids.values())


class PromptCollator:
    """Pads rows into a batch with `masked`, the place of each row's mask, (rows,), and `words`, the sub-words of each
    label, (labels, most) filled up with -1."""

    def __init__(self, tokenizer, ids):
        import torch
        from transformers import DataCollatorWithPadding

        self.pad, self.mask = DataCollatorWithPadding(tokenizer), tokenizer.mask_token_id
        self.words = torch.full((len(ids), max(map(len, ids))), -1)
        for row, pieces in zip(self.words, ids, strict=True):
            row[: len(pieces)] = torch.tensor(pieces)

    def __call__(self, rows):
        batch = self.pad(rows)
        return {**batch, "masked": (batch["input_ids"] == self.mask).int().argmax(dim=1), "words": self.words}


def verbalizer(base):
    """A subclass of a masked language model whose logits are per label, (rows, labels): the mean of what the model
    scores the label's sub-words at the one mask. It keeps the name and the weights of its base, and adds none."""

    class Verbalizer(base):
        def forward(self, *args, masked=None, words=None, **kwargs):
            outputs = super().forward(*args, **kwargs)
            if words is None:
                return outputs
            at_mask = outputs["logits"][range(len(masked)), masked]  # (rows, vocabulary)
            known = words >= 0
            scores = at_mask[:, words.clamp(min=0)] * known  # (rows, labels, most)
            return {"logits": scores.sum(dim=-1) / known.sum(dim=-1)}

    Verbalizer.__name__ = Verbalizer.__qualname__ = base.__name__
    return Verbalizer
