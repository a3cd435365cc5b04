"""Images from files, as vision models were trained to see them; the same image under two names is the same."""

from functools import cache
from hashlib import file_digest

from tasks.contract import IGNORED


def open_image(path):
    """A file as an RGB image of Pillow's, turned as its camera says; ValueError names a file that cannot be read whole.

    Grey becomes three equal colours, 16-bit grey is scaled down, transparency is dropped as in transformers' pipeline.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as image:
            turned = ImageOps.exif_transpose(image)
            if turned.mode == "P":
                turned = turned.convert("RGBA")  # Pillow warns where a palette with transparency is not
            if turned.mode.startswith("I;16"):
                turned = turned.convert("I").point(lambda value: value / 256).convert("L")
            return turned.convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path} does not open as an image: {error}. Replace it, or leave out its example.") from error


def first_with_content(splits):
    """Path of each image in all columns `image` of the splits -> the first path that holds the same bytes."""
    paths = [path for examples in splits.values() for path in examples["image"]]
    first = {}
    return {path: first.setdefault(_content(path), path) for path in dict.fromkeys(paths)}


@cache
def _content(path):
    with open(path, "rb") as file:
        return file_digest(file, "sha256").digest()


class ImageCollator:
    """Opens the images of a batch when it is needed, so that memory holds no more of them."""

    def __init__(self, processor):
        self.processor = processor

    def __call__(self, rows):
        import torch

        pixels = self.processor([open_image(row["image"]) for row in rows], return_tensors="pt")["pixel_values"]
        return {"pixel_values": pixels, "labels": torch.tensor([row["labels"] for row in rows])}


def image_rows(paths, labels, names):
    """One row per image: where it is, and its label as the head counts (IGNORED where it has no such name)."""
    ids = {name: i for i, name in enumerate(names)}
    gold = [ids.get(label, IGNORED) for label in labels or [None] * len(paths)]
    count = len(paths)
    return {
        "image": list(paths), "labels": gold, "example": list(range(count)), "cut": [False] * count,
        "length": [1] * count,
    }  # fmt: skip
