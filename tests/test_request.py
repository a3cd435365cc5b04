"""The words of a command with `from=`: which run, what it is used for; wrong ones are explained without torch."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from conftest import PROJECT
from run_files import make_run

from stages.finished import find_run, saved_labels
from stages.inputs import STANDARD
from stages.request import read_request, uses_run


@pytest.fixture
def run(compose_config, tmp_path):
    """The folder of a run that looks finished: its configuration, its labels, no weights."""
    return make_run(tmp_path / "runs" / "ner-sample-1a2b", compose_config("task=ner", "data=sample", "seed=7"))


def message(*words):
    with pytest.raises((ValueError, FileNotFoundError)) as caught:
        read_request([str(word) for word in words])
    return str(caught.value)


def test_which_commands_use_a_run():
    assert uses_run(["from=x"]) and uses_run(["data=sample", "predict=x"]) and uses_run(["output=x"])
    assert not uses_run(["task=ner"]) and not uses_run(["output_root=x"]) and not uses_run([])
    assert not uses_run(["from=x", "--help"])


def test_labels_are_in_the_order_of_their_ids(run):
    assert saved_labels(run, SimpleNamespace(least_labels=2)) == ("A", "C", "K")


def test_a_folder_that_is_no_finished_run(run, compose_config, monkeypatch):
    monkeypatch.chdir(run.parents[1])
    assert find_run("runs/ner-sample-1a2b").is_dir()
    near = "there is no such folder. Nearest: runs/ner-sample-1a2b. Give the folder of a finished run."
    assert message("from=runs/ner-sample-1a2c", "data=sample") == f"from=runs/ner-sample-1a2c: {near}"
    assert message("from=ner-sample-1a2b", "data=sample") == f"from=ner-sample-1a2b: {near}"
    assert message("from=runs", "data=sample").endswith("e.g. the newest: from=runs/ner-sample-1a2b")
    assert message("from=runs/ner-sample-1a2b/model", "data=sample").endswith(f"Give the run itself: from={run}")
    (run.parent / "empty").mkdir()
    assert "from=runs/empty is no finished run: it has no metrics.json." in message("from=runs/empty", "data=sample")
    other = make_run(run.parent / "other", compose_config("task=ner", "data=sample"))
    (other / "metrics.json").unlink()
    assert "from=runs/other is not finished" in message("from=runs/other", "data=sample")
    (run / "model" / "config.json").unlink()
    assert "has no model/config.json" in message("from=runs/ner-sample-1a2b", "data=sample")


WRONG = {
    ("data=sample", "seed=3"): "seed=3: a finished run keeps its seed. It was trained with seed=7. To train",
    ("data=sample", "model=roberta-base"): "a finished run keeps its model.",
    ("data=sample", "task.stride=3"): "keeps its task. It was trained with task.stride=64.",
    ("data=sample", "optimizer.learning_rate=1"): "keeps its optimizer. It was trained with optimizer.learning",
    ("data=sample", "experiment=wnut17_minilm"): "keeps its experiment.",
    ("data=sample", "tracking=wandb"): "its uses are not. Leave it out.",
    ("data=sample", "output_root=x"): "output=<file> places predictions.",
    ("data=sample", "output=x.jsonl"): "output=x.jsonl goes with predict=<file>.",
    ("data=sample", "rerun=yes"): "rerun=yes is not true or false.",
    ("data=sample", "verify=yes"): "verify=yes is not true or false.",
    ("data=sample", "verify=true"): "verify=true goes with from=<run> alone, which repeats that run.",
    ("data=sample", "-m"): "-m does not go with from=",
    ("data=sample", "sample"): "sample does not go with from=",
    ("data=sample", "predct=x"): "there is no key predct. Nearest: predict.",
    ("data=sample", "dta.test=x"): "there is no key dta.test. Nearest: data.test",
    ("data=sample", "hardware.use_cup=true"): "there is no key hardware.use_cup. Nearest: hardware.use_cpu",
    ("data=sample", "hardware=cpus"): "hardware=cpus: there is no such option. Nearest: cpu, ",
    ("data=smple",): "data=smple: there is no such option. Nearest: sample.",
    ("data=files",): "data.test is null: data=files has no test split of its own. Add data.test=...",
    ("data=hub",): "data.path is not given. Add data.path=...",
    ("data.test=x.conll",): "data.test=x.conll: there is no such file in",
    ("data.tst=x",): "there is no key data.tst. Nearest: data.test",
    ("predict=wrds.conll",): "predict=wrds.conll: there is no such file in",
    ("predict=words.conll", "data=sample"): "data=sample does not go with predict=",
    ("predict=words.conll", "data.test=x"): "data.test=x does not go with predict=",
    ("predict=words.conll", "data.columns.words=2"): "data.columns.words: ner reads the columns tokens, tags",
    ("predict=words.conll", "output=x.csv"): "predictions are JSON lines. Give a name that ends in .jsonl",
    ("predict=words.jsonl", "output=words.jsonl"): "output=words.jsonl: that is the input.",
    ("predict=words.conll", "predict=b"): "predict is given twice: words.conll and b.",
    ("predict=-", "hardware.num_processes=2"): "standard input and output go through one process.",
}  # fmt: skip


@pytest.mark.parametrize("words", WRONG)
def test_wrong_words_are_explained(run, words, monkeypatch):
    monkeypatch.chdir(run.parent)
    for name in ("words.conll", "words.jsonl"):
        (run.parent / name).write_text("Anna\n")
    assert WRONG[words] in message(f"from={run}", *words)


def test_without_a_run():
    assert message("predict=x") == "predict= and output= need the run whose model predicts. Add from=runs/<run>"


def test_what_was_trained_stays_and_what_is_asked_changes(run, tmp_path):
    gold = tmp_path / "gold.conll"
    gold.write_text("Anna B-PER\n")
    request = read_request([f"from={run}", f"data.test={gold}", "hardware=cpu", "rerun=true", "tracking=disabled"])
    assert request.predict is None and request.again and request.frozen["seed"] == 7
    assert request.config["task"] == request.frozen["task"] and request.config["hardware"]["use_cpu"] is True
    data = request.config["data"]
    assert (data["source"], data["test"], data["train"], data["validation"]) == ("files", str(gold), None, None)


def test_the_runs_own_data_choices_hold_unless_they_are_changed(compose_config, tmp_path):
    gold = tmp_path / "gold.dat"
    gold.write_text("x Anna B-PER\n")
    words = ["data=files", f"data.train={gold}", "data.format=conll", "data.columns.tokens=1", "data.labels=[O,B-PER]"]
    run = make_run(tmp_path / "run", compose_config("task=ner", *words))
    data = read_request([f"from={run}", f"data.test={gold}"]).config["data"]
    assert (data["format"], data["columns"], data["labels"]) == ("conll", {"tokens": 1}, ["O", "B-PER"])
    data = read_request([f"from={run}", f"data.test={gold}", "data.columns.tokens=0", "data.format=csv"]).config["data"]
    assert (data["format"], data["columns"]) == ("csv", {"tokens": 0})
    gold.rename(tmp_path / "moved.dat")  # the training data may be gone
    assert read_request([f"from={run}", f"data.test={tmp_path / 'moved.dat'}"]).config["data"]["train"] is None


def test_a_run_on_the_hub_reads_its_other_splits_or_files(compose_config, tmp_path):
    run = make_run(tmp_path / "run", compose_config("task=text_classification", "data=glue/sst2"))
    data = read_request([f"from={run}", "data.test=train"]).config["data"]
    assert (data["source"], data["path"], data["test"], data["train"]) == ("hub", "nyu-mll/glue", "train", None)
    gold = tmp_path / "gold.csv"
    gold.write_text("text,label\ngood,1\n")
    data = read_request([f"from={run}", f"data.test={gold}"]).config["data"]
    assert (data["source"], data["columns"], data["labels"]) == ("files", {}, ["negative", "positive"])
    assert read_request([f"from={run}", "data=ag_news"]).config["data"]["path"] == "fancyzhx/ag_news"
    with pytest.raises(ValueError, match=r"text_classification reads the columns text, label.*data=wnut17"):
        read_request([f"from={run}", "data=wnut17"])


def test_a_run_on_the_sample_reads_its_other_splits(run):
    data = read_request([f"from={run}", "data.test=validation"]).config["data"]
    assert (data["source"], data["test"]) == ("sample", "validation")


def test_where_predictions_go(run, tmp_path):
    for name, usual in {
        "new.txt": "new.txt.jsonl",
        "new.jsonl": "new.jsonl",
        "a(1) b=c.csv": "a(1) b=c.csv.jsonl",
    }.items():
        (tmp_path / name).write_text("x")
        request = read_request([f"from={run}", f"predict={tmp_path / name}"])
        assert request.output == run / "predicted" / usual
    request = read_request([f"from={run}", f"predict={tmp_path / 'new.txt'}", f"output={tmp_path / 'x.jsonl'}"])
    assert request.output == tmp_path / "x.jsonl"
    assert read_request([f"from={run}", "predict=-"]).output == STANDARD
    assert read_request([f"from={run}", f"predict={tmp_path / 'new.txt'}", "output=-"]).output == STANDARD


def test_options_of_a_config_dir_are_found(run, tmp_path):
    (tmp_path / "mine" / "data").mkdir(parents=True)
    (tmp_path / "mine" / "data" / "own.yaml").write_text("defaults: [sample, _self_]\nname: own\n")
    for flags in ([f"--config-dir={tmp_path / 'mine'}"], ["--config-dir", str(tmp_path / "mine")]):
        assert read_request([*flags, f"from={run}", "data=own"]).config["data"]["name"] == "own"


def test_a_wrong_command_ends_soon_and_without_torch(run, run_command):
    code = "import sys, run; print(sorted({'torch', 'transformers', 'datasets', 'numpy'} & set(sys.modules)))"
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=60)
    assert loaded.stdout == "[]\n"
    before = os.times().children_user
    done = run_command(f"from={run}", "predict=missing.txt")
    assert done.returncode == 2 and done.stderr.startswith("error: predict=missing.txt: there is no such file in")
    assert os.times().children_user - before < 1.5
