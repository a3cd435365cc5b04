"""A conclusion as rows, and in the forms that go elsewhere: Markdown, LaTeX, CSV, JSON, a page."""

import csv
import io
import re
from math import isfinite
from pathlib import Path

from stages.files import write_json, write_text
from stages.page.markup import plain
from sweeps.runs import Run
from sweeps.sentences import said_p

TEX = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}",
    ">": r"\textgreater{}", **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}  # fmt: skip
FURTHER = "p of tests of these very models, over examples alone, and of seeds, on this test split alone"
COVER = "Intervals are 95 %, over {}; p is Holm's over all comparisons."


def score_rows(found) -> list[dict]:
    """One row per group, best first."""
    return [
        {
            "group": side.name,
            "seeds": len(side.scores),
            "mean": side.spread["mean"],
            "sd": _number(side.spread["sd"]),
            "min": side.spread["min"],
            "max": side.spread["max"],
            "95 % interval": _interval(side.interval),
        }
        for side in found.sides
    ]


def comparison_rows(found) -> list[dict]:
    """One row per comparison; p covers seeds and examples as far as they are known."""
    return [
        {
            "group": one.side.name,
            "difference": f"{one.difference:+.4f}",
            "95 % interval": _interval(one.interval),
            "p": _p(one.p),
            "Holm's p": _p(one.holm),
            "g": f"{one.effect:.2f}" if isfinite(one.effect) else "",
            "verdict": one.verdict,
        }
        for one in found.comparisons
    ]


def test_rows(found) -> list[dict]:
    """One row per comparison: p of the tests that cover examples or seeds alone."""
    names = dict.fromkeys(name for one in found.comparisons for name in one.tests)
    nothing = float("nan")
    rows = [(one.side.name, {name: _p(one.tests.get(name, nothing)) for name in names}) for one in found.comparisons]
    return [{"group": group, **values} for group, values in rows] if names else []


def _number(value):
    return value if isfinite(value) else None


def _interval(ends):
    return "[{:.4f}, {:.4f}]".format(*ends) if isfinite(ends[0]) else ""


def _p(value):
    return "" if value != value else said_p(value).removeprefix("p ").removeprefix("= ")


def write_all(folder: Path, found, runs: list[Run]) -> list[str]:
    """Write every form into a folder; -> the files' names."""
    from sweeps.page.document import document

    texts = {
        "comparison.md": markdown(found), "comparison.tex": latex(found), "comparison.csv": comma_separated(found),
        "comparison.html": document(found, runs),
    }  # fmt: skip
    for name, text in texts.items():
        write_text(folder / name, text)
    write_json(folder / "comparison.json", as_json(found))
    return [*texts, "comparison.json"]


def markdown(found) -> str:
    """A table and the sentences."""
    parts = [f"# {plain(found.title)}", f"{COVER.format(found.covers)}", _markdown_table(score_rows(found))]
    if found.comparisons:
        parts += [f"Against {plain(found.comparisons[0].baseline.name)}:", _markdown_table(comparison_rows(found))]
    if test_rows(found):
        parts += [f"{FURTHER}:", _markdown_table(test_rows(found))]
    parts += ["\n".join(f"- {plain(one.sentence)}" for one in found.comparisons)]
    parts += ["\n".join(f"- Warning: {plain(warning)}" for warning in found.warnings)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _markdown_table(rows):
    lines = [list(rows[0]), ["---"] * len(rows[0]), *([_cell(value) for value in row.values()] for row in rows)]
    head, rule, *body = lines
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, rule, *(list(map(plain, row)) for row in body)])


def _cell(value):
    return f"{value:.4f}" if isinstance(value, float) else "" if value is None else str(value)


def latex(found) -> str:
    """A table for booktabs: mean, standard deviation, interval, and what stands against the baseline."""
    of = {one.side.name: one for one in found.comparisons}
    lines = [
        "% \\usepackage{booktabs}",
        "\\begin{tabular}{lrrlrr}",
        "\\toprule",
        f"group & seeds & {tex(found.metric)} & 95\\,\\% interval & difference & $p$ \\\\",
        "\\midrule",
    ]
    for side in found.sides:
        one, sd = of.get(side.name), side.spread["sd"]
        mean = f"{side.spread['mean']:.4f}" + (f" $\\pm$ {sd:.4f}" if isfinite(sd) else "")
        against = [f"${one.difference:+.4f}$", tex(_p(one.holm))] if one else ["", ""]
        cells = [tex(side.name), str(len(side.scores)), mean, _interval(side.interval), *against]
        lines.append(" & ".join(cells) + " \\\\")
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}", f"% {COVER.format(found.covers)}"]) + "\n"


def tex(text: str) -> str:
    """Any text as LaTeX shows it."""
    return re.sub(r"[\\~^<>&%$#_{}]", lambda sign: TEX[sign[0]], " ".join(str(text).split()))


def comma_separated(found) -> str:
    """One line per group, numbers in full; a name that a spreadsheet would take for a formula is quoted."""
    of, rows = {one.side.name: one for one in found.comparisons}, []
    for side in found.sides:
        one = of.get(side.name)
        row = {"group": _no_formula(side.name), "split": found.split, "score": found.metric, "runs": len(side.scores)}
        row |= {**side.spread, "low": side.interval[0], "high": side.interval[1], "over": side.covers}
        row |= {"baseline": _no_formula(one.baseline.name) if one else "", "difference": one.difference if one else ""}
        row |= {"p": one.p if one else "", "holm": one.holm if one else "", "verdict": one.verdict if one else ""}
        rows.append(row)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _no_formula(name):
    return f"'{name}" if name[:1] in "=+-@" else name


def as_json(found) -> dict:
    """All of it, for other programs; null where a number is not known."""
    return {
        "title": found.title, "split": found.split, "score": found.metric, "examples": found.examples,
        "groups": [
            {"name": side.name, "choices": side.group.choices, "seeds": side.group.seeds,
             "runs": [run.folder.name for run in side.group.runs], "values": list(map(float, side.scores)),
             **{name: _number(value) for name, value in side.spread.items()},
             "interval": [_number(float(end)) for end in side.interval], "over": side.covers}
            for side in found.sides
        ],
        "comparisons": [
            {"group": one.side.name, "baseline": one.baseline.name, "difference": one.difference,
             "interval": [_number(float(end)) for end in one.interval], "p": _number(one.p), "holm": _number(one.holm),
             "hedges_g": _number(one.effect), "over": one.covers, "verdict": one.verdict, "sentence": one.sentence,
             "tests": {name: _number(p) for name, p in one.tests.items()}}
            for one in found.comparisons
        ],
        "warnings": found.warnings,
    }  # fmt: skip
