"""Rows of masked text: windows to score a text in, blocks to train on, and the texts put together again from rows."""

from tasks.contract import IGNORED
from tasks.running_text.blocks import filled, windows
from tasks.running_text.masking import NEVER, drawn, generator, hidden, words_of


def special_ids(tokenizer):
    """-> the ids (start, end, mask) of a row; ValueError for a tokenizer that lacks one."""
    names = ("cls_token", "sep_token", "mask_token")
    missing = [name for name in names if getattr(tokenizer, f"{name}_id") is None]
    if missing:
        raise ValueError(
            f"model.path: this tokenizer has no {missing[0]}: its model was not pretrained on masked words. Choose an "
            "encoder, or task=causal_lm for a model that writes."
        )
    return tuple(getattr(tokenizer, f"{name}_id") for name in names)


def masked_windows(texts, tokenizer, size, stride, share, whole_words):
    """Texts in windows of at most `size` tokens, as columns of rows; a token may be masked in one of them only. What is
    masked depends on the text alone. `words`: the word of each token, `NEVER` where this window may not mask it."""
    first_id, last_id, mask = special_ids(tokenizer)
    found = {name: [] for name in ("input_ids", "attention_mask", "labels", "words", "example", "cut")}
    encoded = tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    pairs = zip(texts, encoded["input_ids"], encoded["offset_mapping"], strict=True)
    for example, (text, ids, offsets) in enumerate(pairs):
        words = _maskable(text, offsets, whole_words)
        for start, end, own in windows(len(ids), size - 2, min(stride, (size - 2) // 2)):
            row = [first_id, *ids[start:end], last_id]
            asked = [NEVER, *[NEVER] * (own - start), *words[own:end], NEVER]
            seen, gold = hidden(row, drawn(asked, share, generator(row, own - start)), mask)
            values = (seen, [1] * len(seen), gold, asked, example, False)
            for name, value in zip(found, values, strict=True):
                found[name].append(value)
    return found


def _maskable(text, offsets, whole_words):
    """The word of each token; without whole words each is its own, and none of a blank text may be hidden."""
    if not text.strip():
        return [NEVER] * len(offsets)
    return words_of(text, offsets) if whole_words else list(range(len(offsets)))


def whole_texts(rows):
    """(token ids, words) of each text that `masked_windows` cut into these rows, unmasked; words are numbered
    through."""
    texts, before, base = [], None, 0
    columns = (rows[name] for name in ("example", "input_ids", "labels", "words"))
    for example, ids, labels, words in zip(*columns, strict=True):
        own = [i for i, word in enumerate(words) if word != NEVER]
        if own and example != before:
            base = texts[-1][1][-1] + 1 if texts else 0
            texts.append(([], []))
        for i in own:
            texts[-1][0].append(ids[i] if labels[i] == IGNORED else labels[i])
            texts[-1][1].append(base + words[i])
        before = example
    return texts


def joined_blocks(texts, size, first_id, last_id):
    """(token ids, words) of texts -> those of blocks of at most `size` tokens that they fill one after another, each
    text with `last_id` behind it, each block between `first_id` and `last_id`."""
    ended = [([*ids, last_id], [*words, NEVER]) for ids, words in texts]
    blocks = []
    for block in filled([len(ids) for ids, _ in ended], size - 2):
        ids, words = ([part for text, *span in block for part in ended[text][k][slice(*span)]] for k in (0, 1))
        blocks.append(([first_id, *ids, last_id], [NEVER, *words, NEVER]))
    return blocks


def masked_blocks(texts, tokenizer, size, share, maskings, seed):
    """(token ids, words) of texts -> columns of rows to train on: the blocks that the texts fill, `maskings` times,
    each time with other words masked."""
    first_id, last_id, mask = special_ids(tokenizer)
    blocks = joined_blocks(texts, size, first_id, last_id)
    made = {name: [] for name in ("input_ids", "attention_mask", "labels")}
    for turn in range(maskings):
        for number, (ids, words) in enumerate(blocks):
            rng = generator(seed, turn, number)
            seen, gold = hidden(ids, drawn(words, share, rng), mask, len(tokenizer), rng)
            for name, value in zip(made, (seen, [1] * len(seen), gold), strict=True):
                made[name].append(value)
    return made
