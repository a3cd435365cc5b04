"""A cache of encoded rows in a test's own folder, and what is written there."""

from stages import encoded, features
from tasks.ner import NER

LABELS = ("O", "B-LOC", "I-LOC")
TASK = NER("ner", "f1")


def cache_in(folder, monkeypatch):
    """Have even small data kept in a folder; -> where its entries will be."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    monkeypatch.delenv(encoded.ROOM, raising=False)
    monkeypatch.setattr(encoded, "LEAST", 1)
    return folder / "cache" / "tunesmith" / "encoded"


def examples(words=("the", "river", "xyz"), count=30):
    tokens = [[*words] * (1 + i % 3) for i in range(count)]
    return {"tokens": tokens, "tags": [["B-LOC"] * len(one) for one in tokens]}


def encode(data, tokenizer, task=TASK, labels=LABELS):
    return features.encode({"train": data}, labels, task, tokenizer)["train"].rows


def entries(cache):
    return sorted(place for place in cache.iterdir()) if cache.exists() else []
