"""Rows of a task that labels words: windows of sub-words in which each word is learned and predicted exactly once."""

from tasks.contract import IGNORED
from tasks.words.windows import owned_words, places_of_words, split_into_windows

POOLING = ("first", "last", "mean")


def word_rows(examples, tokenizer, ids, stride, pooling):
    """The rows of examples with `tokens` and, where there are gold answers, `tags`; `ids`: the label id of each tag.

    Rows are windows. Each word belongs to the one that shows most context around it, so that every word is learned,
    predicted and scored once. `positions`: the words of a row in their example; `words`: where the sub-words that stand
    for them begin and end in the row; `labels`: the id of each, IGNORED for a tag without one.
    """
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


def best_labels(logits):
    """-> (id of the best label, its probability) of each word, (rows, words), from logits (rows, words, labels); or of
    each row, (rows,), from logits (rows, labels)."""
    confidence, best = logits.float().softmax(dim=-1).max(dim=-1)
    return best, confidence
