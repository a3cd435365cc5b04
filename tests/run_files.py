"""What a run leaves behind, read back by its tests."""

import json

from omegaconf import OmegaConf


def read_lines(path):
    """The objects of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def predicted(run, split="test"):
    """The rows of a run's predictions on a split."""
    return read_lines(run / "predictions" / f"{split}.jsonl")


def make_run(folder, config):
    """Write what looks like a finished run: its configuration, its labels, no weights."""
    (folder / "model").mkdir(parents=True)
    (folder / "config.yaml").write_text(OmegaConf.to_yaml(OmegaConf.create(config)))
    (folder / "metrics.json").write_text("{}")
    (folder / "model" / "config.json").write_text(json.dumps({"id2label": {"10": "K", "2": "C", "0": "A"}}))
    return folder
