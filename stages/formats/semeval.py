"""SemEval-2010 task 8: numbered sentences in quotes with <e1> and <e2>, each with its relation and a comment below."""

import re
from collections.abc import Iterator

from stages.formats.lines import Problems, Row, lines

NUMBERED = re.compile(r"(\d+)\t(.*)")


def read_semeval(path: str, bad: Problems) -> Iterator[Row]:
    """Columns id, sentence (its tags kept, the quotes around it left out) and relation, where the file has them."""
    number, row, labelled = 0, None, None
    for at, line in lines(path, bad):
        line = line.strip()
        numbered = NUMBERED.fullmatch(line)
        if numbered:
            if row:
                labelled = "relation" in row if labelled is None else labelled
                yield number, _checked(number, row, labelled, bad)
            number, row = at, {"id": numbered[1], "sentence": _unquoted(numbered[2].strip())}
        elif line and not line.startswith("Comment") and row and "relation" not in row:
            row["relation"] = line
        elif line and not line.startswith("Comment"):
            bad.append((at, f"{line[:40]!r} is no sentence: these begin with a number and a tab"))
    if row:
        yield number, _checked(number, row, "relation" in row if labelled is None else labelled, bad)


def _unquoted(text):
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _checked(number, row, labelled, bad):
    """None where the row is labelled and the first one is not, or the other way round."""
    if ("relation" in row) == labelled:
        return row
    bad.append((number, "no relation below this sentence" if labelled else "a relation, but the first one has none"))
    return None
