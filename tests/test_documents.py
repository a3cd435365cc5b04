"""README and docs are true: every command in them composes, and (slow) is typed and ends well."""

import re
import shlex
import subprocess
import sys

import pytest

from stages.command_line import complete
from sweeps.named import spelled_out
from sweeps.space import probes, space_of, words_of
from tests.conftest import PROJECT
from tests.documented import ELSEWHERE, PAGES, adapted, commands, furnish, reason, type_command

RUN = [(page, command) for page, command in commands() if "run.py" in command]
COMPOSED = [c for c in RUN if not re.search(r"from=| --\w| -sc|my_conf|hydra/launcher=", c[1])]


@pytest.fixture(scope="module")
def place(tmp_path_factory, tiny_bert):
    place = tmp_path_factory.mktemp("documented")
    furnish(place, tiny_bert)
    return place


def test_there_are_commands_on_every_page():
    pages = {page for page, _ in commands()}
    assert pages | {"results.md"} == {page.name for page in PAGES} and len(PAGES) == 16
    assert len(RUN) > 40 and all(any(re.search(p, c) for _, c in commands()) for p in ELSEWHERE)


@pytest.mark.parametrize(("page", "command"), COMPOSED)
def test_it_composes(compose_config, place, monkeypatch, page, command):
    """Each trial of a sweep by its first values."""
    monkeypatch.chdir(place)
    words = complete(spelled_out(shlex.split(command.partition("run.py")[2])))
    if any(word.startswith("sweeper=") for word in words):
        parameters, fixed = space_of([word for word in words if word != "-m"])
        words = [*fixed, *words_of(probes(parameters)[0])]
    firsts = [word if "[" in word else word.split(",")[0] for word in words if word != "-m"]
    compose_config(*firsts)


@pytest.mark.slow
def test_all_are_typed(place, tiny_bert):
    """In the order of the pages, those that use a finished run last."""
    typed = sorted((c for c in commands() if not reason(c[1])), key=lambda c: "from=" in c[1])
    failed = {}
    for page, command in typed:
        if "stock_ner.py" in command:
            continue  # typed below
        source = "new.txt" if command.startswith("cat ") else None
        code, output = type_command(adapted(command, place, tiny_bert), place, source)
        if code:
            failed[f"{page}: {command}"] = output[-1500:]
    assert not failed, failed
    assert len(list(place.glob("runs/*/report.html"))) > 20


@pytest.mark.slow
def test_the_benchmark_is_typed(place, tiny_bert):
    """In fewer words: one seed."""
    (command,) = {c for _, c in commands() if "stock_ner.py" in c}
    words = [tiny_bert if word == "MODEL" else word for word in shlex.split(command)[2:] if word not in ("43", "44")]
    script = [sys.executable, str(PROJECT / "benchmarks" / "stock_ner.py")]
    done = subprocess.run([*script, *map(str, words)], capture_output=True, text=True, cwd=place)
    assert done.returncode == 0 and '"test_f1"' in done.stdout, done.stderr
