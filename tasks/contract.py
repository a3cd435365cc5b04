"""What a task is: the page to read before writing one.

A task holds choices, never data. It is a frozen dataclass whose fields are the keys of `conf/task/<name>.yaml` and
whose methods get all they work on as arguments, so each can be tried on a literal. The modules here are imported before
torch is, to check a command in no time: import torch and transformers inside the methods that need them.

Examples are columns, `{"tokens": [[...], ...], "tags": [[...], ...]}`, in the task's own words; labels are names.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, ClassVar

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


@dataclass(frozen=True)
class Task(ABC):
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
    splits_words: ClassVar[bool] = False  # True: the input is a list of words, not running text
    forms: ClassVar[tuple[tuple[str, ...], ...]] = ()  # other columns, gold last, that `prepare` turns into `columns`
    optional: ClassVar[tuple[str, ...]] = ()  # columns that are read where the data has them
    images: ClassVar[tuple[str, ...]] = ()  # columns of images, given as paths; `tokenizer` is then an image processor
    structured: ClassVar[tuple[str, ...]] = ()  # columns that hold more than text and lists of text
    model_inputs: ClassVar[tuple[str, ...]] = ()  # columns of a row that the head reads beside the tokenizer's
    running: ClassVar[bool] = False  # True: .txt files are running text, and a missing split is the end of train
    least_labels: ClassVar[int] = 2  # how many names `labels` must give at least; 0 where nothing has a name
    generates: ClassVar[bool] = False  # True: answers are written word by word, so training alone looks at the loss
    rows_mean: ClassVar[str | None] = "read in windows"  # why an example gives several rows; None: they all do
    cut_means: ClassVar[str] = "their end is not seen"  # what happens to examples that are too long, for a warning
    answers_are: ClassVar[str] = "One answer per example."  # what `answers` gives, for the captions of the run's page

    def __post_init__(self):
        if self.best not in self.directions:
            raise ValueError(
                f"task.best={self.best} is not a score of {self.name}. Choose one of: {', '.join(self.directions)}."
            )

    @property
    def margin(self) -> int:
        """How many neighbours on each side `prepare` looks at to make an example; 0: each stands alone."""
        return 0

    @property
    def smooths(self) -> bool:
        """Whether `loss` knows label smoothing."""
        return True

    @property
    def is_standard(self) -> bool:
        """Whether `transformers.pipeline` gives the same predictions; else the project's `load_model` is needed."""
        return True

    @property
    def head_config(self) -> dict[str, Any]:
        """What the head needs in the model's own config beside the labels."""
        return {}

    def learned_config(self, train: dict) -> dict[str, Any]:
        """What the head needs there that is learned from the training split, such as the scale of its targets."""
        return {}

    @property
    def members(self) -> dict[str, "Task"]:
        """The tasks that this one is made of, by the name of the part; none, but for `multi_task`."""
        return {}

    @property
    def sample(self) -> str:
        """The module in tasks/samples/ that makes the task's own data set."""
        return self.name

    @property
    def separators(self) -> dict[str, str]:
        """Columns that hold lists -> what stands between their values where a file without types holds them as text."""
        return {}

    @property
    def new_tokens(self) -> tuple[str, ...]:
        """Special tokens that `encode` writes; they join the vocabulary, and their embeddings are learned."""
        return ()

    def for_model(self, config, tokenizer) -> "Task":
        """The task as it works with a model of this configuration (of transformers) and tokenizer. Default: itself."""
        return self

    @property
    def trains(self) -> bool:
        """Whether there is anything to learn by gradients; if not, the model is scored as it comes."""
        return True

    def form(self, names) -> tuple[str, ...]:
        """The columns, gold last, in which these examples came: what a user gave and wants to see again."""
        return next((form for form in self.forms if set(form[:-1]) <= set(names)), self.columns)

    def prepare(self, splits: dict[str, dict]) -> tuple[dict[str, dict], list[Finding]]:
        """Bring the examples of all splits into the task's form; errors name split and example. New text has no gold
        column. Columns that are only for `encode` start with an underscore."""
        return splits, []

    def beside_train(self, train: dict, examples: dict) -> dict:
        """The examples of an evaluated split, with underscored columns for what `metrics` must know of their standing
        to the final training split, such as which words are new."""
        return examples

    def inputs(self, examples: dict) -> list[tuple]:
        """What the model gets to see of each example: the values of all columns but the target."""
        return list(zip(*(examples[name] for name in self.columns if name != self.target), strict=True))

    def together(self, examples: dict) -> list:
        """What each example belongs to, and stays with when a split is cut from train. Default: its own inputs."""
        return self.inputs(examples)

    @abstractmethod
    def labels(self, train: dict, known: list[str] | None) -> tuple[str, ...]:
        """The names the head predicts, in id order; `known` are those that the data set itself declares."""

    @abstractmethod
    def classes(self, examples: dict) -> list[list[str]]:
        """Per example, the classes it holds: counted in the findings, and kept in proportion when a split is cut."""

    @abstractmethod
    def encode(self, examples: dict, tokenizer, labels: tuple[str, ...]) -> dict[str, list]:
        """Examples -> rows of model inputs with `labels`; one example may give several rows.

        Beside the model's inputs a row holds `example` (index into `examples`), `cut` (True where the row leaves out
        words of its example) and whatever `decode` needs.
        """

    def training_rows(self, rows, tokenizer, seed: int):
        """What is trained on, from all encoded rows of train (a `datasets.Dataset`): packed, paired, sampled."""
        return rows

    def head_class(self, base: type) -> type:
        """The class of the model: transformers' own, or a subclass of it with a head of the project's."""
        return base

    def check_model(self, new: tuple[str, ...]) -> None:  # noqa: B027
        """Raise ValueError where the model lacks what the task needs of its pretraining. `new`: the modules that the
        pretrained weights lack, so that they start at random."""

    def settle(self, model, rows, tokenizer, labels: tuple[str, ...]) -> None:  # noqa: B027
        """Before each scoring: set those weights of the model that no gradient learns, from the encoded rows of train.
        Several processes do the same, each by itself."""

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

    def respond(self, model, inputs: dict, labels):
        """The outputs for a batch of evaluation or prediction, `logits` among them; a task whose answers are written
        adds them. `labels` are IGNORED where there is no gold."""
        return model(**inputs)

    @abstractmethod
    def reduce(self, outputs) -> tuple:
        """What `decode` needs of a batch's outputs, as tensors (rows, ...), on the device: logits need much room."""

    @abstractmethod
    def decode(self, reduced: tuple, rows: dict, labels: tuple[str, ...], examples: dict, tokenizer) -> list[dict]:
        """Reduced outputs -> one `{"prediction": ..., "confidence": ...}` per example, in the user's terms.

        The only way from outputs to predictions: evaluation, prediction files and everything else go through here.
        """

    def tuned(self, reduced: tuple, rows: dict, labels: tuple[str, ...], examples: dict) -> "Task":
        """The task with those choices filled in that it finds on the validation split, from the same things that
        `decode` gets (a threshold). They are kept in the run's folder, so that every later use has them."""
        return self

    @abstractmethod
    def metrics(self, predictions: list[dict], examples: dict) -> Scores:
        """Scores of decoded predictions against the gold answers in `examples`, as the field publishes them."""

    def for_evaluate(self, predictions: list[dict], examples: dict) -> dict[str, list]:
        """What a metric of the `evaluate` library compares, in the task's own words: `predictions` and `references`.
        stages/extra_metrics.py brings names and lists of names into the form that a metric reads."""
        return {"predictions": [p["prediction"] for p in predictions], "references": examples[self.target]}

    @abstractmethod
    def baseline(self, train: dict, examples: dict) -> tuple[str, list[dict]]:
        """The name and the predictions of a method without learning, which a score must clearly beat."""

    def baseline_of(self, train, split, tokenizer) -> tuple[str, list[dict]]:
        """The same from encoded splits (`examples`, `rows`), for a baseline that counts the model's sub-words."""
        return self.baseline(train.examples, split.examples)

    def answers(self, row: dict) -> list[Answer]:
        """What a row of `predictions/*.jsonl` answers, one by one. Default: one answer, right where it equals the gold
        one; a wrong answer is the worse the more confident it is."""
        confidence = row.get("confidence")
        wrong = 0.0 if row["gold"] == row["prediction"] else 1.0
        return [Answer(row["gold"], row["prediction"], wrong * (1.0 if confidence is None else confidence), confidence)]

    def marked(self, row: dict) -> list[tuple[str, str | None, str | None]]:
        """The input of such a row for a reader, in pieces: text, the gold and the predicted label that it carries (None
        where it carries none). Default: the inputs as they are."""
        *inputs, _ = (row.get(name, "") for name in self.form(row))
        return [(as_line(value), None, None) for value in inputs]


def as_line(value) -> str:
    """Any input value for a reader: text as it is, lists and tables in one line, nothing for None."""
    if isinstance(value, list | tuple):
        return " ".join(as_line(v) for v in value)
    if isinstance(value, dict):
        return " ".join(as_line(v) for v in value.values())
    return "" if value is None else str(value)


def task_class(name: str) -> type[Task]:
    """The class in `tasks/<name>.py` (or in an importable module of that name) that fulfils the contract."""
    module = import_module(f"tasks.{name}" if "." not in name else name)
    own = [c for c in vars(module).values() if isinstance(c, type) and c.__module__ == module.__name__]
    (found,) = [c for c in own if issubclass(c, Task) and c is not Task]
    return found
