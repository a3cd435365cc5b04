"""Which tokens are hidden from a masked language model: whole words, drawn the same way wherever it happens."""

import random
from collections import defaultdict
from unicodedata import category

from tasks.contract import IGNORED

CHARACTERS = (("\u3400", "\u9fff"), ("\uf900", "\ufaff"), ("\U00020000", "\U0003ffff"))  # Chinese ones, kanji too
MASKED, RANDOM = 0.8, 0.1  # of the drawn tokens in training; the rest stays as it is (Devlin et al., 2019)
NEVER = -1  # the word of a token that may not be hidden


def numbered(text):
    """The number of the word that each character belongs to, None for a space. A word is a run of letters, digits and
    their accents, or one other sign; each Chinese character is a word, as no spaces part them and nothing segments."""
    numbers, number, joins = [], -1, False
    for char in text:
        inner = char.isalnum() or char == "_" or category(char)[0] == "M"
        inner = inner and not any(first <= char <= last for first, last in CHARACTERS)
        number += not char.isspace() and not (inner and joins)
        numbers.append(None if char.isspace() else number)
        joins = inner
    return numbers


def words_of(text, offsets):
    """The number of the word that each token belongs to, by the (start, end) of the tokens in the text: that of its
    first character that is no space, else the one before."""
    numbers, found = numbered(text), []
    for start, end in offsets:
        inside = [number for number in numbers[start:end] if number is not None]
        found.append(inside[0] if inside else (found[-1] if found else 0))
    return found


def drawn(words, share, rng):
    """Positions to hide: whole words in random order, as long as they fit into `share` of the tokens (Cui et al.,
    2019); at least one word, the shortest. `words`: the word of each position, `NEVER` where nothing may be hidden."""
    groups = defaultdict(list)
    for position, word in enumerate(words):
        if word != NEVER:
            groups[word].append(position)
    order = sorted(groups.values())
    shuffle(order, rng)
    most, chosen = round(share * sum(map(len, order))), []
    for positions in order:
        if len(chosen) + len(positions) <= most:
            chosen += positions
    return sorted(chosen or min(order, key=len, default=[]))


def shuffle(items, rng):
    """In place, by `random()` alone, whose sequence Python promises never to change."""
    for i in range(len(items) - 1, 0, -1):
        j = int(rng.random() * (i + 1))
        items[i], items[j] = items[j], items[i]


def hidden(ids, positions, mask, vocabulary=None, rng=None):
    """-> (what the model sees, labels). With a vocabulary 8 of 10 drawn tokens are masked and 1 is a random one, as in
    training; without one all are masked, as in evaluation."""
    seen, labels = list(ids), [IGNORED] * len(ids)
    for position in positions:
        labels[position] = ids[position]
        draw = 0.0 if vocabulary is None else rng.random()
        if draw < MASKED:
            seen[position] = mask
        elif draw < MASKED + RANDOM:
            seen[position] = int(rng.random() * vocabulary)
    return seen, labels


def generator(*key):
    """A random generator that depends on its key alone: equal rows are masked alike in any batch and process."""
    return random.Random(repr(key))
