"""Columns as the task reads them: text, numbers as text, labels by name."""

import json

from stages.images import as_paths


def as_text(columns, task, names, places, within=None):
    """Columns of text, or of lists of text; labels by name, never by id. `places` says where each example stands, and
    `within` where images that have a path must lie."""
    gold = task.form(columns)[-1]
    columns = as_paths(columns, task, places, within)
    listed = {name: [_as_list(value, mark) for value in columns[name]] for name, mark in _listed(columns, task)}
    return {
        column: values
        if column in task.structured
        else _texts(column, values, names if column == gold else None, places)
        for column, values in {**columns, **listed}.items()
    }


def _texts(column, values, names, places):
    known = frozenset(names or ())
    return [
        value if _is_text(value, known) else _text(value, names, f"{place}: data.columns.{column}")
        for value, place in zip(values, places, strict=True)
    ]


def _listed(columns, task):
    return [(name, mark) for name, mark in task.separators.items() if name in columns]


def _as_list(value, mark):
    """The values of a cell: a list as it is or written as JSON, text cut at `mark`, one number alone."""
    if isinstance(value, str) and value.startswith("[") and value.endswith("]"):
        try:
            return json.loads(value)
        except ValueError:
            pass  # not JSON, so text that is cut like any other
    if isinstance(value, str):
        return [part.strip() for part in value.split(mark) if part.strip()]
    return [value] if isinstance(value, int | float) and value == value else value


def _is_text(value, known):
    """Whether a value, or each in a list, is text that stays as it is; `known`: the names, where there are any."""
    values = value if type(value) is list else (value,)
    return {*map(type, values)} <= {str} and (not known or known.issuperset(values))


def _text(value, names, where):
    """Numbers become `names[i]`, or their digits where there are no names; numbers in files without types as well."""
    if isinstance(value, list):
        return [_text(v, names, where) for v in value]
    if isinstance(value, dict):
        return {key: _text(v, names, f"{where}.{key}") for key, v in value.items()}
    if value is None or (isinstance(value, float) and value != value):  # NaN is not equal to itself
        raise ValueError(f"{where} has no value. Fill it in, or remove the example.")
    if not isinstance(value, str | int | float):
        raise ValueError(f"{where} must hold text or a number, it holds {type(value).__name__}: {str(value)[:40]!r}.")
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # tables with gaps keep their whole numbers as 1.0
    number = isinstance(value, (int, float))
    if not names or not (isinstance(value, int) or (isinstance(value, str) and value not in names and _is_id(value))):
        return json.dumps(value) if number else value
    if not 0 <= int(value) < len(names):
        raise ValueError(
            f"{where} is {value}, which has no name among {', '.join(names[:20])}. -1 marks a split without labels: "
            "choose another one for data.test, or extend data.labels."
        )
    return names[int(value)]


def _is_id(text):
    return text.removeprefix("-").isdecimal()
