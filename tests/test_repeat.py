"""`from=` alone carries a run out again from its frozen configuration; `verify=true` compares the scores."""

import json
import shutil

import pytest
from omegaconf import OmegaConf
from run_files import make_run

from run import run_experiment
from stages import folder
from stages.completion import fitting
from stages.finished import frozen_config, kept_attempts
from stages.repeat import read_repetition, repeat, repeats
from stages.verify import Outcome, differences, show_comparison

RUN = "ner-sample-1a2b3c4d"


@pytest.fixture
def run(compose_config, tmp_path):
    """The folder of a run that looks finished."""
    words = "task=ner", "data=sample", "seed=7", "hardware=cpu", "tracking=tensorboard", "tracking.tags=[a]"
    return make_run(tmp_path / "runs" / RUN, compose_config(*words, "guard.grace_seconds=7"))


@pytest.fixture(scope="module")
def trained(compose_config, tmp_path_factory):
    """The folder of a small run; trained once, not to be changed."""
    root = tmp_path_factory.mktemp("trained")
    words = ["task=text_classification", "data=sample", "model=bag_of_words", "data.limit=40", "training.max_steps=4",
             "hardware=cpu", "tracking=disabled", f"output_root={root}"]  # fmt: skip
    return run_experiment(compose_config(*words), words)


@pytest.fixture
def copied(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "moved" / trained.name)


def message(*words):
    with pytest.raises((ValueError, FileNotFoundError)) as caught:
        read_repetition([str(word) for word in words])
    return str(caught.value)


def scores(place):
    metrics = json.loads((place / "metrics.json").read_text())
    return metrics["validation"], metrics["test"]


def change_score(place, split, name, value):
    metrics = json.loads((place / "metrics.json").read_text())
    metrics[split][name] = value
    (place / "metrics.json").write_text(json.dumps(metrics))


def test_which_commands_repeat():
    assert repeats(["from=x"]) and repeats(["from=x", "verify=true", "hardware=cpu"]) and repeats(["verify=true"])
    assert not any(repeats(["from=x", word]) for word in ("data=sample", "+data.test=y", "predict=y", "output=y", "-h"))
    assert not repeats(["task=ner"])


WRONG = {
    ("seed=3",): "seed=3: a finished run keeps its seed. It was trained with seed=7. To train another one, leave out",
    ("guard.max_minutes=3",): "guard.max_minutes=3: a finished run keeps its guard.",
    ("rerun=true",): "rerun=true: from= alone makes a new attempt and keeps the old one. Leave it out.",
    ("verify=maybe",): "verify=maybe is not true or false.",
    ("verify=true", "verify=true"): "verify is given twice",
    ("-m",): "-m does not go with from=",
    ("trackng=disabled",): "there is no key trackng. Nearest: tracking",
    ("hardware=cpus",): "hardware=cpus: there is no such option. Nearest: cpu, ",
    ("hardware.num_processes=3",): "cannot be repeated as it was: batch_size=16 cannot be split over 3 processes.",
}


@pytest.mark.parametrize("words", WRONG)
def test_wrong_words_are_explained(run, words):
    assert WRONG[words] in message(f"from={run}", *words)


def test_folders_that_cannot_be_repeated(run, compose_config, tmp_path):
    assert message("verify=true").endswith("Add from=runs/<run>")
    assert "there is no such folder. Nearest:" in message(f"from={run}x")
    files = compose_config("task=ner", "data=files", f"data.train={__file__}", "data.format=text")
    gone = make_run(tmp_path / "gone", {**files, "data": {**files["data"], "train": "gone.conll"}})
    assert f"from={gone} cannot be repeated as it was: data.train=gone.conll: there is no" in message(f"from={gone}")
    (gone / "config.yaml").write_text("seed: 3\n")
    assert "is not the configuration of a run: there is no task in it." in message(f"from={gone}")
    (gone / "config.yaml").write_text(OmegaConf.to_yaml(OmegaConf.create({**files, "model": "bert"})))
    assert "is not the configuration of a run: there is no model in it." in message(f"from={gone}")
    (gone / "config.yaml").unlink()
    assert "has no config.yaml: its choices are not known" in message(f"from={gone}")
    (run / "metrics.json").unlink()
    assert "is not finished: it has no metrics.json. The command that started it goes on" in message(f"from={run}")


