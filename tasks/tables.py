"""A table that several tasks print."""

from collections import Counter


def confusion(gold, predicted):
    """The confusion matrix as its cells that are not 0, most frequent first."""
    cells = Counter(zip(gold, predicted, strict=True))
    return [{"gold": g, "predicted": p, "count": n} for (g, p), n in sorted(cells.items(), key=lambda c: (-c[1], c[0]))]
