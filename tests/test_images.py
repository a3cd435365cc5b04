"""Images as data sets hold them: files, folders, bytes, arrays; what they look like to a model; what is wrong."""

import json
from io import BytesIO
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from stages.data_files import data_files
from stages.images import as_paths
from stages.readers import read_in_parts, read_table
from tasks.images import first_with_content, open_image

TASK = SimpleNamespace(images=("image",))
RED = (200, 10, 30)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def write(path, mode="RGB", color=RED, size=(6, 4), **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, color).save(path, **options)
    return str(path)


def png(color=RED, size=(6, 4)):
    file = BytesIO()
    Image.new("RGB", size, color).save(file, "PNG")
    return file.getvalue()


def paths(*values, place="train.csv:{}"):
    places = [place.format(i) for i in range(2, len(values) + 2)]
    return as_paths({"image": list(values), "label": list("x" * len(values))}, TASK, places)["image"]


def pixels(path):
    return np.asarray(open_image(path))


# --- opening


@pytest.mark.parametrize(
    ("mode", "color", "name", "expected"),
    [
        ("RGB", RED, "a.png", RED),
        ("L", 90, "a.png", (90, 90, 90)),
        ("1", 1, "a.png", (255, 255, 255)),
        ("RGBA", (*RED, 0), "a.png", RED),
        ("LA", (90, 10), "a.png", (90, 90, 90)),
        ("I;16", 256 * 77 + 3, "a.png", (77, 77, 77)),
        ("CMYK", (0, 255, 255, 0), "a.tiff", (255, 0, 0)),
        ("RGB", (255, 255, 255), "a.bmp", (255, 255, 255)),
        ("RGB", (0, 0, 0), "a.webp", (0, 0, 0)),
    ],
)
def test_every_kind_of_image_becomes_three_colours(tmp_path, mode, color, name, expected):
    found = pixels(write(tmp_path / name, mode, color))
    assert found.shape == (4, 6, 3) and (found == expected).all()


@pytest.mark.filterwarnings("error")
def test_a_palette_with_transparency_is_opened_without_a_warning(tmp_path):
    image = Image.new("P", (6, 4), 1)
    image.putpalette([0, 0, 0, *RED])
    image.save(tmp_path / "a.png", transparency=bytes([0, 128]))
    assert (pixels(tmp_path / "a.png") == RED).all()


def test_a_photograph_is_turned_as_its_camera_says(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    assert pixels(write(tmp_path / "a.jpg", exif=exif)).shape == (6, 4, 3)


@pytest.mark.parametrize("content", [png(size=(90, 90))[:150], b"no image", b""])
def test_an_image_that_does_not_open_is_named(tmp_path, content):
    (tmp_path / "bad.png").write_bytes(content)
    with pytest.raises(ValueError, match=r"bad\.png does not open as an image: .*Replace it"):
        open_image(tmp_path / "bad.png")


# --- bytes, arrays and paths become paths


def test_all_forms_of_one_image_are_one_file():
    image = Image.new("RGB", (6, 4), RED)
    array = np.asarray(image)
    forms = [image, array, array.tolist(), array / 255, array.astype(int), array.astype("float32") / 255]
    found = paths(*forms)
    assert len(set(found)) == 1 and (pixels(found[0]) == RED).all()
    same = paths(png(), {"bytes": png(), "path": "x.png"})
    assert same[0] == same[1] and same[0].endswith(".png")


def test_arrays_of_grey_values():
    grey = np.arange(24, dtype="uint8").reshape(4, 6)
    for value in (grey, grey[:, :, None], grey.tolist()):
        (path,) = paths(value)
        assert (pixels(path)[:, :, 0] == grey).all()
    (path,) = paths(np.eye(3, dtype=bool))
    assert (pixels(path)[:, :, 2] == np.eye(3) * 255).all()


def test_a_relative_path_counts_from_here_or_from_the_data_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "data" / "pictures" / "a.png")
    place = f"{tmp_path}/data/train.csv:{{}}"
    assert paths("pictures/a.png", place=place) == [f"{tmp_path}/data/pictures/a.png"]
    assert paths("pictures/a.png", place=f"{tmp_path}/data/train.json, object {{}}") == [
        f"{tmp_path}/data/pictures/a.png"
    ]
    assert paths("data/pictures/a.png", place=place) == ["data/pictures/a.png"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("gone.png", "gone.png"),
        (b"no image", "cannot identify image file"),
        ({"bytes": None, "path": None}, "an array of the shape ()"),
        (np.full((2, 2), 256), "the array holds values from 256 to 256: whole numbers from 0 to 255"),
        (np.full((2, 2), -1), "values from -1 to -1"),
        (np.full((2, 2), 16.0), "values from 16.0 to 16.0: whole numbers from 0 to 255, or fractions from 0 to 1"),
        (np.zeros((2, 2, 5)), "an array of the shape (2, 2, 5) is no image"),
        (np.zeros(4), "an array of the shape (4,) is no image"),
        (np.zeros((0, 2)), "the array holds no values"),
    ],
)
def test_what_is_no_image_is_named_with_its_place(value, expected):
    with pytest.raises(ValueError) as caught:
        paths(png(), value)
    assert str(caught.value).startswith(
        "1 image cannot be read. Replace them, or leave out their examples:\n  train.csv:3: "
    )
    assert expected in str(caught.value)


