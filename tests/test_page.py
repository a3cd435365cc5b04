"""The run's page: every part there, nothing loaded from elsewhere, safe against its data, and never in the way."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest
from omegaconf import OmegaConf

from stages.config import build_task
from stages.files import write_json, write_lines, write_text
from stages.folder import FINISHED, UNFINISHED
from stages.page import document, results
from stages.page.choices import differences
from stages.page.left import read_left
from stages.report import prediction_rows
from tests.conftest import PROJECT

TITLES = [
    "Scores", "Learning curves", "Confusion", "Classes", "Calibration", "Input length", "Data findings", "Worst errors",
    "Time", "Configuration", "Provenance",
]  # fmt: skip
HISTORY = [
    {"step": 1, "loss": 2.0, "learning_rate": 1e-4},
    {"step": 2, "eval_loss": 1.5, "eval_f1": 0.5, "eval_accuracy": 0.5},
    {"step": 4, "eval_loss": 1.1, "eval_f1": 0.7, "eval_accuracy": 0.7},
    {"step": 6, "eval_loss": 1.2, "eval_f1": 0.7, "eval_accuracy": 0.7},
]  # fmt: skip
ORIGIN = {
    "command": ["run.py", "task=x"], "started": "2026-01-02T03:04:05+0000", "phases": {"training": 3.0, "saving": 1.0},
    "git": {"commit": "abc123", "diff": "x"}, "packages": {"torch": "2.0"}, "machine": {"cpus": 2}, "seconds": 4.0,
}  # fmt: skip
FOUND = [{"level": "note", "split": "train", "what": "3 examples", "advice": ""},
         {"level": "warning", "split": "test", "what": "1 leak", "advice": "Remove it."}]  # fmt: skip
TEXTS = {
    "text_classification": (
        {"text": ["so good", "bad " * 9, "odd"], "label": ["good", "bad", "good"]},
        [{"prediction": "good", "confidence": 0.9}, {"prediction": "bad", "confidence": 0.8},
         {"prediction": "bad", "confidence": 0.7}],
    ),
    "ner": (
        {"tokens": [["Ada", "met", "Bo", "Li"], ["in", "Rome"]],
         "tags": [["B-PER", "O", "B-PER", "I-PER"], ["O", "B-LOC"]]},
        [{"prediction": ["B-PER", "O", "B-PER", "O"], "confidence": [0.9, 0.99, 0.8, 0.6]},
         {"prediction": ["O", "B-ORG"], "confidence": [0.99, 0.7]}],
    ),
}  # fmt: skip


@pytest.fixture
def leave_run(compose_config, tmp_path):
    """`leave_run("ner")` writes what a finished run leaves into tmp_path; -> the folder."""

    def leave(name, examples=None, predictions=None, split="test", history=HISTORY, words=()):
        examples, predictions = (examples, predictions) if examples else TEXTS[name]
        config = compose_config(f"experiment=quickstart/{name}", *words)
        task = build_task(config)
        form = task.form(examples)
        scores = task.metrics(predictions, examples if form == task.columns else task.prepare({"x": examples})[0]["x"])
        of_splits = {s: {**scores.values, "loss": 1.0} for s in dict.fromkeys(("validation", split))}
        baseline = {"name": "memorised", "split": split, "values": {task.best: 0.25}}
        tables = dict.fromkeys(of_splits, scores.tables)
        write_json(tmp_path / FINISHED, {**of_splits, "baseline": baseline, "tables": tables, "training_seconds": 1})
        write_lines(tmp_path / "predictions" / f"{split}.jsonl", prediction_rows(task, examples, predictions))
        write_lines(tmp_path / "history.jsonl", history)
        write_json(tmp_path / "findings.json", FOUND)
        write_json(tmp_path / "provenance.json", ORIGIN)
        write_text(tmp_path / "config.yaml", OmegaConf.to_yaml(OmegaConf.create(config)))
        return tmp_path

    return leave


class Page(HTMLParser):
    """Reads a page strictly: every tag closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.texts = [], [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "br", "wbr"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"script", "style"} & set(self.open):
            self.texts.append(data)

    def values(self, name):
        return [value for key, value in self.attributes if key == name]


