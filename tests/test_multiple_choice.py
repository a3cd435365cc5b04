"""Multiple choice on literals: answers however they are written, any number of choices in a batch, scores by hand."""

import pytest
import torch
from transformers import AutoModelForMultipleChoice

from tasks.contract import IGNORED, LossContext
from tasks.multiple_choice import MultipleChoice
from tasks.texts.choice_scores import by_position, by_size
from tasks.texts.choices import read_choices
from tasks.texts.text_heads import NEVER, GroupCollator, grouped_head

TASK = MultipleChoice("multiple_choice", "accuracy")
CHOICES = [["red", "blue"], ["one", "two", "three"], ["x", "y", "z", "中文"]]


def prepared(answers, choices=CHOICES, task=TASK, **columns):
    examples = {"question": ["q"] * len(choices), "choices": choices, "answer": answers, **columns}
    return task.prepare({"train": examples})


# --- choices and answers as they are read


@pytest.mark.parametrize(
    ("written", "answers"),
    [
        ("text", ["blue", " two ", "中文"]),
        ("letter", ["B", "(b)", "d."]),
        ("index", ["1", "1", "03"]),
        ("number", ["2", "2", "4"]),
    ],
)
def test_answers_are_recognised_however_they_are_written(written, answers):
    choices, more = [*CHOICES, ["first", "last"]], {"text": "first", "letter": "A", "index": "0", "number": "1"}
    assert prepared([*answers, more[written]], choices)[0]["train"]["answer"] == ["blue", "two", "中文", "first"]
    told = MultipleChoice("multiple_choice", "accuracy", written=written)
    assert prepared(answers, task=told)[0]["train"]["answer"] == ["blue", "two", "中文"]


def test_the_reading_fits_all_splits():
    one, two = ({"question": ["q"], "choices": [["x", "y", "z"]], "answer": [a]} for a in ("2", "3"))
    ready, _ = TASK.prepare({"train": one, "test": two})
    assert [ready[split]["answer"] for split in ready] == [["y"], ["z"]]


def test_numbers_that_count_from_0_or_from_1_are_no_guess():
    with pytest.raises(ValueError, match=r"neither 0 nor the last occurs\. Set task\.written=index or number"):
        prepared(["1", "1", "2"])
    told = MultipleChoice("multiple_choice", "accuracy", written="number")
    assert prepared(["1", "1", "2"], task=told)[0]["train"]["answer"] == ["red", "one", "y"]


def test_choices_that_are_numbers_are_answered_by_text():
    assert prepared(["1", "3"], [["2", "1"], ["1", "3"]])[0]["train"]["answer"] == ["1", "3"]


@pytest.mark.parametrize("wrong", ["E", "four", "", "-1", "AB"])
def test_an_answer_that_is_none_of_its_choices_is_named(wrong):
    with pytest.raises(ValueError) as caught:
        prepared(["A", wrong, "C"])
    assert str(caught.value).startswith(
        f"train example 2: the answer {wrong!r} is not the letter of one of its 3 choices (one; two; three)."
    )
    assert "task.written" in str(caught.value)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["a", "b", ""], ["a", "b"]),
        ({"end0": "a", "end1": "b", "end2": " "}, ["a", "b"]),
        (["a", " b"], ["a", " b"]),
    ],
)
def test_choices_are_a_list_or_columns_of_which_the_last_may_be_blank(given, expected):
    assert read_choices(given, "here") == expected


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("a b", r"test example 1: data\.columns\.choices must hold a list of texts, it holds 'a b'"),
        ([1, 2], r"must hold a list of texts, it holds \[1, 2\]"),
        (["a", "", "c"], "test example 1: choice 2 is blank"),
        (["a"], "it has 1 choices, 2 to 26 are needed"),
        ({"a": "", "b": ""}, "it has 0 choices"),
    ],
)
def test_what_cannot_be_chosen_among_is_named(given, said):
    with pytest.raises(ValueError, match=said):
        TASK.prepare({"test": {"question": ["q"], "choices": [given], "answer": ["a"]}})


