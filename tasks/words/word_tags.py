"""Tags that stand for one word each, such as parts of speech: their names, a memory of words, answers for the page."""

from collections import Counter, defaultdict
from itertools import chain

from tasks.contract import Answer
from tasks.words.entity_data import check_pairs, check_words

UNTAGGED = "_"  # CoNLL-U's word for "not given": such words are shown, but neither learned nor scored


def check_tags(splits):
    """Raise ValueError naming the first example whose words and, where it has them, tags do not fit together."""
    for split, examples in splits.items():
        check_pairs(split, examples) if "tags" in examples else check_words(split, examples)


def given_tags(tags):
    """The tags of the words that have one."""
    return [tag for tag in tags if tag != UNTAGGED]


def tag_names(sequences, known):
    """The names of a head, in id order: those that the data set declares (`known`), else those found. Raises ValueError
    where one is found that is not declared."""
    found, declared = sorted(set(given_tags(chain(*sequences)))), given_tags(known or ())
    unnamed = [tag for tag in found if declared and tag not in declared]
    if unnamed:
        shown, names = ", ".join(unnamed[:8]), ", ".join(declared[:20])
        raise ValueError(f"data.labels={names}: train also has {shown}. Name every tag, or set data.labels=null.")
    return tuple(declared or found)


def unseen_words(train, sentences):
    """Per word of each sentence: whether none of the sentences of `train` has it."""
    known = set(chain(*train))
    return [[word not in known for word in tokens] for tokens in sentences]


def remembered_tags(train, examples):
    """The tag that each word had most often in training, else the most frequent one of all, as predictions."""
    counts, overall = defaultdict(Counter), Counter()
    for word, tag in zip(chain(*train["tokens"]), chain(*train["tags"]), strict=True):
        if tag != UNTAGGED:
            counts[word][tag] += 1
            overall[tag] += 1
    best = {word: of_word.most_common(1)[0][0] for word, of_word in counts.items()}
    ((usual, _),) = overall.most_common(1)
    return [{"prediction": [best.get(word, usual) for word in tokens]} for tokens in examples["tokens"]]


def answers(row):
    """One answer per word that has a gold tag."""
    words = zip(row["gold"], row["prediction"], row["confidence"], strict=True)
    return [Answer(g, p, 0.0 if g == p else c, c) for g, p, c in words if g != UNTAGGED]


def marked(row):
    """The words of a row. Only those with a wrong tag carry their tags: all of them would hide what is wrong."""
    words = zip(row["tokens"], row["gold"], row["prediction"], strict=True)
    return [(word, g, p) if g not in (p, UNTAGGED) else (word, None, None) for word, g, p in words]
