"""Outputs of batches put together at once are what the Trainer makes of them batch by batch."""

import numpy as np
import pytest
import torch
from transformers.trainer_pt_utils import EvalLoopContainer

from stages.outputs import joined

SHAPES = {
    "one number for each row": [(3,), (2,), (1,)],
    "words": [(3, 7), (2, 5), (2, 6)],
    "as many words in each": [(3, 4), (1, 4)],
    "probabilities": [(2, 4, 3), (2, 6, 3), (1, 1, 3)],
    "a single batch": [(2, 3)],
}


@pytest.mark.parametrize(
    ("batches", "expected"),
    [
        ([np.array([1, 2], np.int32), np.array([2**40])], [1, 2, 2**40]),
        ([np.array([[True, True]]), np.array([[True]])], [[True, True], [True, False]]),
        ([np.array([[7, 8]], np.uint8), np.array([[9]], np.uint8)], [[7, 8], [9, -100]]),
        ([np.array([[0.5, 1]], np.float16), np.array([[7e4]], np.float32)], [[0.5, 1], [7e4, -100]]),
    ],
)
def test_numbers_of_all_batches_are_held(batches, expected):
    assert joined(batches).tolist() == expected


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("dtype", [torch.long, torch.float32])
def test_rows_are_those_of_the_trainers_container(kind, dtype):
    torch.manual_seed(0)
    whole, parts = EvalLoopContainer(), EvalLoopContainer(do_nested_concat=False)
    for shape in SHAPES[kind]:
        batch = (torch.randint(9, shape).to(dtype), torch.rand(shape[0]))
        whole.add(batch)
        parts.add(batch)
    for expected, found in zip(whole.get_arrays(), joined(parts.get_arrays()), strict=True):
        assert found.dtype == expected.dtype and np.array_equal(found, expected)
