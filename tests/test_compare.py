"""`python -m sweeps.compare`: groups of seeds, the sentence, warnings, files, and clear errors."""

import csv
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from sweeps.compare import arguments, compare
from sweeps.conclusions import conclude
from sweeps.groups import full_key, group_runs, pick
from sweeps.runs import find_runs, read_run
from sweeps.tables import latex
from tests.conftest import PROJECT
from tests.left_runs import leave_run

COUNT = 300
LABELS = {"text": [f"text {i}" for i in range(COUNT)], "label": [f"l{i % 3}" for i in range(COUNT)]}


def answers(right, seed):
    """Answers of which about this share is right; easy examples are easy for every seed."""
    hard = np.random.default_rng(0).random(COUNT) * 0.5 + np.random.default_rng(seed).random(COUNT) * 0.5
    return [label if h < right else "l9" for label, h in zip(LABELS["label"], hard, strict=True)]


@pytest.fixture(scope="module")
def left(tmp_path_factory):
    """Three seeds of two models, the second clearly better, and one seed of a third."""
    place = tmp_path_factory.mktemp("left")
    for model, right, seeds in (("a", 0.5, (1, 2, 3)), ("b", 0.7, (1, 2, 3)), ("c", 0.55, (1,))):
        for seed in seeds:
            leave_run(place / f"{model}{seed}", LABELS, answers(right, 10 * seed + ord(model)), seed, model)
    return place


@pytest.fixture
def runs(left, tmp_path):
    """A copy of them."""
    return shutil.copytree(left, tmp_path, dirs_exist_ok=True)


def conclusion(place, baseline=None, filters=("a", "b", "c")):
    found = [run for run in find_runs([str(place)]) if run.config["model"]["name"] in filters]
    groups, _ = group_runs(found)
    return conclude(groups, "test", "accuracy", baseline and pick(groups, baseline), 500)


def test_runs_that_differ_only_in_seed_are_a_group(runs):
    leave_run(runs / "a1.1", LABELS, answers(0.5, 1), 1, "a")  # moved aside by rerun=true
    groups, inside = group_runs(find_runs([str(runs)]))
    assert [(group.name, group.seeds) for group in groups] == [
        ("model=a", [1, 2, 3]), ("model=b", [1, 2, 3]), ("model=c", [1])
    ]  # fmt: skip
    assert groups[0].short == "a" and not inside
    leave_run(runs / "a9", LABELS, answers(0.5, 1), 9, "a", rate=3e-5)
    groups, inside = group_runs(find_runs([str(runs)]))
    assert [group.name for group in groups][-1] == "model=c learning_rate=0.0001" and len(groups) == 4
    groups, inside = group_runs(find_runs([str(runs)]), ["model"])
    assert [group.seeds for group in groups] == [[1, 2, 3, 9], [1, 2, 3], [1]]
    assert inside == {"optimizer.learning_rate": 2}


def test_what_changes_with_a_name_is_said_once(runs, capsys):
    for folder in runs.glob("b*"):
        config = folder / "config.yaml"
        config.write_text(config.read_text().replace("learning_rate: 0.0001", "learning_rate: 0.01"))
    compare(arguments([str(runs), "model=a,b", "--resamples", "50"]))
    said = " ".join(capsys.readouterr().out.split())
    assert (
        "b is better than a" in said and "change together with what names the groups: optimizer.learning_rate" in said
    )


def test_groups_by_seed(runs):
    groups, _ = group_runs([run for run in find_runs([str(runs)]) if run.config["model"]["name"] == "a"], ["seed"])
    assert [group.name for group in groups] == ["seed=1", "seed=2", "seed=3"]


def test_keys_are_completed_and_misspelt_ones_explained(runs):
    found = find_runs([str(runs)])
    assert full_key("model", found) == "model.name" and full_key("learning_rate", found) == "optimizer.learning_rate"
    with pytest.raises(ValueError, match=r"no run has the key optimiser.*optimizer"):
        full_key("optimiser.learning_rate", found)
    with pytest.raises(ValueError, match=r"name may be data.name or model.name"):
        full_key("name", found)
    with pytest.raises(ValueError, match=r"--baseline z names no group. Groups: model=a"):
        pick(group_runs(found)[0], "z")


