"""Two runs example by example: what got better, what worse, by class, and what cannot be compared."""

import pytest

from sweeps.compare import arguments, compare
from sweeps.examples import by_class, differences, show_examples, summary
from sweeps.runs import find_runs, read_run
from tests.left_runs import leave_run
from tests.run_files import read_lines

LABELS = {"text": ["one\x1b[31m", "two\nlines", "three", "four", "five"], "label": ["x", "x", "y", "y", "y"]}
TAGS = {"tokens": [["Ada", "Li", "met", "Bo"], ["in", "Rome"]],
        "tags": [["B-PER", "I-PER", "O", "B-PER"], ["O", "B-LOC"]]}  # fmt: skip


@pytest.fixture
def pair(tmp_path):
    leave_run(tmp_path / "a", LABELS, ["x", "y", "x", "y", "x"])
    leave_run(tmp_path / "b", LABELS, ["x", "x", "y", "x", "z"], seed=2)
    return find_runs([str(tmp_path)])


def test_what_changed(pair):
    task, rows = pair[0].task, [run.predictions("test") for run in pair]
    found = differences(task, *rows)
    assert sorted((one.number, one.change, one.gain) for one in found) == [
        (1, "better", 1.0), (2, "better", 1.0), (3, "worse", -1.0), (4, "other", 0.0)
    ]  # fmt: skip
    counts = {row["examples"]: row["count"] for row in summary(task, *rows, found)}
    assert list(counts.values()) == [1, 2, 1, 1, 2, 1, 1]
    assert by_class(task, *rows) == [
        {"class": "x", "gold": 2, "right in first": 1, "right in second": 2, "change": "+1"},
        {"class": "y", "gold": 3, "right in first": 1, "right in second": 1, "change": "+0"},
    ]


def test_the_command(pair, tmp_path, capsys):
    compare(arguments([str(run.folder) for run in pair] + ["--examples", "4", "--out", str(tmp_path / "out")]))
    said = capsys.readouterr().out
    assert "the second is better" in said and "example 1: two lines" in said and "\x1b[31m" not in said
    rows = read_lines(tmp_path / "out" / "differences.jsonl")
    assert len(rows) == 4 and rows[-1] == {
        "id": 4, "text": "five", "gold": "y", "first": "x", "second": "z", "change": "other", "gain": 0.0
    }  # fmt: skip


def test_entities(tmp_path, capsys):
    first = leave_run(tmp_path / "a", TAGS, [["B-PER", "O", "O", "O"], ["O", "B-LOC"]], task="ner")
    second = leave_run(tmp_path / "b", TAGS, [["B-PER", "I-PER", "O", "O"], ["O", "B-LOC"]], task="ner")
    show_examples([read_run(first), read_run(second)], 2)
    said = capsys.readouterr().out
    assert "gold    Ada/B-PER  Li/I-PER  Bo/B-PER" in said and "second  Ada/B-PER  Li/I-PER" in said


def test_what_cannot_be_compared(pair, tmp_path):
    with pytest.raises(ValueError, match="compares two runs, 3 are given"):
        show_examples([*pair, pair[0]], 2)
    (pair[1].folder / "predictions" / "test.jsonl").unlink()
    with pytest.raises(ValueError, match=r"b has no predictions/test\.jsonl"):
        show_examples(pair, 2)
