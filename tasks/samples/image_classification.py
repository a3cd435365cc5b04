"""Handwritten digits, 8 x 8 pixels, from 13 writers: the test part of the UCI data set Optical Recognition of
Handwritten Digits (Alpaydin & Kaynak, 1998; CC BY 4.0), as scikit-learn brings it. Not synthetic; no image twice."""

import random

SIZES = {"train": 1097, "validation": 200, "test": 500}
WHITEST = 16  # the greatest value in the data


def generate():
    """The columns `image`, rows of grey values from 0 to 255, and `label` of the three splits; the same every time."""
    from sklearn.datasets import load_digits

    data, rng = load_digits(), random.Random(17)
    order = sorted(range(len(data.target)), key=lambda _: rng.random())
    images = (data.images * 255 / WHITEST).round().astype(int)
    splits, start = {}, 0
    for split, size in SIZES.items():
        part, start = order[start : start + size], start + size
        splits[split] = {"image": [images[i].tolist() for i in part], "label": [str(data.target[i]) for i in part]}
    return splits
