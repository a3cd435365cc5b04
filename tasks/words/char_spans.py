"""Entities as character spans of raw text: the text cut into words, spans turned into tags and back.

Offsets count Unicode code points (as Python's strings do) from 0, ends are exclusive.
"""

import unicodedata
from itertools import pairwise

# What the usual annotation tools call the parts of a span.
KEYS = {"start": ("start", "start_offset"), "end": ("end", "end_offset"), "label": ("label", "type", "entity")}
# Scripts written without spaces: each character is a word. Unicode has no property for it, names begin alike.
UNSPACED = ("CJK", "IDEOGRAPHIC", "HIRAGANA", "KATAKANA", "HALFWIDTH KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")

Span = tuple[int, int, str]
Word = tuple[int, int]


def words_of(text: str) -> list[Word]:
    """Where the words of a text are: runs of letters, marks and digits; any other visible character is its own word."""
    words, inside = [], False
    for i, character in enumerate(text):
        joins = _joins(character)
        if joins and inside:
            words[-1] = words[-1][0], i + 1
        elif not character.isspace():
            words.append((i, i + 1))
        inside = joins
    return words


def _joins(character: str) -> bool:
    if character < "\x80":
        return character.isalnum()
    return unicodedata.category(character)[0] in "LMN" and not unicodedata.name(character, "").startswith(UNSPACED)


def read_spans(text: str, spans, where: str) -> list[Span]:
    """The spans of one text in order; `where` names the example in errors.

    A span is [start, end, label], or an object with these (see `KEYS`). White space at its edges is
    left out. Raises ValueError for a span outside the text, an empty one, one that overlaps another or lies in it, and
    one whose own `text` is not what stands there.
    """
    if not isinstance(spans, list):
        raise ValueError(f"{where} must hold a list of spans, it holds {repr(spans)[:60]}.")
    read = sorted({_read_span(text, span, where) for span in spans})
    for before, after in pairwise(read):
        if after[0] < before[1]:
            how = "overlap" if before[0] < after[0] and before[1] < after[1] else "are nested"
            raise ValueError(f"{where}: the spans {list(before)} and {list(after)} {how}. Keep one of them.")
    return read


def _read_span(text: str, span, where: str) -> Span:
    if isinstance(span, dict):
        start, end, label = (next((span[key] for key in keys if key in span), None) for keys in KEYS.values())
        own = span.get("text")
    else:
        start, end, label, *_ = [*span, None, None, None] if isinstance(span, list | tuple) else [None] * 3
        own = None
    if type(start) is not int or type(end) is not int or not isinstance(label, str) or not label:
        raise ValueError(
            f"{where}: {repr(span)[:60]} is not a span. Write [start, end, label], or an object with these."
        )
    if not 0 <= start < end <= len(text):
        raise ValueError(f"{where}: the span {[start, end, label]} lies outside its text of {len(text)} characters.")
    there = text[start:end]
    if own is not None and own != there:
        raise ValueError(
            f"{where}: the span {[start, end, label]} says {own!r}, but {there!r} stands there. Offsets count "
            "characters (code points), not bytes or UTF-16 units."
        )
    if not there.strip():
        raise ValueError(f"{where}: the span {[start, end, label]} holds only white space.")
    return start + len(there) - len(there.lstrip()), end - len(there) + len(there.rstrip()), label


def pieces(words: list[Word], spans: list[Span]) -> list[Word]:
    """The words, cut where a span begins or ends inside one: on pieces every span is whole."""
    edges = {edge for start, end, _ in spans for edge in (start, end)}
    cut = []
    for start, end in words:
        inner = sorted(edge for edge in edges if start < edge < end)
        cut += pairwise([start, *inner, end])
    return cut


def tags_of(words: list[Word], spans: list[Span]) -> list[str]:
    """One IOB2 tag per word: that of the first span which touches it."""
    tags, before, i = [], None, 0
    for start, end in words:
        while i < len(spans) and spans[i][1] <= start:
            i += 1
        here = i if i < len(spans) and spans[i][0] < end else None
        tags.append("O" if here is None else f"{'I' if here == before else 'B'}-{spans[i][2]}")
        before = here
    return tags
