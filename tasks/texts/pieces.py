"""The sub-words of running texts, what stands between two spaces tokenized once wherever it stands.

That is exact for two families of tokenizers, which is known by how they are built: BERT's, which cuts at spaces and
looks at no character beyond them, and byte-level ones of GPT-2's kind, which write the space into the word behind it.
All others read each distinct text whole.
"""

from dataclasses import dataclass
from itertools import chain

import numpy as np

from tasks.ragged import Ragged, offsets_of, spread
from tasks.sub_words import encodings


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


def pieces_of(texts: list[str], tokenizer, places: bool = False) -> Pieces:
    """The sub-words of texts without special tokens, whole; `places`: also where they stand."""
    cut = _cutter(tokenizer, places)
    parts = [cut(text) for text in texts]
    number = dict.fromkeys(chain.from_iterable(parts))
    found = _tokenized(list(number), tokenizer, places)
    number = dict(zip(number, range(len(number)), strict=True))
    counts = np.fromiter(map(len, parts), np.int64, len(parts))
    chosen = np.fromiter(map(number.__getitem__, chain.from_iterable(parts)), np.int64, counts.sum())
    flat, texts_end = found.of(chosen), offsets_of(counts)
    ids = Ragged(flat.ids.values, flat.ids.offsets[texts_end])
    if not places:
        return Pieces(ids)
    sizes = np.fromiter(map(len, chain.from_iterable(parts)), np.int64, len(chosen))
    gap = 0 if cut is _with_spaces else 1
    before = offsets_of(sizes + gap)
    shift = np.repeat(before[:-1] - np.repeat(before[texts_end[:-1]], counts), flat.ids.lengths)
    return Pieces(ids, flat.starts + shift, flat.ends + shift)


def _tokenized(texts, tokenizer, places):
    found = encodings(texts, tokenizer, False, places)
    offsets = offsets_of(np.fromiter(map(len, found), np.int64, len(found)))
    ids = Ragged(np.fromiter(chain.from_iterable(one.ids for one in found), np.int32, offsets[-1]), offsets)
    if not places:
        return Pieces(ids)
    flat = chain.from_iterable(chain.from_iterable(one.offsets for one in found))
    spans = np.fromiter(flat, np.int64, 2 * offsets[-1]).reshape(-1, 2)
    return Pieces(ids, spans[:, 0], spans[:, 1])


def _cutter(tokenizer, places):
    """What cuts a text into parts that the tokenizer reads one by one."""
    backend, added = tokenizer.backend_tokenizer, tokenizer.added_tokens_decoder.values()
    kind, normalizer = type(backend.pre_tokenizer).__name__, type(backend.normalizer).__name__
    if any(" " in one.content for one in added) or getattr(backend.model, "dropout", None):
        return _whole
    if kind == "BertPreTokenizer" and normalizer in ("BertNormalizer", "NoneType"):
        return _at_spaces
    if (kind, normalizer) != ("ByteLevel", "NoneType") or not backend.pre_tokenizer.use_regex:
        return _whole
    shifted = places and backend.pre_tokenizer.add_prefix_space  # where it counts the space in depends on the place
    return _whole if shifted or any(one.rstrip for one in added) else _with_spaces


def _whole(text):
    return (text,)


def _at_spaces(text):
    """What stands between single spaces; a text with other white space in one part."""
    parts = text.split(" ")
    return parts if parts == text.split() else (text,)


def _with_spaces(text):
    """The same, each but the first one with the space before it."""
    parts = text.split(" ")
    return [parts[0], *(f" {part}" for part in parts[1:])] if parts == text.split() else (text,)
