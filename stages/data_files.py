"""Which local files are meant: a file or a folder of files, their format by the ending. Nothing is read here."""

from difflib import get_close_matches
from pathlib import Path

from stages.archives import ENDINGS as ARCHIVES
from stages.archives import not_unpacked

PACKED = ".gz"
ENDINGS = {
    "conll": (".conll", ".bio", ".iob", ".iob2", ".bioes", ".txt", ".annotated"),
    "conllu": (".conllu",),
    "jsonl": (".jsonl", ".ndjson"),
    "json": (".json",),
    "csv": (".csv",),
    "tsv": (".tsv",),
    "parquet": (".parquet",),
    "talks": (".yml", ".yaml"),
    "npz": (".npz",),
    "images": (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"),
    "cells": (),
    "semeval": (),
    "text": (),
    "paragraphs": (),
    "document": (),
}
TEXT = (".txt",)  # labelled words to learn from, but raw text where predictions are asked for
KNOWN = (
    "Known: {}; those of text also with {} behind it; and where it is named: cells (tabs, no header), semeval (task 8 "
    "of 2010), text (raw text, an example per line), paragraphs (blank lines between them), document (the whole file)."
).format(", ".join(f"{format} ({' '.join(endings)})" for format, endings in ENDINGS.items() if endings), PACKED)


def data_files(path: str, format: str | None = None, text_endings: tuple[str, ...] = ()) -> list[Path]:
    """The files that are read for a path: itself; or those of a folder, in the order of their names: all of one format,
    or else, where it has none, the .txt files or images of its sub-folders (see `is_labelled`).

    Raises FileNotFoundError if there is nothing at the path, ValueError for an unknown format, for a folder without
    such files and for one with several formats.
    """
    if format is not None and format not in ENDINGS:
        raise ValueError(f"data.format={format!r} is not known{_nearest(str(format), ENDINGS)} {KNOWN}")
    if not Path(path).is_dir():
        _check_file(Path(path))
        return [Path(path)]
    files = _files_in(Path(path), format, text_endings)
    for wanted, endings in (("text", TEXT), ("images", ENDINGS["images"])):
        if not files and format in (None, wanted):
            files = [file for file in _visible(Path(path).glob("*/*")) if _ending(file) in endings]
    if not files:
        of_format = f" of the format {format}" if format else ""
        raise ValueError(
            f"the folder {path} holds no data files{of_format}, nor folders of .txt files or images. {KNOWN}"
        )
    return files


def is_labelled(path: str, files: list[Path]) -> bool:
    """Whether these files of a path are texts or images in sub-folders that are named by their labels."""
    return Path(path).is_dir() and files[0].parent != Path(path)


def are_images(files: list[Path], format: str | None = None) -> bool:
    """Whether these files are read as images: each of them one example."""
    return _guess(files[0], ()) == "images" if format is None else format == "images"


def guess_format(path: str, text_endings: tuple[str, ...] = ()) -> str:
    """Return the format that belongs to the file's ending; ValueError with the known endings if there is none.
    `text_endings` are taken for raw text."""
    format = _guess(Path(path), text_endings)
    if format:
        return format
    if _ending(Path(path)) in ARCHIVES:
        raise ValueError(not_unpacked(path, _ending(Path(path)).removeprefix(".")))
    ending = _ending(Path(path)) + PACKED * _is_packed(Path(path))
    raise ValueError(f"{path}: the ending {ending or '(none)'} is not known. Rename it or set data.format. {KNOWN}")


def nothing_there(path: Path) -> str:
    """What is wrong with a path at which there is no file, with the nearest name."""
    if not path.parent.is_dir():
        return f"there is no folder {path.parent} (looked from {Path.cwd()})."
    near = get_close_matches(path.name, [entry.name for entry in path.parent.iterdir()], n=1)
    return f"there is no such file in {path.parent.resolve()}." + (f" Nearest: {path.parent / near[0]}" if near else "")


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist: {nothing_there(path)}")


def _nearest(name: str, names) -> str:
    near = get_close_matches(name, list(names), 1)
    return f"; did you mean {near[0]}?" if near else "."


def _is_packed(path: Path) -> bool:
    return path.suffix.lower() == PACKED


def _ending(path: Path) -> str:
    return Path(path.stem if _is_packed(path) else path.name).suffix.lower()


def _guess(path: Path, text_endings: tuple[str, ...]) -> str | None:
    ending = _ending(path)
    return "text" if ending in text_endings else next((f for f, known in ENDINGS.items() if ending in known), None)


def _visible(paths) -> list[Path]:
    """Files in the order of their names, without those that are hidden or in a hidden folder."""
    return sorted(p for p in paths if not p.name.startswith(".") and not p.parent.name.startswith(".") and p.is_file())


def _files_in(folder: Path, format: str | None, text_endings: tuple[str, ...]) -> list[Path]:
    """The data files right in a folder: those of the given format, or of the only one that there is."""
    files = _visible(folder.iterdir())
    if format is not None:
        return [file for file in files if _ending(file) in (ENDINGS[format] or TEXT)]
    formats = {file: guess for file in files if (guess := _guess(file, text_endings))}
    data = {file: guess for file, guess in formats.items() if guess != "images"}  # a picture may lie beside it
    formats = data or formats
    examples = {guess: file.name for file, guess in formats.items()}
    if len(examples) > 1:
        held = ", ".join(f"{format} ({name})" for format, name in examples.items())
        raise ValueError(
            f"the folder {folder} holds files of several formats: {held}. Set data.format, or name one file."
        )
    return list(formats)
