"""What the page computes and draws: calibration, length bins, confused pairs, ticks; what tasks give it."""

import pytest

from stages.page import charts, numbers, shapes
from stages.page.markup import data, element, number, text
from tasks.contract import Answer
from tasks.ner import NER
from tasks.text_classification import TextClassification
from tasks.texts.one_label import calibration_error
from tasks.words import entity_pairs


def answer(right, confidence):
    return Answer("a", "a" if right else "b", 0.0 if right else confidence, confidence)


def test_calibration_bins_on_literals():
    answers = [answer(True, 0.5), answer(False, 0.45), answer(True, 1.0), answer(True, 0.9)]
    missed = Answer("a", None, 0.9, 0.9)
    bins = numbers.calibration([*answers, missed, Answer("a", "a", 0.0)], 5)
    assert [(b, n) for b, n, _, _ in bins] == [(3, 2), (5, 2)]  # 0.5 and 0.45 in (0.4, 0.6]; a missed one has no side
    assert bins[0][2:] == (0.5, pytest.approx(0.475)) and bins[1][2:] == (1.0, pytest.approx(0.95))
    assert numbers.expected_calibration_error(bins) == pytest.approx(0.5 * 0.025 + 0.5 * 0.05)


def test_the_calibration_error_is_the_task_s():
    sides = [(True, 0.31), (False, 0.8), (True, 0.8), (True, 0.2), (False, 0.0667), (True, 1.0)]
    gold, predicted = ["a"] * len(sides), ["a" if right else "b" for right, _ in sides]
    expected = calibration_error(gold, predicted, [c for _, c in sides], 15)
    bins = numbers.calibration([answer(*side) for side in sides], 15)
    assert numbers.expected_calibration_error(bins) == pytest.approx(expected)


def test_lengths_are_cut_at_quantiles():
    assert numbers.length_bins([3, 1, 2, 4], 2) == [(1, 2, [1, 2]), (3, 4, [0, 3])]
    assert numbers.length_bins([5, 5, 5, 9], 4) == [(5, 5, [0, 1, 2]), (9, 9, [3])]
    assert numbers.length_bins([7]) == [(7, 7, [0])] and numbers.length_bins([]) == []


def test_confused_pairs():
    cells = [{"gold": g, "predicted": p, "count": n} for g, p, n in [("a", "a", 6), ("a", "b", 2), ("b", "a", 3)]]
    assert numbers.confused(cells) == [("b", "a", 3, 1.0), ("a", "b", 2, 0.25)]


def test_curves_are_thinned_to_means():
    assert numbers.thinned([(1, 1.0), (2, float("nan")), (3, 3.0), (4, 5.0)], most=2) == [(3, 2.0), (4, 5.0)]
    assert numbers.thinned([]) == [] and len(numbers.thinned([(i, i) for i in range(1000)])) <= 300


def test_ticks_are_round():
    assert shapes.nice_ticks(0, 10) == [0, 2, 4, 6, 8, 10]
    assert shapes.nice_ticks(0.13, 0.29) == pytest.approx([0.15, 0.2, 0.25])
    assert shapes.nice_ticks(0, 0) == [0]


def test_a_value_stands_where_its_axis_says():
    frame = shapes.Frame((0, 10), (0, 1), width=110, height=100, left=10, right=0, top=0, bottom=0)
    assert (frame.across(0), frame.across(5), frame.up(0), frame.up(0.25)) == (10, 60, 100, 75)


def test_cells_of_the_heat_map_say_what_they_are():
    cells = [{"gold": "10", "predicted": "2", "count": 3}, {"gold": "2", "predicted": "2", "count": 1}]
    drawn = charts.heat_map("m", cells)
    assert "gold 10, predicted 2: 3 (100% of 10)" in drawn and drawn.index(">2<") < drawn.index(">10<")
    many = [{"gold": f"c{i}", "predicted": f"c{i}", "count": 1} for i in range(77)]
    assert charts.heat_map("m", many).count("<text") == 2  # only the names of the axes


def test_two_entities_that_differ_in_their_ends_never_look_alike():
    row = {"tokens": ["a", "b", "c", "d", "e"], "gold": ["B-ORG", "I-ORG", "I-ORG", "O", "B-PER"],
           "prediction": ["O", "B-ORG", "I-ORG", "O", "B-LOC"]}  # fmt: skip
    assert entity_pairs.marked(row) == [
        ("a", "ORG…", None), ("b c", "…ORG", "ORG"), ("d", None, None), ("e", "PER", "LOC")
    ]  # fmt: skip
    row = {"tokens": ["a", "b"], "gold": ["B-A", "B-A"], "prediction": ["B-A", "I-A"]}
    assert entity_pairs.marked(row) == [("a", "A", "A…"), ("b", "A", "…A")]
    assert entity_pairs.marked({"tokens": [], "gold": [], "prediction": []}) == []


def test_spans_of_raw_text():
    gold = [{"start": 0, "end": 2, "label": "A"}, {"start": 3, "end": 5, "label": "B"}]
    row = {"text": "ab cd e", "gold": gold, "prediction": [{**gold[0], "label": "C"}], "confidence": [0.8]}
    assert entity_pairs.answers(row) == [Answer("A", "C", 0.8, 0.8), Answer("B", None, 0.5, None)]
    assert entity_pairs.marked(row) == [
        ("ab", "A", "C"), (" ", None, None), ("cd", "B", None), (" e", None, None)
    ]  # fmt: skip


def test_what_ner_answers():
    task = NER("ner", "f1")
    row = {"tokens": ["New", "York", "in", "May"], "gold": ["B-LOC", "I-LOC", "O", "O"],
           "prediction": ["B-LOC", "I-LOC", "O", "B-PER"], "confidence": [0.9, 0.7, 0.99, 0.6]}  # fmt: skip
    assert task.answers(row) == [Answer("LOC", "LOC", 0.0, 0.7), Answer(None, "PER", 0.6, 0.6)]
    assert task.marked(row) == [("New York", "LOC", "LOC"), ("in", None, None), ("May", None, "PER")]


def test_what_a_task_answers_by_default():
    task = TextClassification("text_classification", "accuracy")
    row = {"text": "hi", "gold": "a", "prediction": "b"}
    assert task.answers({**row, "confidence": 0.3}) == [Answer("a", "b", 0.3, 0.3)]
    assert task.answers(row) == [Answer("a", "b", 1.0, None)]
    assert task.answers({**row, "prediction": "a", "confidence": 0.3}) == [Answer("a", "a", 0.0, 0.3)]
    assert task.marked(row) == [("hi", None, None)]


def test_markup_is_safe_by_construction():
    assert element("p", "a<b", element("i", "c"), class_="x", aria_label='"') == (
        '<p class="x" aria-label="&quot;">a&lt;b<i>c</i></p>'
    )
    assert text("\ud800a\u200d") == "⟨U+D800⟩a\u200d" and text("\n") == "\n"
    assert data("<b>" * 300).count("&lt;") < 220 and data("a_b") == "<bdi>a_<wbr>b</bdi>"
    assert [number(v) for v in (1234, -0.5, None, float("inf"))] == [
        "1,234", "\N{MINUS SIGN}0.500", "\N{EN DASH}", "\N{EN DASH}"
    ]  # fmt: skip
