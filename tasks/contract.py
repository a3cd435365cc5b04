"""What a task is: the page to read before writing one.

A task holds choices, never data. It is a frozen dataclass whose fields are the keys of `conf/task/<name>.yaml` and
whose methods get all they work on as arguments, so each can be tried on a literal. The modules here are imported before
torch is, to check a command in no time: import torch and transformers inside the methods that need them.

What follows has to be written for each task; what may be changed beside it stands in `tasks/hooks.py`.

Examples are columns, `{"tokens": [[...], ...], "tags": [[...], ...]}`, in the task's own words; labels are names.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

from tasks.hooks import Hooks
from tasks.records import IGNORED, Answer, Finding, LossContext, Scores, as_line

__all__ = ["IGNORED", "Answer", "Finding", "LossContext", "Scores", "Task", "as_line", "task_class"]


@dataclass(frozen=True)
class Task(Hooks, ABC):
    """The members a task fills in. `best` names the score that chooses the checkpoint."""

    name: str
    best: str

    columns: ClassVar[tuple[str, ...]]  # what an example must have; `conf/data/*.yaml` maps its columns onto these
    target: ClassVar[str]  # the one of `columns` that holds the gold answer
    auto_class: ClassVar[str]  # the `AutoModelFor...` class of transformers that ends the model
    lora_type: ClassVar[str | None]  # peft's name for that kind of head, None where it has none
    directions: ClassVar[dict[str, bool]]  # score that may be `best` -> whether greater is better
    shown: ClassVar[tuple[str, ...]]  # the scores of the final table, best first
    pipeline: ClassVar[dict[str, Any]]  # how `transformers.pipeline` runs the saved model, for its model card

    def __post_init__(self):
        if self.best not in self.directions:
            raise ValueError(
                f"task.best={self.best} is not a score of {self.name}. Choose one of: {', '.join(self.directions)}."
            )

    def prepare(self, splits: dict[str, dict]) -> tuple[dict[str, dict], list[Finding]]:
        """Bring the examples of all splits into the task's form; errors name split and example. New text has no gold
        column. Columns that are only for `encode` start with an underscore."""
        return splits, []

    @abstractmethod
    def labels(self, train: dict, known: list[str] | None) -> tuple[str, ...]:
        """The names the head predicts, in id order; `known` are those that the data set itself declares."""

    @abstractmethod
    def classes(self, examples: dict) -> list[list[str]]:
        """Per example, the classes it holds: counted in the findings, and kept in proportion when a split is cut."""

    @abstractmethod
    def encode(self, examples: dict, tokenizer, labels: tuple[str, ...]) -> dict[str, list]:
        """Examples -> rows of model inputs with `labels`; one example may give several rows. Columns are lists, or
        lists of lists as a `tasks.ragged.Ragged`.

        Beside the model's inputs a row holds `example` (index into `examples`), `cut` (True where the row leaves out
        words of its example) and whatever `decode` needs.
        """

    @abstractmethod
    def collator(self, tokenizer, model):
        """What pads rows into a batch. It emits one tensor named `labels`, which the model never sees."""

    def items(self, labels):
        """Per row, how many of the things it holds that the loss is a mean over, shape (rows,). Default: labels."""
        return (labels != IGNORED).view(len(labels), -1).sum(dim=1)

    def loss(self, outputs, labels, context: LossContext):
        """One summed loss per row, shape (rows,). Training divides by the `items` of the whole optimizer step, so loss
        and gradients do not depend on how hardware splits it. Default: cross entropy over the last axis of the logits.
        """
        import torch
        from torch.nn.functional import cross_entropy

        logits = outputs["logits"]
        weights = context.class_weights and torch.tensor(context.class_weights, device=logits.device)
        losses = cross_entropy(
            logits.flatten(0, -2).float(),
            labels.flatten(),
            weight=weights,
            ignore_index=IGNORED,
            label_smoothing=context.label_smoothing,
            reduction="none",
        )
        return losses.view(len(labels), -1).sum(dim=1)

    def loss_context(self, rows: dict, labels: tuple[str, ...], label_smoothing: float) -> LossContext:
        """What the loss learns from the training rows."""
        return LossContext(label_smoothing=label_smoothing)

    @abstractmethod
    def reduce(self, outputs) -> tuple:
        """What `decode` needs of a batch's outputs, as tensors (rows, ...), on the device: logits need much room."""

    @abstractmethod
    def decode(self, reduced: tuple, rows: dict, labels: tuple[str, ...], examples: dict, tokenizer) -> list[dict]:
        """Reduced outputs -> one `{"prediction": ..., "confidence": ...}` per example, in the user's terms.

        The only way from outputs to predictions: evaluation, prediction files and everything else go through here.
        """

    @abstractmethod
    def metrics(self, predictions: list[dict], examples: dict) -> Scores:
        """Scores of decoded predictions against the gold answers in `examples`, as the field publishes them."""

    @abstractmethod
    def baseline(self, train: dict, examples: dict) -> tuple[str, list[dict]]:
        """The name and the predictions of a method without learning, which a score must clearly beat."""


def task_class(name: str) -> type[Task]:
    """The class in `tasks/<name>.py` (or in an importable module of that name) that fulfils the contract."""
    module = import_module(f"tasks.{name}" if "." not in name else name)
    own = [c for c in vars(module).values() if isinstance(c, type) and c.__module__ == module.__name__]
    (found,) = [c for c in own if issubclass(c, Task) and c is not Task]
    return found
