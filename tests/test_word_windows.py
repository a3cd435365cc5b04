"""Rows of words made by arrays equal those made in plain loops: any words, windows, tokenizer, pooling, neighbours."""

import numpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages.processor import load_tokenizer
from tasks import sub_words
from tasks.ragged import Ragged
from tasks.words import windows
from tasks.words.word_rows import word_rows
from tasks.words.word_tagger import POOLING
from tests import old_windows

IDS = {"O": 0, "B-LOC": 1, "I-LOC": 2}
BLANK = ["", " ", "\u00a0", "\u200b", "\x00", "\u200d", "\u0301"]
ODD = ["e\u0301", "中文", "🙂", "[SEP]", "<mask>", "a b", "▁", "x" * 70, *BLANK]
WORDS = st.one_of(st.sampled_from(["the", "river", "Berlin", "xyz", *ODD]), st.text(max_size=6))
SENTENCES = st.lists(st.lists(WORDS, max_size=40), min_size=1, max_size=5)


@pytest.fixture(scope="module")
def tiny_unigram(tmp_path_factory):
    """A tokenizer as SentencePiece makes them, which knows few letters; one special token, behind the text."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    names = ["<pad>", "</s>", "<unk>", "▁", "▁the", "▁Ber", "lin", *"abcdefghinrtxyz"]
    backend = Tokenizer(models.Unigram([(name, -float(len(names) - len(name))) for name in names], unk_id=2))
    backend.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace("\u200b", "")])
    backend.pre_tokenizer, backend.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    backend.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    folder = tmp_path_factory.mktemp("tiny_unigram")
    PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", model_max_length=32,
        model_input_names=["input_ids", "attention_mask"],
    ).save_pretrained(folder)  # fmt: skip
    return folder


@pytest.fixture(scope="module", params=["tiny_bert", "tiny_roberta", "tiny_unigram"])
def tokenizer(request):
    return load_tokenizer(request.getfixturevalue(request.param), True)


def as_lists(rows):
    return {name: list(column) for name, column in rows.items()}


def check(examples, tokenizer, stride, pooling):
    made = word_rows(examples, tokenizer, IDS, stride, pooling)
    expected = old_windows.word_rows(examples, tokenizer, IDS, stride, pooling)
    assert [*made] == [*expected]
    assert as_lists(made) == expected


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SENTENCES, st.sampled_from([5, 8, 13, 64]), st.integers(0, 9), st.sampled_from(POOLING), st.data())
def test_arrays_equal_loops(tokenizer, sentences, length, stride, pooling, data):
    tokenizer.model_max_length = length
    examples = {"tokens": sentences}
    if data.draw(st.booleans(), "gold"):
        tag = st.sampled_from([*IDS, "B-NEW"])
        examples["tags"] = [data.draw(st.lists(tag, min_size=len(s), max_size=len(s))) for s in sentences]
    if data.draw(st.booleans(), "neighbours"):
        around = st.lists(WORDS, max_size=12)
        examples |= {name: [data.draw(around) for _ in sentences] for name in ("_before", "_after")}
    check(examples, tokenizer, stride, pooling)
    room = length - tokenizer.num_special_tokens_to_add()
    fast = windows.gathered(sentences, tokenizer, room, min(stride, room // 2))
    if any("river" in sentence for sentence in sentences) or fast:
        assert fast.equals(windows.usual(sentences, tokenizer, room, min(stride, room // 2)))


def test_distinct_words_are_tokenized_once(tokenizer, monkeypatch):
    """The fast way is not given up where it holds: what is compared is a sample."""
    tokenizer.model_max_length, compared = 16, []
    tokenizer_way = windows.usual
    monkeypatch.setattr(windows, "usual", lambda some, *more: compared.append(len(some)) or tokenizer_way(some, *more))
    sentences = [["the", "Berlin", "\u200b", "river", str(i % 7)] * (1 + i % 9) for i in range(400)]
    check({"tokens": sentences}, tokenizer, 3, "first")
    assert len(compared) == 1 and compared[0] <= windows.TRIED + 1


class Contextual:
    """A tokenizer wrapped in Python, for which a word depends on the one before it."""

    def __init__(self, inner):
        self.inner = inner

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def __call__(self, texts, is_split_into_words=False, **how):
        if is_split_into_words:
            pairs = [zip(["", *words], words, strict=False) for words in texts]
            texts = [["the" if before == "river" else word for before, word in pair] for pair in pairs]
        return self.inner(texts, is_split_into_words=is_split_into_words, **how)


def test_a_tokenizer_that_looks_at_neighbours_is_asked_for_whole_sentences(tokenizer):
    tokenizer.model_max_length = 16
    wrapped = Contextual(tokenizer)
    sentences = [["Berlin", "river", "Berlin", "\u200b", "river", "x"] * n for n in range(5)]
    check({"tokens": sentences}, wrapped, 3, "mean")
    assert windows.split_into_windows(sentences, wrapped, 3).equals(windows.usual(sentences, wrapped, *room(wrapped)))
    assert not windows.gathered(sentences, wrapped, *room(wrapped)).equals(
        windows.usual(sentences, wrapped, *room(wrapped))
    )


def room(tokenizer):
    return tokenizer.model_max_length - tokenizer.num_special_tokens_to_add(), 3


def test_earlier_calls_leave_no_cutting_and_no_padding_behind(tokenizer):
    tokenizer.model_max_length = 64
    tokenizer([["the", "river"]], is_split_into_words=True, truncation=True, max_length=4, padding="max_length")
    check({"tokens": [["x" * 70, "Berlin"]]}, tokenizer, 0, "mean")


def test_what_is_known_of_words_is_forgotten_with_new_tokens_and_when_it_is_much(tiny_bert, monkeypatch):
    tokenizer = load_tokenizer(tiny_bert, True)
    examples = {"tokens": [["xyz", "river", "\u200b"], ["thexyz", "a"]]}
    check(examples, tokenizer, 0, "mean")
    tokenizer.add_tokens(["xyz"])
    check(examples, tokenizer, 0, "mean")
    tokenizer.add_tokens(["the"])  # no new word, but found inside others from now on
    check(examples, tokenizer, 0, "mean")
    monkeypatch.setattr(sub_words, "MOST", 4)
    for i in range(5):
        check({"tokens": [[f"river{i}", "a", "\u200b", f"{i}"]]}, tokenizer, 0, "first")
        assert len(sub_words.known_to(tokenizer).numbers) <= 5


def test_lists_in_one_array_read_like_lists():
    lists = [[1, 2], [], [3], [4, 5, 6]]
    ragged = Ragged.of(lists)
    assert ragged == lists and ragged != [*lists, []] and len(ragged) == 4 and ragged[-1] == [4, 5, 6]
    assert ragged[1:3] == [[], [3]] and list(ragged) == lists and ragged.take(numpy.array([3, 1])) == [[4, 5, 6], []]
    assert Ragged(numpy.arange(4).reshape(2, 2), numpy.array([0, 0, 2]))[1] == [(0, 1), (2, 3)]
    assert Ragged.of([]) == [] and type(ragged[0][0]) is int
    with pytest.raises(IndexError):
        ragged[4]
