"""Long sentences of words read in overlapping windows of sub-words, so that no word is cut off."""

from collections import Counter, defaultdict


def split_into_windows(sentences, tokenizer, stride):
    """Sentences -> windows that the model can read, neighbours sharing `stride` sub-words (half a window at most).

    Beside the model's inputs: the word of each sub-word (`word_ids`, None for special ones), the sentence (`example`),
    and where the window starts in it (`start`, in sub-words).
    """
    sentences = [list(words) for words in sentences]
    length = tokenizer.model_max_length
    room = length - tokenizer.num_special_tokens_to_add()
    if room < 1:
        raise ValueError(f"model.max_length={length} leaves no room for words beside special tokens. Give more.")
    stride = min(stride, room // 2)
    for _ in range(2):
        batch = tokenizer(
            sentences, is_split_into_words=True, truncation=True, max_length=length, stride=stride,
            return_overflowing_tokens=True,
        )  # fmt: skip
        example = list(batch["overflow_to_sample_mapping"])
        word_ids = [batch.word_ids(i) for i in range(len(example))]
        if not _replace_silent_words(sentences, example, word_ids, tokenizer.unk_token):
            break
    seen, starts = Counter(), []
    for e in example:
        starts.append(seen[e] * (room - stride))
        seen[e] += 1
    return {**batch, "example": example, "word_ids": word_ids, "start": starts}


def _replace_silent_words(sentences, example, word_ids, unknown):
    """Words that the tokenizer drops (a lone zero-width character) become the unknown token; True if there were any."""
    missing = [set(range(len(words))) for words in sentences]
    for e, ids in zip(example, word_ids, strict=True):
        missing[e].difference_update(ids)
    if unknown is None or not any(missing):
        return False
    for words, gone in zip(sentences, missing, strict=True):
        for word in gone:
            words[word] = unknown
    return True


def owned_words(windows):
    """Per window, per sub-word: the word whose label stands here, or -1. A word's label stands on its first sub-word,
    in the window where the nearer edge is farthest; the edges of the sentence itself do not count as edges."""
    places = defaultdict(list)  # (example, word) -> (distance to the nearer edge, earlier first, window, position)
    last = {e: i for i, e in enumerate(windows["example"])}
    began = {}  # (example, word) -> where its first sub-word stands in the sentence
    for i, (e, start, ids) in enumerate(zip(windows["example"], windows["start"], windows["word_ids"], strict=True)):
        content = [p for p, word in enumerate(ids) if word is not None]
        for n, p in enumerate(content):
            key = e, ids[p]
            if began.setdefault(key, start + n) == start + n:
                left = n if start else float("inf")
                right = len(content) - 1 - n if i != last[e] else float("inf")
                places[key].append((min(left, right), -i, i, p))
    owned = [[-1] * len(ids) for ids in windows["word_ids"]]
    for (_, word), of_word in places.items():
        _, _, i, p = max(of_word)
        owned[i][p] = word
    return owned


def places_of_words(word_ids, owned, pooling):
    """One window's own words -> (start, end) of the sub-words that stand for each: the first, the last, or all of them.

    `word_ids`: the word of each sub-word; `owned`: see `owned_words`.
    """
    places = {}
    for start, word in enumerate(owned):
        if word >= 0:
            end = next((p for p in range(start, len(word_ids)) if word_ids[p] != word), len(word_ids))
            places[word] = {"first": (start, start + 1), "last": (end - 1, end), "mean": (start, end)}[pooling]
    return places