def test_the_sentence(runs):
    found = conclusion(runs, "model=a", ("a", "b"))
    (one,) = found.comparisons
    assert found.examples == COUNT and one.covers == "seeds and examples" and one.verdict == "better"
    assert one.sentence.startswith("b is better than a: +")
    assert one.sentence.endswith(
        "accuracy [{:.1f}, {:.1f}], p < 0.001; 3 seeds".format(*(100 * e for e in one.interval))
    )
    assert one.interval[0] < one.difference < one.interval[1] and set(one.tests) == {
        "paired bootstrap", "randomization", "McNemar", "Wilcoxon"
    }  # fmt: skip
    assert conclusion(runs, "b", ("a", "b")).comparisons[0].verdict == "worse"


def test_no_conclusion_from_one_seed_or_few_examples(runs, tmp_path_factory):
    found = conclusion(runs, "a")
    one = next(one for one in found.comparisons if one.side.group.short == "c")
    assert one.verdict == "no conclusion" and "one seed" not in one.sentence
    assert "no conclusion on c against a" in one.sentence and "1 and 3 seeds, and another one" in one.sentence
    assert one.covers == "examples" and "Holm, 2 comparisons" in one.sentence
    few = tmp_path_factory.mktemp("few")
    small = {name: values[:20] for name, values in LABELS.items()}
    for model, right in (("a", 0.2), ("b", 0.9)):
        for seed in (1, 2, 3):
            leave_run(few / f"{model}{seed}", small, answers(right, seed)[:20], seed, model)
    found = conclusion(few, "a")
    assert (
        found.comparisons[0].verdict == "no conclusion" and "20 examples are too few" in found.comparisons[0].sentence
    )
    assert "20 test examples are too few" in found.warnings[0]


def test_two_that_do_not_differ(runs):
    for seed in (1, 2, 3):
        leave_run(runs / f"d{seed}", LABELS, answers(0.5, 100 + seed), seed, "d")
    (one,) = conclusion(runs, "a", ("a", "d")).comparisons
    assert one.verdict == "not different" and "is not different from a" in one.sentence and "excluded" in one.sentence


def test_seeds_alone_where_predictions_are_missing(runs):
    (runs / "a1" / "predictions" / "test.jsonl").unlink()
    found = conclusion(runs, "a", ("a", "b"))
    assert found.examples == 0 and "cover seeds only: a1 has no predictions/test.jsonl" in found.warnings[0]
    assert found.comparisons[0].covers == "seeds" and found.comparisons[0].sentence.endswith("over seeds alone")


def test_choosing_on_test_is_said(runs):
    """Validation prefers a where test prefers b."""
    for path in runs.glob("*/metrics.json"):
        metrics = json.loads(path.read_text())
        metrics["validation"]["accuracy"] = 0.9 if path.parent.name[0] == "a" else 0.1
        path.write_text(json.dumps(metrics))
    found = conclusion(runs)
    assert found.comparisons[0].baseline.name == "model=a"
    assert any("Best of 3 groups on test is model=b" in w and "Validation chooses model=a" in w for w in found.warnings)
    for path in runs.glob("*/provenance.json"):
        origin = json.loads(path.read_text())
        config = path.with_name("config.yaml")
        config.write_text(config.read_text() + "sweeper: {metrics: [test/accuracy, seconds]}\n")
        origin["data"] = {split: {"path": "x", "sha256": "same"} for split in ("validation", "test")}
        path.write_text(json.dumps(origin))
    found = conclusion(runs, "a", ("a", "b"))
    assert any("chose these runs by their test score" in warning for warning in found.warnings)
    assert any("hold the same" in warning for warning in found.warnings)


def test_the_command_and_its_files(runs, capsys):
    out = runs / "out"
    compare(arguments([str(runs), "model=a,b", "--baseline", "a", "--resamples", "200", "--out", str(out)]))
    said = capsys.readouterr().out
    assert "test/accuracy of text_classification on files, 300 examples" in said and "b is better than a: +" in said
    rows = list(csv.DictReader((out / "comparison.csv").open()))
    assert [row["group"] for row in rows] == ["model=b", "model=a"] and rows[0]["verdict"] == "better"
    assert float(rows[0]["mean"]) - float(rows[1]["mean"]) == pytest.approx(float(rows[0]["difference"]))
    kept = json.loads((out / "comparison.json").read_text())
    assert kept["groups"][0]["seeds"] == [1, 2, 3] and kept["comparisons"][0]["sentence"] in said.replace("\n", "")
    text = (out / "comparison.md").read_text()
    assert text.count("| model=b |") == 3 and "b is better than a" in text


