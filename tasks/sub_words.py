"""Sub-words of texts as arrays, and the special tokens that a tokenizer puts around them."""

from dataclasses import dataclass
from itertools import chain
from weakref import WeakKeyDictionary

import numpy as np

from tasks.ragged import Ragged, offsets_of, spread

CONSTANT = ("token_type_ids", "attention_mask")  # the same for all sub-words of a text
MOST = 500_000  # words that are kept in mind, some 100 MB
_KNOWN = WeakKeyDictionary()  # tokenizer -> (its state, what is known of its words)


@dataclass(frozen=True)
class Frame:
    """What the tokenizer puts around a text or a pair: `fixed`, input name -> the values before, between and behind;
    `inside`, input name -> the one value in each text, for all but the sub-words themselves."""

    fixed: dict[str, list[list[int]]]
    inside: dict[str, list[int]]

    def around(self, *contents: Ragged) -> dict[str, Ragged]:
        """The model's inputs of such texts, or pairs of texts, by name."""
        return {name: self._around(name, contents) for name in self.fixed}

    def _around(self, name, contents):
        more = sum(map(len, self.fixed[name]))
        offsets = offsets_of(sum(content.lengths for content in contents) + more)
        values = np.empty(offsets[-1], _kind(name))
        place = offsets[:-1].copy()
        for i, part in enumerate(self.fixed[name]):
            values[place[:, None] + np.arange(len(part))] = part
            place += len(part)
            if i < len(contents):
                inside = self.inside[name][i] if name in CONSTANT else contents[i].values
                values[spread(place, contents[i].lengths)] = inside
                place += contents[i].lengths
        return Ragged(values, offsets)


def _kind(name):
    return np.int8 if name in CONSTANT else np.int32


def inputs_of(batch, names) -> dict[str, Ragged]:
    """The model's inputs that a tokenizer's call made, by name, in the types of numbers that a `Frame` makes them in:
    rows made in both ways stand in one table."""
    return {name: Ragged.of(batch[name], _kind(name)) for name in names if name in batch}


def frame_of(texts, tokenizer, split=False) -> Frame | None:
    """The frame of a tokenizer, found with a text or a pair that has sub-words; None where it is none of this kind."""
    whole = tokenizer(*([text] for text in texts), is_split_into_words=split, verbose=False)
    names = [name for name in tokenizer.model_input_names if name in whole]
    parts = whole.sequence_ids(0)
    places = [[p for p, part in enumerate(parts) if part == i] for i in range(len(texts))]
    if "input_ids" not in names or {*names} - {"input_ids", *CONSTANT} or not all(places):
        return None
    ends = [0, *chain.from_iterable((own[0], own[-1] + 1) for own in places), len(parts)]
    rows = {name: whole[name][0] for name in names}
    fixed = {name: [row[a:b] for a, b in zip(ends[::2], ends[1::2], strict=True)] for name, row in rows.items()}
    return Frame(fixed, {name: [rows[name][own[0]] for own in places] for name in names if name in CONSTANT})


@dataclass(frozen=True)
class Pieces:
    """Sub-words of texts; where asked for, the characters at which each starts and ends in its text."""

    ids: Ragged
    starts: np.ndarray | None = None
    ends: np.ndarray | None = None

    def of(self, which: np.ndarray) -> "Pieces":
        """Those of the texts at these places."""
        places = spread(self.ids.offsets[:-1][which], self.ids.lengths[which])
        ids = Ragged(self.ids.values[places], offsets_of(self.ids.lengths[which]))
        return Pieces(ids) if self.starts is None else Pieces(ids, self.starts[places], self.ends[places])

    def followed_by(self, more: "Pieces") -> "Pieces":
        pairs = ((self.ids.values, more.ids.values), (self.starts, more.starts), (self.ends, more.ends))
        ids, *spans = (None if one is None else np.concatenate([one, other]) for one, other in pairs)
        return Pieces(Ragged(ids, np.append(self.ids.offsets, self.ids.offsets[-1] + more.ids.offsets[1:])), *spans)


class Known:
    """The words that a tokenizer was asked for, so that it is asked once for each, whatever the examples. `places`:
    also where their sub-words stand in them. `together`: how many it reads at a time, each by itself all the same."""

    def __init__(self, places: bool, together: int):
        self.places, self.together = places, together
        self.numbers, self.pieces = {}, None

    def look_up(self, words: list[str], tokenizer) -> np.ndarray:
        """The number of each word in `pieces`."""
        new = [word for word in dict.fromkeys(words) if word not in self.numbers]
        if len(new) + len(self.numbers) > MOST:
            self.numbers, self.pieces, new = {}, None, list(dict.fromkeys(words))
        if new or self.pieces is None:
            more = tokenize(new, tokenizer, self.places, self.together)
            self.numbers.update(zip(new, range(len(self.numbers), len(self.numbers) + len(new)), strict=True))
            self.pieces = self.pieces.followed_by(more) if self.pieces else more
        return np.fromiter(map(self.numbers.__getitem__, words), np.int64, len(words))


def known_to(tokenizer, places: bool = False, together: int = 256) -> Known:
    """What is known of a tokenizer's words; nothing any more once it got other rules or tokens."""
    backend = tokenizer.backend_tokenizer
    state = id(backend), backend.get_vocab_size(), len(tokenizer.added_tokens_decoder)
    if _KNOWN.get(tokenizer, (None,))[0] != state:
        _KNOWN[tokenizer] = state, {}
    return _KNOWN[tokenizer][1].setdefault((places, together), Known(places, together))


def forget() -> None:
    """Know nothing any more, as in a new process."""
    _KNOWN.clear()


def tokenize(texts, tokenizer, places, together) -> Pieces:
    """The sub-words of texts, each read by itself, whole and without special tokens."""
    tokenizer("", add_special_tokens=False, verbose=False)  # an earlier call may have left cutting or padding behind
    backend = tokenizer.backend_tokenizer
    groups = [texts[i : i + together] for i in range(0, len(texts), together)] if together > 1 else texts
    encode = backend.encode_batch if places or together > 1 else backend.encode_batch_fast  # which knows but the ids
    found = encode(groups, is_pretokenized=together > 1, add_special_tokens=False)
    sizes = np.fromiter(map(len, found), np.int64, len(found))
    lengths = sizes if together == 1 else _lengths(found, sizes, together, len(texts))
    ids = Ragged(np.fromiter(chain.from_iterable(one.ids for one in found), np.int32, sizes.sum()), offsets_of(lengths))
    if not places:
        return Pieces(ids)
    flat = chain.from_iterable(chain.from_iterable(one.offsets for one in found))
    spans = np.fromiter(flat, np.int64, 2 * sizes.sum()).reshape(-1, 2)
    return Pieces(ids, spans[:, 0], spans[:, 1])


def _lengths(found, sizes, together, count):
    """How many sub-words each text has, of texts that were read in groups."""
    text = np.fromiter(chain.from_iterable(one.word_ids for one in found), np.int64, sizes.sum())
    return np.bincount(text + np.repeat(np.arange(len(found)) * together, sizes), minlength=count)
