"""Gold and predicted entities of one row of predictions, side by side: on words with tags, or on text with spans."""

from itertools import pairwise

from tasks.contract import Answer
from tasks.words.tags import spans

UNSURE = 0.5  # how wrong a missed span is: only words have a confidence where nothing was predicted


def answers(row):
    """One answer per entity, predicted or missed; right where words and type agree. Confidence: the least over its
    words; a missed span of raw text has none."""
    gold, predicted = _sides(row)
    found = []
    for start, end in sorted(gold.keys() | predicted.keys()):
        confidence = _confidence(row, (start, end), predicted)
        of_gold, of_predicted = gold.get((start, end)), predicted.get((start, end))
        error = 0.0 if of_gold == of_predicted else UNSURE if confidence is None else confidence
        found.append(Answer(of_gold, of_predicted, error, confidence))
    return found


def marked(row):
    """The words or the text of a row in pieces, each with the gold and the predicted type that it carries.

    A type that goes on in the next piece is written `ORG…`, one that began in the piece before `…ORG`: so two entities
    of one type that differ in their ends never look alike.
    """
    text = row.get("text", row.get("tokens"))
    sides = _sides(row)
    cuts = sorted({0, len(text), *(edge for side in sides for place in side for edge in place)})
    pieces = [(start, end, *(_part(side, start, end) for side in sides)) for start, end in pairwise(cuts)]
    return [(p if isinstance(p := text[start:end], str) else " ".join(p), *labels) for start, end, *labels in pieces]


def _sides(row):
    """Gold and predicted entities: {(start, end): type}."""
    if "tokens" in row:
        return [{(start, end): kind for kind, start, end in spans(row[side])} for side in ("gold", "prediction")]
    return [{(s["start"], s["end"]): s["label"] for s in row[side]} for side in ("gold", "prediction")]


def _confidence(row, place, predicted):
    if "tokens" in row:
        return min(row["confidence"][slice(*place)])
    return dict(zip(predicted, row["confidence"], strict=True)).get(place)


def _part(side, start, end):
    """The type of the entity that a piece is in, with dots where the entity is longer; None outside."""
    place = next(((first, last) for first, last in side if first <= start and end <= last), None)
    return place and f"{'…' * (place[0] < start)}{side[place]}{'…' * (place[1] > end)}"
