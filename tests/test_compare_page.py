"""The page of a comparison: every part there, nothing loaded from elsewhere, safe against names; names in LaTeX."""

import json
import re

import numpy as np
import pytest

from sweeps.conclusions import conclude
from sweeps.groups import group_runs
from sweeps.importance import epsilon_squared, importances, levels
from sweeps.page import plots
from sweeps.page.document import document
from sweeps.runs import find_runs
from sweeps.tables import tex
from tests.left_runs import leave_run
from tests.test_page import Page

COUNT = 60
LABELS = {"text": [f"text {i}" for i in range(COUNT)], "label": [f"l{i % 3}" for i in range(COUNT)]}
PARTS = ["Conclusions", "Scores", "Tests", "Learning curves", "Importance", "Parallel coordinates", "Cost", "Runs"]


def leave(place, model="a", rate=1e-4, seed=1, right=0.5):
    chance = np.random.default_rng(seed).random(COUNT)
    answers = [label if c < right else "l9" for label, c in zip(LABELS["label"], chance, strict=True)]
    return leave_run(place / f"{model[:1]}{rate}{seed}", LABELS, answers, seed, model, rate)


def page_of(place):
    runs = find_runs([str(place)])
    text = document(conclude(group_runs(runs)[0], "test", "accuracy", None, 100), runs)
    assert "could not be drawn" not in text
    return text, Page(text)


def test_every_part_is_there_and_nothing_is_loaded(tmp_path):
    for model, right in (("a", 0.5), ("<b>'\"&", 0.8)):
        for rate in (1e-5, 1e-3):
            for seed in (1, 2):
                leave(tmp_path, model, rate, seed, right)
    text, page = page_of(tmp_path)
    assert re.findall(r"<h2>(.*?)</h2>", text) == PARTS
    ids = page.values("id")
    assert len(ids) == len(set(ids)) and {link[1:] for link in page.values("href")} == set(ids)
    assert not page.values("src") and not re.search(r"https?:|@import|url\(|<link|<img|<iframe", text)
    assert page.tags.count("script") == page.tags.count("style") == 1 and "b" not in page.tags
    assert not re.search(r"(?i)\b(nan|inf)\b", text) and page.tags.count("svg") >= 4 + 3
    assert "prefers-color-scheme: dark" in text


def test_one_run_alone(tmp_path):
    """No groups to tell apart, no curves of one point, no seeds: what is there is drawn."""
    folder = leave(tmp_path)
    (folder / "history.jsonl").write_text('{"step": 1, "eval_accuracy": NaN}\n')
    metrics = json.loads((folder / "metrics.json").read_text())
    (folder / "metrics.json").write_text(json.dumps({**metrics, "training_seconds": None}))
    text, _ = page_of(tmp_path)
    assert re.findall(r"<h2>(.*?)</h2>", text) == ["Conclusions", "Scores", "Runs"]
    assert "nothing to compare it with" in text


def test_equal_scores_everywhere(tmp_path):
    for model in ("a", "b"):
        for seed in (1, 2):
            answers = LABELS["label"]
            leave_run(tmp_path / f"{model}{seed}", LABELS, answers, seed, model)
    text, _ = page_of(tmp_path)
    assert "b is not different from a: +0.0 accuracy [0.0, 0.0], p = 1.00; 2 seeds" in text


def test_variance_explained_by_hand():
    """Total 10, within 2, freedom 2: (10 - 2 - 1 * 1) / 10."""
    assert epsilon_squared([[1.0, 3.0], [4.0, 4.0]]) == pytest.approx((6 - 2 - 1) / 6)
    assert epsilon_squared([[1.0, 3.0], [1.0, 3.0]]) == 0.0 and epsilon_squared([[1.0, 1.0], [1.0]]) == 0.0


def test_what_matters_comes_first(tmp_path):
    for model, right in (("a", 0.3), ("b", 0.8)):
        for rate in (1e-5, 1e-4):
            for seed in (1, 2):
                leave(tmp_path, model, rate, seed, right + rate)
    runs = find_runs([str(tmp_path)])
    first, second = importances(runs, "test", "accuracy", True)
    assert (first.key, first.best, first.values) == ("model", "b", 2) and first.share > 0.8 > second.share
    assert importances(runs[:3], "test", "accuracy", True) == []
    assert importances(runs, "test", "accuracy", False)[0].best == "a"


def test_numbers_with_many_values_are_cut_at_their_quartiles(tmp_path):
    for i in range(8):
        leave(tmp_path, "a", (i + 1) * 1e-5, 1)
    runs = find_runs([str(tmp_path)])
    found = levels("optimizer.learning_rate", runs)
    assert len(set(found)) == 4 and {found.count(name) for name in found} == {2}


def test_axes_place_values():
    place, marks = plots._scale([1e-5, 1e-4, 1e-3], True)
    assert [place(v) for v in (1e-5, 1e-4, 1e-3)] == pytest.approx([0, 0.5, 1]) and len(marks) == 3
    place, _ = plots._scale([1.0, 2.0, 3.0], True)
    assert place(2.0) == pytest.approx(0.5) and plots._scale([1.0, 1.0], True)[0](1.0) == 0.5
    place, _ = plots._scale(["b", "a"], False)
    assert (place("a"), place("b")) == (0.25, 0.75)


def test_latex_shows_any_name():
    assert tex("a_b & 50% #1 {x} \\y ~^<>") == (
        r"a\_b \& 50\% \#1 \{x\} \textbackslash{}y \textasciitilde{}\textasciicircum{}\textless{}\textgreater{}"
    )
