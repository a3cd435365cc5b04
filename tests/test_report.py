"""The final table, and the warning where a model learned nothing."""

import pytest

from stages import report
from stages.files import write_json
from stages.folder import FINISHED
from tasks.contract import Finding, task_class

TASK = task_class("text_classification")("text_classification", "accuracy")


def finished(folder, accuracy, floor):
    baseline = {"name": "most frequent label", "split": "test", "values": {"accuracy": floor, "f1_macro": 0.1}}
    scores = {"accuracy": accuracy, "f1_macro": 0.5, "calibration_error": 0.02}
    table = [{"label": "good", "precision": 0.25, "recall": 1.0, "f1": 0.4, "support": 3}]
    tables = {"test": {"labels": table, "confusion": [{"gold": "good", "predicted": "bad", "count": 1}]}}
    content = {
        "validation": scores,
        "test": scores,
        "baseline": baseline,
        "tables": tables,
        "training_seconds": 3.2,
        "extra": [],
    }
    write_json(folder / FINISHED, content)
    return folder


@pytest.mark.parametrize(("accuracy", "floor", "warned"), [(0.9, 0.5, False), (0.5, 0.5, True), (0.4, 0.5, True)])
def test_the_baseline_stands_beside_the_score(tmp_path, capsys, accuracy, floor, warned):
    report.show_results(finished(tmp_path, accuracy, floor), TASK)
    shown = capsys.readouterr().out
    assert "most frequent label" in shown and f"{accuracy:.4f}" in shown and f"{floor:.4f}" in shown
    assert ("not better than the baseline" in shown) == warned
    assert "test: labels" in shown and "0.2500" in shown and "confusion" not in shown
    assert str(tmp_path / "model") in shown


def test_findings_are_shown_and_kept(tmp_path, capsys):
    findings = [Finding("note", "train", "3 examples"), Finding("warning", "test", "1 leak", "Remove it.")]
    report.show_findings(findings, tmp_path)
    shown = capsys.readouterr().out
    assert "3 examples" in shown and "warning: test: 1 leak. Remove it." in shown
    assert "1 leak" in (tmp_path / "findings.json").read_text()


def test_text_of_the_data_is_not_read_as_markup(tmp_path, capsys):
    report.show_findings([Finding("note", "train", "[red]x[/red] [link=y]")], tmp_path)
    assert "[red]x[/red] [link=y]" in capsys.readouterr().out


def test_rows_of_predictions():
    examples = {"text": ["a", "b"], "label": ["x", "y"]}
    rows = list(report.prediction_rows(TASK, examples, [{"prediction": "x", "confidence": 0.5}, {"prediction": "x"}]))
    assert rows[0] == {"id": 0, "text": "a", "gold": "x", "prediction": "x", "confidence": 0.5}
    assert rows[1]["id"] == 1 and rows[1]["gold"] == "y"
    new = report.prediction_rows(TASK, {"text": ["c"]}, [{"prediction": "x"}], first=2)
    assert list(new) == [{"id": 2, "text": "c", "prediction": "x"}]
