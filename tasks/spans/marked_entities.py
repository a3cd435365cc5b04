"""Two entities in a text, given as tags, character spans or words; markers written around them."""

import re

TAGS = re.compile(r"</?e[12]>")
MARKERS = ("[E1]", "[/E1]", "[E2]", "[/E2]")
POSITIONS = ("subj_start", "subj_end", "obj_start", "obj_end")  # first and last word of both, TACRED's columns


def located(split: str, examples: dict) -> dict:
    """The examples with the text, the character spans `e1` and `e2` of its entities, and `_marked`, the text with
    markers around them, from whichever form they came in. Errors name split and example."""
    form = "token" if "token" in examples else "sentence" if "sentence" in examples else "text"
    found = [_locate(form, examples, i, f"{split} example {i + 1}") for i in range(len(examples[form]))]
    columns = {name: [place[n] for place in found] for n, name in enumerate(("text", "e1", "e2"))}
    return {**examples, **columns, "_marked": [with_markers(*place) for place in found]}


def _locate(form, examples, i, where):
    """-> (text, e1, e2) of example `i`, of which no text holds a marker already."""
    given = examples[form][i]
    if not isinstance(given, list if form == "token" else str):
        raise ValueError(f"{where}: data.columns.{form} holds {repr(given)[:60]}, which is not of its type.")
    if form == "token":
        first, last, *other = (examples[name][i] for name in POSITIONS)
        text, spans = joined(given, [(first, last), tuple(other)], where)
    elif form == "sentence":
        text, *spans = untagged(given, where)
    else:
        text, spans = given, [checked_span(given, examples[e][i], f"{where}: data.columns.{e}") for e in ("e1", "e2")]
    if any(marker in text for marker in MARKERS):
        raise ValueError(f"{where}: its text holds one of {', '.join(MARKERS)}. Replace it by another word.")
    return text, *spans


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


def marked_in_row(row: dict) -> str:
    """The text of a row of predictions with markers around both entities, in whichever form they came."""
    return located("row", {name: [value] for name, value in row.items()})["_marked"][0]


def entity_texts(examples: dict) -> list[tuple[str, str]]:
    """What both entities of each example are called, in lower case."""
    columns = (examples["text"], examples["e1"], examples["e2"])
    return [(text[a:b].lower(), text[c:d].lower()) for text, (a, b), (c, d) in zip(*columns, strict=True)]
