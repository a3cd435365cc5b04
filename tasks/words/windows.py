"""Long sentences of words read in overlapping windows of sub-words, so that no word is cut off."""

from dataclasses import dataclass

import numpy as np

from tasks.ragged import Ragged, offsets_of, spread
from tasks.sub_words import inputs_of
from tasks.words.distinct_words import words_once

TRIED = 16  # sentences of which the fast way is compared with the usual one, spread over all


@dataclass(frozen=True)
class Windows:
    """Windows, those of a sentence one behind the other. `inputs`: the model's, by name. `words`: the word of each
    sub-word, -1 for special ones. `example`: the sentence; `start`: where the window starts in it, in sub-words."""

    inputs: dict[str, Ragged]
    words: Ragged
    example: np.ndarray
    start: np.ndarray

    def of(self, sentences):
        """The windows of these sentences (ascending), which count anew."""
        which = np.flatnonzero(np.isin(self.example, sentences))
        inputs = {name: column.take(which) for name, column in self.inputs.items()}
        example = np.searchsorted(sentences, self.example[which])
        return Windows(inputs, self.words.take(which), example, self.start[which])

    def equals(self, other):
        """Whether all is the same, names and order of the inputs too."""
        mine, yours = (
            [*w.inputs, w.words.values, w.words.offsets, w.example, w.start, *(c.values for c in w.inputs.values())]
            for w in (self, other)
        )
        return len(mine) == len(yours) and all(map(np.array_equal, mine, yours))


def split_into_windows(sentences, tokenizer, stride) -> Windows:
    """Sentences -> windows that the model can read, neighbours sharing `stride` sub-words (half a window at most)."""
    length = tokenizer.model_max_length
    room = length - tokenizer.num_special_tokens_to_add()
    if room < 1:
        raise ValueError(f"model.max_length={length} leaves no room for words beside special tokens. Give more.")
    stride = min(stride, room // 2)
    fast = gathered(sentences, tokenizer, room, stride)
    if fast is None:
        return usual(sentences, tokenizer, room, stride)
    sizes = [len(words) for words in sentences]
    tried = sorted({*range(0, len(sizes), len(sizes) // TRIED + 1), sizes.index(max(sizes))})
    slow = usual([sentences[i] for i in tried], tokenizer, room, stride)
    return fast if fast.of(tried).equals(slow) else usual(sentences, tokenizer, room, stride)


def gathered(sentences, tokenizer, room, stride) -> Windows | None:
    """The windows from sub-words of distinct words; None where no word has any."""
    found = words_once(sentences, tokenizer)
    if found is None:
        return None
    ids, words, frame = found
    more = np.maximum(ids.lengths - room, 0)
    counts = 1 + -(-more // (room - stride))
    example = np.repeat(np.arange(len(sentences)), counts)
    start = spread(np.zeros_like(counts), counts) * (room - stride)
    lengths = np.minimum(ids.lengths[example] - start, room)
    chosen = spread(ids.offsets[:-1][example] + start, lengths)
    inputs = frame.around(Ragged(ids.values[chosen], offsets_of(lengths)))
    offsets, before = inputs["input_ids"].offsets, len(frame.fixed["input_ids"][0])
    numbers = np.full(offsets[-1], -1)
    numbers[spread(offsets[:-1] + before, lengths)] = words.values[chosen]
    return Windows(inputs, Ragged(numbers, offsets), example, start)


def usual(sentences, tokenizer, room, stride) -> Windows:
    """The windows as the tokenizer makes them."""
    sentences = [list(words) for words in sentences]
    for _ in range(2):
        batch = tokenizer(
            sentences, is_split_into_words=True, truncation=True, max_length=tokenizer.model_max_length, stride=stride,
            return_overflowing_tokens=True,
        )  # fmt: skip
        example = np.array(batch["overflow_to_sample_mapping"], np.int64)
        words = Ragged.of([[-1 if word is None else word for word in batch.word_ids(i)] for i in range(len(example))])
        if not _replace_silent_words(sentences, example, words, tokenizer.unk_token):
            break
    inputs = inputs_of(batch, tokenizer.model_input_names)
    start = spread(np.zeros(len(sentences), np.int64), np.bincount(example, minlength=len(sentences)))
    return Windows(inputs, words, example, start * (room - stride))


def _replace_silent_words(sentences, example, words, unknown):
    """Words that the tokenizer drops (a lone zero-width character) become the unknown token; True if there were any."""
    begins = offsets_of([len(one) for one in sentences])
    inside = words.values >= 0
    spoken = np.zeros(begins[-1], bool)
    spoken[(np.repeat(begins[example], words.lengths) + words.values)[inside]] = True
    silent = np.flatnonzero(~spoken)
    if unknown is None or not len(silent):
        return False
    for place, sentence in zip(silent, np.searchsorted(begins, silent, side="right") - 1, strict=True):
        sentences[sentence][place - begins[sentence]] = unknown
    return True


def owned_words(windows: Windows) -> np.ndarray:
    """The sub-words that words are learned and predicted at, as places in `windows.words.values`, ascending.

    A word's label stands on its first sub-word, in the window where the nearer edge is farthest, the earlier one of
    two; the edges of the sentence itself do not count as edges.
    """
    inside = np.flatnonzero(windows.words.values >= 0)
    window = np.repeat(np.arange(len(windows.words)), windows.words.lengths)[inside]
    counts = np.bincount(window, minlength=len(windows.words))
    rank = spread(np.zeros_like(counts), counts)  # from 0 among the sub-words of the window that are no special ones
    word = _numbered(windows, inside, window)
    place = windows.start[window] + rank
    first = place == _of_first(word, place)[word]
    inside, window, rank, word = inside[first], window[first], rank[first], word[first]
    last = np.append(windows.example[1:] != windows.example[:-1], True)
    left = np.where(windows.start[window] > 0, rank, np.inf)
    right = np.where(last[window], np.inf, counts[window] - 1 - rank)
    margin = np.minimum(left, right)
    best = np.full(word.max(initial=-1) + 1, -1.0)
    np.maximum.at(best, word, margin)
    chosen = margin == best[word]
    found = _of_first(word[chosen], inside[chosen])
    return np.sort(found[found >= 0])


def _numbered(windows, inside, window):
    """Per sub-word, the number of its word among those of all sentences."""
    most = np.zeros(windows.example.max(initial=-1) + 1, np.int64)
    example, word = windows.example[window], windows.words.values[inside]
    np.maximum.at(most, example, word + 1)
    return offsets_of(most)[example] + word


def _of_first(keys, values):
    """Per key the value where it first occurs, -1 for keys that do not."""
    found = np.full(keys.max(initial=-1) + 1, -1)
    found[keys[::-1]] = values[::-1]  # of several assignments to one place, numpy keeps the last
    return found


def places_of_words(windows: Windows, owned: np.ndarray, pooling: str) -> np.ndarray:
    """(start, end) in its window of the sub-words that stand for each owned word: the first, the last, or all of them.
    Shape (words, 2)."""
    words, offsets = windows.words.values, windows.words.offsets
    is_end = np.append(words[1:] != words[:-1], True)[: len(words)]
    is_end[offsets[1:] - 1] = True
    ends = np.flatnonzero(is_end) + 1
    end = ends[np.searchsorted(ends, owned, side="right")] if len(owned) else owned
    first, last = {"first": (owned, owned + 1), "last": (end - 1, end), "mean": (owned, end)}[pooling]
    begins = offsets[np.searchsorted(offsets, owned, side="right") - 1]
    return np.stack([first - begins, last - begins], axis=1).astype(np.int32)
