"""The sub-words of split sentences, each distinct word tokenized once.

Fast tokenizers read the words of a split sentence one by one and put special tokens around them afterwards, so that a
word's sub-words do not depend on its neighbours. Those for which this does not hold (a tokenizer that draws, one that
is wrapped in Python) are found by comparing, in `tasks/words/windows.py`.
"""

from dataclasses import dataclass
from itertools import chain

import numpy as np

from tasks.ragged import Ragged, offsets_of, spread

CONSTANT = ("token_type_ids", "attention_mask")  # the same for all sub-words of a text


@dataclass(frozen=True)
class Frame:
    """What the tokenizer puts around a text: input name -> its values before and behind it, and, but for the sub-words
    themselves, the one value inside."""

    before: dict[str, list[int]]
    inside: dict[str, int]
    behind: dict[str, list[int]]

    def around(self, content: Ragged) -> dict[str, Ragged]:
        """The model's inputs of such texts, by name."""
        return {name: self._around(name, content) for name in self.before}

    def _around(self, name, content):
        before, behind = self.before[name], self.behind[name]
        offsets = content.offsets + np.arange(len(content.offsets)) * (len(before) + len(behind))
        values = np.full(offsets[-1], self.inside.get(name, 0), np.int32 if name == "input_ids" else np.int8)
        if name == "input_ids":
            values[spread(offsets[:-1] + len(before), content.lengths)] = content.values
        values[offsets[:-1, None] + np.arange(len(before))] = before
        values[offsets[1:, None] - len(behind) + np.arange(len(behind))] = behind
        return Ragged(values, offsets)


def words_once(sentences, tokenizer) -> tuple[Ragged, Ragged, Frame] | None:
    """-> (sub-words of each sentence, the word that each belongs to, the frame); None where there is none to be seen.

    A word without sub-words counts as the unknown token, if there is one.
    """
    words = list(dict.fromkeys(chain.from_iterable(sentences)))
    pieces = tokenize([[word] for word in words], tokenizer, True)
    silent = np.flatnonzero(pieces.lengths == 0)
    spoken = next((word for word, size in zip(words, pieces.lengths, strict=True) if size), None)
    frame = spoken is not None and frame_of([spoken], tokenizer, True)
    if not frame:
        return None
    which = np.arange(len(words) + 1)
    if len(silent) and tokenizer.unk_token is not None:
        unknown = tokenize([[tokenizer.unk_token]], tokenizer, True)
        pieces = Ragged(np.append(pieces.values, unknown.values), np.append(pieces.offsets, len(unknown.values)))
        pieces.offsets[-1] += pieces.offsets[-2]
        which[silent] = len(words)
    return *_gathered(sentences, pieces, dict(zip(words, which.tolist(), strict=False))), frame


def _gathered(sentences, pieces, place):
    """The pieces of the words of each sentence, and the numbers of those words; `place`: of a word among the pieces."""
    sizes = np.fromiter(map(len, sentences), np.int64, len(sentences))
    chosen = np.fromiter(map(place.__getitem__, chain.from_iterable(sentences)), np.int64, sizes.sum())
    starts, lengths = pieces.offsets[:-1][chosen], pieces.lengths[chosen]
    before = np.append(0, np.cumsum(lengths))[np.append(0, np.cumsum(sizes))]
    numbers = np.repeat(spread(np.zeros(len(sizes), np.int64), sizes), lengths)
    return Ragged(pieces.values[spread(starts, lengths)], before), Ragged(numbers, before)


def tokenize(texts, tokenizer, split) -> Ragged:
    """The sub-words of texts, or of split ones, whole and without special tokens; of no attribute but their ids."""
    tokenizer(texts[:1] or "", is_split_into_words=split and bool(texts), add_special_tokens=False, verbose=False)
    # That call has switched off what an earlier one may have left on: cutting and padding.
    found = tokenizer.backend_tokenizer.encode_batch_fast(texts, is_pretokenized=split, add_special_tokens=False)
    offsets = offsets_of(np.fromiter(map(len, found), np.int64, len(found)))
    return Ragged(np.fromiter(chain.from_iterable(one.ids for one in found), np.int32, offsets[-1]), offsets)


def frame_of(text, tokenizer, split) -> Frame | None:
    """The frame of a tokenizer, found with a text that has sub-words; None where it is none of the plain kind."""
    whole = tokenizer([text], is_split_into_words=split, verbose=False)
    names = [name for name in tokenizer.model_input_names if name in whole]
    inside = [p for p, word in enumerate(whole.word_ids(0)) if word is not None]
    if "input_ids" not in names or {*names} - {"input_ids", *CONSTANT} or not inside:
        return None
    rows, first, last = {name: whole[name][0] for name in names}, inside[0], inside[-1] + 1
    constant = {name: rows[name][first] for name in names if name in CONSTANT}
    return Frame(
        {name: row[:first] for name, row in rows.items()}, constant, {name: row[last:] for name, row in rows.items()}
    )
