"""Scores of tags that stand for one word each: by word, by tag, and by chunk where the tags mark chunks."""

from itertools import chain

import numpy as np

from tasks.contract import Scores
from tasks.words.entity_scores import entity_tables, entity_values, token_table
from tasks.words.word_tags import UNTAGGED


def tag_scores(tags, unseen=None):
    """Accuracy over the words with a gold tag, and over those of them that train does not have (`unseen`: which ones,
    by sentence; left out where there is none); precision, recall and F1 by tag by scikit-learn."""
    given = ~tags.is_gold(UNTAGGED)
    tagged = tags.where(given)
    by_tag = token_table(tagged, outside=UNTAGGED)
    values = {"accuracy": tagged.accuracy()}
    if unseen:
        new = tags.where(np.fromiter(chain.from_iterable(unseen), dtype=bool, count=len(given)) & given)
        values |= {"unseen_accuracy": new.accuracy()} if len(new.gold) else {}
    values["tag_f1_macro"] = next((row["f1"] for row in by_tag if row["tag"] == "macro avg"), 0.0)
    return Scores(values, {"tags": by_tag, "confusion": tagged.confusion()})


def with_chunks(scores, tags):
    """The scores of tags together with those of the chunks that they mark, by seqeval."""
    tables = {**entity_tables(tags, "chunks"), **scores.tables}
    return Scores({**scores.values, **entity_values(tags)}, tables)
