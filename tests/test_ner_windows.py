"""Every word of every sentence is read, labelled and predicted exactly once, in the window that shows it best."""

import random

import numpy
import pytest
import torch

from stages.features import encode
from stages.processor import load_tokenizer
from tasks.contract import IGNORED
from tasks.ner import NER
from tasks.words.windows import split_into_windows

SIZES = [0, 1, 2, 3, 20, 63, 64, 65, 200, 700]
LABELS = ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")
WORDS = [
    "the",
    "river",
    "xyz",
    "a",
    "x" * 90,
    "y" * 300,
    "Ärger",
    "\u200b",
    "\x00",
    "",
    " ",
    "\u200d",
    "中文",
    "[SEP]",
    "🙂",
]


@pytest.fixture(scope="module", params=["tiny_bert", "tiny_roberta"])
def tokenizer(request):
    tokenizer = load_tokenizer(request.getfixturevalue(request.param), True)
    assert tokenizer.model_max_length in (62, 64)
    return tokenizer


def random_examples(seed, sizes=SIZES, words=WORDS):
    rng = random.Random(seed)
    sizes = rng.sample(sizes, len(sizes))
    tokens = [[rng.choice(words) for _ in range(n)] for n in sizes]
    return {"tokens": tokens, "tags": [[rng.choice(LABELS) for _ in sentence] for sentence in tokens]}


def sub_words(tokenizer, sentence):
    """Word by word and without windows: -> ids of the whole sentence, where each word starts in them."""
    ids, starts = [], []
    for word in sentence:
        of_word = tokenizer([word], is_split_into_words=True, add_special_tokens=False)["input_ids"]
        starts.append(len(ids))
        ids += of_word or [tokenizer.unk_token_id]
    return ids, starts


def margin(start, n, size, position):
    """Sub-words between a position and the nearer edge of a window; the sentence's own edges do not count."""
    left = position - start if start > 0 else float("inf")
    right = start + n - 1 - position if start + n < size else float("inf")
    return min(left, right)


