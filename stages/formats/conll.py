"""CoNLL: one word per line with its columns, named by number; a blank line ends the sentence."""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice

from stages.formats.lines import Problems, Row, any_begins, lines

DOCSTART = "-DOCSTART-"
MARKS = (DOCSTART, "# newdoc", "#begin document")  # of CoNLL-2003, Universal Dependencies, CoNLL-2012
SAMPLE = 1000  # lines that decide the layout

Block = list[tuple[int, str]]


def read_conll(path: str, bad: Problems) -> Iterator[Row]:
    """Columns "0", "1", ...: lists of text; and "document", its number from 1, where the file marks documents."""
    split, width = _layout([line for _, line in islice(_data_lines(path), SAMPLE)])
    marked, document, seen = is_marked(path), 0, {}
    for block in blocks(path, bad):
        words = [(number, split(line)) for number, line in block if not _is_comment(line, split, width)]
        document += count_marks(block) if marked else 0
        if words:
            document = max(document, 1)
            yield words[0][0], _row(words, width, {"document": str(document)} if marked else {}, bad, seen)


def blocks(path: str, bad: Problems) -> Iterator[Block]:
    """Numbered lines between blank ones: a sentence with its comments. A -DOCSTART- line begins a new one too."""
    block: Block = []
    for number, line in lines(path, bad):
        is_blank = not line or line.isspace()
        if block and (is_blank or line.startswith(DOCSTART)):
            yield block
            block = []
        if not is_blank:
            block.append((number, line))
    if block:
        yield block


def is_marked(path: str) -> bool:
    """Whether the file says where documents begin; the file is read once for it."""
    return any_begins(path, MARKS)


def count_marks(block: Block) -> int:
    return sum(line.startswith(MARKS) for _, line in block)


def split_tabs(line: str) -> list[str]:
    """A cell may be one space, a word in some real files; spaces at the end of the line are no part of a tag."""
    return line.rstrip(" ").split("\t")


def _data_lines(path: str) -> Iterator[tuple[int, str]]:
    return ((number, line) for number, line in lines(path, []) if line.strip() and not line.startswith(DOCSTART))


def _layout(data: list[str]) -> tuple[Callable[[str], list[str]], int]:
    """How the data lines are split and into how many columns, both by majority, so one broken line decides nothing."""
    data = [line for line in data if not line.startswith("#")] or data
    split = split_tabs if 2 * sum("\t" in line for line in data) > len(data) else _split_spaces
    widths = Counter(len(split(line)) for line in data)
    return split, widths.most_common(1)[0][0] if widths else 0


def _split_spaces(line: str) -> list[str]:
    """Split at U+0020 only: str.split without an argument would also cut a token at a no-break space."""
    return [cell for cell in line.split(" ") if cell]


def _is_comment(line: str, split: Callable[[str], list[str]], width: int) -> bool:
    """A # with the columns of a data line is a word of a tweet, and so is #word, even with a column missing."""
    if line[0] not in "#-":
        return False
    if line.startswith(DOCSTART):
        return True
    return (line == "#" or line.startswith(("# ", "#begin ", "#end "))) and len(split(line)) != width


def _row(words: list[tuple[int, list[str]]], width: int, more: dict, bad: Problems, seen: dict) -> dict | None:
    """The columns; a word or tag that was seen before is the same object again, so that memory holds each once."""
    wrong = [(number, _wrong(cells, width)) for number, cells in words if len(cells) != width or "" in cells]
    bad.extend(wrong)
    if wrong:
        return None
    columns = zip(*(cells for _, cells in words), strict=True)
    return {str(i): list(map(seen.setdefault, column, column)) for i, column in enumerate(columns)} | more


def _wrong(cells: list[str], width: int) -> str:
    if len(cells) != width:
        return f"{len(cells)} column{'s'[: len(cells) != 1]}, but most lines have {width}"
    return f"column {cells.index('')} is empty (an empty token or tag)"
