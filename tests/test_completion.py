"""The Tab key: what fits a line that is being typed, and the functions of the shells in the shells that are here."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import PROJECT

from stages.completion import INSTALL, answer_shell, fitting
from stages.config import register_open_nodes

register_open_nodes()

RUN = "python run.py "
EXACT = {
    "mod": ["model.", "model="],
    "exp": ["experiment="],
    "model=mini": ["model=minilm"],
    "-m model=roberta-base,mini": ["model=roberta-base,minilm"],
    "+model=mini": ["+model=minilm"],
    "experiment=quickstart/text": ["experiment=quickstart/text_classification"],
    "optimizer.lear": ["optimizer.learning_rate="],
    "training.label_smo": ["training.label_smoothing_factor="],
    "training.early_stopping_p": ["training.early_stopping_patience="],
    "hardware.num_p": ["hardware.num_processes="],
    "training.bf16=": ["training.bf16=false", "training.bf16=true"],
    "training.eval_strategy=e": ["training.eval_strategy=epoch"],
    "optimizer.optim=rms": [f"optimizer.optim=rmsprop{end}" for end in ("", "_bnb", "_bnb_32bit", "_bnb_8bit")],
    "rerun=": ["rerun=false", "rerun=true"],
    "seed=": ["seed=42"],
    "data=files data.tr": ["data.train="],
    "data=sample data.for": [],
    "task=text_classification task.cl": ["task.class_weights="],
    "task=ner task.best=s": ["task.best=strict_f1"],
    "method=lora method.use_d": ["method.use_dora="],
    "~task.sch": ["~task.scheme="],
    "--mu": ["--multirun"],
    "--help mini": [],
    "--help model=mini": ["model=minilm"],
    "--help training.bf": ["training.bf16"],
    "nothing_like_it": [],
}


@pytest.mark.parametrize("words", EXACT)
def test_words_that_fit(words):
    assert fitting(RUN + words) == EXACT[words]


def test_the_first_word_may_be_any_key_or_group():
    found = fitting(RUN)
    assert {"task=", "task.", "experiment=", "seed=", "training.", "batch_size="} <= set(found)
    assert not [word for word in found if "." in word[:-1]]
    assert len(fitting(RUN + "training.")) > 40
    assert fitting("/a/b/python3 some/run.py mod") == ["model.", "model="]


def test_options_of_a_config_dir(tmp_path):
    (tmp_path / "task").mkdir()
    (tmp_path / "task" / "mine.yaml").write_text("name: ner\nbest: f1\nwidth: 3\n")
    assert fitting(f"{RUN}--config-dir={tmp_path} task=mi") == ["task=mine"]
    assert fitting(f"{RUN}--config-dir={tmp_path} task=mine task.wi") == ["task.width="]


def test_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    for name in ("train.conll", "test.conll", ".hidden"):
        (tmp_path / "data" / name).write_text("")
    assert fitting(RUN + "data=files data.train=da") == ["data.train=data/"]
    assert fitting(RUN + "data.train=data/tr") == ["data.train=data/train.conll"]
    assert fitting(RUN + "data.train=data/") == ["data.train=data/test.conll", "data.train=data/train.conll"]
    assert fitting(f"{RUN}model.path={tmp_path}/d") == [f"model.path={tmp_path}/data/"]
    assert fitting(RUN + "data.train=nowhere/x") == []


def test_a_half_typed_wrong_word_still_completes():
    assert fitting(RUN + "task=nre training.label_smo") == ["training.label_smoothing_factor="]
    assert fitting(RUN + "data=a,b 'quoted training.label_smo") == ["training.label_smoothing_factor="]


@pytest.mark.parametrize("words", [[], ["install=tcsh"], ["query"], ["uninstall=bash"]])
def test_other_questions_are_errors(words, capsys):
    with pytest.raises(SystemExit) as caught:
        answer_shell(["-sc", *words])
    assert caught.value.code == 2
    assert 'eval "$(python run.py -sc install=bash)"' in capsys.readouterr().err


def test_a_query_imports_nothing_heavy(run_command):
    done = run_command("-sc", "query=bash", COMP_LINE=RUN + "training.label_smo", PYTHONPROFILEIMPORTTIME="1")
    assert done.stdout == "training.label_smoothing_factor=\n"
    names = {line.split("|")[-1].strip() for line in done.stderr.splitlines()}
    assert "yaml" in names and not {"torch", "transformers", "datasets", "numpy"} & names


def bash_offers(line, cwd=PROJECT):
    """What bash's function puts into COMPREPLY when the cursor stands at the end of the line."""
    words = line.replace("=", " = ").split(" ")  # as readline splits it
    asks = f"COMP_LINE='{line}' COMP_POINT={len(line)}; COMP_WORDS=({' '.join(words)}); COMP_WORDBREAKS=$' =:'"
    script = f'{INSTALL["bash"]}\n{asks}\n_tunesmith; printf "%s\\n" "${{COMPREPLY[@]}}"'
    python = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{python}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, cwd=cwd, env=environment, timeout=60)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash")
def test_the_function_of_bash(tmp_path):
    assert bash_offers("python run.py model=mini") == ["minilm"]  # readline keeps what stands before its word
    assert bash_offers("python run.py optimizer.lear") == ["optimizer.learning_rate="]
    other = tmp_path / "other.py"
    other.write_text("import pathlib\npathlib.Path('started').touch()\n")
    assert bash_offers("python other.py model=rob", cwd=tmp_path) == []
    assert not (tmp_path / "started").exists()


@pytest.mark.parametrize("shell", INSTALL)
def test_the_functions_are_valid(shell):
    if not shutil.which(shell):
        pytest.skip(f"no {shell}")
    done = subprocess.run([shell, "-n"], input=INSTALL[shell], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
