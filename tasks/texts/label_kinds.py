"""The kinds of labels that a text may have: by name, their choices, and examples as they read them."""

from tasks.checks import check_counts, check_text
from tasks.contract import as_line
from tasks.texts.many_labels import ManyLabels
from tasks.texts.one_label import OneLabel
from tasks.texts.ordered_label import OrderedLabel

KINDS = {"single_label": OneLabel(), "multi_label": ManyLabels(), "ordinal": OrderedLabel()}


def check_ranges(task) -> None:
    """Raise ValueError where a choice for one of the kinds is not in its range."""
    check_counts(task, {"calibration_bins": "bins"}, least=1)
    if task.focal_gamma < 0:
        raise ValueError(f"task.focal_gamma={task.focal_gamma} is below 0. Give 0 for cross entropy, 2 as published.")
    if task.threshold is not None and not 0 < task.threshold < 1:
        raise ValueError(f"task.threshold={task.threshold} is not a probability between 0 and 1, or null.")
    if not task.separator:
        raise ValueError("task.separator is empty. Give what stands between two labels, such as ','.")


def read_labelled(split: str, examples: dict, kind: OneLabel) -> dict:
    """The examples of a split: texts, a second text that may be a list of them, labels as the kind has them."""
    examples = dict(examples)
    if "pair" in examples:
        examples["pair"] = [as_line(value) if isinstance(value, list) else value for value in examples["pair"]]
    check_text(split, examples, ("text", "pair"))
    if "label" in examples:
        examples["label"] = kind.checked(split, examples["label"])
    return examples


def remembered(known: list[tuple], gold: list, inputs: list[tuple], usual: dict) -> list[dict]:
    """Predictions that remember: the label of the same input in training, the last one, else the usual answer."""
    memory = dict(zip(known, gold, strict=True))
    return [{**usual, "prediction": memory.get(row, usual["prediction"])} for row in inputs]
