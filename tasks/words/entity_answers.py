"""Entities as a user's data has them, on words with tags or on raw text with spans; and a baseline that remembers."""

from collections import Counter, defaultdict
from itertools import accumulate

from tasks.words.char_spans import pieces, tags_of
from tasks.words.entity_data import shown_spans
from tasks.words.tags import spans


def entity_answer(tags, confidence, examples, i):
    """Tags and confidence per word of example `i` in the form of its data: tags, or spans with their least sure word's
    confidence."""
    if "_words" not in examples:
        return {"prediction": tags, "confidence": confidence}
    words, found = examples["_words"][i], spans(tags)
    places = [(words[start][0], words[end - 1][1], kind) for kind, start, end in found]
    least = [min(confidence[start:end]) for _, start, end in found]
    return {"prediction": shown_spans(examples["text"][i], places), "confidence": least}


def entity_answers(best, confidence, labels, lengths, examples):
    """One answer per example, from lists of the label ids and probabilities of the words of all examples."""
    tags, ends = [labels[label] for label in best], list(accumulate(lengths))
    places = zip([0, *ends], ends, strict=False)
    return [entity_answer(tags[a:b], confidence[a:b], examples, i) for i, (a, b) in enumerate(places)]


def gold_and_predicted(predictions, examples):
    """Gold and predicted tags; of spans on words that are cut where a gold span cuts them, so that all are scored."""
    if "_words" not in examples:
        return examples["tags"], [p["prediction"] for p in predictions]
    gold, predicted = [], []
    for words, of_gold, guess in zip(examples["_words"], examples["spans"], predictions, strict=True):
        both = [[(s["start"], s["end"], s["label"]) for s in found] for found in (of_gold, guess["prediction"])]
        cut = pieces(words, both[0])
        gold.append(tags_of(cut, both[0]))
        predicted.append(tags_of(cut, both[1]))
    return gold, predicted


def remembered_entities(train, examples):
    """The longest word sequences that were entities in training, with their most frequent type, as predictions."""
    types = defaultdict(Counter)
    for tokens, tags in zip(train["tokens"], train["tags"], strict=True):
        for kind, start, end in spans(tags):
            types[tuple(tokens[start:end])][kind] += 1
    memory = {words: counts.most_common(1)[0][0] for words, counts in types.items()}
    longest = max(map(len, memory), default=0)
    guesses = [_look_up(tokens, memory, longest) for tokens in examples["tokens"]]
    answers = [entity_answer(tags, [1.0] * len(tags), examples, i) for i, tags in enumerate(guesses)]
    return [{"prediction": answer["prediction"]} for answer in answers]


def _look_up(tokens, memory, longest):
    """Tag the longest remembered word sequences from left to right."""
    tags, i = ["O"] * len(tokens), 0
    while i < len(tokens):
        size = next((n for n in range(longest, 0, -1) if tuple(tokens[i : i + n]) in memory), 0)
        if size:
            kind = memory[tuple(tokens[i : i + size])]
            tags[i : i + size] = [f"B-{kind}"] + [f"I-{kind}"] * (min(i + size, len(tokens)) - i - 1)
        i += size or 1
    return tags
