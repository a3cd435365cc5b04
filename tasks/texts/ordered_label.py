"""One label per text out of an ordered scale: near misses are better than far ones, in decoding and in the scores."""

from collections import Counter

from tasks.contract import Answer, Scores
from tasks.texts.one_label import OneLabel, by_number


class OrderedLabel(OneLabel):
    """`task.kind=ordinal`: learned like any label, decoded to the rank next to the expected one, which has the least
    expected squared distance; the quadratic kappa punishes just that."""

    best = "qwk"
    directions = {"qwk": True, "mae": False, "accuracy": True, "within_one": True, "f1_macro": True, "loss": False}
    shown = ("qwk", "mae", "accuracy", "within_one", "f1_macro")
    is_standard = False

    def check_names(self, task, names, declared):
        if not declared and any(by_number(name)[0] for name in names):
            shown = ", ".join(names[:8])
            raise ValueError(
                f"task.kind=ordinal: nothing says in which order the labels stand ({shown}). Give it, lowest first: "
                "data.labels=[poor,fair,good]"
            )

    def predicted(self, p, labels, task):
        expected = float(sum(rank * share for rank, share in enumerate(p)) / sum(p))
        rank = int(expected + 0.5)
        return {"prediction": labels[rank], "confidence": round(float(p[rank]), 4), "expected_rank": round(expected, 4)}

    def scores(self, predictions, gold, task):
        """Quadratic weighted kappa by scikit-learn (Cohen, 1968), mean absolute error in ranks, accuracy, the share at
        most one rank off, and macro F1; 0 for a kappa that is not defined, where all is one label."""
        from sklearn.metrics import cohen_kappa_score

        plain = super().scores(predictions, gold, task)
        ranks = ranks_of(task.label_order or (), gold, [p["prediction"] for p in predictions])
        sides = [ranks[label] for label in gold], [ranks[p["prediction"]] for p in predictions]
        apart = Counter(abs(g - p) for g, p in zip(*sides, strict=True))
        defined = len({*sides[0], *sides[1]}) > 1
        values = {
            "qwk": float(cohen_kappa_score(*sides, weights="quadratic", labels=range(len(ranks)))) if defined else 0.0,
            "mae": sum(distance * n for distance, n in apart.items()) / len(gold),
            "within_one": (apart[0] + apart[1]) / len(gold),
            **{name: plain.values[name] for name in ("accuracy", "f1_macro")},
        }
        labels = sorted(plain.tables["labels"], key=lambda row: ranks.get(row["label"], len(ranks)))
        rows = [{"ranks apart": d, "examples": n, "share": n / len(gold)} for d, n in sorted(apart.items())]
        return Scores(values, {**plain.tables, "labels": labels, "ranks apart": rows})

    def usual(self, values, task):
        ranks = ranks_of(task.label_order or (), values)
        middle = sorted(values, key=ranks.get)[(len(values) - 1) // 2]
        return "median label", {"prediction": middle}

    def answers(self, row, task):
        """The further off, the worse; of equal distances the more confident."""
        ranks = ranks_of(task.label_order or (), [row["gold"], row["prediction"]])
        distance, confidence = abs(ranks[row["gold"]] - ranks[row["prediction"]]), row.get("confidence")
        return [Answer(row["gold"], row["prediction"], distance and distance + (confidence or 0.0), confidence)]


def ranks_of(order, *columns):
    """Label -> rank from 0. Labels that the order lacks stand among it where all are numbers, else behind it."""
    names = {*order, *(label for column in columns for label in column)}
    if all(by_number(name)[0] == 0 for name in names):
        return {name: rank for rank, name in enumerate(sorted(names, key=by_number))}
    return {name: rank for rank, name in enumerate([*order, *sorted(names - {*order})])}
