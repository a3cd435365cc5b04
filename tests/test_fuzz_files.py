"""Whatever stands in a file of images, arrays or weights: it is read as it is, or refused with one clear message."""

from types import SimpleNamespace

import pytest
from fuzz_limits import FEW, MANY, clear
from fuzzing_files import arrays, changed_weights, images
from hypothesis import given, settings
from hypothesis import strategies as st
from test_gguf import write_gguf

from stages import gguf
from stages.config import build_task
from stages.data import load_data
from stages.images import as_paths
from tasks.images import open_image

TASK = SimpleNamespace(images=("image",))
PLACE = "given.csv:2"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder to write to, with the user's cache in it."""
    place = tmp_path_factory.mktemp("fuzz")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(place / "cache"))
        yield place


def try_image(folder, case):
    """By its path and as bytes: it opens as three colours, or is named."""
    ending, content = case
    path = folder / f"given.{ending}"
    path.write_bytes(content)
    for value in (str(path), content, {"bytes": content, "path": None}):
        with clear("given."):
            (found,) = as_paths({"image": [value]}, TASK, [PLACE])["image"]
            with clear(found):
                image = open_image(found)
                assert image.mode == "RGB" and min(image.size) > 0


def try_arrays(folder, config, content):
    """A data set of arrays is loaded whole, and each of its images opens."""
    path = folder / "given.npz"
    path.write_bytes(content)
    config = {**config, "data": {**config["data"], "train": str(path)}}
    with clear("given.", "data.", "data="):
        data = load_data(config, build_task(config))
        for examples in data.splits.values():
            assert len({len(values) for values in examples.values()}) == 1
            assert {open_image(image).mode for image in examples["image"]} == {"RGB"}


@pytest.fixture(scope="module")
def of_arrays(compose_config, tmp_path_factory):
    (known := tmp_path_factory.mktemp("known") / "a.npz").write_bytes(b"")
    return compose_config("task=image_classification", "data=files", f"data.train={known}", "tracking=disabled")


@FEW
@given(images())
def test_images(folder, case):
    try_image(folder, case)


@pytest.mark.slow
@MANY
@given(images())
def test_more_images(folder, case):
    try_image(folder, case)


@FEW
@given(arrays())
def test_arrays(folder, of_arrays, case):
    try_arrays(folder, of_arrays, case)


@pytest.mark.slow
@MANY
@given(arrays())
def test_more_arrays(folder, of_arrays, case):
    try_arrays(folder, of_arrays, case)


@pytest.mark.slow
@settings(MANY, max_examples=MANY.max_examples // 10)
@given(st.data())
def test_weights(folder, weights, data):
    """A changed GGUF file is a model still, or is named. (Of numbers alone any change is a model.)"""
    path = folder / "given.gguf"
    path.write_bytes(data.draw(changed_weights(weights)))
    with clear("given.gguf"):
        assert (gguf.unpack(path) / "config.json").is_file()


@pytest.fixture(scope="module")
def weights(tiny_llama, tmp_path_factory):
    return write_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf", tiny_llama).read_bytes()
