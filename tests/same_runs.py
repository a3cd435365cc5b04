"""Whether two runs of the same command left the same, apart from times."""

import json

from run_files import read_lines

TIMES = ("runtime", "per_second", "seconds", "cost/")
WITH_TIMES = ("provenance.json", "report.html")
OF_TRACKERS = ("wandb_id", "trackio_id", "tensorboard")  # every run has its own


def without_times(row):
    return {name: value for name, value in row.items() if not any(word in name for word in TIMES)}


def left(run):
    """{name: what a run left there}: bytes of weights, predictions and the rest, scores and history without times."""
    files = {path.relative_to(run).as_posix(): path for path in sorted(run.rglob("*")) if path.is_file()}
    files = {name: path for name, path in files.items() if name.split("/")[0] not in OF_TRACKERS}
    contents = {name: path.read_bytes() for name, path in files.items() if name not in WITH_TIMES}
    origin = json.loads((run / "provenance.json").read_text(encoding="utf-8"))
    return {
        **dict.fromkeys(files),
        **contents,
        "history.jsonl": [without_times(row) for row in read_lines(run / "history.jsonl")],
        "metrics.json": without_times(json.loads(contents["metrics.json"])),
        "provenance.json": {name: origin[name] for name in ("code", "data", "model")},
    }


def differences(expected, found):
    """The names under which two of these differ, with a look at what is there."""
    names = sorted({*expected, *found})
    return [
        f"{name}: {_short(expected.get(name, 'not there'))} / {_short(found.get(name, 'not there'))}"
        for name in names
        if name not in expected or name not in found or expected[name] != found[name]
    ]


def _short(content):
    return repr(content)[:300]
