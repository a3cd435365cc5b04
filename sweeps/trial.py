"""A trial: one experiment of a sweep, composed and frozen before it starts, and the record of what became of it."""

import hashlib
import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import open_dict

from stages.config import read_config
from stages.files import write_json
from stages.folder import UNDECISIVE, is_finished, run_folder, safe_name
from stages.secrets import hidden, hidden_words

RECORD = "sweep.json"  # in the sweep's folder
TOLD = "trial.json"  # in the record of a search's trial: its part of that, for several processes may work on one search
GROWING = ("sweeper.trials", "sweeper.batch", "sweeper.enqueue")  # keys that leave a search the one it was
FROZEN = "frozen.json"  # in a trial's folder until it has ended: what it carries out
LOG = "log.txt"
PROGRESS = "progress.json"
ENDED = ("done", "failed", "stopped", "elsewhere", "pruned")
SINGLE = "train"  # the job type of an experiment that stands alone
LONGEST = 100  # characters; W&B allows 128 for a group


@dataclass
class Trial:
    """`words`: those that make it; `record`: where it says what it does; `place`: its run's folder. `state` is waiting,
    running or one of ENDED; `before`: it was finished already; `reason`: why it failed; seconds since the epoch."""

    number: int
    words: list[str]
    config: dict
    place: Path
    record: Path
    state: str = "waiting"
    before: bool = False
    started: float | None = None
    seconds: float | None = None
    reason: str | None = None
    notes: dict = field(default_factory=dict)  # of a search: the parameters, the objective

    def progress(self) -> dict:
        """What the trial last said of itself: step, steps, left (seconds), name and value of the best score."""
        try:
            return json.loads((self.record / PROGRESS).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}

    def last_line(self) -> str:
        """The last line that the trial's process wrote."""
        try:
            lines = (self.record / LOG).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return ""
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def told(self) -> dict:
        """The trial as it stands in the sweep's record."""
        known = {
            "number": self.number, "words": hidden_words(self.words), "run": str(self.place),
            "state": self.state, "finished_before": self.before, "started": self.started, "seconds": self.seconds,
            "reason": self.reason, **self.notes,
        }  # fmt: skip
        return hidden({key: value for key, value in known.items() if value not in (None, False)})


def compose(plugin, number: int, words: list[str], folder: Path, group: str, name: str | None = None) -> Trial:
    """Compose and check a trial; raises what a single experiment of these words would raise. `name`: of its record."""
    cfg = plugin.context.config_loader.load_sweep_config(plugin.config, words)
    HydraConfig.instance().set_config(cfg)
    with open_dict(cfg):
        del cfg["hydra"]
    config, record = read_config(cfg, words), folder / (name or f"{number:03}")
    config["tracking"]["group"] = config["tracking"]["group"] or group
    if config["tracking"]["job_type"] == SINGLE:
        config["tracking"]["job_type"] = "trial"
    config["launcher"]["trial"] = str(record)
    trial = Trial(number, words, config, run_folder(config), record)
    if is_finished(trial.place) and not config["rerun"]:
        trial.state, trial.before = "done", True
    return trial


def freeze(trial):
    """Write down what a trial carries out, for processes that are not forked from this one; for the owner's eyes."""
    trial.record.mkdir(parents=True, exist_ok=True)
    path = trial.record / FROZEN
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump({"config": trial.config, "words": trial.words}, file)


def frozen(record: str | Path) -> tuple[dict, list[str]]:
    """-> (configuration, words) of a trial that was frozen."""
    path = Path(record) / FROZEN
    if not path.is_file():
        raise ValueError(f"launcher.trial={record} is set by a sweep, and there is no trial. Leave it out.")
    content = json.loads(path.read_text(encoding="utf-8"))
    return content["config"], content["words"]


def sweep_folder(words: list[str], root: str) -> Path:
    """Where a sweep keeps its record: the same words name the same folder, whatever they say of how trials are run."""
    apart = {*UNDECISIVE, "hydra"} - {"sweeper"}
    deciding = [word for word in lasting(words) if re.split(r"[./=]", word.lstrip("+~"))[0] not in apart]
    keys = "-".join(word.partition("=")[0].rpartition(".")[2] for word in deciding if "," in word or "(" in word)
    digest = hashlib.sha256(" ".join(deciding).encode()).hexdigest()[:8]
    return Path(root).expanduser() / "sweeps" / f"{safe_name(keys) or 'sweep'}-{digest}"


def lasting(words: list[str]) -> list[str]:
    """The words of a sweep without those by which a search grows."""
    return [word for word in words if word.lstrip("+").partition("=")[0] not in GROWING]


def sweep_name(words: list[str]) -> str:
    """The group that all trials of a sweep share: the words that were typed, the same when they are typed again."""
    name = "sweep " + " ".join(hidden_words(lasting(words)))
    return name if len(name) <= LONGEST else f"{name[:LONGEST]} {hashlib.sha256(name.encode()).hexdigest()[:8]}"


def write_record(folder: Path, words: list[str], trials: list[Trial]) -> None:
    """What became of each trial so far, also of those of a search that other processes ran."""
    told = {path.parent.name: json.loads(path.read_text(encoding="utf-8")) for path in folder.glob(f"*/{TOLD}")}
    told |= {trial.record.name: trial.told() for trial in trials}
    write_json(folder / RECORD, {"words": hidden_words(words), "trials": [told[name] for name in sorted(told)]})
