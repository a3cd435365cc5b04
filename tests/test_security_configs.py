"""No code and no secret by way of a configuration: typed, in a file of somebody else's, or in Hydra's own node."""

import json
import sys

import pytest

from stages import secrets, targets
from stages.config import register_open_nodes
from tests.conftest import PROJECT

register_open_nodes()


@pytest.fixture
def composed(tmp_path):
    """`composed("task=ner", ...)` composes as a command does, with tmp_path/conf as the user's --config-dir."""
    from hydra import compose, initialize_config_dir
    from omegaconf import OmegaConf

    (tmp_path / "conf").mkdir()

    def compose_(*words):
        words = [f"hydra.searchpath=[{tmp_path / 'conf'}]", *words]
        with initialize_config_dir(str(PROJECT / "conf"), version_base="1.3"):
            return OmegaConf.to_container(compose("config", words), resolve=True)

    return compose_


TARGETS = ("os.system", "subprocess.Popen", "builtins.eval", "builtins.exec", "pickle.loads", "runpy.run_path",
           "hydra._internal.core_plugins.basic_launcher.os.system", "stages.page.charts.line_chart")  # fmt: skip
PLACES = ("+hydra.callbacks.x._target_={}", "hydra.launcher._target_={}", "hydra.sweeper._target_={}",
          "+model.config.x={{_target_: {}}}", "+task._target_={}", "+optimizer.x=[{{_target_: {}}}]", "+_target_={}",
          "+data.columns._target_={}")  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_no_target_on_the_command_line(composed, place):
    for target in TARGETS:
        if not ("core_plugins" in target and place.startswith("hydra")):  # Hydra itself looks these up in its list
            with pytest.raises(ValueError, match=r"a configuration names no code to run|is set by the project"):
                composed(place.format(target))


def test_hydra_calls_nothing_that_is_no_plugin(run_command, tmp_path):
    """What passes by its prefix is looked up as a whole by Hydra."""
    target = "hydra._internal.core_plugins.basic_launcher.sys.exit"
    done = run_command("-m", "seed=1,2", f"hydra.launcher._target_={target}", f"output_root={tmp_path}")
    assert done.returncode not in (0, None) and not list(tmp_path.glob("*/metrics.json"))
    assert "Unknown plugin class" in done.stderr


ATTACK = "hydra: {callbacks: {x: {_target_: pathlib.Path.touch, self: MARK}}}\n"
FILES = {
    "experiment": "# @package _global_\n" + ATTACK,
    "tracking": "# @package _global_\n" + ATTACK,
    "model": "defaults: [minilm, _self_]\nconfig: {x: {_target_: os.system, command: touch MARK}}\n",
    "data": "defaults: [files, _self_]\ncolumns: {text: {_target_: os.system, command: touch MARK}}\n",
}


@pytest.mark.parametrize("group", FILES)
def test_no_target_in_files(composed, tmp_path, group):
    (tmp_path / "conf" / group).mkdir()
    (tmp_path / "conf" / group / "evil.yaml").write_text(FILES[group].replace("MARK", str(tmp_path / "mark")))
    with pytest.raises(ValueError, match=r"_target_=.*names no code to run"):
        composed(f"{group}=evil")
    assert not (tmp_path / "mark").exists()


def test_a_command_ends_before_hydra_acts(run_command, tmp_path):
    """The whole way: a file with a callback and one with a YAML tag, given as options; a logging factory, typed."""
    folder, mark = tmp_path / "conf" / "experiment", tmp_path / "mark"
    folder.mkdir(parents=True)
    called = f"{{_target_: subprocess.Popen, args: [touch, {mark}]}}"
    (folder / "evil.yaml").write_text(f"# @package _global_\nhydra: {{callbacks: {{x: {called}}}}}\n")
    (folder / "tag.yaml").write_text(f"seed: !!python/object/apply:os.system ['touch {mark}']\n")
    factory = f"+hydra.job_logging.handlers.x={{(): os.system, command: 'touch {mark}'}}"
    for words, said in (
        (("experiment=evil",), "names no code"),
        (("experiment=tag",), "YAML"),
        ((factory,), "logging"),
    ):
        done = run_command(f"--config-dir={tmp_path / 'conf'}", *words)
        assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr, done.stderr
    assert not mark.exists()


@pytest.mark.parametrize(
    "word",
    [
        "hydra/job_logging=default", "hydra/hydra_logging=default", "+hydra.job.env_set.LD_PRELOAD=/tmp/x.so",
        "hydra.run.dir=/tmp/elsewhere", "hydra.sweep.dir=/tmp/elsewhere", "hydra.output_subdir=x",
        "hydra.job.chdir=true", "+hydra.callbacks.x.y=1", "+hydra.job_logging.root.handlers=[x]",
    ],
)  # fmt: skip
def test_hydras_own_node_is_the_projects(composed, word):
    with pytest.raises(ValueError, match=r"hydra\.\S+ is set by the project. Leave it out"):
        composed(word)


