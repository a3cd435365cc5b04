"""CoNLL-U (universaldependencies.org/format.html): words with ten columns, ranges and empty nodes left out."""

import re
from collections.abc import Iterator

from stages.formats.conll import Block, blocks, count_marks, is_marked, split_tabs
from stages.formats.lines import Problems, Row

NAMES = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
TEXT = re.compile(r"#\s*text\s*=\s?")
NO_WORD = re.compile(r"\d+[-.]\d+")  # 1-2 are words written as one, 1.1 is a word that is not written


def read_conllu(path: str, bad: Problems) -> Iterator[Row]:
    """The ten columns, lists of text; "text" where every sentence has its comment, "document", its number from 1,
    where the file marks documents."""
    marked, with_text, document = is_marked(path), _all_have_text(path), 0
    for block in blocks(path, bad):
        before = len(bad)
        words = _words(block, bad)
        document += count_marks(block)
        if len(bad) > before:
            yield block[0][0], None
        elif words:
            document = max(document, 1)
            row = {name: [cells[i] for _, cells in words] for i, name in enumerate(NAMES)}
            row |= {"text": _text(block)} if with_text else {}
            yield words[0][0], row | ({"document": str(document)} if marked else {})


def _all_have_text(path: str) -> bool:
    return all(_text(block) is not None for block in blocks(path, []) if any(line[0] != "#" for _, line in block))


def _text(block: Block) -> str | None:
    return next((line[match.end() :] for _, line in block if (match := TEXT.match(line))), None)


def _words(block: Block, bad: Problems) -> list[tuple[int, list[str]]]:
    words, expected = [], 1
    for number, line in block:
        cells = split_tabs(line)
        if line.startswith("#"):
            continue
        if what := _wrong(cells, expected):
            bad.append((number, what))
            expected = None  # one broken line is one problem
        elif not NO_WORD.fullmatch(cells[0]):
            words.append((number, cells))
            expected = int(cells[0]) + 1
    return words


def _wrong(cells: list[str], expected: int | None) -> str:
    if len(cells) != len(NAMES):
        return f"{len(cells)} column{'s'[: len(cells) != 1]}, but CoNLL-U has {len(NAMES)}, with tabs between them"
    if "" in cells:
        return f"column {NAMES[cells.index('')]} is empty (write _ instead)"
    if not cells[0].isdecimal() and not NO_WORD.fullmatch(cells[0]):
        return f"id {cells[0]!r} is no number, no range like 1-2 and no empty node like 1.1"
    if cells[0].isdecimal() and expected not in (None, int(cells[0])):
        return f"id {cells[0]}, but {expected} comes next in this sentence; a word or a blank line is missing"
    return ""
