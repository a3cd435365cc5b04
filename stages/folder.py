"""The run's folder: named by what decides its result, written whole or not at all, with where everything came from."""

import json
import os
import platform
import subprocess
import sys
import time
from functools import cache
from hashlib import sha256
from importlib.metadata import distributions
from pathlib import Path

from stages.digests import file_digest, files_digest, images_digest, known_digest, text_digest
from stages.extra_metrics import local_files
from stages.files import read_json
from stages.hardware import launched
from stages.secrets import hidden, hidden_words
from tasks.contract import task_class

PROJECT = Path(__file__).resolve().parent.parent
# They change where, how fast and how safely, never the result; of guard.max_minutes see `identity`.
UNDECISIVE = ("tracking", "hardware", "output_root", "rerun", "resume", "guard", "launcher", "sweeper")
REPEATED = "commits"  # what a repetition adds to the configuration, see stages/commits.py; it stands in no file
CONFIG = "config.yaml"  # appears first
IDENTITY = "identity.json"  # what the folder is named by, as it was when the run started
FINISHED = "metrics.json"  # appears last
PROVENANCE = "provenance.json"  # where everything came from and what it cost
UNFINISHED = ".metrics.json"  # the same, before everything else is in place


def run_folder(config):
    """The folder of a configuration: the same choices, code and local data always name the same one."""
    names = (config["task"]["name"].split(".")[-1], config["data"]["name"], config["model"]["name"])
    return Path(config["output_root"]).expanduser() / "-".join([*map(safe_name, names), digest(config)])


def safe_name(name):
    """A name of the configuration as part of a file's name: it leads into no other folder, and is never too long."""
    plain = "".join(c if c.isalnum() or c in "._-" else "_" for c in str(name)).strip(".")
    return plain.encode()[:60].decode(errors="ignore")


def digest(config):
    """Eight hex digits of all that decides the result."""
    return text_digest(json.dumps(identity(config), sort_keys=True))[:8]


def identity(config):
    """All that decides the result: {"choices": {key: value}, "content": {what: digest of its files}}."""
    choices = {key: value for key, value in config.items() if key not in (*UNDECISIVE, REPEATED)}
    if config["guard"]["max_minutes"] is not None:
        # A budget ends training early: its run must not answer for one without it, nor with another one.
        choices["guard"] = {"max_minutes": config["guard"]["max_minutes"]}
    choices["data"], content = _without_places(config["data"], task_class(config["task"]["name"]).images)
    model = model_folder(config["model"]["path"])
    if model.is_dir():
        choices["model"] = {key: value for key, value in config["model"].items() if key != "path"}
        content["the model"] = folder_digest(model)
    choices["metrics"] = [Path(name).stem if local_files(name) else name for name in config["metrics"]["extra"]]
    scripts = [file_digest(file) for name in config["metrics"]["extra"] for file in local_files(name)]
    tasks = [config["task"], *config["task"].get("parts", {}).values()]
    own = [file_digest(sys.modules[task_class(t["name"]).__module__].__file__) for t in tasks]
    content |= {"the code": code_digest(), "the task's code": own, "the metrics' code": scripts}
    return {"choices": choices, "content": content}


def _without_places(data, images, of=""):
    """-> (the choices of data without where local files lie, {what: digest of those files, of images they name})."""
    if data["source"] == "parts":
        parts = {part: _without_places(own, images, f"{of}parts.{part}.") for part, own in data["parts"].items()}
        content = {key: found for _, own in parts.values() for key, found in own.items()}
        return {**data, "parts": {part: choices for part, (choices, _) in parts.items()}}, content
    if data["source"] != "files":
        return data, {}
    given = {split: path for split in ("train", "validation", "test") if (path := data[split])}
    content = {f"data.{of}{split}": files_digest(path, data["format"]) for split, path in given.items()}
    columns = [str(data["columns"].get(name, name)) for name in images]
    named = {split: columns and images_digest(path, data["format"], columns) for split, path in given.items()}
    content |= {f"the images of data.{split}": digest for split, digest in named.items() if digest}
    return {**data, **dict.fromkeys(given, "files")}, content


