"""Images of data sets as files: paths, bytes and arrays all reach a task as paths, which it opens when it must."""

import os
import warnings
from hashlib import sha256
from io import BytesIO
from pathlib import Path

from stages.digests import beside
from stages.folder import user_cache

MOST_SHOWN = 10
MOST_PIXELS = 90_000_000  # of one image: 270 MB when it is open, and a batch of them is open at once
# The others that Pillow knows start programs (EPS), or are not meant to be learned from.
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")


def as_paths(columns: dict, task, places: list[str], within: Path | None = None) -> dict:
    """The columns with the task's images as paths of files that begin as images do.

    Bytes (also as `{"bytes": ..., "path": ...}`, the form of Hub data sets) and arrays (rows of grey values, or of
    colours; 0 to 255, or fractions from 0 to 1) are written once to the user's cache, named by their content. A
    relative path counts from where the command is typed, or else from the data file; it may lead anywhere, as the file
    is the user's own. Of data from the Hub it must lie `within` its folder. Raises ValueError that names each image
    that does not open.
    """
    return {name: _paths(held, places, within) if name in task.images else held for name, held in columns.items()}


def undecoded(dataset):
    """A data set whose images stay bytes until they are asked for."""
    from datasets import Image

    held = [name for name, feature in dataset.features.items() if isinstance(feature, Image)]
    for name in held:
        dataset = dataset.cast_column(name, Image(decode=False))
    return dataset


def _paths(values, places, within):
    from PIL import Image

    paths, bad = [], []
    for value, place in zip(values, places, strict=True):
        try:
            paths.append(_path(value, place, within))
        except (OSError, SyntaxError, ValueError, TypeError, Image.DecompressionBombError) as error:
            bad.append(f"  {place}: {error}")
    if bad:
        more = [f"  ... and {len(bad) - MOST_SHOWN} more"] if len(bad) > MOST_SHOWN else []
        title = f"{len(bad)} image{'s'[: len(bad) != 1]} cannot be read. Replace them, or leave out their examples:"
        raise ValueError("\n".join([title, *bad[:MOST_SHOWN], *more]))
    return paths


def _path(value, place, within):
    if isinstance(value, dict):
        value = value.get("bytes") or value.get("path")
    if isinstance(value, bytes):
        return _kept(value)
    if isinstance(value, str | Path):
        return _there(str(value), place, within)
    if hasattr(value, "save"):  # an image of Pillow's
        return _kept(_png(value))
    return _kept(_png(_drawn(value)))


def _there(path, place, within):
    """The path, if need be from the folder of the data file that names it."""
    found = beside(path, place)
    if within is not None:
        found = str(within / path)
        if not Path(os.path.normpath(found)).is_relative_to(within):
            raise ValueError(f"{path} lies outside the data set")
    if Path(found).exists() and not Path(found).is_file():
        raise ValueError(f"{path} is no file")  # to open a pipe or a device would wait for ever
    _kind(found)
    return found


def _kind(source):
    """The format of an image by its beginning; ValueError for one that would fill the memory when it is opened."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # these are refused
        with Image.open(source, formats=FORMATS) as image:
            pixels = image.width * image.height
            if pixels > MOST_PIXELS:
                raise ValueError(f"it has {pixels:,} pixels, and at most {MOST_PIXELS:,} are opened. Make it smaller")
            return (image.format or "image").lower()


def _kept(content):
    """The path of a file in the cache with this content; written whole or not at all."""
    path = user_cache() / "images" / f"{sha256(content).hexdigest()[:32]}.{_kind(BytesIO(content))}"
    if not path.is_file():
        path.parent.mkdir(exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.write_bytes(content)
        temporary.replace(path)
    return str(path)


def _drawn(value):
    """An array of numbers, (height, width) or (height, width, colours), as an image."""
    import numpy
    from PIL import Image

    array = numpy.asarray(value)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.dtype.kind not in "uifb" or array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        raise ValueError(f"an array of the shape {array.shape} is no image: height, width and 3 colours are needed")
    highest, fractions = (1, True) if array.dtype.kind in "fb" else (255, False)
    if array.size == 0 or array.min() < 0 or array.max() > highest:
        held = f"values from {array.min()} to {array.max()}" if array.size else "no values"
        raise ValueError(f"the array holds {held}: whole numbers from 0 to 255, or fractions from 0 to 1 are needed")
    return Image.fromarray((array * 255).round().astype("uint8") if fractions else array.astype("uint8"))


def _png(image):
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
