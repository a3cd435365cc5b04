"""A comparison as a W&B run: its job type, tables, plot and page, read back from the offline run."""

import json

from sweeps.logged import log_comparison
from sweeps.runs import find_runs
from tests.test_compare import conclusion, left, runs  # noqa: F401  fixtures
from tests.test_tracking import inspect


def test_a_comparison_is_a_run_beside_those_compared(runs):  # noqa: F811
    found = conclusion(runs, "model=a", ("a", "b"))
    said = log_comparison(found, find_runs([str(runs)]))
    (folder,) = runs.glob("wandb/offline-run-*")
    assert said == f"offline {folder}. To upload: wandb login && wandb sync {folder}"
    run, records = json.loads(inspect(folder, "--summary")), inspect(folder)
    assert run["state"] == "finished" and run["tags"] == ["comparison"] and '"comparison"' in records
    assert run["summary"]["best"] == "model=b" and run["summary"]["test/accuracy"] > 0.6
    assert json.loads(records.split('"job_type":')[1].split(",")[0]) == "comparison"
    assert run["summary"]["comparison/page"]["_type"] == "html-file"
    assert run["summary"]["comparison/scores"]["nrows"] == 2 and "comparison/means_table" in run["summary"]
    (page,) = folder.glob("files/media/html/**/*.html")
    assert found.comparisons[0].sentence.split(":")[0] in page.read_text(encoding="utf-8")
