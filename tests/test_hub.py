"""Models and data sets found on the Hub (a server on this machine), in its cache, in folders and in packages."""

import os
import subprocess
import sys
import threading
import time
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from fake_hub import OTHER, SHA, Hub, put
from huggingface_hub import constants

from stages import hub
from stages.hub import locate_data, locate_model

PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty Hub cache, and no way to the Hub."""
    folder = tmp_path / "hub"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return folder


@pytest.fixture
def serve(cache, monkeypatch):
    """`serve(plan, files)` puts such a Hub up in place of the real one;"""
    servers = []

    def start(plan, files=()):
        handler = type("Handler", (Hub,), {"plan": plan, "files": files})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads, server.block_on_close = True, False
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "ENDPOINT", address)
        template = address + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def fetched(folder):
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def message(call, *arguments, error=ValueError):
    with pytest.raises(error) as caught:
        call(*arguments)
    return str(caught.value)


# --- without the Hub


@pytest.mark.parametrize("weights", ["model.safetensors", "model-00001-of-00002.safetensors"])
def test_a_model_in_the_cache(cache, weights):
    folder = put(cache, "models", "owner", "name", ["config.json", "vocab.txt", weights])
    assert locate_model("owner/name") == (folder, SHA)


def test_data_in_the_cache(cache):
    folder = put(cache, "datasets", "owner", "name", ["README.md", "data/train-00000-of-00001.parquet"])
    assert locate_data("owner/name") == (folder, SHA)


def test_revisions_in_the_cache(cache):
    main = put(cache, "datasets", "owner", "name", ["train.parquet"])
    converted = put(cache, "datasets", "owner", "name", ["x/train/0000.parquet"], OTHER, "refs/convert/parquet")
    assert locate_data("owner/name", "main") == (main, SHA)
    assert locate_data("owner/name", "refs/convert/parquet") == (converted, OTHER)
    assert locate_data("owner/name", OTHER) == (converted, OTHER)
    assert "data.path=owner/name at v2: " in message(locate_data, "owner/name", "v2", error=ConnectionError)


@pytest.mark.parametrize("files", [["config.json", "vocab.txt"], ["config.json", "onnx/model.safetensors"]])
def test_a_cached_folder_without_weights_is_no_model(cache, files):
    put(cache, "models", "owner", "name", files)
    assert "the local cache does not hold it" in message(locate_model, "owner/name", error=ConnectionError)


def test_a_cache_that_lost_a_file_is_not_taken_for_whole(cache, serve):
    serve("up", ["config.json", "a.parquet", "b.parquet"])
    folder, _ = locate_data("owner/name")
    (folder / "b.parquet").unlink()
    serve((500, ""))
    assert "does not hold it" in message(locate_data, "owner/name", error=ConnectionError)


def test_an_empty_cache_offline_names_the_ways_out(cache):
    assert message(locate_model, "owner/name", error=ConnectionError) == (
        "model.path=owner/name: the Hugging Face Hub cannot be reached, HF_HUB_OFFLINE is set, and the local cache "
        "does not hold it. Ways out: model=minilm (weights come with the installation), or model.path=<local folder>, "
        "or download it first where there is a network: hf download owner/name"
    )
    text = message(locate_data, "owner/name", "v1", error=ConnectionError)
    assert "data.path=owner/name at v1: " in text
    assert "data=sample (embedded), or data=files data.train=<file>" in text
    assert text.endswith("hf download owner/name --repo-type dataset --revision v1")


def test_a_hub_without_network_is_reported_within_five_seconds(tmp_path):
    """In a fresh process that really asks for the Hub's address: the error must not depend on the HTTP library."""
    code = (
        "import time, huggingface_hub as h; from stages.hub import locate_data; start = time.time()\n"
        "try: locate_data('owner/name')\n"
        "except ConnectionError as error: print(time.time() - start, error, sep='|')"
    )
    environment = {**os.environ, "HF_HUB_OFFLINE": "0", "HF_HUB_CACHE": str(tmp_path)}
    environment["HF_ENDPOINT"] = "http://hub.invalid"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT, env=environment)
    seconds, text = done.stdout.split("|")
    assert float(seconds) < 5
    assert "data.path=owner/name: the Hugging Face Hub cannot be reached, no answer (" in text
    assert "Ways out: data=sample" in text


# --- with a Hub


