"""What replies are scored by, and the replies that a method without learning gives."""

from collections import Counter, defaultdict

from tasks.writing import text_scores

SCORES = (*text_scores.ROUGE, "bleu", "chrf", "exact_match", "distinct_1", "distinct_2")  # greater is better


def reply_scores(predictions: list[str], references: list[list[str]], language: str | None):
    """-> (ROUGE, BLEU, chrF, exact match, distinct-1 and -2, words per reply; how they were computed)."""
    rouge, how = text_scores.rouge(predictions, references)
    corpus, signatures = text_scores.sacrebleu(predictions, references, language, with_ter=False)
    values = {
        **rouge, **corpus,
        "exact_match": text_scores.exact_match(predictions, references),
        "distinct_1": text_scores.distinct(predictions, 1),
        "distinct_2": text_scores.distinct(predictions, 2),
        "words": text_scores.mean_length(predictions),
    }  # fmt: skip
    settings = {"ROUGE": how, **signatures}
    return values, [{"scores": name, "settings": said} for name, said in settings.items()]


def nearest_replies(prompts: list[str], replies: list[str], asked: list[str]) -> list[str]:
    """For each prompt that is asked the reply to the training prompt that shares most words with it (F1 of the two sets
    of words, the first of equals); the most frequent reply where it shares none."""
    (frequent, _), *_ = Counter(replies).most_common(1)
    sets = [frozenset(text_scores.words(prompt)) for prompt in prompts]
    holders = defaultdict(list)
    for number, known in enumerate(sets):
        for word in known:
            holders[word].append(number)
    return [_nearest(frozenset(text_scores.words(text)), sets, holders, replies, frequent) for text in asked]


def _nearest(words, sets, holders, replies, otherwise):
    shared = Counter(number for word in words for number in holders.get(word, ()))
    if not shared:
        return otherwise
    best = max(shared, key=lambda n: (2 * shared[n] / (len(words) + len(sets[n])), -n))
    return replies[best]
