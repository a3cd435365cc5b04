"""The sub-words of split sentences, each distinct word tokenized once.

Fast tokenizers read the words of a split sentence one by one and put special tokens around them afterwards, so that a
word's sub-words do not depend on its neighbours. Those for which this does not hold (a tokenizer that draws, one that
is wrapped in Python) are found by comparing, in `tasks/words/windows.py`.
"""

from itertools import chain

import numpy as np

from tasks.ragged import Ragged, offsets_of, spread
from tasks.sub_words import Frame, frame_of, known_to


def words_once(sentences, tokenizer) -> tuple[Ragged, Ragged, Frame] | None:
    """-> (sub-words of each sentence, the word that each belongs to, the frame); None where there is none to be seen.

    A word without sub-words counts as the unknown token, if there is one.
    """
    words, known = list(chain.from_iterable(sentences)), known_to(tokenizer)
    unknown = tokenizer.unk_token or ""
    numbers = known.look_up([*words, unknown], tokenizer)
    silent = known.pieces.ids.lengths[numbers[:-1]] == 0
    frame = not silent.all() and frame_of([[words[silent.argmin()]]], tokenizer, split=True)
    if not frame:
        return None
    chosen = np.where(silent & bool(unknown), numbers[-1], numbers[:-1])
    sizes = np.fromiter(map(len, sentences), np.int64, len(sentences))
    pieces = known.pieces.ids.take(chosen)
    offsets = pieces.offsets[offsets_of(sizes)]
    places = np.repeat(spread(np.zeros_like(sizes), sizes), pieces.lengths)
    return Ragged(pieces.values, offsets), Ragged(places, offsets), frame
