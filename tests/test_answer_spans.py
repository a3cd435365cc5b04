"""Contexts in windows that hold the answers, the loss over places, the best span over all windows: on literals."""

import numpy
import pytest
import torch
from datasets import Dataset
from questions import CHINESE, TASK, answer, examples, make

from stages.processor import load_tokenizer
from tasks.contract import IGNORED
from tasks.spans.answer_spans import ALWAYS, MAYBE
from tasks.spans.answers import as_prediction
from tasks.words.heads import NEVER, PlaceCollator, best_spans

# --- windows


def spans_of(rows, contexts):
    """The text between the labels of each row, None where they are the first sub-word."""
    found = []
    for i, (first, last) in enumerate(rows["labels"]):
        begin = rows["region"][i][1]
        context = contexts[rows["example"][i]]
        found.append(context[rows["starts"][i][first - begin] : rows["ends"][i][last - begin]] if first else None)
    return found


def test_windows_hold_the_whole_context_and_the_answer_where_they_show_it(tokenizer):
    words = [f"{a}{b}" for a in "abcdef" for b in "uvwxyz"] * 3  # 108 words of two sub-words each
    context = " ".join(words)
    place = context.index("cz du", 120)
    given = examples(("who is it", context, answer(("cz du", place))), ("who", "a b", answer(("b", 2))))
    rows = TASK.encode(given, tokenizer, ALWAYS)
    of_first = [i for i, e in enumerate(rows["example"]) if e == 0]
    assert len(of_first) > 4 and rows["example"] == [0] * len(of_first) + [1] and not any(rows["cut"])
    seen = {span for i in of_first for span in zip(rows["starts"][i], rows["ends"][i], strict=True)}
    whole = tokenizer(context, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    assert seen == set(whole) and len(whole) > 200  # every sub-word is in some window
    assert all(len(ids) <= 64 for ids in rows["input_ids"])
    shared = set(zip(rows["starts"][0], rows["ends"][0], strict=True)) & set(
        zip(rows["starts"][1], rows["ends"][1], strict=True)
    )
    assert len(shared) == 8
    found = spans_of(rows, given["context"])
    assert set(found[:-1]) == {None, "cz du"} and found[-1] == "b"
    for i, text in enumerate(found):
        begin, end = rows["region"][i][1:]
        assert (end - begin) == len(rows["starts"][i])
        assert (text is None) == (rows["labels"][i] == [0, 0])


def test_windows_do_not_depend_on_the_other_examples(tokenizer):
    one, other = ("who", "a b c " * 40, answer(("b", 2))), ("who is it " * 9, "x " * 100, answer(("x", 0)))
    alone, both = (TASK.encode(examples(*rows), tokenizer, ALWAYS) for rows in ([one], [one, other]))
    assert alone["input_ids"] == both["input_ids"][: len(alone["input_ids"])]


def test_what_is_not_seen_is_marked_as_cut_once(tokenizer):
    long_answer = "x " * 70
    given = examples(
        ("who is it on the river by the city two", "a " * 150, answer(("a", 0))),
        ("who", long_answer, answer((long_answer.strip(), 0))),
        ("who", "a", answer()),
    )
    rows = TASK.encode(given, tokenizer, MAYBE)
    cut_rows = [e for e, cut_ in zip(rows["example"], rows["cut"], strict=True) if cut_]
    assert cut_rows == [0, 1]
    of_long = [labels for e, labels in zip(rows["example"], rows["labels"], strict=True) if e == 1]
    assert len(of_long) > 1 and all(labels == [IGNORED, IGNORED] for labels in of_long)
    assert rows["labels"][-1] == [0, 0]


def test_new_questions_have_no_labels(tokenizer):
    rows = TASK.encode({"question": ["who", "who"], "context": ["a b", ""]}, tokenizer, ALWAYS)
    assert rows["labels"] == [[IGNORED, IGNORED]] * 2 and rows["region"][1] == [0, 0, 0]


@pytest.mark.parametrize("side", ["right", "left"])
def test_chinese_answers_are_exact_slices_on_both_padding_sides(tokenizer, tiny_roberta, side):
    for one in (tokenizer, load_tokenizer(tiny_roberta, False)):
        given = examples(("谁", CHINESE, answer(("宁平省", 18))), ("哪年", CHINESE + CHINESE, answer(("1963年", 4))))
        rows = make().encode(given, one, ALWAYS)
        found = zip(rows["example"], spans_of(rows, given["context"]), strict=True)
        assert {(e, text) for e, text in found if text} == {(0, "宁平省"), (1, "1963年")}
        before, one.padding_side = one.padding_side, side
        names = ("input_ids", "attention_mask", "region", "labels")
        batch = PlaceCollator(one, ("region", "labels"))(
            [{name: rows[name][i] for name in names} for i in range(len(rows["example"]))]
        )
        one.padding_side = before
        for i, (first, last) in enumerate(batch["labels"].tolist()):
            a, b = rows["labels"][i]
            assert batch["input_ids"][i, first : last + 1].tolist() == rows["input_ids"][i][a : b + 1]
            assert batch["attention_mask"][i, batch["region"][i, 0]] == 1


# --- from logits to answers


def test_the_best_spans_are_those_of_a_search_through_all():
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn(2, 2, 12, generator=generator)
    region = torch.tensor([[0, 3, 11], [2, 5, 7]])
    scores, first, last, none = best_spans(logits, region, 3, 9)
    for row, (zero, begin, end) in enumerate(region.tolist()):
        pairs = [(a, b) for a in range(begin, end) for b in range(a, min(a + 3, end))]
        ranked = sorted(pairs, key=lambda ab: -(logits[row, 0, ab[0]] + logits[row, 1, ab[1]]).item())[:9]
        found = [(a + begin, b + begin) for a, b in zip(first[row].tolist(), last[row].tolist(), strict=True) if a >= 0]
        assert found == ranked
        assert none[row] == pytest.approx((logits[row, 0, zero] + logits[row, 1, zero]).item())
    assert last[1].tolist()[3:] == [-1] * 6 and scores[1, 3] < NEVER / 2  # a context of two sub-words has three spans


def decoded(reduced, rows, contexts, labels=ALWAYS, **choices):
    reduced = tuple(numpy.array(part) for part in reduced)
    return make(**choices).decode(reduced, rows, labels, {"context": contexts}, None)


def test_the_best_span_over_all_windows_in_the_users_terms():
    """Example 0 has two windows, which share 'b'; example 1 one, of which the first sub-word holds a space."""
    rows = {"example": [1, 0, 0], "starts": [[0, 1], [0, 2], [2, 4]], "ends": [[1, 3], [1, 3], [3, 5]]}
    scores, first, last = [[1.0, 0.5], [2.0, 3.0], [3.5, 4.0]], [[1, -1], [0, 1], [0, 1]], [[1, -1], [0, 1], [0, 1]]
    found = decoded((scores, first, last, [9.0, 9.0, 9.0]), rows, ["a b c", "x y"])
    assert [(p["prediction"], p["start"]) for p in found] == [("c", 4), ("y", 2)]
    assert [(a["text"], a["start"]) for a in found[0]["n_best"]] == [("c", 4), ("b", 2), ("a", 0)]
    weights = numpy.exp([4.0, 3.5, 2.0])
    assert [a["confidence"] for a in found[0]["n_best"]] == pytest.approx((weights / weights.sum()).round(4))
    assert found[0]["confidence"] == found[0]["n_best"][0]["confidence"] and "no_answer_score" not in found[0]
    assert len(decoded((scores, first, last, [9.0, 9.0, 9.0]), rows, ["a b c", "x y"], n_best=1)[0]["n_best"]) == 1


@pytest.mark.parametrize(("threshold", "expected"), [(0.0, ""), (1.9, ""), (2.0, "a"), (5, "a")])
def test_no_answer_needs_to_score_above_the_best_one_by_the_threshold(threshold, expected):
    """Its score is the least over the windows: 6 - 4 = 2 above 'a'."""
    rows = {"example": [0, 0], "starts": [[0], [2]], "ends": [[1], [3]]}
    reduced = ([[4.0], [1.0]], [[0], [0]], [[0], [0]], [6.0, 8.0])
    (found,) = decoded(reduced, rows, ["a b"], MAYBE, null_threshold=threshold)
    assert found["prediction"] == expected and found["no_answer_score"] == 2.0
    assert [a["text"] for a in found["n_best"]] == ["", "a", "b"]
    assert found["start"] == (0 if expected else None)


def test_an_empty_context_has_no_answer():
    assert as_prediction([], 3.0, None) == {
        "prediction": "", "confidence": 1.0, "start": None, "n_best": [{"text": "", "start": None, "confidence": 1.0}]
    }  # fmt: skip


# --- runs


def test_the_loss_is_over_positions_and_does_not_depend_on_padding(tiny_bert, tokenizer):
    from stages.model import load_head
    from tasks.contract import LossContext

    model = load_head(TASK, tiny_bert).eval()
    given = examples(("who", "a b c", answer(("b", 2))), ("who", "a b c " * 6, answer(("c", 4))))
    rows = Dataset.from_dict(TASK.encode(given, tokenizer, ALWAYS))
    collate = TASK.collator(tokenizer, model)
    names = [*tokenizer.model_input_names, "region", "labels"]
    alone, both = (collate([{n: rows[i][n] for n in names} for i in part]) for part in ([0], [0, 1]))
    losses = []
    for batch in (alone, both):
        labels = batch.pop("labels")
        assert TASK.items(labels).tolist() == [2] * len(labels)
        losses.append(TASK.loss(model(**batch), labels, LossContext())[0].item())
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    logits = torch.tensor([[[0.0, 2.0, 0.0], [1.0, 0.0, 0.0]]])  # by hand: -log softmax at 1, and at 0
    expected = -(2 - numpy.log(2 + numpy.exp(2))) - (1 - numpy.log(2 + numpy.e))
    assert TASK.loss({"logits": logits}, torch.tensor([[1, 0]]), LossContext()).item() == pytest.approx(expected)
