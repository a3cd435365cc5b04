"""The front door is true: its file tree and its table of choices are the project's, its commands compose."""

import re

from tests.conftest import PROJECT

README = (PROJECT / "README.md").read_text(encoding="utf-8")


def test_every_module_stands_in_the_file_tree():
    tree = README.split("## Files")[1].split("## Architecture")[0]
    modules = [p for top in ("stages", "tasks", "sweeps", "benchmarks") for p in PROJECT.glob(f"{top}/**/*.py")]
    missing = [p.name for p in modules if p.name != "__init__.py" and not re.search(rf"^ +{p.name} ", tree, re.M)]
    assert len(modules) > 20 and not missing
    named = re.findall(r"^ +(\w+\.py) ", tree, re.M)
    assert set(named) <= {p.name for p in modules} | {"run.py"}


def test_every_option_stands_in_a_table():
    table = README.split("## Tasks")[1].split("## Your own data")[0]
    options = [p.relative_to(PROJECT / "conf") for p in (PROJECT / "conf").rglob("*.yaml")]
    names = [str(p.with_suffix("")).split("/", 1)[1] for p in options if len(p.parts) > 1]
    assert len(names) > 25
    assert not [name for name in names if not re.search(rf"(?<![\w/-]){re.escape(name)}(?![\w/-])", table)]
