"""Splits that a data set lacks are cut from train."""

import hashlib
import json
from collections import defaultdict

SPLITS = ("train", "validation", "test")


def cut_missing_splits(splits, data, task):
    """Where a split is missing, hold out its share of train: deterministic, in proportion to the classes."""
    shares = {split: data[f"{split}_share"] for split in ("test", "validation") if split not in splits}
    if shares.get("validation") == 0:
        raise ValueError("data.validation is null and data.validation_share=0: nothing to choose a checkpoint on.")
    if sum(shares.values()) >= 1:
        chosen = " and ".join(f"data.{split}_share={share}" for split, share in shares.items())
        raise ValueError(f"{chosen} leave nothing of train. Give less than 1 together.")
    left = 1
    for split, share in shares.items():
        if share:
            splits["train"], splits[split] = cut(splits["train"], share / left, task)
            left -= share
        if share and not splits["train"][task.target]:
            raise ValueError(f"data.train has too few different examples to cut off a part. Give data.{split}=...")
    return {split: splits[split] for split in SPLITS if split in splits}


def cut(examples, share, task):
    """-> (the rest, the cut): systematic sampling over what the task keeps together, sorted by class and then by
    digest, so that classes keep their proportion and neither order nor chance plays a part. At least one is cut.
    Of running text it is the end: what stands between two learned passages is easy to guess."""
    if task.running:
        size = len(examples[task.target])
        start = size - max(min(int(size * share + 0.5), size - 1), 1)
        return take(examples, range(start)), take(examples, range(start, size))
    keys = [hashlib.sha256(json.dumps(row).encode()).digest() for row in task.together(examples)]
    classes, groups = {}, defaultdict(list)
    for key, of_example in zip(keys, task.classes(examples), strict=True):
        classes[key] = tuple(sorted({*classes.get(key, ()), *of_example}))
    for key, of_key in classes.items():
        groups[of_key].append(key)
    distinct = [key for of_key in sorted(groups) for key in sorted(groups[of_key])]
    total = len(distinct)
    size = max(min(int(total * share + 0.5), total - 1), 1)
    step = [(i * size + total // 2) // total for i in range(total + 1)]
    chosen = {key for i, key in enumerate(distinct) if step[i + 1] > step[i]}
    sides = {True: [], False: []}
    for i, key in enumerate(keys):
        sides[key in chosen].append(i)
    return take(examples, sides[False]), take(examples, sides[True])


def take(examples, indices):
    """These examples, as far as they exist."""
    return {name: [values[i] for i in indices if i < len(values)] for name, values in examples.items()}
