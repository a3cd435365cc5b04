"""`--help`: an overview that fits its terminal, and what each group, option and key is."""

import re
from pathlib import Path

import pytest
from conftest import PROJECT

from stages.choices import CONF, composed, first_sentence, groups, options_of
from stages.config import register_open_nodes
from stages.help import answer, overview, show_help

register_open_nodes()


def shown(capsys, *words):
    show_help(["--help", *words])
    return capsys.readouterr().out


def test_the_overview_names_every_option_and_marks_the_defaults():
    text = overview([])
    listed = {path.relative_to(CONF).parts[0] for path in CONF.rglob("*/*.yaml")}
    assert set(groups()) == listed and list(groups())[:3] == ["task", "data", "model"]
    for group in groups():
        paragraph = re.search(rf"^  {group} +(.*\n(?: {{9,}}.*\n)*)", text, re.M)[1]
        names = re.split(r",\s+", paragraph.strip())
        assert sorted(name.removesuffix("*") for name in names) == options_of(group, [])
        assert [name for name in names if name.endswith("*")] == ([f"{groups()[group]}*"] if groups()[group] else [])
    assert "experiment=quickstart" not in text and "quickstart/text_classification" in text


def test_the_keys_of_the_overview_exist():
    keys = re.findall(r"^  ([a-z_.]+)=\S+ +\w", overview([]).split("Keys used most")[1].split("More")[0], re.M)
    assert len(keys) >= 10
    config = composed(["data=files"])
    for key in keys:
        group, _, name = key.partition(".")
        assert name.split(".")[0] in config[group] if name else group in config


@pytest.mark.parametrize("columns", [60, 80, 120, 300])
def test_the_choices_fit_the_terminal(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    choices = overview([]).split("Choices")[1].split("Keys used most")[0]
    longest = max(map(len, choices.splitlines()))
    assert longest <= min(columns, 120)
    assert longest > 70 or columns == 60


def test_a_pipe_gets_80_columns_and_no_colours(run_command):
    done = run_command("--help", COLUMNS="")
    assert done.returncode == 0 and done.stderr == ""
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 92  # the one line that installs the completion is longer
    assert len(done.stdout.splitlines()) < 110


def test_a_group_has_a_line_for_each_option(capsys):
    text = shown(capsys, "model")
    for option in options_of("model", []):
        assert re.search(rf"^  {option} +\w", text, re.M)
    assert re.search(r"^  roberta-base +RoBERTa base, ", text, re.M)
    assert "max_grad_norm" not in text
    assert re.search(r"^  .*\bmax_grad_norm,", shown(capsys, "training"), re.M)


def test_every_option_says_what_it_is():
    silent = [str(path) for path in CONF.rglob("*/*.yaml") if not first_sentence(path)]
    assert not silent


def test_a_first_sentence(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text(
        "# @package _global_\n# BERT, 3.5 M (Devlin et al., 2019) over\n# two lines. More.\n#   python x\na: 1\n"
    )
    assert first_sentence(file) == "BERT, 3.5 M (Devlin et al., 2019) over two lines."
    file.write_text("a: 1\n")
    assert first_sentence(file) == ""


def test_an_option_is_its_file(capsys):
    text = shown(capsys, "task=ner", "seed=3")
    assert text.startswith("task=ner is conf/task/ner.yaml\n")
    for line in (CONF / "task" / "ner.yaml").read_text().splitlines():
        assert line in text


def test_keys(capsys):
    text = shown(capsys, "optimizer.learning_rate")
    assert text.startswith("optimizer.learning_rate (float, defaults to 5e-5)\n\n  The initial learning rate")
    assert re.search(r"^optimizer=adamw +learning_rate: 5e-5", text, re.M)
    assert "examples per split" in shown(capsys, "data.limit")
    assert shown(capsys, "batch_size").startswith("conf/config.yaml  batch_size: 16")
    assert "num_processes: all" in shown(capsys, "hardware.num_processes")


def test_values_alone_give_the_overview(capsys):
    assert shown(capsys, "seed=3") == overview([]) + "\n"


def test_options_of_a_config_dir(capsys, tmp_path):
    (tmp_path / "task").mkdir()
    (tmp_path / "task" / "mine.yaml").write_text("# My own task.\nname: my.task\n")
    show_help(["--help", f"--config-dir={tmp_path}"])
    assert re.search(r"\bmine,\s", capsys.readouterr().out)


WRONG = {
    "modle": "Did you mean model=OPTION?",
    "ner": "Did you mean task=ner?",
    "data.limmit": "there is no key data.limmit. Nearest: data.limit",
    "training.bf17": "Nearest: training.bf16",
    "model=x": "model=x: there is no such option. Options: python run.py --help model. Any other Hub id",
}


@pytest.mark.parametrize("topic", WRONG)
def test_what_does_not_exist(capsys, topic):
    with pytest.raises(SystemExit) as caught:
        show_help(["--help", topic])
    assert caught.value.code == 2
    assert WRONG[topic] in capsys.readouterr().err


def test_only_questions_are_answered(capsys):
    assert answer(["task=ner", "-m"]) is None and capsys.readouterr().out == ""
    with pytest.raises(SystemExit) as caught:
        answer(["-h"])
    assert caught.value.code == 0 and capsys.readouterr().out.startswith("Tunesmith")
    with pytest.raises(SystemExit):
        answer(["--version"])
    assert capsys.readouterr().out == "tunesmith 0.1.0\n"


def test_the_shells_know_run_by_its_import():
    from stages.completion import INSTALL

    mark = "stages.help import answer"
    assert mark in Path(PROJECT / "run.py").read_text()
    assert all(mark in function for function in INSTALL.values())


@pytest.mark.parametrize("key", ["metrics.extra", "tracking.project", "seed"])
def test_keys_of_no_option_are_explained(key):
    from stages.help import about_key

    assert about_key(key, []).startswith("conf/config.yaml") or "conf/config.yaml " in about_key(key, [])


def test_the_words_for_a_finished_run_are_explained(capsys):
    assert shown(capsys, "from").startswith("from=...  a finished run's folder. Alone it is trained again")
    assert "exits with 1" in shown(capsys, "verify") and "standard input" in shown(capsys, "predict")
