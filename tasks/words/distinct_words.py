"""The sub-words of split sentences, each distinct word tokenized once.

Fast tokenizers read the words of a split sentence one by one and put special tokens around them afterwards, so that a
word's sub-words do not depend on its neighbours. Those for which this does not hold (a tokenizer that draws, one that
is wrapped in Python) are found by comparing, in `tasks/words/windows.py`.
"""

from itertools import chain

import numpy as np

from tasks.ragged import Ragged, spread
from tasks.sub_words import Frame, frame_of, tokenize


def words_once(sentences, tokenizer) -> tuple[Ragged, Ragged, Frame] | None:
    """-> (sub-words of each sentence, the word that each belongs to, the frame); None where there is none to be seen.

    A word without sub-words counts as the unknown token, if there is one.
    """
    words = list(dict.fromkeys(chain.from_iterable(sentences)))
    pieces = tokenize([[word] for word in words], tokenizer, True)
    silent = np.flatnonzero(pieces.lengths == 0)
    spoken = next((word for word, size in zip(words, pieces.lengths, strict=True) if size), None)
    frame = spoken is not None and frame_of([[spoken]], tokenizer, True)
    if not frame:
        return None
    which = np.arange(len(words) + 1)
    if len(silent) and tokenizer.unk_token is not None:
        unknown = tokenize([[tokenizer.unk_token]], tokenizer, True).values
        pieces = Ragged(np.append(pieces.values, unknown), np.append(pieces.offsets, len(pieces.values) + len(unknown)))
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
