"""Broken transitions, and the labels of a data set, on literals."""

import pytest

from tasks.words.tags import invalid_transitions, iob2_labels

# --- broken transitions


@pytest.mark.parametrize(
    ("name", "tags", "positions"),
    [
        ("IOB2", [], []),
        ("IOB2", ["B-PER", "I-PER", "O", "B-LOC", "B-LOC"], []),
        ("IOB2", ["I-PER", "I-PER", "O", "I-PER"], [0, 3]),
        ("IOB2", ["B-PER", "I-LOC", "I-LOC", "I-PER"], [1, 3]),
        ("BIOES", [], []),
        ("BIOES", ["B-PER", "I-PER", "E-PER", "S-PER", "O", "S-LOC", "B-LOC", "E-LOC"], []),
        ("BIOES", ["U-PER", "B-PER", "I-PER", "L-PER"], []),
        ("BIOES", ["O", "I-PER", "E-PER"], [1]),
        ("BIOES", ["E-PER", "O"], [0]),
        ("BIOES", ["B-PER", "O"], [1]),
        ("BIOES", ["B-PER", "I-PER", "S-PER"], [2]),
        ("BIOES", ["B-PER", "B-PER", "E-PER"], [1]),
        ("BIOES", ["B-PER", "E-LOC"], [1]),
        ("BIOES", ["S-PER", "I-PER", "E-PER", "E-PER"], [1, 3]),
        ("BIOES", ["O", "B-PER"], [1]),
        ("BIOES", ["O", "I-PER"], [1]),
        ("IOB1", ["I-PER", "B-LOC", "I-PER"], []),
        ("IO", ["PER", "LOC", "O", "I-PER"], []),
    ],
)
def test_invalid_transitions(name, tags, positions):
    assert invalid_transitions(tags, name) == positions


# --- labels


def test_iob2_labels():
    assert iob2_labels([["O", "B-b", "I-b"], ["B-a-c"], []]) == ["O", "B-a-c", "I-a-c", "B-b", "I-b"]
    assert iob2_labels(iter([["I-PER"]])) == ["O", "B-PER", "I-PER"]
    assert iob2_labels([]) == ["O"]
    assert iob2_labels([[f"B-{kind}"] for kind in "hcafbedg"])[1::2] == [f"B-{kind}" for kind in "abcdefgh"]


def test_iob2_labels_need_iob2():
    with pytest.raises(ValueError, match="'PER' is not a tag of IOB2"):
        iob2_labels([["O", "PER"]])
