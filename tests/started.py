"""A typed command that can be watched while it runs: what it is doing, its processes, what it said, what it left."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time

import psutil

from tests.chaos_phases import Watch
from tests.conftest import OFFLINE, PROJECT, WORDS

LIMIT = 200  # seconds that a test waits for anything
EVAL_STEPS = 20
SLOW_EVALUATION = (
    "hardware.per_device_eval_batch_size=2", "training.eval_strategy=steps", f"training.eval_steps={EVAL_STEPS}",
    "training.save_strategy=steps", "training.logging_steps=1",
)  # fmt: skip


def words_of(folder, model):
    """A command whose evaluations take a second or two, with its data in a folder."""
    dice, files = random.Random(0), {"train": 200, "validation": 800, "test": 800}
    for split, rows in files.items():
        texts = [(" ".join(dice.choices(WORDS.split(), k=12)), dice.choice(("good", "bad"))) for _ in range(rows)]
        lines = [json.dumps({"text": f"{text} {split} {i}", "label": label}) for i, (text, label) in enumerate(texts)]
        (folder / f"{split}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    data = [f"data.{split}={folder}/{split}.jsonl" for split in files]
    return ["task=text_classification", "data=files", *data, f"model.path={model}", "batch_size=8", "hardware=cpu",
            f"output_root={folder}/runs", "tracking=disabled", *SLOW_EVALUATION]  # fmt: skip


class Started:
    """`python run.py WORD...` in a session of its own; `script`: instead of run.py."""

    def __init__(self, words, folder, script=PROJECT / "run.py", **environment):
        self.root, self.log = folder / "runs", folder / f"log{len(list(folder.glob('log*')))}"
        self.watch = Watch(self.run)
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-u", str(script), *words], stdout=log, stderr=subprocess.STDOUT, cwd=PROJECT,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored in a shell's background
                env={**os.environ, **OFFLINE, "OMP_NUM_THREADS": "1", **environment}, start_new_session=True,
            )  # fmt: skip
        self.began = time.time()

    def run(self):
        """The run's folder, None before it has one."""
        return next((p.parent for p in self.root.glob("*/config.yaml") if not p.parent.suffix[1:].isdigit()), None)

    @property
    def said(self):
        return self.log.read_text(errors="replace")

    def wait_for(self, phase, skip=0, more=0.0):
        """Until it enters a phase, which may be skipped some times, or has said what /this pattern finds. `more`:
        seconds further."""
        last = None
        while not re.search(phase[1:], self.said, re.M) if phase[0] == "/" else skip >= 0:
            assert self.process.poll() is None and time.time() < self.began + LIMIT, self.said
            time.sleep(0.002)
            before, last = last, self._seen()
            skip -= last != before and last[0] == phase
        time.sleep(more)

    def _seen(self):
        """-> (phase, detail); the watch takes every second step for an evaluation."""
        phase, detail = self.watch.look(), self.watch.detail
        is_step = phase == "evaluating" and int(detail.rpartition(" ")[2]) % EVAL_STEPS
        return ("step" if is_step else phase), detail

    def ranks(self):
        """The processes that a launcher started, by rank."""
        found = {}
        for process in psutil.Process(self.process.pid).children():
            found[int(process.environ()["RANK"])] = process
        return found

    def send(self, signum):
        """Ctrl-C reaches all processes of a terminal, other signals the one that was typed; see `ranks` for others."""
        if signum == signal.SIGINT:
            os.killpg(self.process.pid, signum)
        else:
            self.process.send_signal(signum)

    def end(self, within=60):
        """-> (exit code, seconds); nothing that it started is left after that."""
        began = time.time()
        code = self.process.wait(within)
        seconds = time.time() - began
        time.sleep(0.5)
        assert not self._left(), self.said
        return code, seconds

    def _left(self):
        """Launched processes have sessions of their own, so they are known by their words."""
        root, left = str(self.root), []
        for process in psutil.process_iter(["cmdline", "status"]):
            if root in " ".join(process.info["cmdline"] or []) and process.info["status"] != psutil.STATUS_ZOMBIE:
                left.append(process)
        return left
