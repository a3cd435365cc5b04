"""Scores from sums over examples equal the task's own scores, whatever examples are drawn; different examples are
refused."""

import numpy as np
import pytest

from stages.page.numbers import scores
from sweeps.paired import resampled
from sweeps.runs import read_run
from sweeps.samples import Rescored, Sums, choose_metric, samples
from sweeps.sums import strict_spans
from tests.left_runs import leave_run

RNG = np.random.default_rng(0)
LABELS = {"text": [f"text {i}" for i in range(60)], "label": [f"l{i % 4}" for i in range(60)]}
GUESSES = [label if i % 3 else f"l{(i * 7) % 5}" for i, label in enumerate(LABELS["label"])]
KINDS = ("O", "O", "O", "B-PER", "I-PER", "B-LOC", "I-LOC")
TAGS = {"tokens": [["w"] * (3 + i % 5) for i in range(40)]}
TAGS["tags"] = [list(RNG.choice(KINDS, len(words))) for words in TAGS["tokens"]]
TAGS["tags"] = [[str(t) for t in tags] for tags in TAGS["tags"]]
WRONG = [[str(t) if RNG.random() < 0.7 else "I-LOC" for t in tags] for tags in TAGS["tags"]]
TEXTS = {"source": [f"s{i}" for i in range(20)], "target": [[f"the cat number {i} sat on the mat"] for i in range(20)]}
WRITTEN = [f"the cat number {i} sat on a {'mat' if i % 2 else 'chair'}" for i in range(20)]
CASES = {
    "text_classification": (LABELS, GUESSES, ["accuracy", "f1_macro", "f1_micro", "f1_weighted", "mcc"]),
    "ner": (TAGS, WRONG, ["f1", "precision", "recall", "strict_f1", "token_f1_macro", "token_accuracy"]),
    "translation": (TEXTS, WRITTEN, ["bleu", "chrf", "ter", "exact_match"]),
}


@pytest.mark.parametrize("task", CASES)
def test_scores_from_sums_are_the_tasks_own(tmp_path, task):
    examples, answers, metrics = CASES[task]
    run = read_run(leave_run(tmp_path / "run", examples, answers, task=task))
    rows, size = run.predictions("test"), len(answers)
    for metric in metrics:
        (sample,), why = samples([[run]], "test", metric)
        assert isinstance(sample, Sums) and not why, metric
        counts = np.random.default_rng(2).multinomial(size, np.full(size, 1 / size), 3)
        for count, (reached,) in zip(counts, sample.drawn(counts), strict=True):
            drawn = [rows[i] for i in np.repeat(np.arange(size), count)]
            assert reached == pytest.approx(scores(run.task, drawn)[metric], abs=1e-6), metric


def test_strict_spans():
    """An I without its B, or of another type, is no entity."""
    assert strict_spans(["B-A", "I-A", "I-B", "I-A", "B-B"]) == [("A", 0, 2), ("B", 4, 5)]
    assert strict_spans(["I-A", "O"]) == []


def test_any_other_score_is_computed_anew(tmp_path):
    choices = {"label_order": ["l0", "l1", "l2", "l3", "l4"], "kind": "ordinal", "best": "qwk"}
    run = read_run(leave_run(tmp_path / "run", LABELS, GUESSES, more=choices))
    (sample,), _ = samples([[run]], "test", "qwk")
    assert isinstance(sample, Rescored)
    counts = np.ones((1, 60), int)
    assert sample.drawn(counts)[0, 0] == pytest.approx(run.value("test", "qwk"))
    assert resampled(sample, 3).shape == (3, 1)
    assert sample.exchanged(sample, counts)[0] == 0.0
    found, why = samples([[run]], "test", "loss")
    assert found is None and "predictions alone" in why


def test_exchanged_sums_are_scores_of_exchanged_answers(tmp_path):
    a = read_run(leave_run(tmp_path / "a", TAGS, TAGS["tags"], task="ner"))
    b = read_run(leave_run(tmp_path / "b", TAGS, WRONG, task="ner"))
    (first, second), _ = samples([[a], [b]], "test", "f1")
    swap = np.random.default_rng(3).integers(0, 2, (2, 40))
    rows = a.predictions("test"), b.predictions("test")
    for marks, found in zip(swap, first.exchanged(second, swap), strict=True):
        mixed = [[rows[side ^ mark][i] for i, mark in enumerate(marks)] for side in (0, 1)]
        x, y = (scores(a.task, side)["f1"] for side in mixed)
        assert found == pytest.approx(x - y)


def test_different_examples_are_refused(tmp_path):
    one = read_run(leave_run(tmp_path / "one", LABELS, GUESSES))
    other = {"text": [*LABELS["text"][:-1], "new"], "label": LABELS["label"]}
    two = read_run(leave_run(tmp_path / "two", other, GUESSES))
    with pytest.raises(ValueError, match=r"different test examples .example 59"):
        samples([[one], [two]], "test", "accuracy")
    short = {name: values[:50] for name, values in LABELS.items()}
    three = read_run(leave_run(tmp_path / "three", short, GUESSES[:50]))
    with pytest.raises(ValueError, match="60 and 50 examples"):
        samples([[one], [three]], "test", "accuracy")


def test_a_run_without_predictions_has_no_sample(tmp_path):
    run = read_run(leave_run(tmp_path / "run", LABELS, GUESSES))
    (run.folder / "predictions" / "test.jsonl").unlink()
    assert samples([[run]], "test", "accuracy") == (None, "run has no predictions/test.jsonl")


def test_the_metric(tmp_path):
    run = read_run(leave_run(tmp_path / "run", LABELS, GUESSES))
    assert choose_metric([run], None) == ("test", "accuracy")
    assert choose_metric([run], "mcc") == ("test", "mcc")
    assert choose_metric([run], "validation/mcc") == ("validation", "mcc")
    with pytest.raises(ValueError, match=r"Nearest: test/f1_m.*They have: test/accuracy, .*validation/loss"):
        choose_metric([run], "f1_m")
