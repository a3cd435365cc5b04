"""JSON lines, one object per line; and JSON: objects in a list, or columns."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice

from stages.formats.lines import Problems, Row, lines
from stages.formats.snips import is_snips, read_snips
from stages.formats.squad import holds_articles, read_articles

SAMPLE = 1000  # objects that decide which keys are right
HALF = re.compile(r"\\u[dD][89a-fA-F]")  # how half of a character is written, two of which make one
NEEDED = (
    "Needed: a list of objects; an object with one key that holds such a list; or an object that holds its columns, "
    "lists of the same length."
)


def read_jsonl(path: str, bad: Problems) -> Iterator[Row]:
    """The keys of the objects are the columns; values stay as they are, nested ones too."""
    sample = islice(((number, line) for number, line in lines(path, []) if line.strip()), SAMPLE)
    keys = _keys(_parse(number, line, []) for number, line in sample)
    for number, line in lines(path, bad):
        if line.strip():
            yield number, _checked(number, _parse(number, line, bad), keys, bad)


def holds_lines(path: str) -> bool:
    """Whether a .json file is really JSON lines: its first line is an object, and another line follows."""
    first = list(islice((line for _, line in lines(path, []) if line.strip()), 2))
    return len(first) == 2 and _parse(1, first[0], []) is not None


def read_json(path: str, bad: Problems) -> Iterator[Row]:
    """The number of a row is the position of its object (of its question, in SQuAD's form), from 1. The file is read
    whole."""
    text = "\n".join(line for _, line in lines(path, bad))
    if bad:
        raise ValueError(f"{path}:{bad[0][0]}: {bad[0][1]}.")
    if not text.strip():
        return
    try:
        content = _loaded(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: invalid JSON ({error}). Correct the file, or data.format.") from error
    if holds_articles(content):
        yield from read_articles(content, bad)
        return
    if isinstance(content, dict):
        content = _objects(path, content)
    if not isinstance(content, list):
        raise ValueError(f"{path} holds {type(content).__name__}. {NEEDED}")
    keys = _keys(row if isinstance(row, dict) else None for row in content[:SAMPLE])
    for number, row in enumerate(content, 1):
        yield number, _checked(number, _object(number, row, "element of the list", bad), keys, bad)


def _objects(path: str, content: dict) -> list:
    """The list of objects that an object holds, or is in columns."""
    values = list(content.values())
    if is_snips(content):
        return read_snips(content)
    if len(values) == 1 and isinstance(values[0], list) and values[0] and isinstance(values[0][0], dict):
        return values[0]
    if not values or not all(isinstance(value, list) for value in values):
        held = ", ".join(f"{key} ({type(value).__name__})" for key, value in content.items())
        raise ValueError(f"{path} holds one object with {held or 'nothing in it'}. {NEEDED}")
    lengths = {key: len(value) for key, value in content.items()}
    if len(set(lengths.values())) > 1:
        held = ", ".join(f"{key} {length}" for key, length in lengths.items())
        raise ValueError(f"{path} holds lists of different lengths: {held}. {NEEDED}")
    return [dict(zip(content, cells, strict=True)) for cells in zip(*values, strict=True)]


def _keys(rows: Iterable[dict | None]) -> list[str]:
    """Keys that at least half of the objects have; a rarer one is most likely misspelt where it does stand."""
    total, times = 0, Counter()
    for row in rows:
        total += row is not None
        times.update(list(row or ()))
    return [key for key in times if 2 * times[key] >= total]


def _checked(number: int, row: dict | None, keys: list[str], bad: Problems) -> dict | None:
    if row is None:
        return None
    wrong = [f"key {key!r} is missing" for key in keys if key not in row]
    wrong += [f"key {key!r} is missing in most other examples" for key in row if key not in keys]
    bad.extend((number, what) for what in wrong)
    return None if wrong else {key: row[key] for key in keys}


def _parse(number: int, line: str, bad: Problems) -> dict | None:
    try:
        return _object(number, _loaded(line), "line", bad)
    except (ValueError, RecursionError) as error:
        bad.append((number, f"invalid JSON ({error})"))
        return None


def _loaded(text: str):
    """What JSON stands for; ValueError for half a character, which no model reads and no file holds."""
    value = json.loads(text)
    if HALF.search(text):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            half = f"\\u{ord(error.object[error.start]):04x}"
            raise ValueError(f"{half} is half of a character; leave it out, or write the other half too") from error
    return value


def _object(number: int, value, where: str, bad: Problems) -> dict | None:
    if isinstance(value, dict):
        return value
    bad.append((number, f"{type(value).__name__}, but each {where} must be a JSON object"))
    return None
