"""New text to label, in parts: a file in any form that data may have, or standard input; without gold answers."""

from collections.abc import Iterator
from difflib import get_close_matches
from itertools import chain, islice

from stages.as_text import as_text
from stages.columns import absent, as_name, from_end, values
from stages.data_files import TEXT
from stages.readers import read_in_parts

PART = 1000  # examples that are labelled, and kept in memory, together
STANDARD = "-"  # standard input, or standard output


def read_parts(path: str, task, given: dict, trained: dict, format: str | None = None) -> Iterator[dict]:
    """The examples of a file as columns in the task's words, at most `PART` of them at a time.

    `given` and `trained` say what the file calls a column: as typed now, and as it was when the run was trained. Raises
    ValueError or FileNotFoundError that names file and line, or the column to map.
    """
    if path == STANDARD:
        tables = _standard_input(task.images[0] if task.images else "text")
    else:
        raw = TEXT if not task.splits_words or any("text" in form for form in task.forms) else ()
        tables = ((t.columns, t.places) for t in read_in_parts(path, format, PART, raw))
    for columns, places in tables:
        mapped = map_inputs(task, list(columns), given, trained, path)
        yield as_text({c: values(columns, name, places) for c, name in mapped.items()}, task, None, places)


def _standard_input(column):
    with open(0, encoding="utf-8", newline="\n", closefd=False) as file:
        lines = (line.removesuffix("\n").removesuffix("\r") for line in file)
        while part := list(islice(lines, PART)):
            yield {column: part}, ["standard input"] * len(part)


def map_inputs(task, found: list[str], given: dict, trained: dict, where: str) -> dict[str, str]:
    """Task column -> column of the file, for the inputs alone. Names of the run's own data are tried first, then the
    task's; CoNLL columns are numbers, the words stand in the first."""
    numbers = [name for name in found if name.isdecimal()]
    last = {str(i - len(numbers)): name for i, name in enumerate(numbers)}
    default = {task.columns[0]: "0"} if numbers else {}
    forms = [form[:-1] for form in (task.columns, *task.forms) if {*given} <= {*form, *task.optional}]
    for names in ({**default, **trained, **given}, {**default, **given}):
        for inputs in forms:
            wanted = {column: as_name(names.get(column, column)) for column in (*inputs, *task.optional)}
            mapped = {column: from_end(name, last) for column, name in wanted.items()}
            if not any(absent(mapped[column], found) for column in (*inputs, *given) if column in mapped):
                return {column: name for column, name in mapped.items() if not absent(name, found)}
    wanted = {column: as_name(given.get(column, default.get(column, column))) for column in forms[0]}
    column, name = next(((c, lacking) for c, one in wanted.items() if (lacking := absent(one, found))))
    near = get_close_matches(name, found, n=1) or found or ["<column>"]
    raise ValueError(
        f"{where} has no column {name!r} for the task's {column}. It has: {', '.join(found)}. Map one with "
        f"data.columns.{column}={near[0]}"
    )


def with_neighbours(parts: Iterator[dict], margin: int) -> Iterator[tuple[dict, int, int]]:
    """-> (a part with up to `margin` examples of the parts around it, how many stand before its own, its own size)."""
    if not margin:
        yield from ((part, 0, _size(part)) for part in parts)
        return
    parts = _filled(parts, margin)
    before, part = None, next(parts, None)
    for after in chain(parts, [None] if part else []):
        head = _slice(before, slice(-margin, None)) if before else {}
        tail = _slice(after, slice(margin)) if after else {}
        around = {name: [*head.get(name, ()), *values, *tail.get(name, ())] for name, values in part.items()}
        yield around, _size(head), _size(part)
        before, part = part, after


def _filled(parts, size):
    """The parts, joined to at least `size` examples each, the last one aside: parts end where files end."""
    whole = None
    for part in parts:
        whole = part if whole is None else {name: [*whole[name], *values] for name, values in part.items()}
        if _size(whole) >= size:
            yield whole
            whole = None
    if whole:
        yield whole


def _slice(columns, which):
    return {name: values[which] for name, values in columns.items()}


def _size(columns):
    return len(next(iter(columns.values()), ()))
