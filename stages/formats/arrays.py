"""NumPy archives: each array a column, its first axis the examples; the number of a row is its position, from 1."""

import zipfile
import zlib
from collections.abc import Callable, Iterator

from stages.archives import check_size
from stages.formats.lines import Problems, Row

# A damaged archive fails in many ways: its own, those of the packing, those of a header that names a senseless size.
OF_SIZES = (MemoryError, OverflowError, NotImplementedError)
DAMAGED = (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, *OF_SIZES)


def read_npz(path: str, bad: Problems) -> Iterator[Row]:
    """`bad` stays empty: an archive is right or wrong as a whole, which is a ValueError."""
    check_size(path, _tried(_size, path))
    arrays = _tried(_arrays, path)
    sizes = {name: len(array) if array.ndim else 0 for name, array in arrays.items()}
    if len(set(sizes.values())) != 1:
        held = ", ".join(f"{name} ({size})" for name, size in sizes.items()) or "no arrays"
        raise ValueError(f"{path} holds {held}: all arrays of a file need the same length, one file per split.")
    hollow = next((name for name, array in arrays.items() if sizes[name] and not array.nbytes), None)
    if hollow:  # a few bytes may say that there are billions of such rows
        raise ValueError(f"{path}: {hollow} has rows without any value (shape {arrays[hollow].shape}). Leave it out.")
    for i in range(next(iter(sizes.values()))):
        yield i + 1, {name: _value(array[i]) for name, array in arrays.items()}


def _tried(read: Callable, path: str):
    """What a function reads from an archive."""
    try:
        return read(path)
    except DAMAGED as error:
        raise ValueError(
            f"{path} is not a readable .npz archive ({error}). Replace it or change data.format."
        ) from error


def _size(path: str) -> int:
    """Bytes of what an archive holds, which must be arrays."""
    with zipfile.ZipFile(path) as archive:
        strange = [name for name in archive.namelist() if not name.endswith(".npy")]
        if strange:
            raise ValueError(f"{strange[0]} is no array")
        return sum(info.file_size for info in archive.infolist())


def _arrays(path: str) -> dict:
    import numpy

    with numpy.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _value(cell):
    """A number or a text as Python has it, also out of a column of width 1; a greater array as it is."""
    return cell.item() if cell.ndim == 0 or cell.shape == (1,) else cell
