"""The sub-words of running texts, what stands between two spaces tokenized once wherever it stands.

That is exact for two families of tokenizers, which is known by how they are built: BERT's, which cuts at spaces and
looks at no character beyond them, and byte-level ones of GPT-2's kind, which write the space into the word behind it.
All others read each distinct text whole.
"""

from itertools import chain

import numpy as np

from tasks.ragged import Ragged, offsets_of
from tasks.sub_words import Pieces, known_to, tokenize


def pieces_of(texts: list[str], tokenizer, places: bool = False) -> Pieces:
    """The sub-words of texts without special tokens, whole; `places`: also where they stand."""
    cut = _cutter(tokenizer, places)
    if cut is None:
        return _of_distinct(texts, tokenizer, places)
    parts = [cut(text) for text in texts]
    counts, flat = np.fromiter(map(len, parts), np.int64, len(parts)), list(chain.from_iterable(parts))
    known = known_to(tokenizer, places)
    chosen = known.look_up(flat, tokenizer)
    found, ends = known.pieces.of(chosen), offsets_of(counts)
    ids = Ragged(found.ids.values, found.ids.offsets[ends])
    if not places:
        return Pieces(ids)
    between = 1 if cut is _at_spaces else 0
    before = offsets_of(np.fromiter(map(len, flat), np.int64, len(flat)) + between)
    shift = np.repeat(before[:-1] - np.repeat(before[ends[:-1]], counts), found.ids.lengths)
    return Pieces(ids, found.starts + shift, found.ends + shift)


def _of_distinct(texts, tokenizer, places):
    """Those of texts that are read whole, each distinct one once."""
    distinct = {text: i for i, text in enumerate(dict.fromkeys(texts))}
    found = tokenize(list(distinct), tokenizer, places, 1)
    return found.of(np.fromiter(map(distinct.__getitem__, texts), np.int64, len(texts)))


def _cutter(tokenizer, places):
    """What cuts a text into parts that the tokenizer reads one by one; None where nothing does."""
    backend, added = tokenizer.backend_tokenizer, tokenizer.added_tokens_decoder.values()
    kind, normalizer = type(backend.pre_tokenizer).__name__, type(backend.normalizer).__name__
    if any(" " in one.content for one in added) or getattr(backend.model, "dropout", None):
        return None
    if kind == "BertPreTokenizer" and normalizer in ("BertNormalizer", "NoneType"):
        return _at_spaces
    if (kind, normalizer) != ("ByteLevel", "NoneType") or not backend.pre_tokenizer.use_regex:
        return None
    shifted = places and backend.pre_tokenizer.add_prefix_space  # where it counts the space in depends on the place
    return None if shifted or any(one.rstrip for one in added) else _with_spaces


def _at_spaces(text):
    """What stands between single spaces; a text with other white space in one part."""
    parts = text.split(" ")
    return parts if parts == text.split() else (text,)


def _with_spaces(text):
    """The same, each but the first one with the space before it."""
    parts = text.split(" ")
    return [parts[0], *(f" {part}" for part in parts[1:])] if parts == text.split() else (text,)
