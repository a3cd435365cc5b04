"""What a run leaves behind, read back by its tests."""

import json


def read_lines(path):
    """The objects of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def predicted(run, split="test"):
    """The rows of a run's predictions on a split."""
    return read_lines(run / "predictions" / f"{split}.jsonl")