def test_the_frozen_configuration_holds_but_for_where_and_how(run, tmp_path):
    frozen = frozen_config(run)
    config = read_repetition([f"from={run}"]).config
    assert config == {**frozen, "output_root": str(run.parent)}
    words = f"output_root={tmp_path}/more", "tracking.tags=[b]", "hardware.num_processes=2"
    config = read_repetition([f"from={run}", *words]).config
    assert config["output_root"] == f"{tmp_path}/more" and config["tracking"]["tags"] == ["b"]
    assert config["tracking"]["tensorboard"] == {}
    assert config["hardware"] == {**frozen["hardware"], "num_processes": 2} and config["hardware"]["use_cpu"] is True
    config = read_repetition([f"from={run}", "tracking=disabled", "hardware=auto"]).config
    assert "tensorboard" not in config["tracking"] and not config["hardware"].get("use_cpu")
    assert folder.digest(config) == folder.digest(frozen)


def test_what_an_older_run_does_not_know_is_as_it_is_today(run):
    old = frozen_config(run)
    del old["guard"]["nan_patience"], old["tracking"], old["resume"], old["rerun"], old["model"]["trust_remote_code"]
    (run / "config.yaml").write_text(OmegaConf.to_yaml(OmegaConf.create(old)))
    config = read_repetition([f"from={run}"]).config
    assert (config["guard"]["grace_seconds"], config["guard"]["nan_patience"]) == (7, 5)
    assert "wandb" in config["tracking"] and config["resume"] is None and config["rerun"] is False
    assert config["model"]["trust_remote_code"] is False


def test_what_a_run_resumed_and_hid_and_trusted_is_no_part_of_its_repetition(run):
    def write(**changes):
        config = {**frozen, **changes}
        (run / "config.yaml").write_text(OmegaConf.to_yaml(OmegaConf.create(config)))

    frozen = frozen_config(run)
    write(resume=str(run), rerun=True)
    assert read_repetition([f"from={run}"]).config["resume"] is None
    write(data={**frozen["data"], "name": "https://***@host/x"})
    assert "a secret in data was not written into config.yaml" in message(f"from={run}")
    write()
    trust = "model.trust_remote_code=true"
    assert f"{trust}: a finished run keeps its model." in message(f"from={run}", trust)
    write(model={**frozen["model"], "trust_remote_code": True})
    assert f"add {trust} to have it run again." in message(f"from={run}")
    assert read_repetition([f"from={run}", trust]).config["model"]["trust_remote_code"] is True


def test_a_repetition_has_the_same_scores_and_the_old_attempt_stays(copied, capsys):
    then = scores(copied)
    repeat([f"from={copied}", "verify=true"], run_experiment)
    shown = capsys.readouterr().out
    assert f"repeat     {copied}: a new attempt in {copied}, the one there is kept as {copied.name}.1" in shown
    assert "verified   all 14 scores are equal, to the last bit" in shown and "validation mcc" in shown
    (kept,) = kept_attempts(copied)
    assert kept.name == f"{copied.name}.1" and scores(kept) == scores(copied) == then
    repeats_ = json.loads((copied / "provenance.json").read_text())["repeats"]
    first = json.loads((kept / "provenance.json").read_text())
    assert repeats_["command"] == first["command"] and repeats_["started"] == first["started"]
    assert repeats_["scores_that_differ"] == {}


def test_scores_that_differ_end_with_1_and_what_is_different(copied, capsys):
    change_score(copied, "test", "accuracy", 0.125)
    change_score(copied, "validation", "f1_macro", scores(copied)[0]["f1_macro"] + 1e-12)
    provenance = json.loads((copied / "provenance.json").read_text())
    provenance["packages"]["torch"] = "0.4"
    (copied / "provenance.json").write_text(json.dumps(provenance))
    with pytest.raises(SystemExit) as ended:
        repeat([f"from={copied}", "verify=true"], run_experiment)
    assert ended.value.code == 1
    shown = capsys.readouterr().out
    assert "2 of 14 scores differ, test accuracy most: +0.275" in shown
    assert "-1e-12" in shown and "package torch" in shown and "0.4" in shown
    differing = json.loads((copied / "provenance.json").read_text())["repeats"]["scores_that_differ"]
    assert differing["test accuracy"] == [0.125, 0.4] and len(differing) == 2