def test_options_do_not_come_from_packages(composed):
    """To look into one, Hydra imports it."""
    with pytest.raises(ValueError, match="not from packages"):
        composed("hydra.searchpath=[pkg://antigravity]")
    assert "antigravity" not in sys.modules


def test_everything_of_the_project_passes(composed):
    for words in ((), ("experiment=quickstart/ner",), ("task=multi_task",), ("hydra.verbose=true",)):
        assert composed(*words)["seed"] == 42


# --- task.name, which is imported


def test_a_task_is_a_task_before_it_is_imported(tmp_path, monkeypatch, compose_config, capsys):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "__init__.py").write_text("raise SystemExit('imported')")
    (tmp_path / "own" / "no_task.py").write_text("import os")
    names = {"own.no_task": "no_task.py is no task", "idlelib.idle": "is no task", "os.path": "No module named",
             "own.other": "No module named 'own.other'", "own.no_task.deeper": "No module named"}  # fmt: skip
    for name, said in names.items():
        with pytest.raises(ValueError, match=said):
            compose_config("data=sample", f"task.name={name}")
    assert "idlelib.idle" not in sys.modules and "own" not in sys.modules
    (tmp_path / "own" / "task.py").write_text("from tasks.ner import NER\nclass Own(NER):\n    pass\n")
    (tmp_path / "own" / "__init__.py").write_text("")
    targets.check_module.cache_clear()
    compose_config("data=sample", "task.name=own.task")
    assert f"the code of {tmp_path / 'own' / 'task.py'} runs" in capsys.readouterr().out


# --- secrets


@pytest.fixture
def secret(monkeypatch, tmp_path):
    """Secrets of every kind, kept on this machine."""
    (tmp_path / "netrc").write_text("machine api.wandb.ai login user password of-the-netrc-123\n")
    (tmp_path / "token").write_text("of-the-hub-12345\n")
    given = {"NETRC": tmp_path / "netrc", "HF_TOKEN_PATH": tmp_path / "token", "MY_API_KEY": "of-the-key-12345",
             "WANDB_API_KEY": "0f" * 20, "DB_PASSWORD": "of-the-base-12345"}  # fmt: skip
    for name, value in given.items():
        monkeypatch.setenv(name, str(value))
    secrets.known_secrets.cache_clear()
    yield ["of-the-netrc-123", "of-the-hub-12345", *map(str, list(given.values())[2:]), "hf_" + "aB3" * 12,
           "https://me:pass-word@example.org", "https://example.org/x?token=abcdef", "ghp_" + "x1" * 18]  # fmt: skip
    secrets.known_secrets.cache_clear()


def test_what_is_hidden_and_what_is_not(secret):
    for one in secret:
        told = secrets.hidden({"a": [f"before {one} after"], f"key {one}": 1})
        assert one not in json.dumps(told) and "***" in told["a"][0], one
    plain = ["model.config.pad_token=[PAD]", "data.columns.tokens=words", "output_root=/home/me/runs", "seed=42",
             "https://example.org/a@b?page=2", "task=ner", "1f" * 20]  # fmt: skip
    assert secrets.hidden_words(plain) == plain and secrets.hidden(plain) == plain
    assert secrets.hidden_words(["x.password=hunter22", "TOKEN=short"]) == ["x.password=***", "TOKEN=***"]
    assert secrets.hidden({"api_key": "x", "pad_token": "[PAD]"}) == {"api_key": "***", "pad_token": "[PAD]"}


@pytest.mark.parametrize("name", ["WANDB_API_KEY", "HF_TOKEN", "MY_SECRET", "DB_PASSWORD", "AWS_SECRET_ACCESS_KEY"])
def test_a_configuration_reads_no_secret_variable(composed, monkeypatch, name):
    monkeypatch.setenv(name, "of-the-variable")
    with pytest.raises(Exception, match="holds a secret"):
        composed(f"tracking.notes=${{oc.env:{name}}}")
    with pytest.raises(Exception, match="holds a secret"):
        composed(f"tracking.notes='${{oc.decode:${{oc.env:{name}}}}}'")


def test_a_configuration_reads_other_variables(composed, monkeypatch):
    monkeypatch.setenv("SCRATCH", "/scratch")
    assert composed("output_root=${oc.env:SCRATCH}/runs")["output_root"] == "/scratch/runs"
    assert composed("output_root=${oc.env:NOT_THERE,runs}")["output_root"] == "runs"
    with pytest.raises(Exception, match="NOT_THERE is not set"):
        composed("output_root=${oc.env:NOT_THERE}")
