"""A comparison in a plain sentence: 'a is better than b: +1.9 F1 [1.2, 2.6], p = 0.001; 5 seeds'."""

import re
from math import isfinite

SHARES = re.compile(r"(?:^|[_/])(?:f1|accuracy|precision|recall|exact|match|rouge\w*|map|mrr|ndcg|top_\d+)(?:$|[_/])")
CAPITALS = re.compile(r"(?:^|(?<=[_/]))(?:f1|bleu|ter|mcc|map|mrr|ndcg|qwk|mae|mse)(?=$|[_/])")
ALPHA = 0.05
PHRASES = {"better": "is better than", "worse": "is worse than", "not different": "is not different from"}


def sentence(comparison, verdict: str, holm: float, metric: str, few: int | None, comparisons: int) -> str:
    """`few`: the number of test examples where that is too small, else None; `comparisons`: over how many `holm` is
    adjusted."""
    a, b = comparison.side, comparison.baseline
    largest = max(abs(a.scores).max(), abs(b.scores).max())
    scale = 100 if SHARES.search(metric) and largest <= 1 else 1
    digits = 1 if scale == 100 or largest > 20 else 3
    seen = f"{comparison.difference * scale:+.{digits}f} {named(metric)}"
    if isfinite(comparison.interval[0]):
        seen += " [{}]".format(", ".join(f"{end * scale:.{digits}f}" for end in comparison.interval))
    adjusted = f" (Holm, {comparisons} comparisons)" if comparisons > 1 else ""
    if verdict == "not different" and comparison.p < ALPHA:
        adjusted = f" by Holm over {comparisons} comparisons, {said_p(comparison.p)} alone"
    p = f", {said_p(holm)}{adjusted}" if holm == holm else ""
    seeds = said_seeds(len(a.scores), len(b.scores))
    names = f"{a.group.short} {PHRASES.get(verdict, 'against')} {b.group.short}"
    if verdict == "no conclusion":
        return f"no conclusion on {names}: {seen}{p}{_over(comparison)}; {_lacking(seeds, comparison, few)}"
    if verdict == "not different":
        widest = max(abs(end) for end in comparison.interval) * scale
        return f"{names}: {seen}{p}; {seeds} (a difference of {widest:.{digits}f} is not excluded)"
    return f"{names}: {seen}{p}; {seeds}{'' if 'examples' in comparison.covers else ', over seeds alone'}"


def _over(comparison):
    return " over examples alone" if comparison.covers == "examples" else ""


def _lacking(seeds, comparison, few):
    if few is not None:
        return f"{few} examples are too few"
    return f"{seeds}, and another one may turn it round: train both with several (-m seed=1,2,3,4,5)"


def said_seeds(a: int, b: int) -> str:
    if a == b:
        return f"{a} seeds" if a > 1 else "one seed"
    return f"{a} and {b} seeds"


def said_p(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def named(metric: str) -> str:
    """F1, BLEU, macro F1 as they are written."""
    return CAPITALS.sub(lambda found: found[0].upper(), metric).replace("_", " ")
