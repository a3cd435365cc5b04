"""Errors by gold value, where many examples have the same one."""

import pytest

from tasks.texts.target_scores import by_gold_value


@pytest.mark.parametrize(
    ("gold", "bins"),
    [
        ([5.0] * 6 + [1.0, 2.0], {"1": 1, "2": 1, "5": 6}),  # few values: one bin each
        ([0.0] * 6 + [1.0, 2.0, 3.0, 4.0, 5.0], {"0": 6, "1 to 2": 2, "3 to 5": 3}),
        ([2.5], {"2.5": 1}),
    ],
)
def test_equal_gold_values_stand_in_one_row(gold, bins):
    assert {row["gold"]: row["examples"] for row in by_gold_value("V", gold, gold)} == bins
