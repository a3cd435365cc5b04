"""A finished run, used: `from=` scores it on other data, or labels new text with it."""

import json
import sys
import time
from contextlib import contextmanager, redirect_stdout
from itertools import chain
from pathlib import Path

from stages import files, folder, signals
from stages.finished import saved_labels, tuned_task
from stages.hardware import launched
from stages.inputs import STANDARD, read_parts
from stages.launching import start_processes
from stages.request import read_request
from stages.terminal import is_main, say, shows_bars, stage, table

GRACE = 10  # seconds after a signal: there is nothing to save


def use_run(words):
    """What a command with `from=` does."""
    request = read_request(words)
    try:
        with signals.listening(GRACE, watch=launched() is not None):
            score_run(request) if request.predict is None else label_text(request)
    except KeyboardInterrupt as stopped:
        say("interrupted: nothing was kept")
        raise SystemExit(getattr(stopped, "code", 130)) from None


def score_run(request):
    """Score a run's model on the test split of other data; the scores stay in the run's folder."""
    config, task = request.config, tuned_task(request.run)
    place = request.run / "scored" / f"{folder.safe_name(_data_name(config['data']))}-{folder.digest(config)}"
    if folder.is_finished(place) and not request.again:
        say("This was scored before, these are its scores. rerun=true scores it again.")
        return show_scored(place, request, task)
    _start_processes(request)

    from stages import findings, report
    from stages.data import Data, load_test
    from stages.extra_metrics import load_metrics

    started, labels = time.time(), saved_labels(request.run, task)
    examples, source, found = load_test(config["data"], task)
    found = found + findings.find_for_model("test", examples, task, labels)
    _introduce(request)
    if is_main() and request.again:
        folder.keep_old(place)
    report.show_findings(found, place)

    from stages.prediction import load_model

    extra = load_metrics(config["metrics"]["extra"], task, Data({"validation": examples}, labels, source, found))
    model = load_model(request.run, config["hardware"], config["model"]["trust_remote_code"])
    predictions = model.predict_prepared(examples, shared=True)
    if is_main():
        scores = extra.added_to(task.metrics(predictions, examples), predictions, examples)
        files.write_lines(place / "predictions.jsonl", report.prediction_rows(task, examples, predictions))
        content = {"test": scores.values, "tables": {"test": scores.tables}, "extra": extra.names, "data": source}
        files.write_json(place / folder.FINISHED, {**content, "seconds": round(time.time() - started, 1)})
    return show_scored(place, request, task)


def show_scored(place, request, task):
    """The scores beside those of the run's own evaluation, read back from both metrics.json."""
    if is_main():
        from stages.report import further, show_tables

        there, own = (json.loads((p / folder.FINISHED).read_text(encoding="utf-8")) for p in (place, request.run))
        name, split = _data_name(request.config["data"]), "test" if "test" in own else "validation"
        sides = {name: there["test"], f"the run's own {split}": own[split]}
        names = [
            n for n in dict.fromkeys([*task.shown, *further(there, "test")]) if n in {**there["test"], **own[split]}
        ]
        rows = [{"score": score, **{side: values.get(score) for side, values in sides.items()}} for score in names]
        table("scores", rows)
        show_tables(name, there["tables"]["test"])
        stage("scored", f"{place}  (metrics.json  predictions.jsonl  findings.json)")
    return place


def label_text(request):
    """Label each example of a file, or each line of standard input; -> where the predictions are."""
    data, task, target = request.config["data"], tuned_task(request.run), request.output
    parts = read_parts(request.predict, task, data["columns"], request.frozen["data"]["columns"], data["format"])
    first = next(parts, None)  # what is wrong with the file as a whole shows before torch is imported
    if first is None:
        raise ValueError("predict=-: standard input holds no line. Give one text per line.")
    out = sys.stdout
    with redirect_stdout(sys.stderr if target == STANDARD else out):
        _start_processes(request)
        _introduce(request)
        with _opened(target, out) as file:
            count, seconds = _label(request, chain([first], parts), file)
        stage("predicted", f"{count} examples in {seconds:.1f} s, {count / seconds:.0f} per second: {target}")
    return target


@contextmanager
def _opened(target, out):
    """Where the main process writes the predictions; a file gets its name when it is complete."""
    if not is_main():
        yield None
    elif target == STANDARD:
        yield out
    else:
        with files.whole_file(target) as file:
            yield file
            folder.keep_old(target)


def _label(request, parts, file):
    """Write one row per example; -> (how many, seconds)."""
    from tqdm.auto import tqdm

    from stages.prediction import load_model, predict_parts
    from stages.report import prediction_rows

    model = load_model(request.run, request.config["hardware"], request.config["model"]["trust_remote_code"])
    started, count = time.time(), 0
    with tqdm(unit=" examples", disable=not shows_bars()) as bar:
        for examples, predictions in predict_parts(model, parts, request.predict):
            for row in prediction_rows(model.task, examples, predictions, count) if file else ():
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += len(predictions)
            bar.update(len(predictions))
    return count, time.time() - started


def _introduce(request):
    frozen = request.frozen
    names = f"{frozen['task']['name']} on {frozen['data']['name']} with {frozen['model']['name']}"
    stage("from", f"{request.run}  ({names})")


def _start_processes(request):
    """As many as were asked for: nothing is trained, so there is no batch that they would have to split evenly."""
    hardware = {**request.config["hardware"], "per_device_train_batch_size": 1}
    start_processes({"hardware": hardware, "batch_size": 0, "guard": {"grace_seconds": GRACE}}, sys.argv)


def _data_name(data):
    return Path(data["test"]).name.split(".")[0] if data["source"] == "files" else data["name"]