@pytest.mark.parametrize("stride", [0, 1, 10, 64])
def test_every_word_is_owned_once_where_the_context_is_best(tokenizer, stride):
    """The windows are found again here by searching their ids in the sentence that was tokenized word by word."""
    examples = random_examples(stride)
    rows = NER("ner", "f1", stride=stride).encode(examples, tokenizer, LABELS)
    room = tokenizer.model_max_length - 2
    step = room - min(stride, room // 2)
    for e, sentence in enumerate(examples["tokens"]):
        ids, starts = sub_words(tokenizer, sentence)
        windows = [i for i, example in enumerate(rows["example"]) if example == e]
        every = [(start, min(room, len(ids) - start)) for start in range(0, max(1, len(ids) - room + step), step)]
        spans = {}
        for i in windows:  # one that owns no word is left out
            content = rows["input_ids"][i][1:-1]
            spans[i] = next(
                span for span in every if ids[span[0] : sum(span)] == content and span not in spans.values()
            )
        owned = [
            (word, i, p, label)
            for i in windows
            for word, (p, _), label in zip(rows["positions"][i], rows["words"][i], rows["labels"][i], strict=True)
        ]
        assert sorted(word for word, *_ in owned) == list(range(len(sentence)))
        for word, i, p, label in owned:
            start, n = spans[i]
            assert start + p - 1 == starts[word]  # behind [CLS], on the first sub-word of the word
            best = max(margin(*span, len(ids), starts[word]) for span in every if 0 <= starts[word] - span[0] < span[1])
            assert margin(start, n, len(ids), starts[word]) == best
            assert LABELS[label] == examples["tags"][e][word]


@pytest.mark.parametrize("pooling", ["first", "last", "mean"])
def test_which_sub_words_stand_for_a_word(tokenizer, pooling):
    examples = {"tokens": [["river", "xyz", "a"]], "tags": [["O", "B-PER", "O"]]}
    rows = NER("ner", "f1", pooling=pooling).encode(examples, tokenizer, LABELS)
    ids, starts = sub_words(tokenizer, examples["tokens"][0])
    ends = [*starts[1:], len(ids)]
    expected = {
        "first": [(s, s + 1) for s in starts],
        "last": [(e - 1, e) for e in ends],
        "mean": list(zip(starts, ends, strict=True)),
    }
    assert rows["words"] == [[(s + 1, e + 1) for s, e in expected[pooling]]]  # behind [CLS]
    assert rows["positions"] == [[0, 1, 2]] and rows["cut"] == [False]
    assert ends[1] - starts[1] > 1  # a word of several sub-words


@pytest.mark.parametrize("side", ["right", "left"])
def test_places_move_with_the_padding(tiny_bert, side):
    tokenizer = load_tokenizer(tiny_bert, True)
    tokenizer.padding_side = side
    task = NER("ner", "f1")
    rows = task.encode({"tokens": [["a", "river", "of"], ["x"], []], "tags": [["O"] * 3, ["O"], []]}, tokenizer, LABELS)
    batch = task.collator(tokenizer, None)([{name: column[i] for name, column in rows.items()} for i in range(3)])
    assert batch["words"].shape == (3, 3, 2) and batch["labels"].tolist()[1:] == [[0, IGNORED, IGNORED], [IGNORED] * 3]
    for row, words in enumerate((["a", "river", "of"], ["x"])):
        places = batch["words"][row][: len(words), 0]
        assert tokenizer.convert_ids_to_tokens(batch["input_ids"][row][places]) == words
    assert batch["words"][1, 1:].sum() == 0


def as_outputs(rows, width=0):
    """Model outputs that are the labels themselves, padded on the right as the Trainer pads them."""
    width = max([1, width, *map(len, rows["labels"])])
    padded = [[max(label, 0) for label in labels] + [0] * (width - len(labels)) for labels in rows["labels"]]
    return {"logits": 20 * torch.eye(len(LABELS))[torch.tensor(padded)]}


@pytest.mark.parametrize("seed", range(3))
def test_decoding_the_labels_gives_the_tags(tokenizer, seed):
    task = NER("ner", "f1", stride=seed * 8)
    examples = random_examples(seed)
    rows = task.encode(examples, tokenizer, LABELS)
    reduced = tuple(part.numpy() for part in task.reduce(as_outputs(rows)))
    decoded = task.decode(reduced, rows, LABELS, examples, None)
    assert [d["prediction"] for d in decoded] == examples["tags"]
    assert all(len(d["confidence"]) == len(d["prediction"]) for d in decoded)
    assert {c for d in decoded for c in d["confidence"]} == {1.0}


@pytest.mark.parametrize("order", ["shuffled", "reversed"])
def test_the_order_of_rows_plays_no_part(tokenizer, order):
    task, examples = NER("ner", "f1", stride=10), random_examples(3)
    rows = task.encode(examples, tokenizer, LABELS)
    places = list(range(len(rows["example"])))[::-1]
    if order == "shuffled":
        random.Random(0).shuffle(places)
    rows = {name: [column[i] for i in places] for name, column in rows.items()}
    reduced = tuple(part.numpy() for part in task.reduce(as_outputs(rows, 80)))
    assert [d["prediction"] for d in task.decode(reduced, rows, LABELS, examples, None)] == examples["tags"]


def test_splits_of_more_than_one_chunk_keep_their_examples_apart(tokenizer, monkeypatch):
    monkeypatch.setattr("stages.features.CHUNK", 4)
    task, splits = NER("ner", "f1", stride=10), {"train": random_examples(4), "test": random_examples(5)}
    for split in encode(splits, LABELS, task, tokenizer).values():
        assert sorted(set(split.rows["example"])) == list(range(len(SIZES)))
        reduced = tuple(part.numpy() for part in task.reduce(as_outputs(split.rows)))
        decoded = task.decode(reduced, split.rows, LABELS, split.examples, None)
        assert [d["prediction"] for d in decoded] == split.examples["tags"]


@pytest.mark.parametrize("words", [WORDS, ["\u200b"], ["字"], ["z" * 61]])
def test_a_sentence_of_five_thousand_words(tokenizer, words):
    examples = random_examples(1, [5000], words)
    rows = NER("ner", "f1").encode(examples, tokenizer, LABELS)
    owned = [word for of_window in rows["positions"] for word in of_window]
    assert sorted(owned) == list(range(5000))
    labels = [label for of_window in rows["labels"] for label in of_window]
    assert [LABELS[label] for _, label in sorted(zip(owned, labels, strict=True))] == examples["tags"][0]


def test_words_are_owned_in_the_middle_by_hand(tiny_bert):
    """Windows of 6 sub-words that share 2: 0-5, 4-9. Word 4 has 1 word behind it in the first and is the edge of the
    second; word 5 is the edge of the first and has 1 before it in the second."""
    tokenizer = load_tokenizer(tiny_bert, True)
    tokenizer.model_max_length = 8
    rows = NER("ner", "f1", stride=2).encode({"tokens": [list("abcdefghij")], "tags": [["O"] * 10]}, tokenizer, LABELS)
    assert rows["positions"] == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]
    assert rows["words"] == [[(1, 2), (2, 3), (3, 4), (4, 5), (5, 6)], [(2, 3), (3, 4), (4, 5), (5, 6), (6, 7)]]


