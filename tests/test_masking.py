"""Which words are hidden, by hand, in several scripts."""

import random

import pytest

from tasks.contract import IGNORED
from tasks.running_text.masking import NEVER, drawn, generator, hidden, numbered, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("don't stop", ["don", "'", "t", "stop"]),
        ("我喜欢 NLP。", ["我", "喜", "欢", "NLP", "。"]),
        ("カタカナと日本語", ["カタカナと", "日", "本", "語"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("Mu\u0308ller, 1.5 snake_case", ["Mu\u0308ller", ",", "1", ".", "5", "snake_case"]),
        ("𠀀𠀁", ["𠀀", "𠀁"]),
        (" \n", []),
    ],
)
def test_words(text, words):
    found = {}
    for char, number in zip(text, numbered(text), strict=True):
        if number is not None:
            found[number] = found.get(number, "") + char
    assert list(found.values()) == words and list(found) == list(range(len(words)))


def test_tokens_belong_to_the_word_of_their_first_letter():
    text = "unhappy dogs 北京"
    offsets = [(0, 2), (2, 7), (7, 12), (12, 13), (13, 14), (14, 15)]  # "un" "happy" " dogs" " " "北" "京"
    assert words_of(text, offsets) == [0, 0, 1, 1, 2, 3]


def test_whole_words_are_drawn_within_the_share():
    words = [NEVER, 0, 0, 1, 2, 2, 2, 3, 4, 5, 6, NEVER]
    for seed in range(50):
        chosen = drawn(words, 0.3, generator(seed))
        assert 1 <= len(chosen) <= 3 and not {0, 11} & set(chosen)
        for word in {words[i] for i in chosen}:
            assert {i for i, w in enumerate(words) if w == word} <= set(chosen), "the whole word or none of it"
    assert len({tuple(drawn(words, 0.3, generator(seed))) for seed in range(50)}) > 5


def test_at_least_one_word_is_drawn_the_shortest():
    assert drawn([0, 0, 0, 1, 1], 0.01, generator(1)) == [3, 4]
    assert drawn([NEVER, NEVER], 0.15, generator(1)) == []


def test_in_evaluation_all_are_masked_in_training_eight_of_ten():
    ids = list(range(1000, 3000))
    seen, labels = hidden([7, 8, 9], [1], mask=4)
    assert (seen, labels) == ([7, 4, 9], [IGNORED, 8, IGNORED])
    seen, labels = hidden(ids, range(2000), 4, 500, random.Random(5))
    masked, kept = seen.count(4), sum(a == b for a, b in zip(seen, ids, strict=True))
    assert labels == ids and abs(masked - 1600) < 60 and abs(kept - 200) < 50
    assert all(0 <= token < 500 or token == i for token, i in zip(seen, ids, strict=True))