def drawn(folder):
    """-> (the page as text, read strictly); no section may have failed."""
    text = document.draw(folder).read_text(encoding="utf-8")
    assert "could not be drawn" not in text
    return text, Page(text)


@pytest.mark.parametrize("task", TEXTS)
def test_every_part_is_there_and_nothing_is_loaded(leave_run, task):
    text, page = drawn(leave_run(task))
    assert re.findall(r"<h2>(.*?)</h2>", text) == TITLES
    assert [t for t in page.tags if t in ("h1", "h2", "h3")][:2] == ["h1", "h2"] and page.tags.count("h1") == 1
    ids = page.values("id")
    assert len(ids) == len(set(ids)) and {link[1:] for link in page.values("href")} == set(ids)
    assert not page.values("src") and not re.search(r"https?:|@import|url\(|<link|<img|<iframe", text)
    assert page.tags.count("script") == page.tags.count("style") == 1
    assert not [key for key, _ in page.attributes if key.startswith("on")]
    assert page.tags.count("caption") == page.tags.count("table") and "svg" in page.tags
    for word in ("2026-01-02 03:04", "memorised", "▲ warning", "Remove it.", "abc123", "checkpoint of step 4", "75%"):
        assert word in text


def test_text_of_the_data_stays_text(leave_run):
    hostile = [
        "<script>alert('1')</script>",
        '"><img src=x onerror=y> & &amp;',
        "\u202eשלם",
        "a\u200bb",
        "👩‍👩‍👧",
    ]
    examples = {"text": hostile, "label": ["<b>", "x", "x", "x", "x"]}
    predictions = [{"prediction": '"</td>', "confidence": 0.9}] * 5
    folder = leave_run("text_classification", examples, predictions)
    text, page = drawn(folder)
    assert page.tags.count("script") == 1 and "img" not in page.tags and "td" not in page.open
    for shown in (
        "<script>alert('1')</script>",
        '"><img src=x onerror=y> & &amp;',
        "⟨U+202E⟩שלם",
        "a⟨U+200B⟩b",
    ):
        assert shown in page.texts
    assert "👩‍👩‍👧" in text and "\u202e" not in text and 'dir="auto"' in text


def test_a_run_without_test_split_or_with_pieces_missing(leave_run):
    folder = leave_run("text_classification", split="validation")
    assert "accuracy on validation" in drawn(folder)[0]
    for name in ("history.jsonl", "findings.json", "provenance.json", "predictions/validation.jsonl"):
        (folder / name).unlink()
    text, _ = drawn(folder)
    assert re.findall(r"<h2>(.*?)</h2>", text) == [
        "Scores", "Confusion", "Classes", "Data findings", "Configuration"
    ]  # fmt: skip


def test_numbers_that_are_none(leave_run):
    nan = float("nan")
    history = [{"step": 1, "loss": nan}, {"step": 2, "eval_loss": nan, "eval_accuracy": 0.5, "learning_rate": 0.0}]
    folder = leave_run("text_classification", history=history)
    metrics = json.loads((folder / FINISHED).read_text())
    metrics["test"]["accuracy"], metrics["baseline"] = nan, None
    write_json(folder / FINISHED, metrics)
    text, _ = drawn(folder)
    assert not re.search(r"(?i)\bnan\b", text) and "<strong>\N{EN DASH}</strong>" in text


def test_one_class_without_an_error(leave_run):
    examples = {"text": ["a"], "label": ["x"]}
    text, _ = drawn(leave_run("text_classification", examples, [{"prediction": "x", "confidence": 1.0}]))
    assert "No pair was confused." in text and "No error in 1 examples" in text


