"""Compare finished runs: `python -m sweeps.compare runs task=ner --by model --baseline bert-base-cased`.

Runs that differ only in seed are repetitions of one another. Every group of them is compared with the baseline on the
same test examples; the answer is a table, a sentence for each comparison, and warnings.
"""

import argparse
import sys
from pathlib import Path

from stages.command_line import clear_errors
from stages.config import register_open_nodes
from stages.terminal import say, stage, table, warn
from sweeps.filters import is_filter, kept
from sweeps.groups import group_runs, naming, newest, pick
from sweeps.runs import Run, find_runs

DRAWS = 2000
MANY = 40  # groups that one table may have


def arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m sweeps.compare",
        description="Compare finished runs: groups of seeds, intervals, paired tests, a conclusion in a sentence.",
        epilog="Examples:\n"
        "  python -m sweeps.compare runs task=ner --by model --baseline bert-base-cased\n"
        "  python -m sweeps.compare 'sweep model=a,b seed=1,2,3' --out comparison\n"
        "  python -m sweeps.compare runs/A runs/B --examples 20\n\n"
        "Which test covers what, and why: docs/comparing.md",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("places", nargs="+", metavar="RUNS", help="run folders, folders of runs, the name (or a part) of a sweep; "
        "key=value keeps the runs that have it (model=roberta*, data=a,b)")  # fmt: skip
    add("--by", action="append", default=[], metavar="KEY", help="make groups by this key (model, "
        "optimizer.learning_rate; several with commas) instead of by all keys but the seed")  # fmt: skip
    add("--metric", metavar="SPLIT/SCORE", help="default: the score that chose the checkpoints, on test")
    add("--baseline", metavar="GROUP", help="what the others are compared with: key=value, or a part of its name; "
        "default: of two the first, of more the best on validation")  # fmt: skip
    add("--out", metavar="FOLDER", help="also write comparison.md, .tex, .csv, .json and .html into it")
    add("--examples", type=_count, metavar="N", help="of two runs: the N examples in which they differ most")
    add("--wandb", action="store_true", help="also log it to W&B, as a run of job type comparison")
    add("--resamples", type=_count, default=DRAWS, metavar="N", help=f"draws of bootstrap and randomization ({DRAWS})")
    add("--root", default="runs", metavar="FOLDER", help="where the runs of a sweep's name lie (runs)")
    return parser.parse_args(words)


def _count(word):
    if not word.isdecimal() or not int(word):
        raise argparse.ArgumentTypeError(f"{word} is no number above 0")
    return int(word)


def compare(chosen: argparse.Namespace) -> None:
    """What the command does."""
    given = _wanted(chosen)
    runs = given if chosen.examples else newest(given)
    if chosen.examples:
        from sweeps.examples import show_examples

        split = (chosen.metric or "").partition("/")[0] or None
        return show_examples(runs, chosen.examples, split, chosen.out)
    keys = [key for word in chosen.by for key in word.split(",") if key]
    groups, inside = group_runs(runs, keys)
    _check(groups)
    baseline = pick(groups, chosen.baseline) if chosen.baseline else None

    from sweeps.samples import choose_metric

    split, metric = choose_metric(runs, chosen.metric)

    from sweeps.conclusions import conclude

    found = conclude(groups, split, metric, baseline, chosen.resamples)
    if len(runs) < len(given):
        found.warnings.append(f"{len(given) - len(runs)} older runs with the same choices and seed were left out.")
    if inside:
        more = ", ".join(f"{key} ({count} values)" for key, count in inside.items())
        found.warnings.append(f"Inside groups these vary too, so their spread is not the seeds' alone: {more}.")
    along = [] if keys else naming(runs)[1]
    if along:
        found.warnings.append(f"These change together with what names the groups: {', '.join(along)}.")
    show(found)
    if chosen.out:
        from sweeps.tables import write_all

        names = write_all(Path(chosen.out), found, runs)
        stage("written", f"{chosen.out}  ({'  '.join(names)})")
    if chosen.wandb:
        from sweeps.logged import log_comparison

        stage("W&B", log_comparison(found, runs))
    return None


def _wanted(chosen) -> list[Run]:
    """The runs of all places that have what the filters say; ValueError where they are of different tasks."""
    filters = [word for word in chosen.places if is_filter(word) and not Path(word).exists()]
    places = [word for word in chosen.places if word not in filters]
    runs = kept(find_runs(places or [chosen.root], chosen.root), filters)
    tasks = {run.config["task"]["name"]: run for run in runs}
    if len(tasks) > 1:
        shown = ", ".join(f"{name} ({run.folder.name})" for name, run in sorted(tasks.items()))
        raise ValueError(f"runs of different tasks cannot be compared: {shown}. Keep one: task={min(tasks)}")
    return runs


def _check(groups):
    if len(groups) > MANY:
        keys = ", ".join(list(groups[0].choices)[:6])
        raise ValueError(
            f"{len(groups)} groups are too many for one table. Keep fewer, or give --by; they vary: {keys}."
        )


def show(found) -> None:
    """Print a conclusion: the scores, each comparison with its tests, sentences and warnings."""
    from sweeps.tables import FURTHER, comparison_rows, score_rows, test_rows

    count = f", {found.examples:,} examples" if found.examples else ""
    table(f"{found.title}{count}; intervals over {found.covers}", score_rows(found))
    if found.comparisons:
        table(f"against {found.comparisons[0].baseline.name}", comparison_rows(found))
        table(FURTHER, test_rows(found))
        say("")
    for one in found.comparisons:
        say(one.sentence, style="bold" if one.verdict in ("better", "worse") else None)
    for warning in found.warnings:
        warn(warning)


if __name__ == "__main__":
    register_open_nodes()
    with clear_errors():
        compare(arguments(sys.argv[1:]))
