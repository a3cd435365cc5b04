"""What several runs answer together, from their predictions: the majority, or the mean of what they hold."""

from collections import Counter
from statistics import fmean


def vote(rows: list[dict], by_word: bool) -> dict:
    """The answer of most runs to one example, with the share of them that gave it; of equally many the one with most
    confidence, then the first. Of labels without order, and of spans, each that more than half of the runs gave; of
    candidates in order the order of their mean places (Borda's count).

    `rows`: one per run; `by_word`: a list answers word by word. ValueError where answers have no majority.
    """
    answers = [row["prediction"] for row in rows]
    if "order" in rows[0]:
        return _ranked(rows[0], [[-place for place in _by_candidate(row, range(len(answers[0])))] for row in rows])
    if isinstance(answers[0], dict) and {"intent", "slots"} <= {*answers[0]}:
        return _of_parts(rows, by_word)
    if any(isinstance(answer, int | float | dict) and not isinstance(answer, bool) for answer in answers):
        raise ValueError("numbers have no majority: give --how mean.")
    if isinstance(answers[0], list) and not (by_word and all(isinstance(tag, str) for tag in answers[0])):
        return _of_sets(answers)
    if isinstance(answers[0], list):
        confidences = [row.get("confidence") or [0.0] * len(row["prediction"]) for row in rows]
        words = zip(zip(*answers, strict=True), zip(*confidences, strict=True), strict=True)
        chosen = [_most(*of_word) for of_word in words]
        return {"prediction": [tag for tag, _ in chosen], "confidence": [share for _, share in chosen]}
    answer, share = _most(answers, [row.get("confidence") or 0.0 for row in rows])
    ranked = {"top": list(dict.fromkeys([answer, *rows[0]["top"]]))[: len(rows[0]["top"])]} if "top" in rows[0] else {}
    return {"prediction": answer, "confidence": share, **ranked}


def _most(answers, confidences):
    """-> (the answer, the share of the runs that gave it)."""
    counts, sure = Counter(answers), Counter()
    for answer, confidence in zip(answers, confidences, strict=True):
        sure[answer] += confidence
    best = max(counts, key=lambda answer: (counts[answer], sure[answer], -answers.index(answer)))
    return best, round(counts[best] / len(answers), 4)


def _of_sets(answers):
    """Labels, or spans by their ends and label, that more than half of the runs gave; in the order they were met."""
    keys = [[_key(item) for item in answer] for answer in answers]
    counts = Counter(key for own in keys for key in dict.fromkeys(own))
    items = {
        key: item for answer, own in zip(answers, keys, strict=True) for item, key in zip(answer, own, strict=True)
    }
    kept = [key for key in items if counts[key] > len(answers) / 2]
    kept.sort(key=lambda key: key if isinstance(key, tuple) else (0, 0, key))
    return {
        "prediction": [items[key] for key in kept],
        "confidence": [round(counts[k] / len(answers), 4) for k in kept],
    }


def _key(item):
    return (item["start"], item["end"], item["label"]) if isinstance(item, dict) else item


def _of_parts(rows, by_word):
    """The intent and the slots, each by themselves; a row's confidences are the intent's, then the slots'."""
    parts = [
        vote([{"prediction": row["prediction"][part]} for row in rows], by_word and part == "slots")
        for part in ("intent", "slots")
    ]
    answers = {"intent": parts[0]["prediction"], "slots": parts[1]["prediction"]}
    return {"prediction": answers, "confidence": [parts[0]["confidence"], *parts[1]["confidence"]]}


def _by_candidate(row, values):
    """Values that stand in a row's order of candidates, in that of the data."""
    return [value for _, value in sorted(zip(row["order"], values, strict=True))]


def _ranked(row, scores):
    """The candidates of a row by the mean of several runs' scores."""
    from tasks.texts.candidate_rows import ranked_candidates

    means = [fmean(own) for own in zip(*scores, strict=True)]
    places = {"example": [0] * len(means), "candidate": list(range(len(means)))}
    return ranked_candidates(means, places, {"candidates": [row["candidates"]]})[0]


def holds_probabilities(rows: list[dict]) -> bool:
    """Whether such rows hold all that a mean needs."""
    return all(isinstance(_numbers(row), dict) for row in rows)


def mean(task, rows: list[dict]) -> dict:
    """The answer that the mean of the runs' numbers, or probabilities, gives to one example."""
    import numpy as np

    known = [_numbers(row) for row in rows]
    means = {name: fmean(of_run[name] for of_run in known) for name in known[0]}
    if "order" in rows[0]:
        return _ranked(rows[0], [list(of_run.values()) for of_run in known])
    if "scores" in rows[0]:
        return task.label_kind.predicted(np.array(list(means.values())), tuple(means), task)
    if "probabilities" in rows[0]:
        from tasks.texts.choice_rows import best_choice

        return best_choice(np.array(list(means.values())), rows[0]["choices"])
    return {"prediction": means if isinstance(rows[0]["prediction"], dict) else means[""]}


def _numbers(row):
    """{name: number} of a row whose numbers may be averaged; None where it has none."""
    answer = row["prediction"]
    if "order" in row and "scores" in row:
        return dict(enumerate(_by_candidate(row, row["scores"])))
    if isinstance(row.get("scores"), dict):
        return row["scores"]
    if "probabilities" in row:
        return dict(enumerate(row["probabilities"]))
    if isinstance(answer, dict) and all(isinstance(value, int | float) for value in answer.values()):
        return answer
    return {"": answer} if isinstance(answer, float) and "loss" not in row else None
