"""Scores that are a function of sums over test examples: what to sum of each example, and the function.

Drawing examples anew then costs a matrix product instead of a new scoring (as sacreBLEU does for BLEU; Post, 2018).
Every family here is tried against the score that the run itself wrote, and not used where it does not give that.
"""

from collections import Counter

import numpy as np

from stages.page.numbers import scores
from tasks.words.tags import spans
from tasks.writing.text_scores import corpus_metrics, reference_streams

SLOWEST = 60.0  # seconds that scoring every example alone may take
SIDES = ("predictions", "references")


def mean(sums):
    """From (value, 1)."""
    return ratio(sums[..., 0], sums[..., 1])


def ratio(above, below):
    """0 where there is nothing below."""
    return np.divide(above, below, out=np.zeros(np.broadcast(above, below).shape), where=below != 0)


def _by_class(sums):
    """(..., 3 * classes) -> right, predicted, gold, each (..., classes)."""
    return np.moveaxis(sums.reshape(*sums.shape[:-1], -1, 3), -1, 0)


def _f1s(sums):
    right, predicted, gold = _by_class(sums)
    return ratio(2 * right, predicted + gold), predicted + gold > 0, gold


def macro_f1(sums):
    """The mean over the classes that occur, as scikit-learn takes it."""
    f1, occurs, _ = _f1s(sums)
    return ratio((f1 * occurs).sum(axis=-1), occurs.sum(axis=-1))


def weighted_f1(sums):
    f1, _, gold = _f1s(sums)
    return ratio((f1 * gold).sum(axis=-1), gold.sum(axis=-1))


def micro(what):
    """Precision, recall or F1 over all classes together."""

    def score(sums):
        right, predicted, gold = (side.sum(axis=-1) for side in _by_class(sums))
        below = {"f1": (predicted + gold) / 2, "precision": predicted, "recall": gold}[what]
        return ratio(right, below)

    return score


def last_f1(sums):
    """F1 of the last class: of two labels, the positive one."""
    return _f1s(sums)[0][..., -1]


def matthews(sums):
    """Matthews' correlation for any number of classes (Gorodkin, 2004)."""
    right, predicted, gold = _by_class(sums)
    count = gold.sum(axis=-1)
    shared = right.sum(axis=-1) * count - (predicted * gold).sum(axis=-1)
    spreads = [count**2 - (side**2).sum(axis=-1) for side in (predicted, gold)]
    return ratio(shared, np.sqrt(np.maximum(spreads[0] * spreads[1], 0)))


def pearson(sums):
    """The mean over targets, from the sums of 1, x, y, xx, yy, xy, |x - y|, (x - y)^2 of each."""
    n, x, y, xx, yy, xy, _, _ = _by_target(sums)
    spreads = (n * xx - x**2) * (n * yy - y**2)
    return ratio(n * xy - x * y, np.sqrt(np.maximum(spreads, 0))).mean(axis=-1)


def _by_target(sums):
    return np.moveaxis(sums.reshape(*sums.shape[:-1], -1, 8), -1, 0)


def error(place):
    """The mean absolute (-2) or squared (-1) error, averaged over targets."""
    return lambda sums: ratio(_by_target(sums)[place], _by_target(sums)[0]).mean(axis=-1)


OF_CLASSES = {
    "f1_macro": macro_f1, "f1_micro": micro("f1"), "f1_weighted": weighted_f1, "mcc": matthews, "f1": last_f1,
    "tag_f1_macro": macro_f1, "token_f1_macro": macro_f1, "token_f1_micro": micro("f1"),
    "token_f1_weighted": weighted_f1,
}  # fmt: skip
OF_TARGETS = {"pearson": pearson, "mae": error(-2), "mse": error(-1)}


def families(task, metric, runs, examples):
    """The ways in which this score may be a function of sums, the cheapest first: [() -> (sums, function)]. `runs`: the
    rows of predictions of each; sums are (runs, examples, numbers)."""
    found = []
    name = metric.removeprefix("slot_").replace("strict_slot_", "strict_")
    if metric.startswith(("slot_", "strict_slot_")):
        sides = [([r["prediction"]["slots"] for r in rows], [r["gold"]["slots"] for r in rows]) for rows in runs]
    else:
        sides = [tuple(task.for_evaluate(rows, examples)[side] for side in SIDES) for rows in runs]
    if name in OF_CLASSES:
        found.append(lambda: (_classes(sides, task.splits_words, name.startswith("token_")), OF_CLASSES[name]))
    if name.removeprefix("strict_") in ("f1", "precision", "recall"):
        reader = strict_spans if name.startswith("strict_") else spans
        found.append(lambda: (_spans(sides, reader), micro(name.removeprefix("strict_"))))
    if metric.endswith("accuracy"):
        found.append(lambda: (np.array([[_equal(p, g) for p, g in zip(*side, strict=True)] for side in sides]), mean))
    if metric in OF_TARGETS:
        found.append(lambda: (_targets(runs), OF_TARGETS[metric]))
    if metric in ("bleu", "chrf", "ter"):
        found.append(lambda: _of_texts(task, metric, runs, examples))
    if metric == "perplexity":
        found.append(lambda: (_losses(runs), lambda sums: np.exp(np.minimum(mean(sums), 700))))
    return [*found, lambda: (_alone(task, metric, runs), mean)]


