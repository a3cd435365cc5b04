"""What a column of the task is read from: a column of the data, a key inside one (`choices.text`), or several columns.

Where it is several, its values are objects with the columns' names as keys, in the order in which they are given.
"""

from collections import Counter
from collections.abc import Iterable
from difflib import get_close_matches

from stages.readers import Table

Name = str | list[str]
SPLIT_NAMES = {"train": "train training", "validation": "validation valid val dev development", "test": "test testing"}


def map_columns(data: dict, task, found: list[str], where: str) -> dict[str, Name]:
    """Task column -> data column; ValueError names one that is not there and the nearest. Files that number columns
    (CoNLL, or without a header) have the input in the first and the gold answer in the last by default."""
    given, numbers = dict(data["columns"]), [name for name in found if name.isdecimal()]
    defaults = {task.columns[0]: "0", task.target: "-1"} if numbers else {}
    forms = [form for form in (task.columns, *task.forms) if {*given} <= {*form, *task.optional}]
    mapped = [{column: as_name(given.get(column, defaults.get(column, column))) for column in form} for form in forms]
    last = {str(i - len(numbers)): name for i, name in enumerate(numbers)}
    mapped = [{column: from_end(name, last) for column, name in form.items()} for form in mapped]
    chosen = next((form for form in mapped if not any(absent(name, found) for name in form.values())), mapped[0])
    extra = {column: from_end(as_name(given.get(column, column)), last) for column in task.optional}
    chosen |= {column: name for column, name in extra.items() if column in given or not absent(name, found)}
    for column, name in ((column, absent(name, found)) for column, name in chosen.items()):
        if name:
            near = get_close_matches(name, found, n=3)
            raise ValueError(
                f"{where} has no column {name!r} for the task's {column}. It has: {', '.join(found)}. "
                f"Map one with data.columns.{column}={near[0] if near else '<column>'}"
            )
    return chosen


def as_name(given) -> Name:
    """A value of `data.columns` as text or as a list of texts: columns of some formats are numbers."""
    return [str(one) for one in given] if isinstance(given, list) else str(given)


def from_end(name: Name, last: dict[str, str]) -> Name:
    """The same with -1, -2 ... replaced by the numbers of those columns."""
    return [last.get(one, one) for one in name] if isinstance(name, list) else last.get(name, name)


def heads(name: Name, found: Iterable[str]) -> list[str]:
    """The columns of the data that it stands in, whether they are there or not."""
    return [one if one in found else one.partition(".")[0] for one in ([name] if isinstance(name, str) else name)]


def absent(name: Name, found: Iterable[str]) -> str | None:
    """The first of the columns that the data does not have; None where all are there."""
    names = [name] if isinstance(name, str) else name
    pairs = zip(names, heads(name, found), strict=True)
    return next((one for one, head in pairs if head not in found), None)


def values(columns: dict[str, list], name: Name, places: list[str]) -> list:
    """What stands there, one value per example; ValueError names the place of an object without the key."""
    if isinstance(name, list):
        parts = [values(columns, one, places) for one in name]
        return [dict(zip(name, cells, strict=True)) for cells in zip(*parts, strict=True)]
    (head,) = heads(name, columns)
    if head == name:
        return columns[head]
    keys = name.split(".")[1:]
    return [_inside(value, keys, place) for value, place in zip(columns[head], places, strict=True)]


def _inside(value, keys, place):
    """The value under the keys; of a list of objects, the list of their values."""
    for i, key in enumerate(keys):
        if isinstance(value, list):
            return [_inside(one, keys[i:], place) for one in value]
        if not isinstance(value, dict) or key not in value:
            held = f"the keys {', '.join(value)}" if isinstance(value, dict) else repr(value)[:60]
            raise ValueError(f"{place} has no {'.'.join(keys)}: it holds {held}. Change data.columns.")
        value = value[key]
    return value


def by_split(table: Table, column: str) -> dict[str, Table]:
    """The rows of a table by the split that a column of it names; ValueError for a value that is no split's name."""
    if column not in table.columns:
        held = ", ".join(table.columns)
        raise ValueError(f"data.split_column={column}: {table.path} has no such column. It has: {held}.")
    known = {word: split for split, words in SPLIT_NAMES.items() for word in words.split()}
    given = [str(value).strip().lower() for value in table.columns[column]]
    wrong = next((i for i, value in enumerate(given) if value not in known), None)
    if wrong is not None:
        counts = ", ".join(f"{value} ({count})" for value, count in Counter(given).most_common(8))
        raise ValueError(
            f"{table.places[wrong]}: {column} is {given[wrong]!r}, which names no split: {', '.join(known)}. "
            f"data.split_column={column} holds {counts}."
        )
    found = {split: [i for i, value in enumerate(given) if known[value] == split] for split in SPLIT_NAMES}
    return {split: _rows(table, which) for split, which in found.items() if which}


def _rows(table, which):
    columns = {name: [cells[i] for i in which] for name, cells in table.columns.items()}
    return Table(table.path, columns, [table.lines[i] for i in which], [table.places[i] for i in which])
