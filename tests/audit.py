"""`make audit`: the installed packages looked up among known vulnerabilities, with a verdict that says how many were.

pip-audit calls a version that its service does not know neither safe nor unsafe, and ends well: a mirror of PyPI
without such data would pass for a clean bill. Here a package that nobody looked up is no verdict."""

import json
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path
from tempfile import TemporaryDirectory

SERVICES = {"pypi": "pypi.org", "osv": "api.osv.dev"}
CLEAN, FOUND, UNKNOWN = 0, 1, 2  # exit codes


def installed():
    """{name: version} of what this Python has, without the mark of a local build (`+cpu`) that no service knows."""
    return {d.metadata["Name"]: d.version.partition("+")[0] for d in distributions()}


def look_up(program, packages, service):
    """-> pip-audit's list of packages, or its last words as a text."""
    with TemporaryDirectory() as folder:
        (wanted := Path(folder) / "packages.txt").write_text("".join(f"{n}=={v}\n" for n, v in packages.items()))
        words = ["--no-deps", "--disable-pip", "--format", "json", "--desc", "off", "--progress-spinner", "off"]
        command = [program, "-s", service, *words, "-r", str(wanted), "-o", f"{folder}/found.json"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode in (0, 1) and (found := Path(folder) / "found.json").is_file():
            return json.loads(found.read_text())["dependencies"]
    return (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1][:300]


def verdict(found, service):
    """-> (exit code, lines to show) for what a service answered."""
    if isinstance(found, str):
        return UNKNOWN, [f"{SERVICES[service]} gave no answer: {found}"]
    missed = [one["name"] for one in found if "skip_reason" in one]
    bad = [one for one in found if one.get("vulns")]
    lines = [
        f"  {one['name']} {one['version']}: {v['id']}, mended in {', '.join(v['fix_versions']) or 'no version yet'}"
        for one in bad
        for v in one["vulns"]
    ]
    looked = f"{len(found) - len(missed)} of {len(found)} packages were looked up at {SERVICES[service]}"
    if bad:
        return FOUND, [f"{looked}, {len(bad)} with known vulnerabilities:", *lines]
    if missed or not found:
        shown = ", ".join(missed[:8]) + (f" and {len(missed) - 8} more" if len(missed) > 8 else "")
        return UNKNOWN, [f"{looked}; it has nothing on {shown or 'no package'}"]
    return CLEAN, [f"{looked}, none has a known vulnerability."]


def audit(program):
    """Ask one service after the other until one has a verdict; print it, and return the exit code."""
    packages = installed()
    for service in SERVICES:
        code, lines = verdict(look_up(program, packages, service), service)
        print(*lines, sep="\n", flush=True)
        if code != UNKNOWN:
            return code
    print(f"No verdict. Run make audit where one of {' and '.join(SERVICES.values())} answers for all packages.")
    return UNKNOWN


if __name__ == "__main__":
    sys.exit(audit(sys.argv[1]))
