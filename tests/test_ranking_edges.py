"""The order of candidates whose scores are equal; data in which none is relevant."""

import pytest
from datasets import Dataset

from tasks.ranking import Ranking

TASK = Ranking("ranking", "mrr")


def test_a_model_that_tells_nothing_apart_gains_nothing_from_the_order_of_the_file():
    examples = {"query": ["x"] * 40, "candidates": [[f"right {i}", f"a {i}", f"b {i}", f"c {i}"] for i in range(40)]}
    rows = {"example": [i // 4 for i in range(160)], "candidate": [i % 4 for i in range(160)]}
    decoded = TASK.decode(([0.25] * 160,), rows, (), examples, None)
    values = TASK.metrics(decoded, {**examples, "relevance": [[1.0, 0.0, 0.0, 0.0]] * 40}).values
    assert values["precision_at_1"] < 0.5, "the right one stands first in the file"


def test_there_must_be_a_relevant_candidate_to_learn_from():
    rows = Dataset.from_dict({"example": [0, 0, 1], "labels": [0.0, 0.0, 0.0]})
    with pytest.raises(ValueError, match=r"^no query of train has a relevant candidate\. Check data\.train"):
        TASK.training_rows(rows, None, 1)
