"""Rows of texts and pairs of texts, made by arrays where that gives what the tokenizer gives."""

import numpy as np

from tasks.sub_words import frame_of
from tasks.texts.pieces import pieces_of

TRIED = 16  # texts of which the fast way is compared with the usual one, spread over all


def text_rows(texts, tokenizer, cut) -> dict:
    """The model's inputs of the texts in one list, or of the pairs in two, and `cut`; see `tasks/texts/rows.py`."""
    fast = gathered(texts, tokenizer, cut)
    if fast is None:
        return usual(texts, tokenizer, cut)
    lengths = fast["input_ids"].lengths
    tried = np.unique([*range(0, len(lengths), len(lengths) // TRIED + 1), lengths.argmax()])
    slow = usual([[column[i] for i in tried] for column in texts], tokenizer, cut)
    same = [*fast] == [*slow] and all([fast[name][i] for i in tried] == slow[name] for name in slow)
    return fast if same else usual(texts, tokenizer, cut)


def gathered(texts, tokenizer, cut) -> dict | None:
    """The rows from pieces of the texts; None where these have no sub-words, or are not read from the left."""
    contents = [pieces_of(column, tokenizer).ids for column in texts]
    spoken = next((text for text, size in zip(texts[0], contents[0].lengths, strict=True) if size), None)
    frame = spoken is not None and tokenizer.truncation_side == "right" and frame_of([spoken] * len(texts), tokenizer)
    if not frame:
        return None
    room = max(tokenizer.model_max_length - tokenizer.num_special_tokens_to_add(pair=len(texts) == 2), 0)
    lengths = [content.lengths for content in contents]
    long = np.flatnonzero(sum(lengths) > room)
    if len(texts) == 1:
        lengths = [np.minimum(lengths[0], room)]
    elif len(long):
        lengths = _cut_pairs(texts, lengths, long, tokenizer, cut)
    rows = frame.around(*(content.first(kept) for content, kept in zip(contents, lengths, strict=True)))
    return {**rows, "cut": np.isin(np.arange(len(texts[0])), long).tolist()}


def _cut_pairs(texts, lengths, long, tokenizer, cut):
    """How much is left of each text of the pairs, of which some are too long; the tokenizer says it."""
    lengths = [one.copy() for one in lengths]
    for i in long:
        whose = _truncated([column[i] for column in texts], tokenizer, cut).sequence_ids(0)
        lengths[0][i], lengths[1][i] = whose.count(0), whose.count(1)
    return lengths


def _truncated(texts, tokenizer, cut):
    """One text or pair, cut by the tokenizer; where the text that is not to be cut leaves no room, at the longer."""
    most = tokenizer.model_max_length
    if len(texts) == 2 and cut != "longest_first":
        other = texts[0 if cut == "only_second" else 1]
        others = len(tokenizer(other, add_special_tokens=False, verbose=False)["input_ids"])
        room = most - tokenizer.num_special_tokens_to_add(pair=True)
        cut = cut if others < room else "longest_first"
    return tokenizer(*([text] for text in texts), truncation=cut, max_length=most)


def usual(texts, tokenizer, cut) -> dict:
    """The rows as the tokenizer makes them, as lists."""
    batch = tokenizer(*map(list, texts), verbose=False)
    rows = {name: list(batch[name]) for name in tokenizer.model_input_names if name in batch}
    long = [i for i, ids in enumerate(rows["input_ids"]) if len(ids) > tokenizer.model_max_length]
    for i in long:
        row = _truncated([column[i] for column in texts], tokenizer, cut if len(texts) == 2 else "longest_first")
        for name, values in rows.items():
            values[i] = row[name][0]
    lost = set(long)
    return {**rows, "cut": [i in lost for i in range(len(rows["input_ids"]))]}
