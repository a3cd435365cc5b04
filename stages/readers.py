"""Read a local data file (CoNLL, JSON lines, CSV, TSV, Parquet) into columns, naming every line that is wrong."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path

ENDINGS = {
    "conll": (".conll", ".bio", ".iob", ".iob2", ".bioes", ".txt", ".annotated"),
    "jsonl": (".jsonl", ".ndjson"),
    "csv": (".csv",),
    "tsv": (".tsv",),
    "parquet": (".parquet",),
}
KNOWN = "Known: " + ", ".join(f"{format} ({' '.join(endings)})" for format, endings in ENDINGS.items()) + "."
HINTS = {
    "conll": "Each line is one word with its columns, all with the same separator; _ stands for an empty column.",
    "jsonl": "Each line is one object, and all objects have the same keys (null where there is no value).",
    "csv": 'A cell with a comma, a quote or a line break is written "in quotes", with a quote in it doubled.',
    "tsv": 'A cell that starts with a quote is written "in quotes", with a quote in it doubled.',
}
CSV_ERRORS = {
    "unexpected end of data": "a quote that is opened here is never closed",
    "new-line character seen in unquoted field": "a carriage return inside the line; end lines with \\n or \\r\\n",
}
MOST_SHOWN = 10
CELL_LIMIT = 2**31 - 1  # the largest number that fits a C long everywhere; csv stops at 131072 characters unless told

Problems = list[tuple[int, str]]


@dataclass(frozen=True)
class Table:
    """A data file as columns; `lines` holds where each example starts (from 1), for Parquet the row number."""

    path: str
    columns: dict[str, list]
    lines: list[int]


def read_table(path: str, format: str | None = None) -> Table:
    """Read one file; without a format (conll, jsonl, csv, tsv, parquet) the file's ending decides.

    Raises FileNotFoundError if there is no such file, and ValueError for a folder, an unknown format or ending, a file
    without examples, and for bad lines, which are all found first and then named together.
    """
    if format is not None and format not in ENDINGS:
        raise ValueError(f"data.format={format!r} is not known{_nearest(str(format), ENDINGS)} {KNOWN}")
    _check_file(Path(path))
    format = format or guess_format(path)
    bad: Problems = []
    columns, lines = _read_parquet(path) if format == "parquet" else READERS[format](_decode(path, bad), bad)
    if bad:
        raise ValueError(_describe(path, format, bad))
    if not lines:
        raise ValueError(f"{path} holds no examples. Fill the file, or change data.format (it was read as {format}).")
    return Table(str(path), columns, lines)


def guess_format(path: str) -> str:
    """Return the format that belongs to the file's ending; ValueError with the known endings if there is none."""
    ending = Path(path).suffix.lower()
    formats = [format for format, endings in ENDINGS.items() if ending in endings]
    if formats:
        return formats[0]
    raise ValueError(f"{path}: the ending {ending or '(none)'} is not known. Rename it or set data.format. {KNOWN}")


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise ValueError(f"{path} is a folder. Name one file in it.")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path} does not exist, nor does the folder {path.parent}. Correct the path.")
    if not path.is_file():
        names = [entry.name for entry in path.parent.iterdir() if entry.is_file()]
        raise FileNotFoundError(f"{path} does not exist{_nearest(path.name, names)} Correct the path.")


def _nearest(name: str, names) -> str:
    near = get_close_matches(name, list(names), 1)
    return f"; did you mean {near[0]}?" if near else "."


def _describe(path: str, format: str, bad: Problems) -> str:
    shown = [f"  {Path(path).name}:{line}: {what}" for line, what in sorted(bad, key=lambda item: item[0])[:MOST_SHOWN]]
    more = [f"  ... and {len(bad) - MOST_SHOWN} more"] if len(bad) > MOST_SHOWN else []
    title = f"{path} has {len(bad)} problem{'s'[: len(bad) != 1]}:"
    advice = f"Correct the file, or data.format if it is not {format}. {HINTS[format]}"
    return "\n".join([title, *shown, *more, advice])


def _decode(path: str, bad: Problems) -> str:
    """The file's text without its BOM; lines that are not UTF-8 go to `bad` and keep their readable part."""
    data = Path(path).read_bytes()
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ValueError(f"{path}:1: byte 0x{data[0]:02X} starts a UTF-16 file. Convert the file to UTF-8.")
    for number, line in enumerate(data.split(b"\n"), 1):
        try:
            line.decode()
        except UnicodeDecodeError as error:
            byte = f"byte 0x{line[error.start]:02X} (byte {error.start + 1} of the line)"
            bad.append((number, f"{byte} is not UTF-8; convert the file to UTF-8"))
    return data.decode("utf-8-sig", errors="replace")


def _lines(text: str) -> list[str]:
    """Lines end at \\n or \\r\\n only: str.splitlines would also cut at U+0085 or U+2028, found in real tokens."""
    return [line.removesuffix("\r") for line in text.split("\n")]


