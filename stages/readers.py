"""Read local data, a file or a folder of files, into columns: whole or in parts, naming every line that is wrong."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from stages.data_files import TEXT, are_images, data_files, guess_format, is_labelled
from stages.formats.arrays import read_npz
from stages.formats.conll import read_conll
from stages.formats.conllu import read_conllu
from stages.formats.lines import Problems, lines, read_document, read_paragraphs, read_text
from stages.formats.objects import holds_lines, read_json, read_jsonl
from stages.formats.parquet import read_parquet
from stages.formats.semeval import read_semeval
from stages.formats.separated import read_cells, read_csv, read_tsv
from stages.formats.talks import read_talks

READERS = {
    "talks": read_talks,
    "conll": read_conll,
    "conllu": read_conllu,
    "jsonl": read_jsonl,
    "json": read_json,
    "csv": read_csv,
    "tsv": read_tsv,
    "cells": read_cells,
    "parquet": read_parquet,
    "semeval": read_semeval,
    "npz": read_npz,
    "text": read_text,
    "paragraphs": read_paragraphs,
    "document": read_document,
}
HINTS = {
    "talks": "It holds `conversations`, a list of lists of turns, as ChatterBot's corpus does.",
    "conll": "Each line is one word with its columns, all with the same separator; _ stands for an empty column.",
    "conllu": "Each line is one word with its ten columns, and a blank line ends the sentence.",
    "jsonl": "Each line is one object, and all objects have the same keys (null where there is no value).",
    "json": "All objects have the same keys (null where there is no value).",
    "csv": 'A cell with a comma, a quote or a line break is written "in quotes", with a quote in it doubled.',
    "tsv": 'A cell that starts with a quote is written "in quotes", with a quote in it doubled.',
    "cells": "Each line is one example, all with the same number of tabs; there is no header, and quotes mean nothing.",
    "semeval": "A sentence is its number, a tab and the text with <e1> and <e2>; the line below it is its relation.",
    "text": "Each line is one example.",
    "paragraphs": "Blank lines stand between the examples.",
    "document": "The whole file is one example.",
}
UNITS = {"json": ", object "}  # what is counted, where that could be mistaken for a line
MOST_SHOWN = 10
WHOLE = 10_000  # examples at a time of a file that is read whole: as rows they take much more room than as columns


@dataclass(frozen=True)
class Table:
    """Data as columns. `lines` holds where each example starts in its file (from 1; in Parquet its row, in JSON its
    object), `places` the same with the file, for messages."""

    path: str
    columns: dict[str, list]
    lines: list[int]
    places: list[str]


def read_table(path: str, format: str | None = None, text_endings: tuple[str, ...] = ()) -> Table:
    """Read a file, or a folder of files as one table; without a format (a key of READERS) the ending decides.

    A folder holds files of one format, or else sub-folders of .txt files or images: each file one example, its text (of
    an image the path) and, as its label, the name of the sub-folder. Files with `text_endings` are read as raw text.
    Raises FileNotFoundError if there is nothing at the path, and ValueError for an unknown format or ending, for a file
    without examples, and for bad lines, which are all found first and then named together.
    """
    parts = read_in_parts(path, format, size=None, text_endings=text_endings)
    first = next(parts)
    for part in parts:
        for name, values in first.columns.items():
            values += part.columns[name]
        first.lines.extend(part.lines)
        first.places.extend(part.places)
    return Table(str(path), first.columns, first.lines, first.places)


def read_in_parts(
    path: str, format: str | None = None, size: int | None = 1000, text_endings: tuple[str, ...] = TEXT
) -> Iterator[Table]:
    """The same as tables of at most `size` examples, so that a file may be larger than the memory (JSON excepted).

    The path is checked at once; bad lines are named when their part is reached. Files with `text_endings` are read as
    raw text: each line one example, column text. A part never spans two files, so it can be shorter than `size`.
    """
    files = data_files(path, format, text_endings)
    if are_images(files, format):
        return _image_parts(path, files, size)
    if is_labelled(path, files):
        return _labelled_parts(path, files, size)
    return _parts(path, [(str(file), format or guess_format(str(file), text_endings)) for file in files], size)


def _parts(path: str, files: list[tuple[str, str]], size: int | None) -> Iterator[Table]:
    names: list[str] = []
    for file, named in files:
        format = "jsonl" if named == "json" and holds_lines(file) else named
        for numbers, columns in _parts_of_file(file, format, size):
            names = names or list(columns)
            if set(columns) != set(names):
                raise ValueError(
                    f"{file} has the columns {', '.join(columns)}, but {files[0][0]} has {', '.join(names)}. All files "
                    "of a folder need the same columns."
                )
            if len(files) > 1 and format in ("conll", "conllu") and "document" in columns:
                columns["document"] = [f"{Path(file).name}:{document}" for document in columns["document"]]
            yield Table(str(path), columns, numbers, [_place(file, format, number) for number in numbers])


def _parts_of_file(file: str, format: str, size: int | None) -> Iterator[tuple[list[int], dict[str, list]]]:
    """Parts of at most `size` examples; None: parts as well, but only once the last bad line is known."""
    bad: Problems = []
    rows, found = READERS[format](file, bad), False
    while True:
        part = list(islice(rows, size or WHOLE))
        if bad and size is None:
            deque(rows, maxlen=0)
        if bad:
            raise ValueError(_describe(file, format, bad))
        if not part:
            break
        found = True
        yield [number for number, _ in part], {name: [row[name] for _, row in part] for name in part[0][1]}
    if not found:
        raise ValueError(f"{file} holds no examples. Fill the file, or change data.format (it was read as {format}).")


def _labelled_parts(path: str, files: list[Path], size: int | None) -> Iterator[Table]:
    left = iter(files)
    while part := list(islice(left, size)):
        columns = {"text": [_whole_text(str(file)) for file in part], "label": [file.parent.name for file in part]}
        yield Table(str(path), columns, [1] * len(part), [_place(str(file), "text", 1) for file in part])


def _image_parts(path: str, files: list[Path], size: int | None) -> Iterator[Table]:
    """Paths of images in the column `image`, and their folders' names as labels; they are not opened here."""
    left = iter(files)
    while part := list(islice(left, size)):
        columns = {"image": [str(file) for file in part]}
        columns |= {"label": [file.parent.name for file in part]} if is_labelled(path, files) else {}
        yield Table(str(path), columns, [1] * len(part), [str(file) for file in part])


def _whole_text(file: str) -> str:
    bad: Problems = []
    text = "\n".join(line for _, line in lines(file, bad))
    if bad:
        raise ValueError(_describe(file, "text", bad))
    return text


def _place(file: str, format: str, number: int) -> str:
    return f"{file}{UNITS.get(format, ':')}{number}"


def _describe(path: str, format: str, bad: Problems) -> str:
    bad = sorted(bad, key=lambda item: item[0])
    shown = [f"  {_place(Path(path).name, format, number)}: {what}" for number, what in bad[:MOST_SHOWN]]
    more = [f"  ... and {len(bad) - MOST_SHOWN} more"] if len(bad) > MOST_SHOWN else []
    title = f"{path} has {len(bad)} problem{'s'[: len(bad) != 1]}:"
    advice = f"Correct the file, or data.format if it is not {format}. {HINTS[format]}"
    return "\n".join([title, *shown, *more, advice])
