"""What runs allow to conclude: scores with intervals, each group against a baseline, a sentence, and warnings."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from sweeps import paired, statistics
from sweeps.groups import CODE, Group
from sweeps.samples import Sums, samples
from sweeps.sentences import ALPHA, sentence

FEW = 30  # test examples below which nothing is concluded
NULLS = {
    "seeds and examples": "trained with other seeds and scored on other examples, both have the same expected score",
    "paired bootstrap": "these very models do equally well on all examples of this kind; other seeds are not covered",
    "randomization": "on these examples, the answers of these very models could come from either side; other seeds are "
    "not covered",
    "McNemar": "two of these models are right equally often; other seeds are not covered (twice the median over pairs)",
    "Wilcoxon": "over seeds, on this test split, differences are symmetric around 0; other examples are not covered",
}


@dataclass(frozen=True)
class Side:
    """A group with its scores, one per run, and what is known of their mean. `interval`: 95 %, nan where nothing is
    known; `covers`: what it is drawn over."""

    group: Group
    scores: np.ndarray
    spread: dict[str, float]
    interval: tuple[float, float]
    covers: str

    @property
    def name(self):
        return self.group.name


@dataclass(frozen=True)
class Comparison:
    """A group against the baseline. `p`, `holm`: of the test that covers seeds and examples, as far as they are known,
    raw and adjusted; `tests`: p of the others by name; `verdict`: better, worse, not different or no conclusion."""

    side: Side
    baseline: Side
    difference: float
    interval: tuple[float, float]
    p: float
    effect: float
    tests: dict[str, float]
    covers: str
    holm: float = float("nan")
    verdict: str = ""
    sentence: str = ""


@dataclass(frozen=True)
class Conclusion:
    """All of it. `examples`: how many were scored, 0 where predictions are not there; `greater`: whether that is better
    in this score."""

    task: str
    data: str
    split: str
    metric: str
    greater: bool
    examples: int
    sides: list[Side]
    comparisons: list[Comparison]
    warnings: list[str] = field(default_factory=list)

    @property
    def title(self):
        return f"{self.split}/{self.metric} of {self.task} on {self.data}"

    @property
    def covers(self):
        """What the intervals of the groups are drawn over."""
        return ", or ".join(sorted({side.covers for side in self.sides}))


def conclude(groups: list[Group], split: str, metric: str, baseline: Group | None, draws: int = 2000) -> Conclusion:
    """Compare groups of runs by one score. `baseline`: None for the one that is best on validation of three or more,
    the first of two. Raises ValueError where their test examples differ."""
    task, greater = groups[0].runs[0].task, is_greater_better(groups[0].runs[0].task, metric)
    found, why = samples([group.runs for group in groups], split, metric)
    drawn = [paired.resampled(one, min(draws, one.draws)) if found else None for one in found or groups]
    count = found[0].size if found else 0
    sides = [_side(group, split, metric, d, count) for group, d in zip(groups, drawn, strict=True)]
    chosen = groups.index(baseline) if baseline else _reference(groups, metric, greater)
    others = [i for i in range(len(groups)) if i != chosen]
    compared = []
    for i in others:
        pair = (found[i], found[chosen]) if found else None
        compared.append(_compare(sides[i], sides[chosen], (drawn[i], drawn[chosen]), pair, count, draws))
    holm = statistics.holm([one.p for one in compared])
    compared = [_judged(one, p, metric, greater, count, len(compared)) for one, p in zip(compared, holm, strict=True)]
    order = sorted(sides, key=lambda side: -side.spread["mean"] if greater else side.spread["mean"])
    notes = [*([f"Intervals and tests cover seeds only: {why}."] if why else []), *warnings(groups, split, count)]
    notes += _of_choice(groups, order, split, metric, greater)
    data = groups[0].runs[0].config["data"]["name"]
    return Conclusion(task.name, data, split, metric, greater, count, order, compared, notes)


def is_greater_better(task, metric: str) -> bool:
    """As the task says, also of a part's score; of others by their name."""
    known = task.directions.get(metric, task.directions.get(metric.rpartition("/")[2]))
    less = ("loss", "error", "perplexity", "mae", "mse", "ter", "bits", "wer", "cer")
    return known if known is not None else not any(word in metric for word in less)


def _side(group, split, metric, drawn, count):
    scores = np.array([run.value(split, metric) for run in group.runs], float)
    spread, of = statistics.spread(scores), statistics.parts(scores, drawn, count)
    half = statistics.half_width(of)
    covers = " and ".join(what for what, there in (("seeds", of.seeds), ("examples", of.count)) if there)
    return Side(group, scores, spread, (spread["mean"] - half, spread["mean"] + half), covers or "nothing")


def _reference(groups, metric, greater):
    """The group that is best on validation, or the first of two, or where validation lacks the score."""
    values = [[run.value("validation", metric) for run in group.runs] for group in groups]
    if len(groups) < 3 or any(value is None for own in values for value in own):
        return 0
    means = [float(np.mean(own)) for own in values]
    return means.index(max(means) if greater else min(means))


