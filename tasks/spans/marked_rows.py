"""Marked texts as rows of sub-words; what is longer than the model reads is cut around the entities."""

from tasks.spans.marked_entities import MARKERS


def encode_marked(texts: list[str], tokenizer) -> dict[str, list]:
    """One row per text. What is longer than the model reads is cut around the entities (`kept_positions`), and `cut`
    is True; their start markers, at `entities`, always stay."""
    batch = tokenizer(texts, truncation=False)
    opened = tokenizer.convert_tokens_to_ids([MARKERS[i] for i in (0, 2, 1, 3)])
    names = [name for name in tokenizer.model_input_names if name in batch]
    rows = {name: [] for name in (*names, "example", "cut", "entities")}
    for i, sub_words in enumerate(batch["input_ids"]):
        inside = [p for p, part in enumerate(batch.sequence_ids(i)) if part is not None]
        places = [sub_words.index(marker) for marker in opened]
        room = tokenizer.model_max_length - (len(sub_words) - len(inside))
        dropped = {*inside} - {*_kept(inside, places, room, texts[i])}
        kept = [p for p in range(len(sub_words)) if p not in dropped]
        row = {name: [batch[name][i][p] for p in kept] for name in names} | {"example": i, "cut": bool(dropped)}
        row |= {"entities": [kept.index(p) for p in places[:2]]}
        for name, value in row.items():
            rows[name].append(value)
    return rows


def _kept(inside, places, room, text):
    try:
        return kept_positions(inside, places, room)
    except ValueError as error:
        raise ValueError(f"model.max_length={room} cannot hold {text[:60]!r}...: {error}. Remove it.") from error


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
