"""Scores of answers, against cases worked out by the rules of SQuAD's evaluate-v2.0.py and of cmrc2018_evaluate.py."""

import pytest

from tasks.spans.squad_scores import at_best, best_threshold, by_question_word, normalized, parts, score, segments


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The  Eiffel-Tower, a tower!", "eiffeltower tower"),  # punctuation goes before words are told apart
        ("an Answer", "answer"),
        ("theatre and another", "theatre and another"),  # articles are whole words
        ("$1,000.50", "100050"),
        ("“quoted”", "“quoted”"),  # only ASCII punctuation
        ("the", ""),
    ],
)
def test_normalization_of_squad(text, expected):
    assert normalized(text) == expected


@pytest.mark.parametrize(
    ("prediction", "golds", "exact", "f1"),
    [
        ("The Eiffel Tower.", ["eiffel tower"], 1, 1),
        ("late 1990s", ["in the late 1990s"], 0, 0.8),  # 2 of 2 words, 2 of 3: the article does not count
        ("to be or not to be", ["to be"], 0, 0.5),  # each word as often as both hold it: 2 of 6, 2 of 2
        ("Paris", ["London", "Paris, France", "paris"], 1, 1),  # the best of several
        ("Paris", ["London", "Paris, France"], 0, 2 / 3),
        ("Rome", ["London"], 0, 0),
        ("", [], 1, 1),
        ("Rome", [], 0, 0),
        ("", ["Rome"], 0, 0),
        ("", ["The", "a"], 1, 1),  # gold answers that normalize to nothing are left out
        ("the", ["an", "Rome"], 0, 0),
    ],
)
def test_scores_of_squad_by_hand(prediction, golds, exact, f1):
    assert score("squad", prediction, golds) == (exact, pytest.approx(f1))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1990年在北京", ["1990", "年", "在", "北", "京"]),
        ("《红楼梦》，NBA 总冠军", ["红", "楼", "梦", "nba", "总", "冠", "军"]),  # noqa: RUF001
        ("don't stop", ["do", "n't", "stop"]),  # NLTK's words, as in the script
        ("", []),
    ],
)
def test_segments_of_cmrc(text, expected):
    assert segments(text) == expected


@pytest.mark.parametrize(
    ("prediction", "golds", "exact", "f1"),
    [
        ("《红楼梦》", ["红楼梦"], 1, 1),
        ("北京的大学", ["北京大学"], 0, 4 / 9),  # the longest run is 2 of 5 and of 4 characters, not 4
        ("在北京大学", ["北京大学", "清华大学"], 0, 8 / 9),
        ("1990年", ["1990年5月"], 0, 2 * 2 / (2 + 4)),
        ("上海", ["北京"], 0, 0),
        ("the New York", ["New York"], 0, 0.8),  # articles stay
        ("", [], 1, 1),
        ("上海", [], 0, 0),
    ],
)
def test_scores_of_cmrc_by_hand(prediction, golds, exact, f1):
    assert score("cmrc", prediction, golds) == (exact, pytest.approx(f1))


def test_scores_with_and_without_an_answer():
    scored, golds = [(1.0, 1.0), (0.0, 0.5), (1.0, 1.0), (0.0, 0.0)], [["a"], ["b"], [], []]
    assert parts(scored, golds) == {
        "exact": 0.5, "f1": 0.625, "HasAns_exact": 0.5, "HasAns_f1": 0.75, "NoAns_exact": 0.5, "NoAns_f1": 0.5,
    }  # fmt: skip
    assert parts(scored[:2], golds[:2]) == {"exact": 0.5, "f1": 0.75}
    assert parts(scored[2:], golds[2:]) == {"exact": 0.5, "f1": 0.5, "NoAns_exact": 0.5, "NoAns_f1": 0.5}


def test_the_best_threshold_by_hand():
    """From 2 of 4 right with no answer anywhere: -3 gains a right text, 1 and 5 lose a right no answer each."""
    assert best_threshold([1, 0, -1, -1], 2, [-3.0, 2.0, 1.0, 5.0]) == (3 / 4, -3.0)
    assert best_threshold([0, -1], 1, [1.0, -1.0]) == (1 / 2, 0.0)
    assert best_threshold([1, 0.5], 0, [-1.0, 7.0]) == (0.75, 7.0)


def test_the_best_threshold_is_over_texts_not_over_what_was_predicted():
    def row(text, no_answer_score):
        return {"prediction": "", "no_answer_score": no_answer_score, "n_best": [{"text": ""}, {"text": text}]}

    found = at_best("squad", [row("Rome", 1.0), row("Paris town", 2.0), row("x", 3.0)], [["Rome"], ["Paris"], []])
    assert found == {
        "best_exact": 2 / 3, "best_exact_thresh": 1.0, "best_f1": pytest.approx((2 + 2 / 3) / 3), "best_f1_thresh": 2.0
    }  # fmt: skip
    assert at_best("squad", [row("Rome", 1.0)], [["Rome"]]) == {}
    assert at_best("squad", [{"prediction": ""}], [[]]) == {}


def test_scores_by_question_word():
    scored, questions = [(1.0, 1.0), (0.0, 0.5), (0.0, 0.0)], ["Who ran?", "And who slept?", "谁"]
    assert by_question_word(scored, questions) == [
        {"question": "who", "exact": 0.5, "f1": 0.75, "count": 2},
        {"question": "other", "exact": 0.0, "f1": 0.0, "count": 1},
    ]
