"""CSV and TSV: a header names the columns, a cell in quotes may hold anything, line breaks too. Bare cells: lines that
are cut at their tabs, without a header, in which quotes mean nothing."""

import csv
from collections import Counter
from collections.abc import Iterator

from stages.formats.lines import Problems, Row, lines, raw_lines

CELL_LIMIT = 2**31 - 1  # the largest number that fits a C long everywhere; csv stops at 131072 characters unless told
ERRORS = {
    "unexpected end of data": "a quote that is opened here is never closed",
    "new-line character seen in unquoted field": "a carriage return inside the line; end lines with \\n or \\r\\n",
}


def read_csv(path: str, bad: Problems) -> Iterator[Row]:
    return _read(",", path, bad)


def read_tsv(path: str, bad: Problems) -> Iterator[Row]:
    return _read("\t", path, bad)


def read_cells(path: str, bad: Problems) -> Iterator[Row]:
    """Columns are numbers from 0, as in CoNLL; the first line says how many there are."""
    width = None
    for number, line in lines(path, bad):
        if line.strip():
            cells = line.split("\t")
            width = width or len(cells)
            if len(cells) != width:
                bad.append((number, f"{len(cells)} cell{'s'[: len(cells) != 1]}, but the first line has {width}"))
            yield number, {str(i): cell for i, cell in enumerate(cells)} if len(cells) == width else None


def _read(delimiter: str, path: str, bad: Problems) -> Iterator[Row]:
    rows = _rows(delimiter, path, bad)
    start, header = next(((number, row) for number, row in rows if row), (1, []))
    repeated = [name for name, times in Counter(header).items() if times > 1]
    if repeated:
        bad.append((start, f"the header names {', '.join(map(repr, repeated))} more than once"))
    for number, row in rows:
        if row and len(row) != len(header):
            bad.append((number, f"{len(row)} cell{'s'[: len(row) != 1]}, but the header has {len(header)}"))
        fits = len(row) == len(header) and not repeated
        yield number, dict(zip(header, row, strict=True)) if fits else None


def _rows(delimiter: str, path: str, bad: Problems) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, with the line each starts on; strict, or an unclosed quote would swallow the rest.
    What csv cannot read comes as a row without cells."""
    csv.field_size_limit(CELL_LIMIT)
    reader = csv.reader((line for _, line in raw_lines(path, bad)), delimiter=delimiter, strict=True)
    while True:
        start = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            bad.append((start, ERRORS.get(str(error).split(" -")[0], str(error))))
            yield start, []
            continue
        if row is None:
            return
        if row:
            yield start, row
