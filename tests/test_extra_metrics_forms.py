"""What a further metric is given, and what is read from its answer; no metric's script is needed for that."""

from types import SimpleNamespace

import numpy as np
import pytest
from datasets import Value

from stages.extra_metrics import Metric, compute


def given(*features):
    """A metric that returns what it is given."""
    module = SimpleNamespace(compute=lambda **answers: {**{k: np.sum(v) for k, v in answers.items()}, "all": [answers]})
    return Metric("given", module, features)


def test_ids_are_those_of_the_head_and_numbers_those_in_the_names():
    form = {"predictions": ["10", "2"], "references": ["2", "2"]}
    ids, numbers, names = ((Value(kind), Value(kind)) for kind in ("int32", "float32", "string"))
    assert compute(given(ids), ("2", "10"), **form) == {"given/predictions": 1.0, "given/references": 0.0}
    assert compute(given(numbers), ("2", "10"), **form) == {"given/predictions": 12.0, "given/references": 4.0}
    with pytest.raises(ValueError, match="it reads numbers, but the task gives names such as good"):
        compute(given(numbers), ("bad",), ["good"], ["bad"])
    assert compute(given(numbers, ids), ("bad", "good"), ["good"], ["bad"])["given/predictions"] == 1.0
    seen = {}
    metric = Metric("m", SimpleNamespace(compute=lambda **answers: seen.update(answers) or {"x": 1}), (names,))
    compute(metric, ("2", "10"), **form)
    assert seen == form


@pytest.mark.parametrize(
    ("result", "values"),
    [
        ({"a": np.float32(0.5)}, {"m": 0.5}),
        ({"a": np.array(2), "b": True}, {"m/a": 2.0, "m/b": 1.0}),
        ({"a": float("nan")}, {"m": None}),
        ({"a": np.inf, "list": [1, 2], "array": np.ones(2), "text": "x", "none": None}, {"m": None}),
        ({"a": {"b": {"c": 3}}, "d": 4}, {"m/a/b/c": 3.0, "m/d": 4.0}),
        ({"per class": [0.1, 0.2]}, {}),
    ],
)
def test_numbers_of_a_result(result, values):
    metric = Metric("m", SimpleNamespace(compute=lambda **_: result), ((Value("int32"), Value("int32")),))
    found = compute(metric, ("a",), ["a"], ["a"])
    assert found == values and all(type(v) in (float, type(None)) for v in found.values())
