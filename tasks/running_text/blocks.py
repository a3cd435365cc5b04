"""Long and short texts brought to the length a model reads: windows to score them in, blocks to train on.

Works on lengths and positions alone, in tokens, so every case can be tried by hand.
"""

from functools import partial

from tasks.contract import IGNORED


def block_size(asked, limit, usual):
    """Tokens of a block: as asked, else the usual number or the model's limit; ValueError where that is exceeded."""
    if asked and asked > limit:
        raise ValueError(f"task.block={asked}, but this model reads {limit} sub-words. Give {limit} or less.")
    return asked or min(limit, usual)


def windows(count, size, overlap):
    """Windows (start, end, own) over `count` tokens: each token from `own` on is scored in that window and in no other.

    Every window but that of a short text is `size` long; a later one sees at least `overlap` tokens before its own.
    """
    found = [(0, min(size, count), 0)]
    while found[-1][1] < count:
        own = found[-1][1]
        end = min(own + size - overlap, count)
        found.append((end - size, end, own))
    return found


def filled(lengths, size, again=0):
    """Documents of these lengths, in order, cut into blocks of at most `size` tokens: lists of (document, start, end).

    What follows a cut begins with the `again` tokens before it, so that a causal model predicts every token once.
    """
    blocks, room = [[]], size
    for document, length in enumerate(lengths):
        start = 0
        while start < length:
            if room <= again and blocks[-1]:
                blocks.append([])
                room = size
            end = min(start + room, length)
            blocks[-1].append((document, start, end))
            room -= end - start
            start = end if end == length else end - again
    return [block for block in blocks if block]


def packed(lengths, size):
    """Whole rows of these lengths put together into blocks of at most `size` tokens: lists of row numbers, in order.

    First fit, the longest row first: each goes into the first block that has room.
    """
    leaves = 1 << max(len(lengths) - 1, 0).bit_length()
    room = [size] * (2 * leaves)  # a tree: the most room below each node, the blocks' own at its leaves
    blocks = [[] for _ in lengths]
    for row in sorted(range(len(lengths)), key=lambda row: -lengths[row]):
        node = 1
        while node < leaves:
            node = 2 * node + (room[2 * node] < lengths[row])
        blocks[node - leaves].append(row)
        room[node] -= lengths[row]
        while node > 1:
            node //= 2
            room[node] = max(room[2 * node], room[2 * node + 1])
    return [sorted(block) for block in blocks if block]


def as_rows(columns):
    """Columns of rows -> a `datasets.Dataset` with the `length` that batches are formed by."""
    from datasets import Dataset

    return Dataset.from_dict({**columns, "length": [len(ids) for ids in columns["input_ids"]]})


def padding(tokenizer):
    """A collator that pads rows on the right: token ids, labels, positions and attention, as far as rows have them."""
    known = (tokenizer.pad_token_id, tokenizer.eos_token_id, 0)
    filler = next(token for token in known if token is not None)
    return partial(pad, filler={"input_ids": filler, "labels": IGNORED, "attention_mask": 0})


def pad(rows, filler):
    """Rows -> tensors (rows, longest row), filled up behind each row. Positions are counted on there: where they start
    anew, transformers begins another text, and builds a mask of all pairs instead of plain causal attention."""
    import torch

    width = max(len(row["input_ids"]) for row in rows)
    columns = {
        name: [row[name] + [value] * (width - len(row[name])) for row in rows]
        for name, value in filler.items()
        if name in rows[0]
    }
    if "position_ids" in rows[0]:
        columns["position_ids"] = [_counted_on(row["position_ids"], width) for row in rows]
    return {name: torch.tensor(values) for name, values in columns.items()}


def _counted_on(positions, width):
    return [*positions, *range(positions[-1] + 1, positions[-1] + 1 + width - len(positions))]
