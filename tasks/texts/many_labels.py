"""Any number of labels per text, none too: how they are checked, learned, predicted and scored."""

from collections import Counter

from tasks.contract import IGNORED, Answer, Scores
from tasks.texts.label_shares import label_shares, shares_head
from tasks.texts.one_label import OneLabel, by_number, label_table

THRESHOLDS = [i / 100 for i in range(1, 100)]
NO, YES = ("0", "false", "False"), ("1", "true", "True")
AVERAGES = ("micro", "macro", "weighted", "samples")


class ManyLabels(OneLabel):
    """`task.kind=multi_label`: a probability for each label alone, and one threshold for all of them."""

    best = "f1_micro"
    directions = {**{f"f1_{a}": True for a in AVERAGES}, "subset_accuracy": True, "map": True, "loss": False}
    shown = ("f1_micro", "f1_macro", "f1_weighted", "f1_samples", "subset_accuracy", "map")
    answers_are = "One answer per label, predicted or missed."
    is_standard = False
    head_config = {"problem_type": "multi_label_classification"}

    def checked(self, split, values):
        return [
            sorted(set(_as_list(f"{split} example {i}", value)), key=by_number)
            for i, value in enumerate(values, start=1)
        ]

    def check_names(self, task, names, declared):
        pass

    def classes(self, values):
        return values

    def learned(self, values):
        return {"label_shares": label_shares(values)}

    def head_class(self, base):
        return shares_head(base)

    def ids(self, values, names):
        return [[int(name in labels) for name in names] for labels in values]

    def unknown_ids(self, count, names):
        return [[IGNORED] * len(names)] * count

    def weights(self, ids, count):
        """What a label's presence weighs: examples without it per example with it, as torch's `pos_weight` wants."""
        present = [sum(column) for column in zip(*ids, strict=True)]
        return tuple((len(ids) - n) / n if n else 1.0 for n in present)

    def losses(self, cross_entropy, outputs, labels, context, gamma):
        """Binary cross entropy summed over the labels, each under the focal loss times (1 - p of what is right) **
        gamma (Lin et al., 2017)."""
        import torch
        from torch.nn.functional import binary_cross_entropy_with_logits

        logits, known = outputs["logits"].float(), labels != IGNORED
        gold = (labels == 1).float()
        smooth = gold * (1 - context.label_smoothing) + context.label_smoothing / 2
        weights = context.class_weights and torch.tensor(context.class_weights, device=logits.device)
        losses = binary_cross_entropy_with_logits(logits, smooth, pos_weight=weights, reduction="none")
        if gamma:
            p = logits.sigmoid()
            losses = losses * (1 - torch.where(gold == 1, p, 1 - p)) ** gamma
        return (losses * known).sum(dim=1)

    def probabilities(self, logits):
        return logits.float().sigmoid()

    def tuned(self, task, probabilities, gold, labels):
        """The threshold that is best for `task.best`, or for micro F1 where that knows none; of equal ones that next
        to 0.5."""
        if task.threshold is not None:
            return {}
        import numpy as np

        name, gold = task.best if task.best in ("subset_accuracy", *_f1s()) else "f1_micro", indicators(gold, labels)
        found = [(agreement(name, gold, (np.asarray(probabilities) >= t).astype(int)), t) for t in THRESHOLDS]
        return {"threshold": max(found, key=lambda pair: (pair[0], -abs(pair[1] - 0.5)))[1]}

    def predicted(self, p, labels, task):
        threshold = 0.5 if task.threshold is None else task.threshold
        scores = {name: float(value) for name, value in zip(labels, p, strict=True)}
        chosen = sorted((name for name, value in scores.items() if value >= threshold), key=by_number)
        confidence = [round(scores[name], 4) for name in chosen]
        return {
            "prediction": chosen, "confidence": confidence, "scores": {n: round(s, 6) for n, s in scores.items()}
        }  # fmt: skip

    def scores(self, predictions, gold, task):
        """F1 averages and subset accuracy by scikit-learn over the labels that occur; `map`: average precision, its
        mean over the labels that have gold."""
        predicted = [p["prediction"] for p in predictions]
        names = sorted({name for labels in (*gold, *predicted) for name in labels}, key=by_number)
        sides = indicators(gold, names), indicators(predicted, names)
        values = {name: agreement(name, *sides) for name in ("subset_accuracy", *_f1s())}
        if all("scores" in p for p in predictions):
            values["map"] = mean_average_precision(gold, [p["scores"] for p in predictions])
        sizes = Counter(map(len, gold)), Counter(map(len, predicted))
        counts = [
            {"labels of a text": n, "in gold": sizes[0][n], "in predictions": sizes[1][n]}
            for n in sorted({*sizes[0], *sizes[1]})
        ]
        return Scores(values, {"labels": label_table(*sides, names) if names else [], "labels per text": counts})

    def usual(self, values, task):
        shares = Counter(label for labels in values for label in labels)
        scores = {label: count / len(values) for label, count in shares.most_common()}
        return "most frequent label", {"prediction": list(scores)[:1], "scores": scores}

    def answers(self, row, task):
        """One answer for each label, predicted or missed; a missed one is the worse the less probable it was."""
        gold, scores = row["gold"], row.get("scores", {})
        given = [(name, scores.get(name), name in gold) for name in row["prediction"]]
        found = [Answer(n if right else None, n, 0.0 if right else p or 1.0, p) for n, p, right in given]
        return found + [Answer(n, None, 1 - scores.get(n, 0.0)) for n in gold if n not in row["prediction"]]


def _as_list(place, value):
    """The labels of an example: a list of them, or the names of those columns of 0 and 1 that hold 1."""
    if isinstance(value, dict) and {*map(str, value.values())} <= {*NO, *YES}:
        return [name for name, mark in value.items() if str(mark) in YES]
    if not (isinstance(value, list) and all(isinstance(label, str) for label in value)):
        what = "must hold a list of labels, or be columns of 0 and 1"
        raise ValueError(f"{place}: data.columns.label {what}; it holds {repr(value)[:60]}.")
    return value


def _f1s():
    return [f"f1_{average}" for average in AVERAGES]


def indicators(values, names):
    """Lists of labels as rows of 0 and 1, one column for each name."""
    import numpy as np

    places = {name: i for i, name in enumerate(names)}
    rows = np.zeros((len(values), len(names)), int)
    for row, labels in zip(rows, values, strict=True):
        row[[places[name] for name in labels if name in places]] = 1
    return rows


def agreement(name, gold, predicted):
    """One of the scores of rows of 0 and 1. A text without labels that got none counts as right for `f1_samples`."""
    from sklearn.metrics import accuracy_score, f1_score

    if not gold.shape[1]:
        return 1.0  # nothing in gold, nothing predicted
    if name == "subset_accuracy":
        return float(accuracy_score(gold, predicted))
    average = name.removeprefix("f1_")
    return float(f1_score(gold, predicted, average=average, zero_division=float(average == "samples")))


def mean_average_precision(gold, scores):
    """The mean over the labels that have gold of scikit-learn's average precision (area under the steps of the
    precision-recall curve); `scores`: per example, label -> score, 0 where a label has none."""
    from sklearn.metrics import average_precision_score

    names = sorted({name for labels in gold for name in labels})
    found = [
        float(average_precision_score([int(name in labels) for labels in gold], [s.get(name, 0.0) for s in scores]))
        for name in names
    ]
    return sum(found) / len(found) if found else 0.0