def _equal(predicted, gold):
    """(right, answers) of one example."""
    if not isinstance(gold, list):
        return predicted == gold, 1
    return sum(p == g for p, g in zip(predicted, gold, strict=True)), len(gold)


def _classes(sides, words, outside):
    """Right, predicted and gold by class; `outside`: the class O is none."""
    counts = [[_counted(p, g, words) for p, g in zip(*side, strict=True)] for side in sides]
    names = {name for of_run in counts for of_example in of_run for name, _ in of_example} - (
        {"O"} if outside else set()
    )
    place = {name: 3 * i for i, name in enumerate(sorted(names))}
    sums = np.zeros((len(counts), len(counts[0]), 3 * len(names)), np.float32)
    for r, of_run in enumerate(counts):
        for e, of_example in enumerate(of_run):
            for (name, side), count in of_example.items():
                if name in place:
                    sums[r, e, place[name] + side] += count
    return sums


def _counted(predicted, gold, words):
    """{(class, 0 right, 1 predicted, 2 gold): how often} of one example: a label, a list of them in any order, or one
    for each of its `words`."""
    if not isinstance(gold, list):
        right, predicted, gold = [gold] * (predicted == gold), [predicted], [gold]
    elif words:
        right = [g for p, g in zip(predicted, gold, strict=True) if p == g]
    else:
        right = [name for name in predicted if name in gold]
    return Counter((name, side) for side, names in enumerate((right, predicted, gold)) for name in names)


def _spans(sides, reader):
    """Right, predicted and gold entities of each example."""
    sums = []
    for predicted, gold in sides:
        pairs = [({*reader(p)}, {*reader(g)}) for p, g in zip(predicted, gold, strict=True)]
        sums.append([(len(p & g), len(p), len(g)) for p, g in pairs])
    return np.array(sums, float)


def strict_spans(tags):
    """(type, start, end) of each entity that begins with B and goes on with I of its type: what strict IOB2 admits."""
    found, start = [], None
    for i, tag in enumerate([*tags, "O"]):
        if start is not None and tag != f"I-{tags[start][2:]}":
            found.append((tags[start][2:], start, i))
            start = None
        if tag.startswith("B-"):
            start = i
    return found


def _targets(runs):
    return np.array([[_moments(row["prediction"], row["gold"]) for row in rows] for rows in runs], float)


def _moments(predicted, gold):
    names = list(gold) if isinstance(gold, dict) else [None]
    pairs = [(gold, predicted) if name is None else (gold[name], predicted[name]) for name in names]
    pairs = [(float(x), float(y)) for x, y in pairs]
    return [n for x, y in pairs for n in (1, x, y, x * x, y * y, x * y, abs(x - y), (x - y) ** 2)]


def _of_texts(task, metric, runs, examples):
    """BLEU, chrF or TER: sacreBLEU's own statistics of each text."""
    language = getattr(task, "target_language", None) or getattr(task, "language", None)
    scorer, streams = corpus_metrics(language)[metric], reference_streams(examples[task.target])
    sums = [scorer._extract_corpus_statistics([r["prediction"] or "" for r in rows], streams) for rows in runs]
    return np.array(sums, float), lambda of: np.apply_along_axis(
        lambda one: scorer._compute_score_from_stats(one.tolist()).score, -1, of
    )


def _losses(runs):
    return np.array([[(row["loss"] * row["tokens"], row["tokens"]) for row in rows] for rows in runs], float)


def _alone(task, metric, runs):
    """The score of each example alone, where that is quick; a mean of them only if the check says so."""
    from time import perf_counter

    started = perf_counter()
    for row in runs[0][:5]:
        scores(task, [row])
    if (perf_counter() - started) / 5 * len(runs) * len(runs[0]) > SLOWEST:
        raise ValueError("too slow")
    return np.array([[(scores(task, [row])[metric], 1) for row in rows] for rows in runs], float)