def test_questions_are_text_and_contexts_may_be_turns():
    with pytest.raises(ValueError, match=r"train example 1: data\.columns\.question must hold text"):
        prepared(["a"], [["a", "b"]], question=[["q"]])
    ready, found = prepared(["a", "b"], [["a", "b"], ["a", "b", "c"]], context=[["男 你好", "女 再见"], "text"])
    assert ready["train"]["context"] == ["男 你好 女 再见", "text"]
    assert [f.what for f in found] == ["choices per example: 2 (1), 3 (1)"]


def test_new_questions_need_no_answer(tokenizer):
    ready, _ = TASK.prepare({"new": {"question": ["q"], "choices": [["a", "b"]]}})
    assert TASK.encode(ready["new"], tokenizer, ())["labels"] == [IGNORED]


def test_a_choice_that_does_not_exist():
    with pytest.raises(
        ValueError, match=r"task\.written=roman is not known\. Choose one of: text, letter, index, number, null"
    ):
        MultipleChoice("multiple_choice", "accuracy", written="roman")


# --- rows


def test_the_question_stands_with_the_choice_behind_a_context_and_alone_without(tokenizer):
    examples = {"question": ["good ?", "bad ?"], "context": ["the city", " "], "choices": [["a", "b"], ["c", "d", "e"]]}
    rows = TASK.encode({**examples, "answer": ["b", "e"]}, tokenizer, ())
    first, second = ([tokenizer.decode(ids) for ids in row] for row in rows["input_ids"])
    assert first == [f"[CLS] the city [SEP] good? {choice} [SEP]" for choice in "ab"]
    assert second == [f"[CLS] bad? [SEP] {choice} [SEP]" for choice in "cde"]
    assert rows["labels"] == [1, 2] and rows["example"] == [0, 1] and rows["cut"] == [False, False]
    assert rows["length"] == [2 * 8, 3 * 6]


def test_a_long_context_loses_its_end_and_the_choice_stays_whole(tokenizer):
    examples = {"context": ["in " * 80], "question": ["city ?"], "choices": [["a b", "c " * 20]]}
    rows = TASK.encode(examples, tokenizer, ())
    short, long = (tokenizer.decode(ids) for ids in rows["input_ids"][0])
    assert rows["cut"] == [True] and [len(ids) for ids in rows["input_ids"][0]] == [64, 64]
    assert short.endswith("in [SEP] city? a b [SEP]") and long.endswith("[SEP] city? " + "c " * 20 + "[SEP]")


# --- groups of any size


@pytest.fixture(scope="module")
def head(tiny_bert):
    from transformers import BertForMultipleChoice

    torch.manual_seed(0)
    return grouped_head(BertForMultipleChoice, True).from_pretrained(tiny_bert).eval()


@pytest.fixture(scope="module")
def rows(tokenizer):
    examples = {"question": ["good film ?", "a", "the river " * 5], "choices": CHOICES, "answer": ["red", "three", "y"]}
    encoded = TASK.encode(examples, tokenizer, ())
    names = ("input_ids", "token_type_ids", "attention_mask", "labels")
    return [{name: encoded[name][i] for name in names} for i in range(3)]


def test_a_batch_holds_only_texts_that_are_there(tokenizer, rows):
    batch = GroupCollator(tokenizer)(rows)
    assert batch["input_ids"].shape[:2] == (3, 4) and batch["labels"].tolist() == [0, 2, 1]
    assert batch["attention_mask"].any(-1).sum(1).tolist() == [2, 3, 4]
    for i, row in enumerate(rows):
        for j, ids in enumerate(row["input_ids"]):
            assert batch["input_ids"][i, j, : len(ids)].tolist() == ids
            assert batch["attention_mask"][i, j].sum() == len(ids)


