"""What a run is named by, as digests: SHA-256 of files, of local data, and of the images that a data file names."""

import hashlib
import re
from functools import cache
from pathlib import Path

from xxhash import xxh3_128

from stages.data_files import are_images, data_files
from stages.readers import read_table


def text_digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def file_digest(path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def quick_digest(path) -> str:
    """XXH3 of a file: tells damage at the speed of memory, where nobody would forge one."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, xxh3_128).hexdigest()


def known_digest(path) -> str:
    """The same, read once in a process while the file stays as it is: a run is named several times, and weights and
    data can be large."""
    status = Path(path).stat()
    return _known(str(path), status.st_mtime_ns, status.st_size)


@cache
def _known(file, changed, size):
    return file_digest(file)


def files_digest(path, format=None) -> str:
    """Digest of local data: of the file; for a folder of the files that are read, with their names (labels, order)."""
    if Path(path).is_file():
        return known_digest(path)
    files = data_files(path, format)
    return text_digest("".join(f"{file.relative_to(path).as_posix()} {known_digest(file)}\n" for file in files))


def images_digest(path, format, columns) -> str | None:
    """Digest of the images that a data file, or a folder of such files, names in these columns, with their names; None
    where it names none."""
    if are_images(data_files(path, format), format):
        return None  # they are the data files
    table, found = read_table(str(path), format), {}
    for column in columns:
        for value, place in zip(table.columns.get(column, ()), table.places, strict=False):
            if isinstance(value, str) and is_file(file := beside(value, place)):
                found[value] = known_digest(file)
    return text_digest("".join(f"{name} {digest}\n" for name, digest in found.items())) if found else None


def beside(path: str, place: str) -> str:
    """A path, from the folder of the data file that names it (`place`) where it leads to nothing from here."""
    there = Path(re.sub(r"(:\d+|, object \d+)$", "", place)).parent / path
    return path if is_file(path) or not is_file(there) else str(there)


def is_file(path) -> bool:
    """Whether there is a file, also of a text that can be no path: too long, with a NUL."""
    try:
        return Path(path).is_file()
    except (OSError, ValueError):
        return False
