"""A few texts and the tokenizer learned from them, for the tests of models from nothing."""

from stages.scratch.vocabulary import learn_tokenizer

TEXTS = [
    "The film was good , the best of all .",
    "the river was bad",
    "a good river , a good city",
    "bad film in a bad city !",
    "the city was the best",
    "no river in the film",
]


def tokenizer(texts=TEXTS, splits_words=False, lower_case=True, min_frequency=1, most_words=1000):
    return learn_tokenizer(texts, splits_words, lower_case, min_frequency, most_words)