@cache
def code_digest():
    """Digest of the code that a run goes through."""
    files = sorted([PROJECT / "run.py", *PROJECT.glob("stages/**/*.py"), *PROJECT.glob("tasks/**/*.py")])
    return text_digest("".join(file_digest(path) for path in files))


def data_digest(splits):
    """Fingerprint of the examples as the task sees them, in order: of their JSON, a million of which need no room."""
    digest = sha256()
    for part in _written(splits):
        digest.update(part.encode())
    return digest.hexdigest()[:16]


def _written(splits):
    """What `json.dumps(splits, sort_keys=True)` gives, piece by piece."""
    for i, split in enumerate(sorted(splits)):
        yield f"{', ' if i else '{'}{json.dumps(split)}: {{"
        for j, column in enumerate(sorted(splits[split])):
            yield f"{', ' if j else ''}{json.dumps(column)}: ["
            values = splits[split][column]
            for start in range(0, len(values), 10_000):
                yield (", " if start else "") + json.dumps(values[start : start + 10_000], sort_keys=True)[1:-1]
            yield "]"
        yield "}"
    yield "}" if splits else "{}"


def folder_digest(folder):
    """Fingerprint of a model's folder: weights, configuration, tokenizer."""
    files = sorted(path for path in Path(folder).iterdir() if path.is_file() and path.name != "README.md")
    return text_digest("".join(path.name + known_digest(path) for path in files))[:16]


def model_folder(path):
    """The folder of a local model; of a run its model/."""
    folder = Path(path).expanduser()
    is_run = (folder / CONFIG).is_file() and not (folder / "config.json").is_file()
    return folder / "model" if is_run else folder


def earlier_run(model):
    """What is known of the run that a model's folder belongs to: its own choices, data and model, which may come from a
    run as well. Empty for any other folder."""
    run = model.parent
    if model.name != "model" or not is_finished(run) or not (run / CONFIG).is_file():
        return {}
    from omegaconf import OmegaConf

    config = OmegaConf.to_container(OmegaConf.load(run / CONFIG))
    known = read_json(run / PROVENANCE, {})
    made = {"run": run.resolve().name, "task": config["task"]["name"], "seed": config["seed"]}
    return {"run": {**made, **{key: known[key] for key in ("started", "code", "data", "model") if key in known}}}


def user_cache():
    """The project's folder in the user's cache: what would be made again from the same content."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "tunesmith"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def is_finished(folder):
    return (folder / FINISHED).is_file()


def keep_old(path):
    """Move a folder or file aside, to `<path>.1`, `.2`, ...; returns its new path, None where there was none."""
    return path.rename(free_name(path)) if path.exists() else None


def free_name(path):
    """The path that a folder or file is moved to by `keep_old`."""
    number = next(n for n in range(1, 10_000) if not path.with_name(f"{path.name}.{n}").exists())
    return path.with_name(f"{path.name}.{number}")


def provenance(words, clock, data, model, cost=None, stopped=None):
    """Where the run came from: code, packages, machine, data, model; what it cost; what ended it early."""
    read = (d.metadata for d in distributions())  # each access reads its file anew, and `version` is one
    packages = {metadata["Name"]: metadata["Version"] for metadata in read}
    origin = {
        "command": ["run.py", *hidden_words(words)],
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(clock.started)),
        "seconds": round(time.time() - clock.started, 1),
        "phases": clock.seconds,
        "cost": cost or {},
        "git": {
            "commit": _git("rev-parse", "HEAD"),
            "diff": _git("diff", "HEAD"),
            "untracked": _git("ls-files", "-o", "--exclude-standard"),
        },
        "code": code_digest()[:16],
        "data": data,
        "model": model,
        "machine": _machine(),
        "packages": dict(sorted(packages.items(), key=lambda item: item[0].lower())),
        **({"stopped": stopped} if stopped else {}),
    }
    return hidden(origin)


def _machine():
    import torch

    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return {
        "host": platform.node(), "system": platform.platform(), "python": platform.python_version(),
        "cpus": os.cpu_count(), "gpus": gpus, "processes": launched() or 1, "threads": torch.get_num_threads(),
    }  # fmt: skip


def _git(*words):
    """Output of a git command in the project, None where there is no git or no repository."""
    try:
        done = subprocess.run(["git", "-C", str(PROJECT), *words], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
