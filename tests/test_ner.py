"""Named-entity recognition on literals: reading tags, labels, and scores against seqeval, scikit-learn and by hand."""

import random
import warnings
from itertools import chain

import pytest
import seqeval.metrics
from seqeval.scheme import IOB2
from sklearn.metrics import accuracy_score, classification_report, f1_score

from stages.processor import load_tokenizer
from tasks.contract import IGNORED
from tasks.ner import NER

TASK = NER("ner", "f1")
LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
NUMBERS = ("precision", "recall", "f1", "support")


def split(*tags):
    return {"tokens": [[f"w{i}" for i in range(len(t.split()))] for t in tags], "tags": [t.split() for t in tags]}


def score(gold, predicted):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # what the libraries warn of must not reach the terminal
        return TASK.metrics([{"prediction": tags} for tags in predicted], {"tags": gold})


def message(call, *arguments):
    with pytest.raises(ValueError) as caught:
        call(*arguments)
    return str(caught.value)


# --- choices and reading


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"best": "F1"}, "task.best=F1 is not a score of ner. Choose one of: f1, strict_f1"),
        ({"scheme": "iob2"}, "task.scheme=iob2 is not known. Choose one of: IOB1, IOB2, BIOES, IO, null."),
        ({"stride": -1}, "task.stride=-1 is not a number of sub-words. Give 0 or more."),
        ({"stride": "x"}, "task.stride=x is not a number of sub-words."),
    ],
)
def test_choices_that_do_not_exist(choice, expected):
    assert expected in message(lambda: NER(**{"name": "ner", "best": "f1", **choice}))


