"""Whether intervals and tests hold what they say: `python benchmarks/intervals_and_tests.py [EXPERIMENTS]`.

Experiments are simulated in which the truth is known. Each has test examples of different difficulty, and models that
differ by their seed: how good a model is, and which examples it happens to like. Coverage is how often an interval
holds the expected score over all seeds and examples; a false positive is a p below 5 % for two groups that are the same
method.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from sweeps import paired, statistics
from sweeps.samples import Sums
from sweeps.sums import mean, micro

DRAWS = 200
# Standard deviations, in log-odds: of seeds, of examples, of what a seed makes of an example.
WORLDS = {"seeds matter": (0.6, 1.0, 0.5), "both matter": (0.3, 2.0, 0.5), "examples matter": (0.1, 2.0, 1.0)}
BEST = 1.0  # log-odds of the mean example under the mean seed


def logistic(x):
    return 1 / (1 + np.exp(-x))


def right(rng, seeds, difficulty, world):
    """Right and wrong answers, (seeds, examples)."""
    of_seed, _, of_both = world
    odds = BEST + difficulty + rng.normal(0, of_seed, (seeds, 1)) + rng.normal(0, of_both, (seeds, len(difficulty)))
    return (rng.random(odds.shape) < logistic(odds)).astype(float)


def accuracy(rng, seeds, difficulty, world):
    answers = right(rng, seeds, difficulty, world)
    return Sums(np.stack([answers, np.ones_like(answers)], axis=-1), mean)


def entity_f1(rng, seeds, difficulty, world):
    """Micro F1: each example has 0 to 3 gold entities, found as answers are right; as many are predicted wrongly."""
    gold = np.random.default_rng(len(difficulty)).integers(0, 4, len(difficulty))
    found = sum(right(rng, seeds, difficulty, world) * (gold > i) for i in range(3))
    extra = sum((1 - right(rng, seeds, difficulty, world)) * (gold > i) for i in range(2))
    counts = [found, found + extra, np.broadcast_to(gold, found.shape)]
    return Sums(np.stack(counts, axis=-1), micro("f1"))


METRICS = {"accuracy": accuracy, "entity F1": entity_f1}


def truth(metric, world, size=400_000):
    """The expected score: of very many examples, each answered by a seed of its own."""
    rng = np.random.default_rng(1)
    one = METRICS[metric](rng, 1, rng.normal(0, np.hypot(world[0], world[1]), size), (0.0, *world[1:]))
    return float(one.score(one.sums.sum(axis=1))[0])


def experiment(rng, metric, seeds, examples, world, expected):
    """One experiment -> ({interval: whether it holds the truth}, {test: p})."""
    difficulty = rng.normal(0, world[1], examples)
    a, b = (METRICS[metric](rng, seeds, difficulty, world) for _ in range(2))
    seed = int(rng.integers(1 << 30))
    draws = [paired.resampled(one, DRAWS, seed) for one in (a, b)]
    x, y = (one.score(one.sums.sum(axis=1)) for one in (a, b))
    return _intervals(rng, x, draws[0], examples, expected), _tests(a, b, x, y, draws, examples)


def _intervals(rng, scores, drawn, examples, expected):
    center, of_seeds = scores.mean(), statistics.parts(scores, None)
    both = statistics.half_width(statistics.parts(scores, drawn, examples))
    held = {"seeds and examples": abs(center - expected) <= both}
    if len(scores) > 1:
        held["t over seeds"] = abs(center - expected) <= statistics.half_width(of_seeds)
        places = rng.integers(0, len(scores), drawn.shape)
        held["percentiles over seeds"] = _inside(scores[places].mean(axis=1), expected)
        held["percentiles over both"] = _inside(np.take_along_axis(drawn, places, axis=1).mean(axis=1), expected)
    return held


def _inside(draws, expected):
    low, high = np.quantile(draws, [0.025, 0.975])
    return low <= expected <= high


def _tests(a, b, x, y, draws, examples):
    difference = float(x.mean() - y.mean())
    both = statistics.difference_parts(x, y, tuple(draws), examples)
    found = {"p": statistics.p_value(difference, both), "paired bootstrap": paired.bootstrap_p(*draws, difference)}
    found["randomization"] = paired.randomization_p(a, b, DRAWS)
    if a.score is mean:
        found["McNemar"] = min(2 * float(np.median([
            paired.mcnemar_p(p, q) for p, q in zip(a.sums[..., 0], b.sums[..., 0], strict=True)
        ])), 1.0) if len(x) > 1 else paired.mcnemar_p(a.sums[0, :, 0], b.sums[0, :, 0])  # fmt: skip
    if len(x) > 1:
        found["Welch over seeds"] = statistics.p_value(difference, statistics.difference_parts(x, y, None, 0))
        found["Wilcoxon"] = paired.wilcoxon_p(list(x - y))
    return found


def rates(experiments, metric, seeds, examples, world, seed=0):
    """-> ({interval: coverage}, {test: false positives}), shares of the experiments."""
    rng, expected = np.random.default_rng(seed), truth(metric, world)
    held, rejected = {}, {}
    for _ in range(experiments):
        intervals, tests = experiment(rng, metric, seeds, examples, world, expected)
        for name, inside in intervals.items():
            held.setdefault(name, []).append(bool(inside))
        for name, p in tests.items():
            rejected.setdefault(name, []).append(p < 0.05)
    return tuple({name: float(np.mean(of)) for name, of in kept.items()} for kept in (held, rejected))


def show(experiments):
    """Both tables, in percent."""
    rows, started = [], time.time()
    for metric, seeds, examples in (("accuracy", 3, 300), ("accuracy", 5, 300), ("accuracy", 10, 300),
                                    ("accuracy", 3, 2000), ("entity F1", 3, 300), ("entity F1", 5, 300)):  # fmt: skip
        for name, world in WORLDS.items():
            title = f"{metric}, {seeds} seeds, {examples} examples, {name}"
            rows.append((title, *rates(experiments, metric, seeds, examples, world)))
            print(f"{time.time() - started:6.0f} s  {title}", file=sys.stderr, flush=True)
    same = (0.0, 2.0, 0.0)
    rows.append(("accuracy, 1 model, 300 examples, no seeds", *rates(experiments, "accuracy", 1, 300, same)))
    rows.append(("entity F1, 1 model, 300 examples, no seeds", *rates(experiments, "entity F1", 1, 300, same)))
    _print(rows, experiments)
    print(f"\n{time.time() - started:.0f} s")


def _print(rows, experiments):
    for title, side in (("coverage of 95 % intervals", 1), ("false positives at 5 %", 2)):
        names = list(dict.fromkeys(name for row in rows for name in row[side]))
        print(f"\n{title}, {experiments} experiments each\n| | {' | '.join(names)} |\n|---{'|---' * len(names)}|")
        for row in rows:
            cells = [f"{100 * row[side][name]:.1f}" if name in row[side] else "" for name in names]
            print(f"| {row[0]} | {' | '.join(cells)} |")


if __name__ == "__main__":
    show(int(sys.argv[1]) if sys.argv[1:] else 1000)
