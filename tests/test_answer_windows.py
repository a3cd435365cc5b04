"""Windows of contexts made by arrays equal those made in plain loops: any texts, lengths, answers, tokenizers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.processor import load_tokenizer
from tasks.ragged import Ragged
from tasks.spans import answer_windows
from tests import old_answer_windows

ODD = ["", "  ", "\u200b", "a\u0301", "中文", "🙂", "[SEP]", "\n", "x" * 9, "it's"]
WORDS = st.one_of(st.sampled_from(["the", "river", "Berlin", ",", *ODD]), st.text(max_size=5))
QUESTIONS = st.builds(" ".join, st.lists(WORDS, max_size=9))
CONTEXTS = st.builds(" ".join, st.lists(WORDS, max_size=50))


@pytest.fixture(scope="module", params=["tiny_bert", "tiny_roberta", "tiny_t5", "split words"])
def tokenizer(request):
    name = "tiny_roberta" if request.param == "split words" else request.param
    return load_tokenizer(request.getfixturevalue(name), request.param == "split words")


@st.composite
def answer(draw, context):
    if not context or draw(st.booleans()):
        return {"text": [], "answer_start": []}
    start = draw(st.integers(0, len(context) - 1))
    end = draw(st.integers(start + 1, min(start + 20, len(context))))
    return {"text": [context[start:end]], "answer_start": [start]}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(QUESTIONS, CONTEXTS), min_size=1, max_size=4), st.sampled_from([12, 20, 60]), st.data())
def test_arrays_equal_loops(tokenizer, pairs, length, data):
    tokenizer.model_max_length = length
    examples = {"question": [q for q, _ in pairs], "context": [c for _, c in pairs]}
    if data.draw(st.booleans(), "gold"):
        examples["answers"] = [data.draw(answer(context)) for context in examples["context"]]
    stride, most = data.draw(st.integers(0, 9)), data.draw(st.integers(1, 9))
    made = answer_windows.window_rows(examples, tokenizer, stride, most)
    room = (length - tokenizer.num_special_tokens_to_add(pair=True)) // 2
    shown, found = answer_windows._shortened(examples["question"], tokenizer, min(most, room))
    assert (found.lengths <= most).all() and all(map(str.startswith, examples["question"], shown))
    if shown != [old_answer_windows._shortened(q, tokenizer, min(most, room)) for q in examples["question"]]:
        return  # the loops cut such questions at too many sub-words, which the tokenizer could refuse
    expected = old_answer_windows.window_rows(examples, tokenizer, stride, most)
    assert [*made] == [*expected]
    assert {name: list(column) for name, column in made.items()} == expected


def test_the_fast_way_is_taken(tokenizer, monkeypatch):
    """All but a sample comes from pieces, and what those give for all is what the tokenizer gives."""
    tokenizer.model_max_length, usual, asked = 60, answer_windows.usual, []
    monkeypatch.setattr(answer_windows, "usual", lambda some, *more: asked.append(len(some)) or usual(some, *more))
    examples = {"question": [f"the river {i % 9} ?" for i in range(200)]}
    examples["context"] = ["Berlin is the city , " * (i % 9) + "x" for i in range(200)]
    rows = answer_windows.windows(examples, tokenizer, 5, 25)
    if getattr(tokenizer.backend_tokenizer.pre_tokenizer, "add_prefix_space", False):
        assert asked == [200]  # its offsets depend on the windows: all of them are the tokenizer's
        return
    assert len(asked) == 1 and asked[0] <= answer_windows.TRIED + 1
    whole = usual(*examples.values(), tokenizer, 5)
    assert [*rows] == [*whole, "cut"] and isinstance(rows["starts"], Ragged)
    assert {name: [*map(list, rows[name])] for name in ("input_ids", "starts", "ends", "region")} == {
        name: [*map(list, whole[name])] for name in ("input_ids", "starts", "ends", "region")
    }
    assert list(rows["example"]) == list(whole["example"])
