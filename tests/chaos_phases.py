"""What a run is doing, read from its folder from outside: for tests that kill it at a chosen moment."""

import json
import time
from collections import Counter, defaultdict

PHASES = ("loading", "step", "evaluating", "saving", "scoring", "writing")
SENDING = "sending"  # the scores to trackers, of a run that is finished
EVERY = 2  # steps between evaluations


class Watch:
    """Looks at the folder of a run that was just started: `phase` and `detail` say what was seen last."""

    def __init__(self, find):
        self.find, self.phase, self.detail = find, None, ""
        self.entered, self.spent, self.since = Counter(), defaultdict(float), time.monotonic()
        self.before = self._history_file()  # of an earlier start

    def _history_file(self):
        run = self.find()
        path = run and run / "history.jsonl"
        return path.stat().st_ino if path and path.is_file() else None

    def look(self):
        """-> the phase now."""
        try:
            phase, detail = self._seen()
        except FileNotFoundError:  # moved while it was looked at
            return self.phase
        if (phase, detail) != (self.phase, self.detail):
            now = time.monotonic()
            if self.phase:
                self.spent[self.phase] += now - self.since
            self.since, self.phase, self.detail = now, phase, detail
            self.entered[phase] += 1
        return phase

    def seconds(self):
        """How long each phase took on average."""
        return {phase: self.spent[phase] / self.entered[phase] for phase in self.spent}

    def _seen(self):
        run, number = self.find(), self._history_file()
        if number in (None, self.before):
            return "loading", ""
        if (run / "metrics.json").is_file():
            return SENDING, ""
        rows = [json.loads(line) for line in (run / "history.jsonl").read_text().split("\n")[:-1]]
        last = rows[-1] if rows else {"step": 0}
        if "train_loss" in last:
            newest = _newest(run)
            return ("scoring", "") if newest == "history.jsonl" else ("writing", newest)
        checkpoint = next((run / "checkpoints" / ".partial").glob("*"), None)
        if checkpoint:
            return "saving", f"{checkpoint.name}, {len(list(checkpoint.glob('*')))} files"
        if "loss" in last and last["step"] % EVERY == 0:
            return "evaluating", f"after step {last['step']}"
        return "step", str(last["step"] + 1)


def _newest(run):
    """What was written last, beside the checkpoints and what is for trackers."""
    files = [path for path in run.rglob("*") if path.is_file() and not {"checkpoints", "tensorboard"} & {*path.parts}]
    return max(files, key=lambda path: path.stat().st_mtime_ns).relative_to(run).as_posix()
