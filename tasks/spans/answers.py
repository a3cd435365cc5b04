"""Answers put together from the windows of a context, an answer without learning, and rows as a reader sees them."""

import re
from collections import defaultdict
from math import exp, isfinite

from tasks.contract import Answer
from tasks.spans.squad_scores import score
from tasks.words import entity_pairs
from tasks.words.char_spans import words_of

SHOWN = 120  # characters of context on each side of a span, for the run's page
SENTENCE = re.compile(r"[^.!?。！？\n]+[.!?。！？]*")  # noqa: RUF001
TRIED = 500  # examples of train that the baseline is chosen on


def best_answers(reduced, rows, contexts: list[str], count: int) -> list[tuple[list[dict], float]]:
    """Per example the best answers over all its windows, best first, each text once, and its score of no answer: the
    least over the windows, as one of them is enough to hold an answer.

    `reduced`: scores, first and last sub-words of spans (rows, spans), counted from where the context begins, and the
    score of no answer (rows,).
    """
    found, nothing = defaultdict(dict), [float("inf")] * len(contexts)
    of_rows = zip(*reduced, rows["example"], rows["starts"], rows["ends"], strict=True)
    for scores, first, last, none, example, starts, ends in of_rows:
        nothing[example] = min(nothing[example], float(none))
        for s, a, b in zip(scores, first, last, strict=True):
            if 0 <= a <= b < len(ends):
                text = contexts[example][starts[a] : ends[b]]
                start, bare = starts[a] + len(text) - len(text.lstrip()), text.strip()
                if bare and s > found[example].get(bare, (-float("inf"), 0))[0]:
                    found[example][bare] = float(s), start
    ranked = [sorted(found[e].items(), key=lambda item: (-item[1][0], item[1][1])) for e in range(len(contexts))]
    listed = [[{"text": t, "start": start, "score": s} for t, (s, start) in one[:count]] for one in ranked]
    return list(zip(listed, nothing, strict=True))


def as_prediction(listed: list[dict], nothing: float, threshold: float | None) -> dict:
    """The answer as a text (empty: none), where it starts, and all that were considered with their probability among
    them. `threshold`: by how much no answer must score above the best one; None: there is always one."""
    above = nothing - listed[0]["score"] if listed else 0.0
    empty = {"text": "", "start": None, "score": nothing if isfinite(nothing) else 0.0}
    considered = listed if listed and threshold is None else sorted([*listed, empty], key=lambda a: -a["score"])
    weights = [exp(answer["score"] - considered[0]["score"]) for answer in considered]
    n_best = [
        {"text": answer["text"], "start": answer["start"], "confidence": round(weight / sum(weights), 4)}
        for answer, weight in zip(considered, weights, strict=True)
    ]
    lacks = not listed or (threshold is not None and above > threshold)
    best = next(answer for answer in n_best if lacks == (not answer["text"]))
    given = {"prediction": best["text"], "confidence": best["confidence"], "start": best["start"]}
    return {**given, **({"no_answer_score": round(above, 4)} if threshold is not None else {}), "n_best": n_best}


def likely_answers(train: dict, examples: dict, scoring: str) -> tuple[str, list[dict]]:
    """What scores better on the first examples of train: always no answer, or the sentence that shares most words with
    the question."""
    seen = zip(train["question"][:TRIED], train["context"][:TRIED], train["answers"][:TRIED], strict=True)
    scored = [(score(scoring, likely_sentence(q, c), a["text"])[1], not a["text"]) for q, c, a in seen]
    gained = sum(f1 - lacks for f1, lacks in scored)
    if gained < 0:
        return "always no answer", [{"prediction": ""} for _ in examples["question"]]
    pairs = zip(examples["question"], examples["context"], strict=True)
    return "sentence sharing most words", [{"prediction": likely_sentence(q, c)} for q, c in pairs]


def likely_sentence(question: str, context: str) -> str:
    """The sentence of a context that shares most words with the question, the first of these."""
    asked = _words(question)
    sentences = [match.group().strip() for match in SENTENCE.finditer(context)] or [context]
    return max(sentences, key=lambda sentence: len(asked & _words(sentence)))


def _words(text):
    return {text[start:end].lower() for start, end in words_of(text)}


def scored_answer(row: dict, scoring: str) -> Answer:
    """What a row of predictions answers; the worse the more confident it is and the less of a gold answer it holds."""
    exact, f1 = score(scoring, row["prediction"] or "", row["gold"]["text"])
    error = 0.0 if exact else (1 - f1 / 2) * row["confidence"]
    gold, predicted = " | ".join(dict.fromkeys(row["gold"]["text"])), row["prediction"]
    return Answer(gold or "no answer", predicted or "no answer", error, row["confidence"])


def marked(row: dict) -> list[tuple]:
    """The question of a row of predictions, and its context around the first gold and the predicted answer."""
    gold, predicted = row["gold"], row["prediction"]
    places = {
        "gold": zip(gold["answer_start"][:1], gold["text"], strict=False),
        "prediction": [(row["start"], predicted)] if predicted and "start" in row else [],
    }
    spans = {
        side: [{"start": start, "end": start + len(text), "label": "answer"} for start, text in found]
        for side, found in places.items()
    }
    pieces = entity_pairs.marked({"text": row["context"], **spans})
    return [(row["question"], None, None), *(_near(i, pieces) for i in range(len(pieces)))]


def _near(i, pieces):
    """A piece of context, of which only what stands near a span is left."""
    text, *labels = pieces[i]
    if any(labels) or len(text) <= 2 * SHOWN or len(pieces) == 1:
        return pieces[i]
    before, after = text[:SHOWN] if i else "", text[-SHOWN:] if i + 1 < len(pieces) else ""
    return f"{before} … {after}", *labels