@pytest.mark.parametrize(
    ("plan", "error", "expected"),
    [
        ((404, "RepoNotFound"), ValueError, "the Hub has no such repository (or it is private). Check the name"),
        ((401, "RepoNotFound"), ValueError, "the Hub has no such repository (or it is private). Check the name"),
        ((404, "RevisionNotFound"), ValueError, "revision=v1: owner/name has no such branch, tag or commit."),
        ((401, "GatedRepo"), ValueError, "owner/name is gated: accept its terms on its page, then log in with"),
        ((500, ""), ConnectionError, "the Hugging Face Hub cannot be reached, it answers 500, and the local cache"),
    ],
)
@pytest.mark.parametrize(("kind", "locate"), [("model", locate_model), ("data", locate_data)])
def test_what_the_hub_refuses(serve, plan, error, expected, kind, locate):
    serve(plan)
    text = message(locate, "owner/name", "v1", error=error)
    assert text.startswith(f"{kind}.")
    assert expected in text


def test_gated_files_of_a_repository_that_is_listed(serve):
    serve("files are gated", ["config.json", "model.safetensors"])
    assert "is gated" in message(locate_model, "owner/name")


def test_a_name_that_no_repository_can_have(cache):
    assert "model.path=a b: the Hub has no such repository" in message(locate_model, "a b")


def test_a_silent_hub_is_reported_within_five_seconds(serve):
    serve("hangs")
    started = time.time()
    assert "cannot be reached, no answer (" in message(locate_data, "owner/name", error=ConnectionError)
    assert time.time() - started < 5


@pytest.mark.parametrize("plan", ["hangs", (500, "")])
def test_the_cache_serves_where_the_hub_is_silent_or_broken(cache, serve, monkeypatch, plan):
    monkeypatch.setattr(hub, "SECONDS", 0.3)
    folder = put(cache, "models", "owner", "name", ["config.json", "model.safetensors"])
    serve(plan)
    assert locate_model("owner/name") == (folder, SHA)


def test_the_wait_is_limited_where_the_client_knows_no_limit(monkeypatch):
    monkeypatch.setattr(hub, "SECONDS", 0.05)
    with pytest.raises(TimeoutError):
        hub._in_time(lambda: time.sleep(2))
    with pytest.raises(KeyError):
        hub._in_time(lambda: {}["missing"])
    assert hub._in_time(lambda: 7) == 7


SMALL = ["config.json", "tokenizer.json", "vocab.txt"]
NOT_FETCHED = ["README.md", "tf_model.h5", "onnx/model.onnx", "onnx/config.json", "model.fp16.safetensors"]


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        (["model.safetensors", "pytorch_model.bin"], ["model.safetensors"]),
        (
            [f"model-0000{i}-of-00002.safetensors" for i in (1, 2)] + ["pytorch_model-00001-of-00001.bin"],
            [f"model-0000{i}-of-00002.safetensors" for i in (1, 2)],
        ),
    ],
)
def test_only_one_kind_of_weights_is_fetched_and_works_offline_afterwards(serve, monkeypatch, weights, expected):
    serve("up", [*SMALL, *NOT_FETCHED, *weights])
    folder, commit = locate_model("owner/name")
    assert commit == SHA
    assert fetched(folder) == sorted(SMALL + expected)
    assert (folder / "vocab.txt").read_text() == "content of vocab.txt"
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert locate_model("owner/name") == (folder, SHA)


@pytest.mark.parametrize(
    "weights",
    [["pytorch_model.bin", "onnx/model.safetensors"], [f"pytorch_model-0000{i}-of-00002.bin" for i in (1, 2)]],
)
def test_pickled_weights_are_fetched_to_be_converted(serve, cache, weights):
    serve("up", [*SMALL, *NOT_FETCHED, *weights])
    assert "python -m stages.weights owner/name v1" in message(locate_model, "owner/name", "v1")
    folder, _ = hub.find_model("owner/name", "v1")
    assert fetched(folder) == sorted(SMALL + [file for file in weights if "/" not in file])


def test_data_files_are_fetched_without_the_rest_and_work_offline_afterwards(serve, monkeypatch):
    data = ["README.md", "data/train-00000-of-00001.parquet", "data/test.jsonl.gz"]
    serve("up", [*data, "script.py", ".gitattributes", "picture.png"])
    folder, _ = locate_data("owner/name", "v1")
    assert fetched(folder) == sorted(data)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert locate_data("owner/name", "v1") == (folder, SHA)


def test_repositories_without_what_is_needed(serve):
    serve("up", ["config.json", "flax_model.msgpack", "README.md", "script.py"])
    assert "model.path=owner/name: this repository holds no weights for PyTorch" in message(locate_model, "owner/name")
    serve("up", ["README.md", "script.py"])
    text = message(locate_data, "owner/name")
    assert "holds no data files" in text
    assert "data.revision=refs/convert/parquet" in text