def test_the_second_word_is_read_as_after_a_space(tiny_roberta):
    """Without the leading space, byte-level BPE reads 'Berlin' inside a sentence as the middle of a word."""
    tokenizer = load_tokenizer(tiny_roberta, True)
    sentence = ["lives", "in", "Berlin", "near"]
    rows = NER("ner", "f1").encode({"tokens": [sentence], "tags": [["O", "O", "B-LOC", "O"]]}, tokenizer, LABELS)
    assert rows["input_ids"][0] == tokenizer(" lives in Berlin near")["input_ids"]
    at = rows["words"][0][2][0]
    assert rows["labels"][0][2] == LABELS.index("B-LOC")
    assert tokenizer.convert_ids_to_tokens(rows["input_ids"][0][at]).startswith("Ġ")
    assert tokenizer.decode(rows["input_ids"][0][at:-1]).strip() == "Berlin near"


def test_words_without_sub_words_are_read_as_unknown(tiny_bert):
    tokenizer = load_tokenizer(tiny_bert, True)
    sentences = [["a", "\u200b", "b"], ["\x00"], ["a"]]
    windows = split_into_windows(sentences, tokenizer, 0)
    assert windows.words == [[-1, 0, 1, 2, -1], [-1, 0, -1], [-1, 0, -1]]
    ids = windows.inputs["input_ids"]
    assert ids[0][2] == ids[1][1] == tokenizer.unk_token_id
    assert sentences == [["a", "\u200b", "b"], ["\x00"], ["a"]]  # the caller's words stay


def test_words_without_sub_words_are_predicted_where_no_token_is_unknown(tiny_bert):
    tokenizer = load_tokenizer(tiny_bert, True)
    tokenizer.unk_token = None
    task, examples = NER("ner", "f1"), {"tokens": [["a", "\u200b", "b"], ["\u200b"]], "tags": [["O"] * 3, ["O"]]}
    rows = task.encode(examples, tokenizer, LABELS)
    best = numpy.full((len(rows["example"]), 8), 3)
    decoded = task.decode((best, best / 4), rows, LABELS, examples, None)
    assert [d["prediction"] for d in decoded] == [["B-PER", "O", "B-PER"], ["O"]]
    assert [d["confidence"] for d in decoded] == [[0.75, 0.0, 0.75], [0.0]]


@pytest.mark.parametrize("length", [1, 2])
def test_no_room_beside_special_tokens(tiny_bert, length):
    tokenizer = load_tokenizer(tiny_bert, True)
    tokenizer.model_max_length = length
    with pytest.raises(ValueError, match=rf"model\.max_length={length} leaves no room for words"):
        split_into_windows([["a"]], tokenizer, 0)


def test_a_model_that_reads_one_sub_word_at_a_time(tiny_bert):
    tokenizer = load_tokenizer(tiny_bert, True)
    tokenizer.model_max_length = 3
    rows = NER("ner", "f1").encode({"tokens": [["river", "xyz"]], "tags": [["O", "B-PER"]]}, tokenizer, LABELS)
    assert rows["positions"] == [[0], [1]]  # the windows of ##y and ##z own no word
