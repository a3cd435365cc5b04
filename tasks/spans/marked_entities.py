"""Two entities in a text, as tags, character spans or words; markers written around them, which no cut takes away."""

import re

TAGS = re.compile(r"</?e[12]>")
MARKERS = ("[E1]", "[/E1]", "[E2]", "[/E2]")


def untagged(sentence: str, where: str) -> tuple[str, list[int], list[int]]:
    """A sentence with <e1>...</e1> and <e2>...</e2> -> (its text, the spans of both). ValueError names `where`."""
    found, text, last = {}, "", 0
    for tag in TAGS.finditer(sentence):
        text += sentence[last : tag.start()]
        last = tag.end()
        if tag[0] in found:
            raise ValueError(f"{where}: {tag[0]} stands twice. Mark two entities, <e1>...</e1> and <e2>...</e2>.")
        found[tag[0]] = len(text)
    missing = [tag for tag in ("<e1>", "</e1>", "<e2>", "</e2>") if tag not in found]
    if missing:
        raise ValueError(f"{where}: {missing[0]} is missing. Mark two entities, <e1>...</e1> and <e2>...</e2>.")
    text += sentence[last:]
    return text, *(checked_span(text, [found[f"<{e}>"], found[f"</{e}>"]], f"{where}: {e}") for e in ("e1", "e2"))


def checked_span(text: str, span, where: str) -> list[int]:
    """[start, end] of a span that is given as such or as an object; white space at its edges is left out."""
    if isinstance(span, dict):
        span = [span.get("start"), span.get("end")]
    if not isinstance(span, list | tuple) or len(span) != 2 or any(type(edge) is not int for edge in span):
        raise ValueError(f"{where} holds {repr(span)[:60]}. Write [start, end], characters from 0, the end exclusive.")
    start, end = span
    if not 0 <= start < end <= len(text) or not text[start:end].strip():
        raise ValueError(f"{where}: [{start}, {end}] is no part of its text of {len(text)} characters.")
    there = text[start:end]
    return [start + len(there) - len(there.lstrip()), end - len(there) + len(there.rstrip())]


def joined(words: list[str], places: list[tuple[int, int]], where: str) -> tuple[str, list[list[int]]]:
    """Words with a space between them, and the characters of entities given by first and last word, from 0."""
    starts, position = [], 0
    for word in words:
        starts.append(position)
        position += len(word) + 1
    spans = []
    for name, (first, last) in zip(("subj", "obj"), places, strict=True):
        if type(first) is not int or type(last) is not int or not 0 <= first <= last < len(words):
            raise ValueError(f"{where}: {name}_start={first}, {name}_end={last} are no words of its {len(words)}.")
        spans.append([starts[first], starts[last] + len(words[last])])
    return " ".join(words), spans


def with_markers(text: str, e1: list[int], e2: list[int]) -> str:
    """The text with a marker before and behind each entity; the inner one of two that are nested stays inside. Markers
    have a space towards the entity, without which byte-level tokenizers read its first word as another one."""
    opened, closed = MARKERS[::2], MARKERS[1::2]
    events = [(end, 0, -start, -i, f" {closed[i]}") for i, (start, end) in enumerate((e1, e2))]
    events += [(start, 1, -end, i, f"{opened[i]} ") for i, (start, end) in enumerate((e1, e2))]
    marked, last = "", 0
    for position, *_, marker in sorted(events):
        marked += f"{text[last:position]}{marker}"
        last = position
    return marked + text[last:]


def kept_positions(inside: list[int], places: list[int], room: int) -> list[int]:
    """Which sub-words of a text stay where only `room` of them can. `inside`: their positions in the row; `places`:
    those of the two start and the two end markers.

    All, where they fit; else a stretch with both entities in its middle; else the beginning of what lies between
    first and last marker and its end, half the room each. ValueError where that loses a start marker.
    """
    if len(inside) <= room:
        return inside
    order = {position: i for i, position in enumerate(inside)}
    low, high = min(order[p] for p in places), max(order[p] for p in places) + 1
    if high - low <= room:
        start = min(max(low - (room - (high - low)) // 2, 0), len(inside) - room)
        return inside[start : start + room]
    kept = [*inside[low : low + room - room // 2], *inside[high - room // 2 : high]]
    if not {*places[:2]} <= {*kept}:
        raise ValueError("an entity is longer than half of what the model reads")
    return kept