@pytest.mark.parametrize(
    ("tokens", "tags", "expected"),
    [
        (["a", "b"], ["O"], "test example 2: 2 words but 1 tags. Give one tag per word."),
        (
            ["a", "b"],
            "B-PER O",
            "test example 2: data.columns.tags must hold a list of strings, one per word; it holds",
        ),
        (
            "a b",
            ["O", "O"],
            "test example 2: data.columns.tokens must hold a list of strings, one per word; it holds 'a b'",
        ),
        (["a"], [None], "test example 2: data.columns.tags must hold a list of strings, one per word; it holds [None]"),
        (["a"], ["3"], "test example 2: tag 3 has no name. Name all: data.labels=[O,B-PER,...]"),
        (
            ["a", "b"],
            ["O", "B_PER "],
            "data.columns.tags: test example 2, position 1: tag 'B_PER ' is empty or has spaces",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tokens, tags, expected):
    wrong = {"tokens": [["a"], tokens], "tags": [["O"], tags]}
    assert expected in message(TASK.prepare, {"train": split("O", "B-PER"), "test": wrong})


def test_a_tag_that_a_given_scheme_does_not_have_is_named_with_its_place():
    text = message(NER("ner", "f1", scheme="IOB2").prepare, {"train": split("O"), "test": split("O O", "O S-PER")})
    assert "test example 2: task.scheme=IOB2, position 1: tag 'S-PER' is not a tag of IOB2" in text


def test_all_splits_are_read_in_the_scheme_that_they_follow_together():
    """The test split alone would be read as IO; with train, whose B parts two neighbours, it is IOB1."""
    splits, findings = TASK.prepare({"train": split("I-PER B-PER O"), "test": split("I-PER I-PER", "O I-LOC")})
    assert findings[0].what == "tag scheme IOB1, converted to IOB2"
    assert splits["train"]["tags"] == [["B-PER", "B-PER", "O"]]
    assert splits["test"]["tags"] == [["B-PER", "I-PER"], ["O", "B-LOC"]]


def test_labels():
    train = split("B-PER O", "B-LOC I-LOC")
    found = ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")
    declared = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-ORG", "I-ORG"]
    assert TASK.labels(train, None) == found
    assert TASK.labels(train, declared) == tuple(declared)
    assert TASK.labels(train, ["O", "PER", "LOC"]) == found  # names of another scheme
    assert TASK.labels(train, ["O", "B-PER", "I-PER"]) == found
    assert TASK.classes(train) == [["PER"], ["LOC"]]


def test_a_tag_that_the_head_does_not_know_is_not_learned(tiny_bert):
    rows = TASK.encode(
        {"tokens": [["a", "b"]], "tags": [["B-NEW", "O"]]}, load_tokenizer(tiny_bert, True), ("O", "B-PER")
    )
    assert rows["labels"] == [[IGNORED, 0]]
    assert rows["positions"] == [[0, 1]]  # it is predicted and scored all the same


# --- scores


def random_tags(seed, number=60):
    rng = random.Random(seed)
    gold = [[rng.choice(LABELS) for _ in range(rng.randint(0, 12))] for _ in range(number)]
    predicted = [[tag if rng.random() < 0.7 else rng.choice([*LABELS, "B-X", "I-X"]) for tag in tags] for tags in gold]
    return gold, predicted


@pytest.mark.parametrize("seed", range(4))
def test_entity_scores_equal_seqeval(seed):
    gold, predicted = random_tags(seed)
    scores = score(gold, predicted)
    for prefix, reading in (("", {}), ("strict_", {"mode": "strict", "scheme": IOB2})):
        for name in ("precision", "recall", "f1"):
            scorer = getattr(seqeval.metrics, f"{name}_score")
            expected = scorer(gold, predicted, average="micro", zero_division=0, **reading)
            assert scores.values[prefix + name] == pytest.approx(expected)
    assert scores.values["f1"] != scores.values["strict_f1"]
    report = seqeval.metrics.classification_report(gold, predicted, output_dict=True, zero_division=0)
    rows = {row["type"]: [row[number] for number in NUMBERS] for row in scores.tables["entities by type"]}
    assert rows == {name: list(row.values()) for name, row in report.items()}
    assert list(rows) == ["LOC", "PER", "X", "micro avg", "macro avg", "weighted avg"]
    strict = {"mode": "strict", "scheme": IOB2}
    report = seqeval.metrics.classification_report(gold, predicted, output_dict=True, zero_division=0, **strict)
    rows = {row["type"]: [row[number] for number in NUMBERS] for row in scores.tables["entities by type, strict"]}
    assert rows == {name: list(row.values()) for name, row in report.items()} and "PER" in rows


@pytest.mark.parametrize("seed", range(4))
def test_token_scores_equal_scikit_learn(seed):
    gold, predicted = random_tags(seed)
    scores = score(gold, predicted)
    gold, predicted = list(chain(*gold)), list(chain(*predicted))
    tags = sorted({*gold, *predicted} - {"O"})
    report = classification_report(gold, predicted, labels=tags, output_dict=True, zero_division=0)
    rows = {row["tag"]: [row[number] for number in NUMBERS] for row in scores.tables["tokens by tag"]}
    assert list(rows) == [*tags, "micro avg", "macro avg", "weighted avg"]
    assert rows == {name: pytest.approx(list(row.values())) for name, row in report.items()}
    for average in ("micro", "macro", "weighted"):
        expected = f1_score(gold, predicted, labels=tags, average=average, zero_division=0)
        assert scores.values[f"token_f1_{average}"] == pytest.approx(expected)
    assert scores.values["token_accuracy"] == pytest.approx(accuracy_score(gold, predicted))


def test_scores_by_hand():
    """Gold: PER 0-2, LOC 3-4 and PER 0-1. Found: PER 0-2, PER 3-4 and nothing. 1 of 2 found is right, 1 of 3 gold."""
    gold = [["B-PER", "I-PER", "O", "B-LOC"], ["B-PER"]]
    scores = score(gold, [["B-PER", "I-PER", "O", "B-PER"], ["O"]])
    assert scores.values["precision"] == 1 / 2
    assert scores.values["recall"] == pytest.approx(1 / 3)
    assert scores.values["f1"] == pytest.approx(2 / 5)
    assert scores.values["token_accuracy"] == 3 / 5
    assert all(type(value) is float for value in scores.values.values())


def test_default_and_strict_readings_differ():
    """seqeval's own example: an I- without a B- is an entity by default, and none under strict IOB2."""
    values = score([["B-PER", "I-PER"]], [["I-PER", "I-PER"]]).values
    assert (values["f1"], values["strict_f1"]) == (1.0, 0.0)


def test_a_gold_type_that_the_head_does_not_know_counts_as_missed():
    values = score([["B-PER", "B-NEW", "I-NEW"]], [["B-PER", "O", "O"]]).values
    assert (values["precision"], values["recall"]) == (1.0, 0.5)
    assert values["strict_recall"] == 0.5
    assert values["token_f1_macro"] == pytest.approx(1 / 3)


def test_token_scores_where_no_word_is_outside():
    """scikit-learn then calls the micro average accuracy."""
    values = score([["B-PER", "B-LOC"]], [["B-PER", "B-PER"]]).values
    assert values["token_f1_micro"] == values["token_accuracy"] == 0.5


@pytest.mark.parametrize("gold", [[["O", "O"]], [[]], [["O"], [], ["O"]]])
def test_no_entities_at_all(gold):
    scores = score(gold, gold)
    assert scores.tables["entities by type"] == scores.tables["tokens by tag"] == []
    assert scores.tables["entities by type, strict"] == []
    assert {name: value for name, value in scores.values.items() if value} == (
        {"token_accuracy": 1.0} if any(gold) else {}
    )


def test_entities_only_in_the_prediction_or_only_in_gold():
    for gold, predicted in (([["O"]], [["B-PER"]]), ([["B-PER"]], [["O"]])):
        scores = score(gold, predicted)
        assert not any(scores.values.values())
        assert scores.tables["entities by type"][0]["type"] == "PER"


def test_a_type_that_is_no_entity_in_the_strict_reading():
    scores = score([["O"]], [["I-PER"]])
    assert scores.tables["entities by type"][0]["type"] == "PER"
    assert scores.tables["entities by type, strict"] == []


def test_empty_sentences_change_nothing():
    gold, predicted = random_tags(9)
    assert score([*gold, []], [*predicted, []]) == score(gold, predicted)


# --- baseline


def test_the_baseline_finds_the_longest_entities_of_training():
    train = {
        "tokens": [["New", "York", "City", "is", "New", "York"], ["Paris", "Paris", "Paris"], ["York"]],
        "tags": [
            ["B-LOC", "I-LOC", "I-LOC", "O", "B-LOC", "I-LOC"],
            ["B-PER", "B-LOC", "B-LOC"],
            ["O"],
        ],
    }
    tokens = [["in", "New", "York", "City", "Paris"], ["New", "York", "York", "New"], [], ["York", "New", "York"]]
    name, guesses = TASK.baseline(train, {"tokens": tokens})
    assert name == "memorised entities"
    assert [guess["prediction"] for guess in guesses] == [
        ["O", "B-LOC", "I-LOC", "I-LOC", "B-LOC"],
        ["B-LOC", "I-LOC", "O", "O"],
        [],
        ["O", "B-LOC", "I-LOC"],
    ]


def test_the_baseline_of_a_training_split_without_entities():
    _, guesses = TASK.baseline(split("O O"), split("B-PER O"))
    assert guesses == [{"prediction": ["O", "O"]}]
