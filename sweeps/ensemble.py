"""Several finished runs as one: `python -m sweeps.ensemble RUN RUN ... [--how mean|vote]`, scored as a run is."""

import argparse
import hashlib
import sys
import time
from pathlib import Path
from statistics import fmean

from omegaconf import OmegaConf

from stages.command_line import clear_errors
from stages.config import register_open_nodes
from stages.files import write_json, write_lines, write_text
from stages.folder import CONFIG, FINISHED, PROVENANCE, code_digest, safe_name
from stages.report import prediction_rows
from stages.terminal import say, stage, table
from sweeps import votes
from sweeps.runs import find_runs
from sweeps.samples import check_same_examples

WAYS = ("mean", "vote")


def arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m sweeps.ensemble",
        description="The answers of several finished runs to the same test examples, together: scored as a run is.",
        epilog="Examples:\n  python -m sweeps.ensemble runs/A runs/B runs/C\n"
        "  python -m sweeps.ensemble 'sweep seed=1,2,3' --how vote\n\n"
        "mean: of the probabilities; from the predictions where they hold them, else by asking the models again.\n"
        "vote: the answer of most runs; needs no model.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("places", nargs="+", metavar="RUNS", help="run folders, folders of runs, or the name of a sweep")
    add("--how", choices=WAYS, default="mean", help="default: mean")
    add("--split", choices=("test", "validation"), help="default: test where all runs have it")
    add("--out", metavar="FOLDER", help="where predictions and scores go; default: ensembles/ beside the first run")
    add("--root", default="runs", metavar="FOLDER", help="where the runs of a sweep's name lie (runs)")
    add("--cpu", action="store_true", help="ask the models on the CPU")
    return parser.parse_args(words)


def combine(chosen: argparse.Namespace) -> Path:
    """What the command does; -> the folder with the ensemble's predictions and scores, which compares like a run."""
    runs = find_runs(chosen.places, chosen.root)
    split = chosen.split or ("test" if all("test" in run.splits for run in runs) else "validation")
    _check(runs, split)
    rows = [run.predictions(split) for run in runs]
    check_same_examples(runs, rows, split)
    task, started = runs[0].task, time.time()
    stage("ensemble", f"{chosen.how} of {len(runs)} runs, {task.name}, {len(rows[0]):,} {split} examples")
    raw, examples = _examples(task, rows[0])
    predictions = _predictions(runs, rows, examples, split, chosen)
    scores = task.metrics(predictions, examples)
    place = Path(chosen.out) if chosen.out else _place(runs, chosen.how)
    _write(place, runs, chosen.how, split, prediction_rows(task, raw, predictions), scores, time.time() - started)
    _show(task, runs, split, scores)
    stage("written", f"{place}  ({FINISHED}  predictions/{split}.jsonl  {CONFIG})")
    return place


def _check(runs, split):
    """Raise ValueError for runs that have no answer in common."""
    if len(runs) < 2:
        raise ValueError(f"an ensemble needs two runs or more, {len(runs)} is given.")
    tasks = {run.config["task"]["name"] for run in runs}
    if len(tasks) > 1:
        raise ValueError(f"runs of different tasks have no answer in common: {', '.join(sorted(tasks))}.")
    lacking = next((run for run in runs if not (run.folder / "predictions" / f"{split}.jsonl").is_file()), None)
    if lacking:
        raise ValueError(f"{lacking.folder.name} has no predictions/{split}.jsonl. Choose --split, or leave it out.")
    if runs[0].task.members:
        raise ValueError("multi_task answers several questions at once: ensembles of its parts are not made.")


def _examples(task, rows):
    """-> (the examples as they were given, and as the task prepares them), from a run's predictions."""
    if "gold" not in rows[0]:
        raise ValueError(f"{task.name} gives no answers but losses: there is nothing to vote on.")
    *inputs, gold = task.form(rows[0])
    names = [name for name in (*inputs, *task.optional) if name in rows[0]]
    raw = {name: [row[name] for row in rows] for name in names} | {gold: [row["gold"] for row in rows]}
    return raw, task.prepare({"test": raw})[0]["test"]


def _predictions(runs, rows, examples, split, chosen):
    """One answer per example."""
    task, columns = runs[0].task, list(zip(*rows, strict=True))
    if chosen.how == "vote":
        return [votes.vote(list(own), task.splits_words) for own in columns]
    if all(votes.holds_probabilities(own) for own in rows):
        return [votes.mean(task, list(own)) for own in columns]
    lacking = next((run for run in runs if not (run.folder / "model" / "config.json").is_file()), None)
    if lacking:
        raise ValueError(
            f"{lacking.folder.name} has no model any more, and its predictions hold no probabilities. Give --how vote."
        )
    from sweeps.together import predict_together

    return predict_together(runs, examples, split, {"use_cpu": True} if chosen.cpu else {})


def _place(runs, how):
    names = " ".join([how, *(run.folder.name for run in runs)])
    parts = (runs[0].config["task"]["name"].split(".")[-1], runs[0].config["data"]["name"], how)
    digest = hashlib.sha256(names.encode()).hexdigest()[:8]
    return runs[0].folder.parent / "ensembles" / "-".join([*map(safe_name, parts), digest])


def _write(place, runs, how, split, rows, scores, seconds):
    """What a run leaves, as far as an ensemble has it: `sweeps.compare` reads it like one."""
    members = [run.folder.name for run in runs]
    model = {"name": f"{how} of {len(runs)}", "path": " ".join(members)}
    config = {**runs[0].config, "model": model, "seed": None}
    write_text(place / CONFIG, OmegaConf.to_yaml(OmegaConf.create(config)))
    write_lines(place / "predictions" / f"{split}.jsonl", rows)
    origin = {"command": ["sweeps.ensemble", *members, "--how", how], "code": code_digest()[:16], "members": members}
    origin |= {"started": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "seconds": round(seconds, 1)}
    write_json(place / PROVENANCE, origin)
    cost = [run.metrics.get("training_seconds") for run in runs]
    spent = {"training_seconds": sum(cost)} if all(isinstance(one, int | float) for one in cost) else {}
    write_json(place / FINISHED, {split: scores.values, "tables": {split: scores.tables}, "members": members, **spent})


def _show(task, runs, split, scores):
    """The ensemble's scores beside those of its runs."""
    rows = []
    for name in dict.fromkeys((task.best, *task.shown)):
        own = [run.value(split, name) for run in runs]
        if name in scores.values and None not in own:
            known = {"ensemble": float(scores.values[name]), "mean of the runs": fmean(own)}
            rows.append({"score": name, **known, "least": float(min(own)), "greatest": float(max(own))})
    table(f"scores ({split})", rows)
    say(
        "One ensemble is one number: compare it on examples (python -m sweeps.compare), or make several of other seeds."
    )


if __name__ == "__main__":
    register_open_nodes()
    with clear_errors():
        combine(arguments(sys.argv[1:]))
