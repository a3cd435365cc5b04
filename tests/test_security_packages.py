"""Dependencies checked with pip-audit: a verdict is given for what was looked up, and only then."""

import json

import pytest
from audit import audit

KNOWN = {"name": "a", "version": "1", "vulns": []}
BAD = {"name": "b", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}]}
MISSED = {"name": "torch", "skip_reason": "Dependency not found on PyPI"}


@pytest.fixture
def answer(tmp_path):
    """`answer(pypi, osv)` -> a program that writes what pip-audit would; a text is what it dies with."""

    def make(**answers):
        program = tmp_path / "pip-audit"
        program.write_text(
            "#!/usr/bin/env python3\n"
            "import json, sys\n"
            f"answer = json.loads({json.dumps(answers)!r})[sys.argv[2]]\n"
            "asked = open(sys.argv[sys.argv.index('-r') + 1]).read()\n"
            "assert '+' not in asked and 'torch==' in asked, asked\n"
            "if isinstance(answer, str): sys.exit(answer)\n"
            "json.dump({'dependencies': answer}, open(sys.argv[-1], 'w'))\n"
            "sys.exit(any(one.get('vulns') for one in answer))\n"
        )
        program.chmod(0o755)
        return str(program)

    return make


@pytest.mark.parametrize(
    ("answers", "code", "said"),
    [
        ({"pypi": [KNOWN, KNOWN]}, 0, "2 of 2 packages were looked up at pypi.org, none has a known vulnerability."),
        ({"pypi": [KNOWN, BAD, MISSED]}, 1, "b 2: CVE-1, mended in 3"),
        ({"pypi": [MISSED], "osv": [KNOWN]}, 0, "1 of 1 packages were looked up at api.osv.dev, none"),
        ({"pypi": [KNOWN, MISSED], "osv": "no network"}, 2, "1 of 2 packages were looked up at pypi.org; it has"),
        ({"pypi": "no network", "osv": "no network"}, 2, "api.osv.dev gave no answer: no network\nNo verdict."),
        ({"pypi": [], "osv": []}, 2, "No verdict"),
    ],
)
def test_the_verdict_on_the_packages(answer, capsys, answers, code, said):
    assert audit(answer(**answers)) == code and said in capsys.readouterr().out
