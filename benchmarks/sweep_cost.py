"""What isolation costs: 8 short trials as a sweep, against 8 commands and against one process that runs all of them.

    python benchmarks/sweep_cost.py [REPEATS] [STEPS]

The same trainings, interleaved, in fresh folders each time: `commands` types `python run.py` 8 times, `sweep` is one
`-m` as it comes, with as many slots as cores, `one slot` the same with one trial at a time on all cores, `one process`
calls the experiment 8 times in a process that keeps everything it imported (no isolation: what one slot could at best
be). Prints seconds, median and spread, the ratios to `commands` and to `one process`, and whether the scores are the
same.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

PROJECT = Path(__file__).resolve().parent.parent
SEEDS = range(1, 9)
STEPS = sys.argv[2] if len(sys.argv) > 2 else "30"
WORDS = ("experiment=quickstart/ner", f"training.max_steps={STEPS}", "hardware=cpu", "tracking=disabled")
IN_ONE_PROCESS = """
import sys
from hydra import compose, initialize_config_dir
import run
from stages.config import read_config
folder, words, seeds = sys.argv[1], sys.argv[2].split(), sys.argv[3].split()
with initialize_config_dir(folder, version_base="1.3"):
    for seed in seeds:
        own = [*words, f"seed={seed}"]
        run.run_experiment(read_config(compose("config", own), own), own)
"""


def typed(*words, script=("run.py",)):
    """Run a program of the project to its end; raises where it fails."""
    subprocess.run([sys.executable, *script, *words], cwd=PROJECT, check=True, capture_output=True)


def commands(root):
    for seed in SEEDS:
        typed(*WORDS, f"seed={seed}", f"output_root={root}")


def sweep(root, *more):
    typed("-m", *WORDS, f"seed={','.join(map(str, SEEDS))}", f"output_root={root}", *more)


def one_process(root):
    words = " ".join([*WORDS, f"output_root={root}"])
    typed(str(PROJECT / "conf"), words, " ".join(map(str, SEEDS)), script=("-c", IN_ONE_PROCESS))


WAYS = {
    "commands": commands,
    "sweep": sweep,
    "one slot": lambda root: sweep(root, "launcher.slots=1"),
    "one process": one_process,
}


def scores(root):
    """The test scores of all runs in a folder, by seed."""
    found = {}
    for path in Path(root).glob("*/metrics.json"):
        seed = json.loads((path.parent / "identity.json").read_text(encoding="utf-8"))["choices"]["seed"]
        found[seed] = json.loads(path.read_text(encoding="utf-8"))["test"]["f1"]
    return [found[seed] for seed in SEEDS]


def main(repeats):
    """Measure, interleaved, and print."""
    seconds, results = {name: [] for name in WAYS}, {}
    for _ in range(repeats):
        for name, way in WAYS.items():
            with tempfile.TemporaryDirectory() as root:
                began = time.monotonic()
                way(root)
                seconds[name].append(time.monotonic() - began)
                results[name] = scores(root)
    middle = {name: median(values) for name, values in seconds.items()}
    print(f"{len(SEEDS)} trials, {repeats} repeats: {' '.join(WORDS)}")
    for name, values in seconds.items():
        against = ", ".join(f"{middle[name] / middle[other]:.2f} of {other}" for other in ("commands", "one process"))
        same = "same scores" if results[name] == results["commands"] else "other scores (other numbers of threads)"
        print(f"{name:<12} {middle[name]:6.1f} s ({min(values):.1f} to {max(values):.1f})  {against}  {same}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
