"""Scores of real targets, against scipy, scikit-learn and numbers worked out by hand."""

import pytest
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

from tasks.regression import Regression
from tasks.texts.target_scores import by_gold_value, scores

TASK = Regression("regression", "pearson")
GOLD, PREDICTED = [1.0, 2.0, 3.0, 4.0, 4.0], [1.5, 1.0, 3.5, 5.0, 3.0]


def test_scores_equal_those_of_scipy_and_scikit_learn():
    assert scores(GOLD, PREDICTED) == {
        "pearson": pytest.approx(pearsonr(GOLD, PREDICTED)[0]),
        "spearman": pytest.approx(spearmanr(GOLD, PREDICTED)[0]),
        "mse": mean_squared_error(GOLD, PREDICTED),
        "mae": mean_absolute_error(GOLD, PREDICTED),
        "r2": r2_score(GOLD, PREDICTED),
    }


def test_scores_by_hand():
    """Errors 1, 0, 2: mean square 5/3, mean 1. Gold's squares around its mean sum to 2: R2 = 1 - 5 / 2. Products of the
    deviations sum to -1, the predictions' squares to 2/3; of the ranks 1, 2, 3 and 2.5, 2.5, 1 to -1.5, 2 and 1.5."""
    found = scores([1.0, 2.0, 3.0], [2.0, 2.0, 1.0])
    assert found["mse"] == pytest.approx(5 / 3) and found["mae"] == 1.0 and found["r2"] == pytest.approx(-1.5)
    assert found["pearson"] == pytest.approx(-1 / (2 * 2 / 3) ** 0.5)
    assert found["spearman"] == pytest.approx(-1.5 / (2 * 1.5) ** 0.5)


@pytest.mark.parametrize(("gold", "predicted"), [([1.0, 2.0], [3.0, 3.0]), ([1.0, 1.0], [2.0, 3.0]), ([1.0], [2.0])])
def test_a_constant_side_has_no_correlation(gold, predicted):
    found = scores(gold, predicted)
    assert found["pearson"] == found["spearman"] == 0.0 and found["mse"] > 0


def test_several_targets_have_their_scores_and_the_means():
    gold = [{"V": a, "A": b} for a, b in zip(GOLD, PREDICTED, strict=True)]
    guesses = [{"prediction": {"A": a, "V": a}} for a in GOLD]
    found = TASK.metrics(guesses, {"target": gold})
    v, a = found.tables["targets"]
    assert (v["target"], v["pearson"], v["mse"]) == ("V", pytest.approx(1.0), 0.0)
    assert (a["target"], a["mae"]) == ("A", mean_absolute_error(PREDICTED, GOLD))
    assert found.values == {name: pytest.approx((v[name] + a[name]) / 2) for name in TASK.shown}


def test_errors_by_gold_value():
    rows = by_gold_value("V", [5.0, 1.0, 2.0, 4.0, 3.0, 3.0, 6.0], [0.0] * 7)
    assert [row["gold"] for row in rows] == ["1", "2", "3", "4", "5 to 6"]
    assert [row["examples"] for row in rows] == [1, 1, 2, 1, 2]
    assert [row["mae"] for row in rows] == [row["mean gold"] for row in rows]
