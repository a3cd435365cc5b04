"""Windows and rows of split sentences in plain loops over sub-words: what the arrays of tasks/words must equal."""

from collections import Counter, defaultdict

from tasks.contract import IGNORED


def split_into_windows(sentences, tokenizer, stride):
    """-> columns of windows: the model's inputs, `word_ids`, `example` and `start`."""
    sentences = [list(words) for words in sentences]
    length = tokenizer.model_max_length
    room = length - tokenizer.num_special_tokens_to_add()
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
    """Per window, per sub-word: the word whose label stands here, or -1."""
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
    """One window's own words -> (start, end) of the sub-words that stand for each."""
    places = {}
    for start, word in enumerate(owned):
        if word >= 0:
            end = next((p for p in range(start, len(word_ids)) if word_ids[p] != word), len(word_ids))
            places[word] = {"first": (start, start + 1), "last": (end - 1, end), "mean": (start, end)}[pooling]
    return places


def word_rows(examples, tokenizer, ids, stride, pooling):
    """What tasks/words/word_rows.py gives, as lists."""
    nothing = [[]] * len(examples["tokens"])
    before, after = examples.get("_before", nothing), examples.get("_after", nothing)
    shown = [b + tokens + a for b, tokens, a in zip(before, examples["tokens"], after, strict=True)]
    windows = split_into_windows(shown, tokenizer, stride)
    gold = examples.get("tags")
    names = [name for name in tokenizer.model_input_names if name in windows]
    rows = {name: [] for name in (*names, "example", "cut", "positions", "words", "labels")}
    for i, (example, owned) in enumerate(zip(windows["example"], owned_words(windows), strict=True)):
        skipped, count = len(before[example]), len(examples["tokens"][example])
        places = places_of_words(windows["word_ids"][i], owned, pooling)
        places = {w - skipped: place for w, place in places.items() if 0 <= w - skipped < count}
        if not places and count:
            continue  # a window of neighbours only
        row = {name: windows[name][i] for name in names} | {"example": example, "cut": False}
        row |= {"positions": list(places), "words": list(places.values())}
        row["labels"] = [ids.get(gold[example][w], IGNORED) if gold else IGNORED for w in places]
        for name, value in row.items():
            rows[name].append(value)
    return rows
