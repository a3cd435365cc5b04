"""Models that start from nothing, as measures of what pretraining buys: `model.path=scratch:<name>`. No torch here."""

import json
from difflib import get_close_matches
from pathlib import Path

PREFIX = "scratch:"
TEXTS, WORDS = "AutoModelForSequenceClassification", "AutoModelForTokenClassification"
IMAGES = "AutoModelForImageClassification"
HEADS = {"bilstm": (TEXTS, WORDS), "text_cnn": (TEXTS, WORDS), "bag_of_words": (TEXTS,), "small_cnn": (IMAGES,)}
KIND = "tunesmith_{}"  # the model_type in config.json


def scratch_name(path):
    """The name of a model from nothing, None where the path is another one."""
    return path.removeprefix(PREFIX) if path.startswith(PREFIX) else None


def check_scratch(config, task):
    """Raise ValueError where a model from nothing is not known, or does not suit the task or the method."""
    name, method = scratch_name(config["model"]["path"]), config["method"]["name"]
    if name is None:
        return
    if name not in HEADS:
        near = get_close_matches(name, HEADS, n=1)
        hint = f" Nearest: {near[0]}." if near else ""
        raise ValueError(f"model.path={PREFIX}{name} is not known.{hint} Choose one of: {', '.join(HEADS)}.")
    if task.auto_class not in HEADS[name]:
        raise ValueError(
            f"model={name} has no head for task={task.name}: that needs {task.auto_class}, it has "
            f"{' and '.join(HEADS[name])}. Choose a pretrained model."
        )
    if method != "full":
        raise ValueError(f"method={method} keeps pretrained weights, but model={name} has none. Take method=full.")


def is_from_scratch(folder):
    """Whether a saved model is one of these: it loads with the project only."""
    config = Path(folder) / "config.json"
    kind = json.loads(config.read_text(encoding="utf-8")).get("model_type") if config.is_file() else None
    return kind in {KIND.format(name) for name in HEADS}