def test_without_verify_nothing_is_compared(copied, capsys):
    change_score(copied, "test", "accuracy", 0.125)
    repeat([f"from={copied}"], run_experiment)
    assert "verify:" not in capsys.readouterr().out and scores(copied)[1]["accuracy"] == 0.4


def test_changed_code_makes_a_new_folder_and_says_why(copied, monkeypatch, capsys):
    files = {path: path.stat().st_mtime_ns for path in copied.rglob("*")}
    monkeypatch.setattr(folder, "code_digest", lambda: "0" * 64)
    repeat([f"from={copied}", "verify=true"], run_experiment)
    shown = capsys.readouterr().out
    (new,) = (place for place in copied.parent.iterdir() if place != copied and place.is_dir())
    assert f"repeat     {copied}: in {new}\n" in shown
    assert f"This is a new run: since {copied} this changed: the code." in shown
    assert "what else is different" in shown and "code" in shown and scores(new) == scores(copied)
    assert {path: path.stat().st_mtime_ns for path in copied.rglob("*")} == files


def test_an_interrupted_repetition_goes_on_and_is_compared(copied, capsys):
    shutil.copytree(copied, copied.with_name(f"{copied.name}.2"))
    shutil.copytree(copied, copied.with_name(f"{copied.name}.10"))
    change_score(copied.with_name(f"{copied.name}.2"), "test", "accuracy", 0.125)
    (copied / "metrics.json").unlink()
    repeat([f"from={copied}", "verify=true"], run_experiment)
    shown = capsys.readouterr().out
    assert f"goes on in {copied}" in shown and "all 14 scores are equal" in shown
    assert [kept.name.rpartition(".")[2] for kept in kept_attempts(copied)] == ["2", "10"]
    assert not copied.with_name(f"{copied.name}.1").exists()  # it was not begun anew


def test_nothing_to_compare_with_is_said_before_training(copied):
    (copied / "metrics.json").write_text("{}")
    with pytest.raises(ValueError, match=r"holds no scores to compare with. Leave out verify."):
        repeat([f"from={copied}", "verify=true"], run_experiment)
    assert not kept_attempts(copied)


def test_scores_are_compared_bit_by_bit(capsys):
    nan = float("nan")
    then = Outcome({"test": {"a": 0.1, "b": nan, "c": None}}, {})
    assert show_comparison(then, Outcome({"test": {"a": 0.1, "b": nan, "c": None}}, {}))
    assert not show_comparison(then, Outcome({"test": {"a": 0.1 + 1e-17, "b": 1.0, "c": None}}, {}))
    assert not show_comparison(then, Outcome({"test": {"a": 0.1, "c": None}}, {}))
    assert not show_comparison(then, Outcome({"test": {"a": 0.1, "b": nan, "c": None, "d": 1}}, {}))
    shown = capsys.readouterr().out
    assert "all 3 scores are equal" in shown and "2 of 3 scores differ, test b most: no number" in shown
    assert "1 of 3 scores differ, test b most: gone" in shown and "1 of 4 scores differ, test d most: new" in shown


def test_what_is_different_on_record():
    old = {"code": "a", "git": None, "packages": {f"p{i}": "1" for i in range(20)}, "machine": {"gpus": ["T4"]}}
    new = {**old, "git": {"commit": "c1"}, "packages": {f"p{i}": "2" for i in range(20)}, "machine": {"gpus": []}}
    rows = differences(Outcome({}, old), Outcome({}, new))
    assert rows[0] == {"what": "git commit", "then": "none", "now": "c1"}
    assert rows[1] == {"what": "machine's gpus", "then": '["T4"]', "now": "[]"}
    assert [row["what"] for row in rows[-2:]] == ["package p11", "8 more packages"] and len(rows) == 15
    assert not differences(Outcome({}, old), Outcome({}, old))
    assert differences(Outcome({}, {}), Outcome({}, new))[0]["then"] == "none"


def test_the_tab_key_knows_verify():
    assert fitting("python run.py verif") == ["verify="] and fitting("python run.py verify=t") == ["verify=true"]
