"""Tables that several tasks print."""

from collections import Counter


def confusion(gold, predicted):
    """The confusion matrix as its cells that are not 0, most frequent first."""
    cells = Counter(zip(gold, predicted, strict=True))
    return [{"gold": g, "predicted": p, "count": n} for (g, p), n in sorted(cells.items(), key=lambda c: (-c[1], c[0]))]


def label_table(gold, predicted):
    """Precision, recall and F1 of each label that occurs and their averages, by scikit-learn."""
    from sklearn.metrics import classification_report

    report = classification_report(gold, predicted, output_dict=True, zero_division=0)
    return [
        {"label": name, "precision": row["precision"], "recall": row["recall"], "f1": row["f1-score"],
         "support": int(row["support"])}
        for name, row in report.items() if isinstance(row, dict)
    ]  # fmt: skip
