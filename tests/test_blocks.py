"""Windows, blocks and packed rows, on lengths that can be followed by hand."""

import pytest

from tasks.contract import IGNORED
from tasks.running_text.blocks import block_size, filled, packed, pad, windows


@pytest.mark.parametrize(
    ("count", "size", "overlap", "expected"),
    [
        (3, 4, 2, [(0, 3, 0)]),
        (4, 4, 2, [(0, 4, 0)]),
        (5, 4, 2, [(0, 4, 0), (1, 5, 4)]),
        (10, 4, 1, [(0, 4, 0), (3, 7, 4), (6, 10, 7)]),
        (0, 4, 2, [(0, 0, 0)]),
    ],
)
def test_windows(count, size, overlap, expected):
    assert windows(count, size, overlap) == expected


@pytest.mark.parametrize("size", [4, 7, 8])
@pytest.mark.parametrize("count", range(1, 40))
def test_each_token_is_scored_once_with_enough_before_it(count, size):
    found = windows(count, size, 3)
    assert [i for _, end, own in found for i in range(own, end)] == list(range(count))
    assert all(own - start >= 3 for start, _, own in found[1:])
    assert all(end - start == size for start, end, _ in found) or len(found) == 1


def test_blocks_of_documents():
    assert filled([5, 3, 12, 2], 6) == [[(0, 0, 5), (1, 0, 1)], [(1, 1, 3), (2, 0, 4)], [(2, 4, 10)],
                                        [(2, 10, 12), (3, 0, 2)]]  # fmt: skip
    assert filled([5, 3], 6, again=1) == [[(0, 0, 5)], [(1, 0, 3)]]
    assert filled([9], 6, again=1) == [[(0, 0, 6)], [(0, 5, 9)]]


@pytest.mark.parametrize("again", [0, 1])
def test_blocks_hold_every_token_once_but_for_what_is_seen_again(again):
    lengths = [7, 3, 20, 1, 9, 4]
    blocks = filled(lengths, 8, again)
    assert all(sum(end - start for _, start, end in block) <= 8 for block in blocks)
    pieces = [piece for block in blocks for piece in block]
    own = [(document, i) for document, start, end in pieces for i in range(start + again * (start > 0), end)]
    assert own == [(document, i) for document, length in enumerate(lengths) for i in range(length)]


def test_whole_rows_are_packed():
    assert packed([5, 3, 2, 6, 1], 6) == [[3], [0, 4], [1, 2]]
    assert packed([], 6) == []
    blocks = packed([3, 5, 2, 2, 4, 1, 1], 6)
    assert sorted(row for block in blocks for row in block) == list(range(7)) and len(blocks) == 3


def test_a_block_longer_than_the_model_reads():
    assert [block_size(None, 64, 512), block_size(None, 2048, 512), block_size(32, 64, 512)] == [64, 512, 32]
    with pytest.raises(ValueError, match=r"task\.block=65, but this model reads 64 sub-words\. Give 64 or less\."):
        block_size(65, 64, 512)


def test_padding_behind_each_row():
    rows = [{"input_ids": [5, 6, 7], "labels": [IGNORED, 6, 7]}, {"input_ids": [8], "labels": [IGNORED]}]
    batch = pad(rows, {"input_ids": 9, "labels": IGNORED})
    assert batch["input_ids"].tolist() == [[5, 6, 7], [8, 9, 9]]
    assert batch["labels"].tolist() == [[IGNORED, 6, 7], [IGNORED] * 3]
    assert set(batch) == {"input_ids", "labels"}
    rows = [{"input_ids": [5, 6, 7], "position_ids": [0, 0, 1]}, {"input_ids": [8], "position_ids": [0]}]
    assert pad(rows, {"input_ids": 9})["position_ids"].tolist() == [[0, 0, 1], [0, 1, 2]]
