"""One label per text: how it is checked, learned, predicted and scored."""

from collections import Counter
from math import ceil, isfinite

from tasks.contract import IGNORED, Scores
from tasks.tables import confusion


class OneLabel:
    """`task.kind=single_label`, and what a kind of labels has to know. It holds nothing: `task` holds the choices."""

    best = "accuracy"
    directions = {
        "accuracy": True, "f1_macro": True, "f1_micro": True, "f1_weighted": True, "mcc": True, "f1": True,
        "calibration_error": False, "loss": False,
    }  # fmt: skip
    shown = ("accuracy", "f1_macro", "f1_micro", "f1_weighted", "mcc", "f1", "calibration_error")
    answers_are = "One answer per example."
    is_standard = True
    head_config = {}

    def checked(self, split, values):
        """The labels of a split in one form; ValueError for the first that is none."""
        for i, value in enumerate(values, start=1):
            if not isinstance(value, str):
                hint = " Several labels to a text: task.kind=multi_label." if isinstance(value, list | dict) else ""
                raise ValueError(
                    f"{split} example {i}: data.columns.label must hold text, it holds {repr(value)[:60]}.{hint}"
                )
        return values

    def names(self, task, values, declared):
        """The names that the head predicts, of the labels in training and those that the data set declares."""
        names = label_names([label for labels in self.classes(values) for label in labels], declared)
        self.check_names(task, names, declared)
        return names

    def check_names(self, task, names, declared):
        """Raise ValueError for label names that these choices cannot work with."""
        if task.best == "f1" and len(names) != 2:
            raise ValueError(
                f"task.best=f1 is the F1 of the second of two labels, and there are {len(names)}. Take f1_macro."
            )

    def classes(self, values):
        return [[label] for label in values]

    def learned(self, values):
        """What the head needs to know of the training labels (`Task.learned_config`)."""
        return {}

    def head_class(self, base):
        """The class of the model (`Task.head_class`)."""
        return base

    def ids(self, values, names):
        """Labels as the loss reads them; IGNORED where the head has no such name."""
        known = {name: i for i, name in enumerate(names)}
        return [known.get(label, IGNORED) for label in values]

    def unknown_ids(self, count, names):
        return [IGNORED] * count

    def weights(self, ids, count):
        """Balanced weights, n / (classes * count) as in scikit-learn: their mean over the training examples is 1."""
        counts = Counter(label for label in ids if label != IGNORED)
        total = sum(counts.values())
        return tuple(total / (len(counts) * counts[i]) if counts[i] else 0.0 for i in range(count))

    def losses(self, cross_entropy, outputs, labels, context, gamma):
        """Cross entropy, under the focal loss times (1 - p of the gold label) ** gamma (Lin et al., 2017)."""
        losses = cross_entropy(outputs, labels, context)
        if not gamma:
            return losses
        p = outputs["logits"].float().softmax(dim=-1).gather(-1, labels.clamp(min=0)[:, None])[:, 0]
        return losses * (1 - p) ** gamma

    def probabilities(self, logits):
        return logits.float().softmax(dim=-1)

    def tuned(self, task, probabilities, gold, labels):
        """Choices that are found on the validation split: name -> value."""
        return {}

    def predicted(self, p, labels, task):
        """The answer for one example from the probabilities of the labels."""
        best = int(p.argmax())
        return {"prediction": labels[best], "confidence": round(float(p[best]), 4)}

    def scores(self, predictions, gold, task):
        """Accuracy, Matthews' correlation and F1 averages by scikit-learn over the labels that occur, F1 of the second
        of two labels (the positive one), and the expected calibration error."""
        from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef

        predicted, order = [p["prediction"] for p in predictions], task.label_order or ()
        averages = ("macro", "micro", "weighted")
        values = {"accuracy": float(accuracy_score(gold, predicted))}
        values |= {f"f1_{a}": float(f1_score(gold, predicted, average=a, zero_division=0)) for a in averages}
        values["mcc"] = float(matthews_corrcoef(gold, predicted))
        if len(order) == 2:
            values["f1"] = float(f1_score(gold, predicted, labels=order[1:], average="macro", zero_division=0))
        if all("confidence" in p for p in predictions):
            confidence = [p["confidence"] for p in predictions]
            values["calibration_error"] = calibration_error(gold, predicted, confidence, task.calibration_bins)
        return Scores(values, {"labels": label_table(gold, predicted), "confusion": confusion(gold, predicted)})

    def usual(self, values, task):
        """What a method without learning says of every new text: its name, and the answer."""
        (frequent, _), *_ = Counter(values).most_common(1)
        return "most frequent label", {"prediction": frequent}

    def answers(self, row, task):
        """The answers of a row for the run's page; nothing where the contract's own will do."""


def calibration_error(gold, predicted, confidence, bins):
    """Expected calibration error: |accuracy - mean confidence| per bin of confidence, ((b - 1) / bins, b / bins],
    weighted by the share of examples in it (Guo et al., 2017, equation 3). 0 is best."""
    groups = {}
    for g, p, c in zip(gold, predicted, confidence, strict=True):
        groups.setdefault(ceil(c * bins), []).append((g == p, c))
    gaps = [abs(sum(right for right, _ in group) - sum(c for _, c in group)) for group in groups.values()]
    return sum(gaps) / max(len(gold), 1)


def by_number(label):
    """Sort key: labels that are numbers by value (1, 2, 10), the others after them by name."""
    try:
        value = float(label)
    except ValueError:
        return 1, 0.0, label
    return (0, value, label) if isfinite(value) else (1, 0.0, label)


def label_names(found, known):
    """The names that a head predicts, in id order: those that the data set declares, else those found, by value where
    they are numbers. Raises ValueError where one is found that is not declared."""
    found = sorted(set(found), key=by_number)
    unnamed = [label for label in found if known and label not in known]
    if unnamed:
        shown, names = ", ".join(unnamed[:8]), ", ".join(known[:20])
        raise ValueError(f"data.labels={names}: train also has {shown}. Name every label, or set data.labels=null.")
    return tuple(known or found)


def label_table(gold, predicted, names=None):
    """Precision, recall and F1 of each label and their averages, by scikit-learn; gold and predicted are names, or
    rows of 0 and 1 whose columns are `names`. Averages over texts are no averages of these rows."""
    from sklearn.metrics import classification_report

    named = {"labels": sorted({*gold, *predicted}, key=by_number)} if names is None else {"target_names": names}
    report = classification_report(gold, predicted, **named, output_dict=True, zero_division=0)
    return [
        {"label": name, "precision": row["precision"], "recall": row["recall"], "f1": row["f1-score"],
         "support": int(row["support"])}
        for name, row in report.items() if isinstance(row, dict) and name != "samples avg"
    ]  # fmt: skip
