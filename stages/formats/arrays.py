"""NumPy archives: each array a column, its first axis the examples; the number of a row is its position, from 1."""

import zipfile
from collections.abc import Iterator

from stages.formats.lines import Problems, Row


def read_npz(path: str, bad: Problems) -> Iterator[Row]:
    """`bad` stays empty: an archive is right or wrong as a whole, which is a ValueError."""
    import numpy

    try:
        with numpy.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path} is not a readable .npz archive ({error}). Replace it or change data.format."
        ) from error
    sizes = {name: len(array) if array.ndim else 0 for name, array in arrays.items()}
    if len(set(sizes.values())) != 1:
        held = ", ".join(f"{name} ({size})" for name, size in sizes.items()) or "no arrays"
        raise ValueError(f"{path} holds {held}: all arrays of a file need the same length, one file per split.")
    for i in range(next(iter(sizes.values()))):
        yield i + 1, {name: _value(array[i]) for name, array in arrays.items()}


def _value(cell):
    """A number or a text as Python has it, also out of a column of width 1; a greater array as it is."""
    return cell.item() if cell.ndim == 0 or cell.shape == (1,) else cell