def test_latex_has_a_row_for_each_group(runs):
    rows = [line for line in latex(conclusion(runs, "a")).splitlines() if line.endswith("\\\\")]
    assert len(rows) == 4 and {row.count("&") for row in rows} == {5}


def test_older_runs_of_the_same_choices_are_left_out(runs, capsys):
    again = leave_run(runs / "z1", LABELS, answers(0.1, 5), 1, "a")
    origin = json.loads((again / "provenance.json").read_text())
    (again / "provenance.json").write_text(json.dumps({**origin, "started": "2020", "code": "old"}))
    compare(arguments([str(runs), "model=a,b", "--resamples", "100"]))
    assert "1 older runs with the same choices and seed were left out" in capsys.readouterr().out


@pytest.mark.parametrize("words, said", [
    (["{runs}", "--metric", "test/f2"], "--metric test/f2: not all runs have it"),
    (["{runs}", "--baseline", "x"], "--baseline x names no group"),
    (["{runs}/nothing"], "there is no such folder"),
    (["{runs}", "model=zzz"], "no run has all of model=zzz. Values of model.name: a, b, c"),
    (["{runs}", "{runs}/ner"], "runs of different tasks cannot be compared: ner (ner), text_classification"),
])  # fmt: skip
def test_wrong_choices_end_with_one_message(runs, words, said, capsys, monkeypatch):
    from stages.command_line import clear_errors

    leave_run(runs / "ner", {"tokens": [["x"]], "tags": [["B-P"]]}, [["B-P"]], task="ner")
    (runs / "ner").rename(runs.parent / f"{runs.name}_ner")
    (runs.parent / f"{runs.name}_ner").rename(runs / "ner") if said.startswith("runs of") else None
    with pytest.raises(SystemExit) as ended, clear_errors():
        compare(arguments([word.format(runs=runs) for word in words]))
    error = capsys.readouterr().err
    assert ended.value.code == 2 and said in error and error.count("\n") == 1


def test_a_sweep_is_found_by_its_folder_and_its_name(runs):
    trials = [
        {"run": f"runs/{name}", "state": state} for name, state in (("a1", "done"), ("b1", "done"), ("x", "failed"))
    ]
    (runs / "sweeps" / "model-1").mkdir(parents=True)
    (runs / "sweeps" / "model-1" / "sweep.json").write_text(json.dumps({"trials": trials}))
    assert [run.folder.name for run in find_runs([str(runs / "sweeps" / "model-1")])] == ["a1", "b1"]
    assert len(find_runs(["model-1"], str(runs))) == 2
    assert len(find_runs(["sweep model=a"], str(runs))) == 3
    assert len(find_runs(["model=b", str(runs / "b1")], str(runs))) == 3


def test_errors_and_help_come_before_anything_heavy(runs):
    """Neither torch nor transformers is imported, also not by a whole comparison."""
    code = "import sys; from sweeps.compare import arguments, compare; compare(arguments(sys.argv[1:])); " \
           "print([m for m in ('torch', 'transformers', 'datasets') if m in sys.modules])"  # fmt: skip
    words = [sys.executable, "-c", code, str(runs), "--resamples", "50"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=PROJECT, timeout=120)
    assert done.stdout.rstrip().endswith("[]"), done.stderr


def test_a_folder_that_is_no_run(tmp_path):
    (tmp_path / "config.yaml").write_text("- 1")
    with pytest.raises(ValueError, match="no configuration of a run"):
        read_run(tmp_path)
    (tmp_path / "config.yaml").write_text("task: {name: ner")
    with pytest.raises(ValueError, match="cannot be read as a run"):
        read_run(tmp_path)


def test_runs_of_another_version(runs):
    """A choice that an older run lacked counts as its default; one that is gone is named, with the run."""
    config = runs / "a1" / "config.yaml"
    config.write_text(config.read_text().replace("best: accuracy", "best: accuracy\n  focal_gamma: 0.0"))
    assert len(group_runs(find_runs([str(runs)]))[0]) == 3
    config.write_text(config.read_text().replace("focal_gamma", "old_choice"))
    with pytest.raises(ValueError, match=r"a1 is a run of another version: .*old_choice"):
        group_runs(find_runs([str(runs)]))


def test_a_score_that_is_no_number_is_missing(runs):
    path = runs / "a1" / "metrics.json"
    path.write_text(path.read_text().replace('"test": {', '"test": {"odd": NaN,'))
    with pytest.raises(ValueError, match="test/odd: not all runs have it"):
        compare(arguments([str(runs), "--metric", "test/odd"]))