def _read_conll(text: str, bad: Problems) -> tuple[dict, list[int]]:
    lines = _lines(text)
    split, width = _layout(lines)
    sentences: list[list[tuple[int, list[str]]]] = [[]]
    for number, line in enumerate(lines, 1):
        if _ends_sentence(line):
            sentences.append([])
        elif not _is_comment(line, split, width):
            cells = split(line)
            _check_cells(number, cells, width, bad)
            sentences[-1].append((number, cells))
    if bad:
        return {}, []
    sentences = [sentence for sentence in sentences if sentence]
    columns = {str(i): [[cells[i] for _, cells in sentence] for sentence in sentences] for i in range(width)}
    return columns, [sentence[0][0] for sentence in sentences]


def _ends_sentence(line: str) -> bool:
    return not line.strip() or line.startswith("-DOCSTART-")


def _layout(lines: list[str]) -> tuple[Callable[[str], list[str]], int]:
    """How the data lines are split and into how many columns, both by majority, so one broken line decides nothing."""
    data = [line for line in lines if not _ends_sentence(line)]
    data = [line for line in data if not line.startswith("#")] or data
    split = _split_tabs if 2 * sum("\t" in line for line in data) > len(data) else _split_spaces
    widths = Counter(len(split(line)) for line in data)
    return split, widths.most_common(1)[0][0] if widths else 0


def _split_tabs(line: str) -> list[str]:
    """A cell may be one space, a word in some real files; spaces at the end of the line are no part of a tag."""
    return line.rstrip(" ").split("\t")


def _split_spaces(line: str) -> list[str]:
    """Split at U+0020 only: str.split without an argument would also cut a token at a no-break space."""
    return [cell for cell in line.split(" ") if cell]


def _is_comment(line: str, split: Callable[[str], list[str]], width: int) -> bool:
    """A # with the columns of a data line is a word of a tweet, and so is #word, even with a column missing."""
    return (line == "#" or line.startswith(("# ", "#begin ", "#end "))) and len(split(line)) != width


def _check_cells(number: int, cells: list[str], width: int, bad: Problems) -> None:
    if len(cells) != width:
        bad.append((number, f"{len(cells)} column{'s'[: len(cells) != 1]}, but most lines have {width}"))
    elif "" in cells:
        bad.append((number, f"column {cells.index('')} is empty (an empty token or tag)"))


def _read_jsonl(text: str, bad: Problems) -> tuple[dict, list[int]]:
    rows = [(number, _object(number, line, bad)) for number, line in enumerate(_lines(text), 1) if line.strip()]
    rows = [(number, row) for number, row in rows if row is not None]
    keys = Counter(key for _, row in rows for key in row)
    rare = {key for key, times in keys.items() if 2 * times < len(rows)}  # most likely misspelt where it does stand
    for number, row in rows:
        bad.extend((number, f"key {key!r} is missing") for key in keys if key not in row and key not in rare)
        bad.extend((number, f"key {key!r} is missing in most other lines") for key in row if key in rare)
    if bad:
        return {}, []
    return {key: [row[key] for _, row in rows] for key in keys}, [number for number, _ in rows]


def _object(number: int, line: str, bad: Problems) -> dict | None:
    try:
        row = json.loads(line)
        what = f"{type(row).__name__}, but each line must be a JSON object"
    except (ValueError, RecursionError) as error:
        row, what = None, f"invalid JSON ({error})"
    if isinstance(row, dict):
        return row
    bad.append((number, what))
    return None


def _read_separated(delimiter: str, text: str, bad: Problems) -> tuple[dict, list[int]]:
    rows = list(_csv_rows(delimiter, text, bad))
    if not rows:
        return {}, []
    start, header = rows.pop(0)
    repeated = [name for name, times in Counter(header).items() if times > 1]
    if repeated:
        bad.append((start, f"the header names {', '.join(map(repr, repeated))} more than once"))
    for number, row in rows:
        if len(row) != len(header):
            bad.append((number, f"{len(row)} cell{'s'[: len(row) != 1]}, but the header has {len(header)}"))
    if bad:
        return {}, []
    return {name: [row[i] for _, row in rows] for i, name in enumerate(header)}, [number for number, _ in rows]


def _csv_rows(delimiter: str, text: str, bad: Problems) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, with the line each starts on; strict, or an unclosed quote would swallow the rest."""
    csv.field_size_limit(CELL_LIMIT)
    reader = csv.reader(io.StringIO(text, newline="\n"), delimiter=delimiter, strict=True)
    while True:
        start = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            bad.append((start, CSV_ERRORS.get(str(error).split(" -")[0], str(error))))
            continue
        if row is None:
            return
        if row:
            yield start, row


def _read_parquet(path: str) -> tuple[dict, list[int]]:
    import pyarrow
    import pyarrow.parquet

    try:
        # ParquetFile and not read_table, which adds a column for each folder named like year=2020.
        table = pyarrow.parquet.ParquetFile(path).read()
    except (pyarrow.ArrowException, OSError) as error:
        raise ValueError(
            f"{path} is not a readable Parquet file ({error}). Replace it or change data.format."
        ) from error
    repeated = [name for name, times in Counter(table.column_names).items() if times > 1]
    if repeated:
        raise ValueError(f"{path} has more than one column {', '.join(map(repr, repeated))}. Rename them.")
    return table.to_pydict(), list(range(1, table.num_rows + 1))


READERS = {
    "conll": _read_conll,
    "jsonl": _read_jsonl,
    "csv": partial(_read_separated, ","),
    "tsv": partial(_read_separated, "\t"),
}
