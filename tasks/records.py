"""What tasks and stages hand each other: findings, answers, scores, and what a loss learned."""

from dataclasses import dataclass, field
from math import exp
from typing import Any

IGNORED = -100  # the label of what must not be learned; torch's cross entropy and the Trainer both skip it


@dataclass(frozen=True)
class LossContext:
    """What the loss needs beside outputs and labels; learned from the training split, then frozen."""

    class_weights: tuple[float, ...] | None = None
    label_smoothing: float = 0.0


@dataclass(frozen=True)
class Finding:
    """One thing seen in the data. `level` is 'note', 'warning' or 'error'; `advice` says what to do about it."""

    level: str
    split: str
    what: str
    advice: str = ""


@dataclass(frozen=True)
class Answer:
    """One thing that a prediction row answers, for the run's page. `error`: 0 where it is right, else the greater the
    worse. `gold` and `predicted` are None where only the other side has an answer there."""

    gold: Any
    predicted: Any
    error: float
    confidence: float | None = None


@dataclass(frozen=True)
class Scores:
    """`values`: name -> number, for comparing runs. `tables`: title -> rows (dicts with the same keys), for reading."""

    values: dict[str, float]
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


def perplexity(loss: float) -> float:
    """exp of a mean loss in nats, as far as a float holds it."""
    return exp(min(loss, 700.0))


def as_line(value) -> str:
    """Any input value for a reader: text as it is, lists and tables in one line, nothing for None."""
    if isinstance(value, list | tuple):
        return " ".join(as_line(v) for v in value)
    if isinstance(value, dict):
        return " ".join(as_line(v) for v in value.values())
    return "" if value is None else str(value)
