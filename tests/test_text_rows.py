"""Rows of texts made by arrays equal those of the tokenizer: any texts, pairs, lengths, kinds of tokenizers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.processor import load_tokenizer
from tasks.texts import text_rows
from tasks.texts.pieces import pieces_of
from tasks.texts.rows import encode_texts

ODD = [
    "",
    "  ",
    "\u00a0",
    "\u200b",
    "\x1c",
    "a\u0301",
    "\u0301",
    "中文",
    "🙂",
    "[SEP]",
    "<mask>",
    "\n",
    "\ta",
    "x" * 9,
    "it's",
]
WORDS = st.one_of(st.sampled_from(["the", "river", "Berlin", ",", *ODD]), st.text(max_size=5))
TEXTS = st.builds(" ".join, st.lists(WORDS, max_size=12))
CUTS = ["longest_first", "only_first", "only_second"]


@pytest.fixture(scope="module", params=["tiny_bert", "tiny_roberta", "tiny_t5", "split words"])
def tokenizer(request):
    name = "tiny_roberta" if request.param == "split words" else request.param
    return load_tokenizer(request.getfixturevalue(name), request.param == "split words")


@settings(max_examples=50, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=5), st.sampled_from([8, 12, 64]), st.booleans(), st.data())
def test_arrays_equal_the_tokenizer(tokenizer, first, length, paired, data):
    tokenizer.model_max_length = length
    texts = [first, [data.draw(TEXTS) for _ in first]] if paired else [first]
    cut = data.draw(st.sampled_from(CUTS))
    fast, slow = text_rows.gathered(texts, tokenizer, cut), text_rows.usual(texts, tokenizer, cut)
    if fast or any("river" in text for text in first):
        assert {name: list(column) for name, column in fast.items()} == slow
    rows = encode_texts(tokenizer, *texts, cut=cut)
    assert {name: list(column) for name, column in rows.items()} == slow


@settings(max_examples=50, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_pieces_stand_where_the_tokenizer_says(tokenizer, texts):
    found = pieces_of(texts, tokenizer, places=True)
    whole = tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    assert list(found.ids) == whole["input_ids"]
    flat = [pair for of_text in whole["offset_mapping"] for pair in of_text]
    assert list(zip(found.starts.tolist(), found.ends.tolist(), strict=True)) == flat


def test_a_sample_alone_is_compared(tokenizer, monkeypatch):
    tokenizer.model_max_length, compared, usual = 64, [], text_rows.usual
    monkeypatch.setattr(text_rows, "usual", lambda texts, *more: compared.append(len(texts[0])) or usual(texts, *more))
    rows = encode_texts(tokenizer, [f"the river {i % 7} " + "of Berlin" * (i % 3) for i in range(300)])
    assert len(rows["cut"]) == 300 and len(compared) == 1 and compared[0] <= text_rows.TRIED + 1


def test_a_tokenizer_that_does_otherwise_is_asked_for_all(tokenizer):
    class Shouting:
        def __getattr__(self, name):
            return getattr(tokenizer, name)

        def __call__(self, texts, *pair, **how):
            texts = texts and [text.replace("river Berlin", "the") for text in texts]
            return tokenizer(texts, *pair, **how)

    texts = [["the river Berlin", "the", "x river Berlin the"]]
    rows = encode_texts(Shouting(), *texts)
    assert rows == text_rows.usual(texts, Shouting(), "longest_first") != text_rows.usual(texts, tokenizer, "")
