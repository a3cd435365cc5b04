"""Snips' JSON: intents with their queries, each cut into pieces, some of which are slots."""


def is_snips(content: dict) -> bool:
    """Whether an object holds lists of queries: `{"data": [{"text": "to "}, {"text": "Oslo", "entity": "city"}]}`."""
    return bool(content) and all(isinstance(rows, list) and rows and _is_query(rows[0]) for rows in content.values())


def read_snips(content: dict) -> list:
    """Queries as objects with `text`, `spans` ([start, end, slot], by character) and `intent`. What is no query stays
    as it is, to be named with its place."""
    return [_joined(intent, row) if _is_query(row) else row for intent, rows in content.items() for row in rows]


def _is_query(row) -> bool:
    pieces = row.get("data") if isinstance(row, dict) else None
    return isinstance(pieces, list) and all(isinstance(p, dict) and isinstance(p.get("text"), str) for p in pieces)


def _joined(intent: str, row: dict) -> dict:
    text, spans = "", []
    for piece in row["data"]:
        start, text = len(text), text + piece["text"]
        if piece.get("entity"):
            spans.append([start, len(text), piece["entity"]])
    return {"text": text, "spans": spans, "intent": intent}
