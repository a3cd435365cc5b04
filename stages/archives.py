"""Packed data: gzip is read as a stream and only to a limit, and no archive of several files is ever unpacked."""

import gzip
import io
import re
import zlib
from pathlib import Path

GZIP = b"\x1f\x8b"
ENDINGS = (".zip", ".tar", ".tgz", ".bz2", ".tbz2", ".xz", ".txz", ".zst", ".lz4", ".7z", ".rar")
# How each of them begins; a tar archive only says so at byte 257.
BEGINNINGS = re.compile(
    rb"(?P<zip>PK(?:\x03\x04|\x05\x06))|(?P<bzip2>BZh[1-9]1AY&SY)|(?P<xz>\xfd7zXZ\0)|(?P<zstd>(?:\x28|[\x50-\x5f]\x2a)"
    rb"(?:\xb5\x2f\xfd|\x4d\x18))|(?P<lz4>\x04\x22\x4d\x18)|(?P<sevenzip>7z\xbc\xaf\x27\x1c)|(?P<rar>Rar!\x1a\x07)|"
    rb"(?P<tar>.{257}ustar)",
    re.S,
)
START = 512  # bytes that tell
# What a packed file may unpack to: text and numbers get 3 to 20 times smaller, a bomb of gzip 1000 times.
TIMES, ALWAYS = 100, 2**26
DAMAGED = (gzip.BadGzipFile, EOFError, zlib.error)


def kind_of_archive(start: bytes) -> str | None:
    """What a file is that begins with these bytes, if it is an archive or packed in a way that is not read here."""
    found = BEGINNINGS.match(start)
    return found.lastgroup if found else None


def not_unpacked(path, kind: str) -> str:
    """What to say of such a file."""
    return f"{path} is an archive ({kind}), and archives are not unpacked here. Unpack it, look at it, give its files."


def most_bytes(path) -> int:
    """To how many bytes a packed file may unpack."""
    return max(ALWAYS, TIMES * Path(path).stat().st_size)


def check_size(path, unpacked: int) -> None:
    """Raise ValueError for a packed file that unpacks to more than data do."""
    if unpacked > most_bytes(path):
        raise ValueError(
            f"{path} has {Path(path).stat().st_size:,} bytes and unpacks to more than {most_bytes(path):,}: that is no "
            "data, but a file made to fill the memory. If it is right all the same, unpack it and give its files."
        )


def open_gzip(path) -> io.BufferedReader:
    """A gzip file as a stream of bytes that ends with a ValueError where it goes on for too long."""
    return io.BufferedReader(_Limited(path), 2**17)  # finds the lines 5 times as fast as GzipFile itself


class _Limited(io.RawIOBase):
    def __init__(self, path):
        self.path, self.most, self.unpacked = path, most_bytes(path), 0
        self.file = gzip.GzipFile(path)

    def readable(self):
        return True

    def readinto(self, buffer):
        size = self.file.readinto(buffer)
        self.unpacked += size
        if self.unpacked > self.most:
            check_size(self.path, self.unpacked)
        return size

    def close(self):
        self.file.close()
        super().close()


def check_packed(folder: Path, name: str) -> None:
    """Raise ValueError for an archive among the files of a data set, whatever its name, and for a gzip file that goes
    on for too long: `datasets` would unpack them all."""
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        start = _start(file)
        if start.startswith(GZIP):
            start = _start_of_gzip(file)
        kind = kind_of_archive(start)
        if kind:
            raise ValueError(f"data.path={name}: {not_unpacked(file.relative_to(folder), kind)}")


def _start(file):
    with open(file, "rb") as content:
        return content.read(START)


def _start_of_gzip(file):
    """What a whole gzip file begins with inside."""
    try:
        with open_gzip(file) as content:
            start = content.read(START)
            while content.read(2**20):
                pass
    except DAMAGED as error:
        raise ValueError(f"{file} is no whole gzip archive ({error}). Fetch or pack it again.") from error
    return start
