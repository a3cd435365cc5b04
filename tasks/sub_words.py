"""Sub-words of texts as arrays, and the special tokens that a tokenizer puts around them."""

from dataclasses import dataclass
from itertools import chain

import numpy as np

from tasks.ragged import Ragged, offsets_of, spread

CONSTANT = ("token_type_ids", "attention_mask")  # the same for all sub-words of a text


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
        values = np.empty(offsets[-1], np.int8 if name in CONSTANT else np.int32)
        place = offsets[:-1].copy()
        for i, part in enumerate(self.fixed[name]):
            values[place[:, None] + np.arange(len(part))] = part
            place += len(part)
            if i < len(contents):
                inside = self.inside[name][i] if name in CONSTANT else contents[i].values
                values[spread(place, contents[i].lengths)] = inside
                place += contents[i].lengths
        return Ragged(values, offsets)


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


def tokenize(texts, tokenizer, split=False) -> Ragged:
    """The sub-words of texts, or of split ones, whole and without special tokens."""
    found = encodings(texts, tokenizer, split, places=False)
    offsets = offsets_of(np.fromiter(map(len, found), np.int64, len(found)))
    return Ragged(np.fromiter(chain.from_iterable(one.ids for one in found), np.int32, offsets[-1]), offsets)


def encodings(texts, tokenizer, split, places):
    """What the tokenizer's own library says of texts; `places`: also where each sub-word stands in them."""
    tokenizer(texts[:1] or "", is_split_into_words=split and bool(texts), add_special_tokens=False, verbose=False)
    # That call has switched off what an earlier one may have left on: cutting and padding.
    backend = tokenizer.backend_tokenizer
    encode = backend.encode_batch if places else backend.encode_batch_fast
    return encode(texts, is_pretokenized=split, add_special_tokens=False)
