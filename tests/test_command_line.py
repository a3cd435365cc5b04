"""Typed words: completed, quoted so that they come back as they were, and explained where they are wrong."""

import json

import pytest
from conftest import PROJECT
from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from stages.command_line import QUICKSTART, clear_errors, complete, explain, quote, with_trial
from stages.config import register_open_nodes

CONF = str(PROJECT / "conf")
HEAVY = {"torch", "transformers", "datasets", "accelerate", "peft", "wandb", "numpy"}
register_open_nodes()


def composed(*words):
    with initialize_config_dir(CONF, version_base="1.3"):
        return compose("config", list(words))


def explained(*words):
    with pytest.raises((HydraException, OmegaConfBaseException, ValueError, TypeError)) as caught:
        composed(*words)
    return explain(caught.value, list(words))


@pytest.mark.parametrize("words", [[], ["seed=1"], ["-m", "seed=1,2"], ["--cfg", "job"], ["training.bf16=true"]])
def test_a_command_without_an_experiment_is_the_quickstart(words, capsys):
    assert complete(words) == [*words, QUICKSTART]
    assert capsys.readouterr().err == f"No task, data, model or experiment given: this is {QUICKSTART}\n"


@pytest.mark.parametrize(
    "words",
    [["task=ner"], ["-m", "model=a,b"], ["+experiment=x"], ["data=sample"], ["--help"], ["--version"]],
)
def test_a_named_experiment_stays_as_it_is(words, capsys):
    assert complete(words) == words
    assert capsys.readouterr().err == ""


def test_keys_that_begin_like_a_choice_are_none():
    assert complete(["model.path=x"])[-1] == QUICKSTART
    assert complete(["--config-dir=task"])[-1] == QUICKSTART


def test_a_sweep_of_nothing_is_an_error(capsys):
    with pytest.raises(SystemExit) as caught:
        complete(["-m", "experiment=glob(ner*)"])
    assert caught.value.code == 2
    message = capsys.readouterr().err
    assert message.startswith("error: experiment=glob(ner*): no option fits, nothing to run. List them: experiment=")
    assert "quickstart/ner,quickstart/ordinal" in message
    assert complete(["-m", "model=glob(bert*)"]) == ["-m", "model=glob(bert*)"]


TEXTS = ["plain", "it's", "'", "''", '"both\' kinds"', "back\\slash", "ends\\", "ends\\\\", "\\'", "a,b", "a=b", "",
         " spaces ", "x: {y: [1]}", "${seed}", "\\${seed}", "$", "null", "3", "seed=1,2 glob(*)", "é #%"]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_a_quoted_folder_comes_back_as_it_was(text):
    words = with_trial(["data=sample"], text)
    assert composed(*words).launcher.trial == (text or None)
    assert composed(f"tracking.notes={quote(text)}").tracking.notes == text


def test_an_experiment_that_stands_alone_is_no_trial():
    assert with_trial(["seed=1"], None) == ["seed=1"]


def test_a_restart_keeps_the_config_dir(monkeypatch, tmp_path):
    for flags in (["--config-dir", str(tmp_path)], [f"--config-dir={tmp_path}"], ["-cd", str(tmp_path)]):
        monkeypatch.setattr("sys.argv", ["run.py", *flags, "seed=1"])
        assert with_trial(["seed=1"], None) == [f"--config-dir={tmp_path}", "seed=1"]


EXPLAINED = {
    "task=nre": "task=nre: there is no such option. Nearest: ner. Options: causal_lm, dialogue, few_shot,",
    "model=xyz": "Any other Hub id or a local folder works through model.path=xyz.",
    "model=bert-base-casd": "there is no such option. Nearest: bert-base-cased, bert-base-uncased. Options:",
    "experiment=quickstart/nre": "experiment=quickstart/nre: there is no such option. Nearest: quickstart/ner",
    "experiment=ner": "experiment=ner: there is no such option. Nearest: quickstart/ner.",
    "tsk=ner": "there is no key tsk. Nearest: task.",
    "bath_size=3": "there is no key bath_size. Nearest: batch_size. All keys: python run.py --cfg job",
    "task.strid=3": "there is no key task.strid. Nearest: task.stride",
    "trainer.max_steps=3": "there is no key trainer.max_steps. Nearest: training.max_steps.",
    "learning_rate=3": "there is no key learning_rate. Nearest: optimizer.learning_rate.",
    "max_length=3": "there is no key max_length. Nearest: model.max_length.",
    "tracking.tags.x=3": "a value does not fit the place of its key",
    "hydra.sweep.dirr=x": "there is no key hydra.sweep.dirr. All of Hydra's own: python run.py --cfg hydra",
    "hydra/launcher=x": "Could not find 'hydra/launcher/x' Options: basic",
    "method.r=3": "method.r does not exist with the chosen method, but with: method=lora.",
    "task.class_weights=auto": " does not exist with the chosen task, but with: task=text_classification.",
    "~foo": "there is no key foo. Known: batch_size, batch_tokens, batching, data,",
    "~task.scheme": "task.scheme is null already.",
    "+seed=3": "seed exists already: leave out the plus.",
    "task=null": "task=null names no option. Options: causal_lm, dialogue, few_shot,",
    "optimizer=3": "optimizer=3 names no option. Options: adafactor, adagrad, adamw, adamw_scratch,",
    "model=minilm,roberta-base": "for argument 'model=minilm,roberta-base'. To try several values, add -m",
    "seed": "seed is not understood. Choices and values are written key=value, e.g. task=ner seed=1",
    "=3": "a choice needs its group and the name of an option",
    "task=": "task=: there is no such option.",
    "task=ner,": "task=ner, ends with a comma: something is missing. Several values: task=a,b with -m, a list:",
    "model=bert": "there is no such option. Nearest: bert-base-cased, bert-base-chinese, bert-base-mul",
    "data=my.csv": "your own files through data=files data.train=my.csv.",
    "epochs=3": "there is no key epochs. Here that is training.num_train_epochs. All keys:",
    "SEED=3": "there is no key SEED. Here that is seed.",
    "data.limit=[3": "data.limit=[3 cannot be read (no viable alternative at input '[3'). Text with special characters",
    "seed.x=3": "seed",
}  # fmt: skip


