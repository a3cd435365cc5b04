"""Scores of tags that stand for one word each: by word, by tag, and by chunk where the tags mark chunks."""

from itertools import chain

from tasks.contract import Scores
from tasks.tables import confusion
from tasks.words.entity_scores import entity_tables, entity_values, token_table
from tasks.words.word_tags import UNTAGGED


def tag_scores(gold, predicted, unseen=None):
    """Accuracy over the words with a gold tag, and over those of them that train does not have (`unseen`: which ones,
    by sentence; left out where there is none); precision, recall and F1 by tag by scikit-learn."""
    unseen = unseen or [[False] * len(tags) for tags in gold]
    words = zip(chain(*gold), chain(*predicted), chain(*unseen), strict=True)
    words = [word for word in words if word[0] != UNTAGGED]
    of_gold, of_predicted = [g for g, _, _ in words], [p for _, p, _ in words]
    by_tag = token_table([of_gold], [of_predicted], outside=UNTAGGED)
    values = {"accuracy": _share_right(words)}
    if any(new for *_, new in words):
        values["unseen_accuracy"] = _share_right([word for word in words if word[-1]])
    values["tag_f1_macro"] = next((row["f1"] for row in by_tag if row["tag"] == "macro avg"), 0.0)
    return Scores(values, {"tags": by_tag, "confusion": confusion(of_gold, of_predicted)})


def _share_right(words):
    return sum(gold == predicted for gold, predicted, _ in words) / max(len(words), 1)


def with_chunks(scores, gold, predicted):
    """The scores of tags together with those of the chunks that they mark, by seqeval."""
    tables = {**entity_tables(gold, predicted, "chunks"), **scores.tables}
    return Scores({**scores.values, **entity_values(gold, predicted)}, tables)