def _compare(side, baseline, drawn, pair, count, draws):
    a, b = side.scores, baseline.scores
    difference = float(a.mean() - b.mean())
    of = statistics.difference_parts(a, b, drawn if pair else None, count)
    half, several = statistics.half_width(of), min(len(a), len(b)) > 1
    covers = " and ".join(what for what, there in (("seeds", several), ("examples", pair)) if there) or "nothing"
    return Comparison(
        side, baseline, difference, (difference - half, difference + half), statistics.p_value(difference, of),
        statistics.hedges_g(a, b), _tests(side, baseline, difference, drawn, pair, draws), covers,
    )  # fmt: skip


def _tests(side, baseline, difference, drawn, pair, draws):
    """p-values of the tests that cover examples or seeds alone."""
    found = {}
    if pair:
        found["paired bootstrap"] = paired.bootstrap_p(*drawn, difference)
        found["randomization"] = paired.randomization_p(*pair, int(min(draws, pair[0].draws)))
        if all(map(_is_right_or_wrong, pair)):
            rights = (of.sums[..., 0] > 0.5 for of in pair)
            each = [paired.mcnemar_p(x, y) for x, y in zip(*rights, strict=False)]
            found["McNemar"] = each[0] if len(each) == 1 else min(2 * float(np.median(each)), 1.0)  # Rueger, 1978
    common = [seed for seed in side.group.seeds if seed in baseline.group.seeds]
    if len(common) > 1:
        ours, theirs = (dict(zip(s.group.seeds, s.scores, strict=True)) for s in (side, baseline))
        found["Wilcoxon"] = paired.wilcoxon_p([float(ours[seed] - theirs[seed]) for seed in common])
    return found


def _is_right_or_wrong(sample):
    """Whether each example is one answer, right or wrong."""
    if not isinstance(sample, Sums) or sample.sums.shape[-1] != 2:
        return False
    return bool((sample.sums[..., 1] == 1).all() and np.isin(sample.sums[..., 0], (0, 1)).all())


def _judged(one, holm, metric, greater, count, comparisons):
    if "seeds" not in one.covers or (count and count < FEW):
        verdict = "no conclusion"
    elif holm < ALPHA:
        verdict = "better" if (one.difference > 0) == greater else "worse"
    else:
        verdict = "not different"
    words = sentence(one, verdict, holm, metric, count if count < FEW else None, comparisons)
    return Comparison(**{**vars(one), "holm": holm, "verdict": verdict, "sentence": words})


def warnings(groups: list[Group], split: str, count: int) -> list[str]:
    """What stands against a conclusion from these runs."""
    runs, found = [run for group in groups for run in group.runs], []
    if count and count < FEW:
        found.append(f"{count} {split} examples are too few for a conclusion; {FEW} are the least, hundreds are usual.")
    if split == "validation":
        found.append("Validation chose the checkpoints, so scores there are optimistic. Conclude on test.")
    if any(run.content.get("data.validation", 0) == run.content.get("data.test", 1) for run in runs):
        found.append("data.validation and data.test hold the same: the test split chose the checkpoints.")
    if split == "test" and any(_searched_on_test(run) for run in runs):
        found.append("A search chose these runs by their test score: the best of them are optimistic.")
    codes = {run.content.get("the code", "")[:16] for run in runs}
    if len(codes) > 1:
        found.append(f"The runs come from {len(codes)} versions of the code ({CODE[0]} in identity.json).")
    for group in groups:
        twice = [a for a, b in pairwise(sorted(map(str, group.seeds))) if a == b]
        if twice:
            found.append(
                f"{group.name} has the seed {twice[0]} more than once: its runs are no independent repetitions."
            )
    if any("stopped" in run.metrics for run in runs):
        found.append("Some trainings were ended early, by a signal or a budget.")
    return found


def _searched_on_test(run):
    """Whether the search that made this run aimed at a test score."""
    metrics = (run.config.get("sweeper") or {}).get("metrics") or []
    return any(str(name).startswith("test/") for name in ([metrics] if isinstance(metrics, str) else metrics))


def _of_choice(groups, order, split, metric, greater):
    """Of several groups: which one validation chooses, and that the best on test was chosen on test."""
    known = all(run.value("validation", metric) is not None for group in groups for run in group.runs)
    if split != "test" or len(groups) < 3 or not known:
        return []
    chosen, best = groups[_reference(groups, metric, greater)], order[0]
    if chosen is best.group:
        return []
    own = next(side for side in order if side.group is chosen)
    return [
        f"Best of {len(groups)} groups on test is {best.name}: whoever takes it for that has chosen on test, and its "
        f"{best.spread['mean']:.4f} is optimistic. Validation chooses {own.name}, {own.spread['mean']:.4f} on test."
    ]
