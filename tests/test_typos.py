"""Words that no command can hold: each ends with one line that says what was probably meant."""

import pytest

from stages.arguments import argument_keys
from stages.choices import groups
from stages.typos import ALIASES, arrange, meant, nearest

WRONG = {
    "--hepl": "there is no flag --hepl. Nearest: --help.",
    "--multi": "there is no flag --multi. Nearest: --multirun.",
    "--list": "there is no flag --list. The ones used most: --help, --multirun (-m),",
    "-v": "there is no flag -v. The ones used most:",
    "--task=ner": "there is no flag --task=ner. Choices and values have no dashes: task=ner",
    "--task ner": "there is no flag --task. Choices and values have no dashes: task=...",
    "--model.path=x": "Choices and values have no dashes: model.path=x",
    "--cfg": "--cfg needs a value: job, hydra, all.",
    "--cfg jobb": "--cfg jobb: choose one of job, hydra, all.",
    "--cfg=jobb": "--cfg jobb: choose one of job, hydra, all.",
    "task=ner --config-dir": "--config-dir needs a value.",
    "-m --cfg job": "-m and --cfg exclude each other.",
    "ner": "ner is not understood. Choices and values are written key=value, e.g. task=ner seed=1. Did you mean task=",
    "quickstart": "e.g. task=ner seed=1",
    "gpu": "Did you mean hardware=gpu?",
    "bert-base-casd": "Did you mean model=bert-base-cased?",
    "task ner": "Did you mean task=ner?",
    "task=sample model": "Did you mean model=OPTION, one of those that `--help model` lists?",
    "task = ner": "Did you mean task=ner, without spaces?",
    "task= ner": "Did you mean task=ner, without spaces?",
    "seed=1 task =ner": "Did you mean task=ner, without spaces?",
    "task:ner": "Did you mean task=ner?",
    "help": "Did you mean --help?",
    "modle": "Did you mean model=OPTION?",
    "task=ner seed": "seed is not understood. Choices and values are written key=value",
    "+foo": "+foo is not understood.",
    "rerun": "Did you mean rerun=true?",
    "": "'' is not understood.",
    "--multirun=true": "--multirun takes no value. Write --multirun",
    "=": "= is not understood.",
}


@pytest.mark.parametrize("words", WRONG)
def test_one_line_says_what_was_meant(words, capsys):
    with pytest.raises(SystemExit) as caught:
        arrange(words.split(" "))
    message = capsys.readouterr().err
    assert caught.value.code == 2 and message.startswith("error: ") and message.count("\n") == 1
    assert WRONG[words] in message


@pytest.mark.parametrize(
    ("words", "arranged"),
    [
        ("task=ner seed=1", "task=ner seed=1"),
        ("seed=1,2 -m", "-m seed=1,2"),
        ("seed=1 --cfg job task=ner --resolve", "--cfg job --resolve seed=1 task=ner"),
        ("a=1 --config-dir conf b=2", "--config-dir conf a=1 b=2"),
        ("--info defaults a=1", "--info defaults a=1"),
        ("--info a=1", "--info a=1"),
        ("~task.scheme ++a=1 tracking.notes=", "~task.scheme ++a=1 tracking.notes="),
        ("model --help", "--help model"),
        ("-sc query=bash", "-sc query=bash"),
    ],
)
def test_flags_come_first(words, arranged):
    assert arrange(words.split(" ")) == arranged.split(" ")


def test_values_with_spaces_are_no_typos():
    assert arrange(["tracking.notes='a = b'", "data.train=my file.csv"])


def test_names_of_other_programs_lead_to_keys_that_exist(compose_config):
    config = compose_config("data=files", "data.train=README.md") | {"experiment": None}
    hub = compose_config("data=hub", "data.path=a/b")["data"]
    for alias, target in ALIASES.items():
        group, _, name = target.split(" ")[0].split("=")[0].strip(",").partition(".")
        known = group == "nothing" or group in groups() or group in config
        assert known, alias
        inside = not name or f"{group}.{name}" in argument_keys() or name in config[group] or name in hub
        assert inside, alias
        assert alias not in config
    assert meant("lr") == meant("optimizer.lr").replace("optimizer.lr", "lr", 1)
    assert meant("TASK", ["task"]) == "there is no key TASK. Here that is task."
    assert meant("frobnicate") == ""


def test_the_nearest_options():
    options = ["bert-base-cased", "bert-base-uncased", "roberta-base", "quickstart/ner"]
    assert nearest("bert", ["albert-base", *options]) == ["bert-base-cased", "bert-base-uncased", "albert-base"]
    assert nearest("BERT-base-cased", options) == ["bert-base-cased"]
    assert nearest("ner", options) == ["quickstart/ner"]
    assert nearest("bert-base-casd", options) == ["bert-base-cased", "bert-base-uncased"]
    assert nearest("xy", options) == []


def test_a_sweep_with_its_flag_at_the_end(run_command, tmp_path):
    done = run_command("task=nre", "-m", f"output_root={tmp_path}")
    assert done.returncode == 2 and done.stderr.startswith("error: ") and "Traceback" not in done.stderr