def test_a_row_scores_the_same_alone_and_beside_others(head, tokenizer, rows):
    """So do all losses, whichever processes the rows are on."""
    collate = GroupCollator(tokenizer)
    with torch.no_grad():
        together = head(**{k: v for k, v in collate(rows).items() if k != "labels"})["logits"]
        alone = [head(**{k: v for k, v in collate([row]).items() if k != "labels"})["logits"][0] for row in rows]
    for scores, own in zip(together, alone, strict=True):
        assert torch.allclose(scores[: len(own)], own, atol=1e-6)
        assert (scores[len(own) :] == NEVER).all()
    losses = TASK.loss({"logits": together}, torch.tensor([0, 2, 1]), LossContext())
    expected = [-own.log_softmax(0)[label] for own, label in zip(alone, (0, 2, 1), strict=True)]
    assert losses.tolist() == pytest.approx([float(loss) for loss in expected], abs=1e-5)


def test_scores_are_those_of_transformers_own_class(head, tokenizer, rows, tmp_path):
    head.save_pretrained(tmp_path)
    stock = AutoModelForMultipleChoice.from_pretrained(tmp_path).eval()
    batch = GroupCollator(tokenizer)(rows[2:])
    batch.pop("labels")
    with torch.no_grad():
        assert torch.allclose(stock(**batch).logits, head(**batch)["logits"], atol=1e-6)


def test_missing_choices_get_no_gradient(head, tokenizer, rows):
    batch = GroupCollator(tokenizer)(rows)
    labels = batch.pop("labels")
    logits = head(**batch)["logits"]
    TASK.loss({"logits": logits}, labels, LossContext()).sum().backward()
    assert all(p.grad.isfinite().all() for p in head.parameters() if p.grad is not None)


# --- answers and scores


def test_predictions_are_choices_with_their_probabilities():
    logits = torch.full((2, 4), NEVER)
    logits[0, :2], logits[1, :4] = torch.tensor([0.3, 0.7]).log(), torch.tensor([0.1, 0.2, 0.3, 0.4]).log()
    reduced = tuple(part.numpy() for part in TASK.reduce({"logits": logits}))
    decoded = TASK.decode(reduced, {"example": [1, 0]}, (), {"choices": [CHOICES[2], CHOICES[0]]}, None)
    assert decoded == [
        {"prediction": "中文", "confidence": 0.4, "probabilities": [0.1, 0.2, 0.3, 0.4]},
        {"prediction": "blue", "confidence": 0.7, "probabilities": [0.3, 0.7]},
    ]


def test_accuracy_and_chance_by_hand():
    """One of three is right; guessing is right in (1/2 + 1/3 + 1/4) / 3."""
    examples = {"choices": CHOICES, "answer": ["red", "one", "x"]}
    found = TASK.metrics([{"prediction": p} for p in ("red", "two", "z")], examples)
    assert found.values == {"accuracy": pytest.approx(1 / 3), "chance": pytest.approx(13 / 36)}
    assert [row["accuracy"] for row in found.tables["by number of choices"]] == [1.0, 0.0, 0.0]


def test_tables_by_hand():
    assert by_size([True, False, True], [2, 2, 3]) == [
        {"choices": 2, "examples": 2, "accuracy": 0.5, "chance": 0.5},
        {"choices": 3, "examples": 1, "accuracy": 1.0, "chance": 1 / 3},
    ]
    assert by_position([0, 0, 2], [0, 1, 2]) == [
        {"position": "A", "answers": 2, "chosen": 1, "right": 1, "accuracy": 0.5},
        {"position": "B", "answers": 0, "chosen": 1, "right": 0, "accuracy": 0.0},
        {"position": "C", "answers": 1, "chosen": 1, "right": 1, "accuracy": 1.0},
    ]


def test_the_baseline_is_the_best_position_of_train():
    train = {"choices": CHOICES, "answer": ["blue", "three", "z"]}
    name, guesses = TASK.baseline(train, {"choices": CHOICES})
    assert "choice C" in name and [g["prediction"] for g in guesses] == ["blue", "three", "z"]


def test_the_page_marks_the_choices():
    row = {"question": "q", "choices": ["a", "b", "c"], "gold": "a", "prediction": "b", "context": ""}
    assert TASK.marked(row) == [
        ("q", None, None), ("a", "answer", None), ("b", None, "answer"), ("c", None, None),
    ]  # fmt: skip