def test_many_bad_images_are_named_together(tmp_path):
    (tmp_path / "bad.png").write_bytes(b"no image")
    with pytest.raises(ValueError) as caught:
        paths(*["gone.png"] * 11, str(tmp_path / "bad.png"))
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("12 images") and lines[-1] == "  ... and 2 more" and len(lines) == 12


def test_equal_files_under_two_names_are_the_same_image(tmp_path):
    a, b, c = write(tmp_path / "a.png"), write(tmp_path / "b.png"), write(tmp_path / "c.png", color=(1, 2, 3))
    assert first_with_content({"train": {"image": [a, c]}, "test": {"image": [b, a]}}) == {a: a, c: c, b: a}


# --- reading


def test_a_folder_with_a_folder_for_each_label(tmp_path):
    for name in ("dog/2.png", "dog/10.JPG", "cat/1.jpeg", "cat/.hidden.png", ".git/a.png"):
        write(tmp_path / "data" / name)
    (tmp_path / "data" / "dog" / "notes.md").write_text("x")
    (tmp_path / "data" / "figure.md").write_text("x")
    table = read_table(str(tmp_path / "data"))
    names = [f"{tmp_path}/data/{name}" for name in ("cat/1.jpeg", "dog/10.JPG", "dog/2.png")]
    assert table.columns == {"image": names, "label": ["cat", "dog", "dog"]} and table.places == names
    assert [len(part.lines) for part in read_in_parts(str(tmp_path / "data"), size=2)] == [2, 1]
    assert read_table(str(tmp_path / "data"), "images").columns == table.columns


def test_a_flat_folder_and_a_single_image_have_no_labels(tmp_path):
    files = [write(tmp_path / "new" / f"{i}.png") for i in range(3)]
    assert read_table(str(tmp_path / "new")).columns == {"image": files}
    assert read_table(files[0]).columns == {"image": files[:1]}


def test_a_picture_beside_data_is_not_the_data(tmp_path):
    write(tmp_path / "figure.png")
    (tmp_path / "train.csv").write_text("image,label\nfigure.png,a\n")
    assert [file.name for file in data_files(str(tmp_path))] == ["train.csv"]


def test_an_archive_of_arrays(tmp_path):
    images = np.arange(24, dtype="uint8").reshape(2, 4, 3)
    np.savez(tmp_path / "train.npz", x=images, y=np.array([[3], [1]]), name=np.array(["a", "b"]))
    columns = read_table(str(tmp_path / "train.npz")).columns
    assert columns["y"] == [3, 1] and columns["name"] == ["a", "b"]
    assert (np.stack(columns["x"]) == images).all()


def test_an_archive_that_is_not_one_table(tmp_path):
    np.savez(tmp_path / "all.npz", x_train=np.zeros((3, 2)), x_test=np.zeros((2, 2)))
    with pytest.raises(
        ValueError, match=r"holds x_train \(3\), x_test \(2\): all arrays of a file need the same length"
    ):
        read_table(str(tmp_path / "all.npz"))
    (tmp_path / "bad.npz").write_bytes(b"no archive")
    with pytest.raises(ValueError, match=r"bad\.npz is not a readable \.npz"):
        read_table(str(tmp_path / "bad.npz"))
    np.savez(tmp_path / "objects.npz", x=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match="not a readable"):
        read_table(str(tmp_path / "objects.npz"))


def test_the_digits_are_those_of_scikit_learn():
    from sklearn.datasets import load_digits

    from tasks.samples.image_classification import SIZES, generate

    made, theirs = generate(), load_digits()
    assert {split: len(of["label"]) for split, of in made.items()} == SIZES and sum(SIZES.values()) == len(
        theirs.target
    )
    ours = {json.dumps(image): label for of in made.values() for image, label in zip(*of.values(), strict=True)}
    expected = (theirs.images * 255 / 16).round().astype(int).tolist()
    assert ours == {json.dumps(image): str(label) for image, label in zip(expected, theirs.target, strict=True)}
    assert len(ours) == len(theirs.target), "no image twice"
    assert all(len(set(of["label"][:60])) == 10 for of in made.values()) and made == generate()