def test_many_classes_stay_readable_and_small(leave_run):
    n = 150
    examples = {
        "text": [f"text {i}, {'word ' * 20}" for i in range(3000)],
        "label": [f"class {i % n}" for i in range(3000)],
    }
    predictions = [{"prediction": f"class {i % n if i % 7 else (i * i) % n}", "confidence": 0.5} for i in range(3000)]
    text, _ = drawn(leave_run("text_classification", examples, predictions))
    assert len(text.encode()) < 1_000_000
    assert "The 20 with the worst F1" in text and "The 10 with the best F1" in text and "The other 120" in text
    assert text.count("<li>") == 30 and "20 more" in text


def test_the_worst_error_comes_first_and_is_marked(leave_run):
    text, _ = drawn(leave_run("ner"))
    first, second = re.findall(r"<li>(.*?)</li>", text)
    assert "<b><bdi>PER</bdi></b>" in first and "0.800" in first  # a predicted entity that ends too early
    assert "PER… → PER" in first and "…PER → nothing" in first and "✓ PER" in first
    assert "LOC → ORG" in second and "0.700" in second


def test_entities_in_raw_text(leave_run):
    examples = {
        "text": ["Ada  met Bo", "in Rome"],
        "spans": [[{"start": 0, "end": 3, "label": "PER"}, {"start": 9, "end": 11, "label": "PER"}], []],
    }
    guesses = [[{"start": 0, "end": 3, "label": "ORG"}], [{"start": 3, "end": 7, "label": "LOC"}]]
    predictions = [{"prediction": g, "confidence": [c]} for g, c in zip(guesses, (0.8, 0.9), strict=True)]
    text, _ = drawn(leave_run("ner", examples, predictions))
    first, second = re.findall(r"<li>(.*?)</li>", text)
    assert "nothing → LOC" in first and "PER → ORG" in second and "PER → nothing" in second and "characters" in text


def test_the_step_that_was_kept(leave_run):
    assert results.chosen_step(read_left(leave_run("ner"))) == 4  # of two equal ones the first
    assert results.chosen_step(read_left(leave_run("ner", words=["task.best=loss"]))) == 4
    assert results.chosen_step(read_left(leave_run("ner", history=[]))) is None
    drawn(leave_run("ner", words=["task.best=loss"]))


def test_what_differs_from_the_defaults(compose_config, tiny_bert):
    words = ["experiment=quickstart/ner", "seed=7", f"model.path={tiny_bert}", "method=lora", "output_root=x"]
    given = differences(compose_config(*words))
    assert [key for key, _, _ in given] == ["model.name", "model.path", "optimizer.learning_rate", "seed"]
    assert ("optimizer.learning_rate", "5e-05", "0.0002") in given and ("seed", "42", "7") in given
    assert not differences(compose_config("task=text_classification", "data=sample"))


def test_a_failing_part_costs_only_itself(leave_run, monkeypatch, capsys):
    monkeypatch.setitem(document.SECTIONS, "Confusion", lambda left: 1 / 0)
    document.write_page(leave_run("ner"))
    text = (leave_run("ner") / "report.html").read_text(encoding="utf-8")
    assert "could not be drawn: ZeroDivisionError" in text and "Worst errors" in text
    assert "Confusion is not drawn" in capsys.readouterr().out


def test_a_failing_page_costs_no_run(leave_run, capsys):
    folder = leave_run("ner")
    (folder / "config.yaml").unlink()
    document.write_page(folder)
    assert "warning: report.html is not drawn (FileNotFoundError" in capsys.readouterr().out


def test_the_page_is_drawn_before_and_after_the_run_is_finished(leave_run):
    folder = leave_run("ner")
    whole = drawn(folder)[0]
    (folder / FINISHED).rename(folder / UNFINISHED)
    assert drawn(folder)[0] == whole
    (folder / UNFINISHED).rename(folder / FINISHED)
    (folder / "report.html").unlink()
    command = [sys.executable, "-m", "stages.page", str(folder)]
    subprocess.run(command, check=True, cwd=PROJECT, capture_output=True, timeout=100)
    assert (folder / "report.html").read_text(encoding="utf-8") == whole
    wrong = subprocess.run([*command, "nowhere"], cwd=PROJECT, capture_output=True, text=True, timeout=100)
    assert wrong.returncode == 2 and "nowhere: there is no metrics.json" in wrong.stderr