@pytest.mark.parametrize("word", EXPLAINED)
def test_hydra_errors_are_explained(word):
    message = explained(word)
    assert EXPLAINED[word] in message
    assert "\n" not in message


def test_options_of_a_config_dir_are_offered(tmp_path):
    (tmp_path / "task").mkdir()
    (tmp_path / "task" / "mine.yaml").write_text("name: my.task\nbest: f1\nwidth: 3\n")
    with pytest.raises(HydraException) as caught:
        composed("task=mien")
    message = explain(caught.value, ["--config-dir", str(tmp_path), "task=mien"])
    assert message.startswith("task=mien: there is no such option. Nearest: mine. Options: causal_lm,")
    assert ", masked_lm, mine, multi_task," in message


def test_only_errors_of_the_project_are_shortened(capsys):
    with pytest.raises(ZeroDivisionError), clear_errors():
        _ = 1 / 0
    with pytest.raises(ValueError, match="Expecting value"), clear_errors():
        json.loads("x")
    with pytest.raises(SystemExit) as caught, clear_errors():
        raise ValueError("wrong choice")
    assert caught.value.code == 2
    assert capsys.readouterr().err == "error: wrong choice\n"


COMMANDS = {
    "task=nre": "error: task=nre: there is no such option. Nearest: ner.",
    "bath_size=3 task=ner": "error: there is no key bath_size. Nearest: batch_size.",
    "task=ner +foo=1": "error: there is no key foo.",
    "task=ner ~seed": "error: seed is missing, but needed.",
    "task=ner training=null": "error: training=null names no option. Options: early_stopping, standard, steps.",
    "task=ner training.evaluation_strategy=epoch": "error: there is no key training.evaluation_strategy.",
    "task=ner task.best=f2": "error: task.best=f2 is not a score of ner.",
    "data=files": "error: data.train is not given.",
    "data=files data.train=no.csv": "error: data.train=no.csv: there is no such file in",
    "task=text_classification data=files data.train=FILE data.columns.text=review": "has no column 'review' for the",
    "task=ner batch_size=10 hardware=cpu hardware.num_processes=4": "batch_size=10 cannot be split over 4 processes",
    "data=sample data.limit=[3": "error: data.limit=[3 cannot be read",
    "task=ner seed=${sed}": "error: Interpolation key 'sed' not found",
    "-m task=ner seed=1,2 task.best=f2": "): task.best=f2 is not a score of ner.",
    "-m task=nre,ner": "error: task=nre: there is no such option.",
    "--config-dir=FOLDER task=broken": "error: a YAML file cannot be read:",
}  # fmt: skip


def heavy_imports(lines):
    return HEAVY & {line.split("|")[-1].strip() for line in lines if line.startswith("import time:")}


@pytest.mark.parametrize("words", COMMANDS)
def test_a_wrong_command_ends_with_one_message(run_command, tmp_path, words):
    (tmp_path / "a.csv").write_text("comment,label\ngood,1\n")
    (tmp_path / "task").mkdir()
    (tmp_path / "task" / "broken.yaml").write_text("name: [ner\nbest: f1\n")
    typed = words.replace("FILE", str(tmp_path / "a.csv")).replace("FOLDER", str(tmp_path)).split()
    done = run_command(*typed, f"output_root={tmp_path}/runs", PYTHONPROFILEIMPORTTIME="1")
    lines = done.stderr.splitlines()
    assert done.returncode == 2
    assert not heavy_imports(lines)
    assert len([line for line in lines if line.startswith("import time:")]) > 100
    said = [line for line in lines if not line.startswith("import time:")]
    assert COMMANDS[words] in said[-1]
    assert said[-1].startswith("error: ")
    assert "Traceback" not in done.stderr + done.stdout
    assert not any(f.name == "config.yaml" for f in (tmp_path / "runs").rglob("*"))


@pytest.mark.parametrize(
    ("words", "shown"),
    [(["--help"], "Choices, written group=option"), (["--cfg", "job", "--resolve"], "batch_size: 16")],
)
def test_help_and_configuration_are_quick(run_command, words, shown):
    done = run_command(*words, PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 0
    assert shown in done.stdout
    assert not heavy_imports(done.stderr.splitlines())
