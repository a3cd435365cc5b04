"""Text files line by line, plain or gzip: UTF-8 checked, line ends cut; and the format that is nothing but lines."""

from codecs import BOM_UTF8
from collections.abc import Iterator

from stages.archives import DAMAGED, GZIP, kind_of_archive, not_unpacked, open_gzip
from stages.data_files import PACKED

Problems = list[tuple[int, str]]
Row = tuple[int, dict | None]
UTF16 = (b"\xff\xfe", b"\xfe\xff")
BATCH = 1 << 14  # bytes that are decoded together


def raw_lines(path: str, bad: Problems) -> Iterator[tuple[int, str]]:
    """Lines with their number from 1 and their \n, without the file's BOM; lines that are not UTF-8 go to `bad` and
    keep their readable part. ValueError for UTF-16, and for an archive: of several files, damaged, too large."""
    for number, batch in _batches(path):
        for i, line in enumerate(batch, number):
            yield i, _decode(i, line, bad)


def lines(path: str, bad: Problems) -> Iterator[tuple[int, str]]:
    """Lines end at \n or \r\n only: str.splitlines would also cut at U+0085 or U+2028, found in real tokens."""
    for number, batch in _batches(path):
        try:
            found = b"".join(batch).decode().removesuffix("\n").split("\n")
        except UnicodeDecodeError:
            found = (_decode(i, line, bad).removesuffix("\n") for i, line in enumerate(batch, number))
        for i, line in enumerate(found, number):
            yield i, line.removesuffix("\r")


def any_begins(path: str, marks: tuple[str, ...]) -> bool:
    """Whether a line of the file begins with one of these."""
    wanted = tuple(mark.encode() for mark in marks)
    return any(line.startswith(wanted) for _, batch in _batches(path) for line in batch)


def _batches(path: str) -> Iterator[tuple[int, list[bytes]]]:
    """The number of the first, from 1, and the bytes of some lines at a time, without the file's BOM."""
    number = 1
    with _open(path) as file:
        try:
            while batch := file.readlines(BATCH):
                if number == 1:
                    _check_start(path, batch[0])
                    batch[0] = batch[0].removeprefix(BOM_UTF8)
                yield number, batch
                number += len(batch)
        except DAMAGED as error:
            raise ValueError(f"{path} is no whole gzip archive ({error}). Fetch or pack it again.") from error


def read_text(path: str, bad: Problems) -> Iterator[Row]:
    """Each line is one example, a blank one too."""
    for number, line in lines(path, bad):
        yield number, {"text": line}


def read_paragraphs(path: str, bad: Problems) -> Iterator[Row]:
    """Each run of lines that are not blank is one example, with its line breaks."""
    start, block = 0, []
    for number, line in lines(path, bad):
        if line.strip():
            start = start if block else number
            block.append(line)
        elif block:
            yield start, {"text": "\n".join(block)}
            block = []
    if block:
        yield start, {"text": "\n".join(block)}


def read_document(path: str, bad: Problems) -> Iterator[Row]:
    """The whole file is one example, with its line breaks."""
    text = "\n".join(line for _, line in lines(path, bad))
    if text:
        yield 1, {"text": text}


def _open(path: str):
    if str(path).lower().endswith(PACKED):
        return open_gzip(path)
    return open(path, "rb")


def _check_start(path: str, line: bytes) -> None:
    if line.startswith(UTF16):
        raise ValueError(f"{path}:1: byte 0x{line[0]:02X} starts a UTF-16 file. Convert the file to UTF-8.")
    if line.startswith(GZIP):
        raise ValueError(f"{path} is a gzip archive. Add {PACKED} to its name.")
    if kind := kind_of_archive(line):
        raise ValueError(not_unpacked(path, kind))


def _decode(number: int, line: bytes, bad: Problems) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        byte = f"byte 0x{line[error.start]:02X} (byte {error.start + 1} of the line)"
        bad.append((number, f"{byte} is not UTF-8; convert the file to UTF-8"))
        return line.decode(errors="replace")
