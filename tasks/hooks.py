"""What a task may change beyond the page `tasks/contract.py`: each member with its default. Read it when a task needs
more."""

from typing import TYPE_CHECKING, Any, ClassVar

from tasks.records import Answer, as_line

if TYPE_CHECKING:
    from tasks.contract import Task


class Hooks:
    """The members with a default."""

    splits_words: ClassVar[bool] = False  # True: the input is a list of words, not running text
    forms: ClassVar[tuple[tuple[str, ...], ...]] = ()  # other columns, gold last, that `prepare` turns into `columns`
    optional: ClassVar[tuple[str, ...]] = ()  # columns that are read where the data has them
    images: ClassVar[tuple[str, ...]] = ()  # columns of images, given as paths; `tokenizer` is then an image processor
    structured: ClassVar[tuple[str, ...]] = ()  # columns that hold more than text and lists of text
    model_inputs: ClassVar[tuple[str, ...]] = ()  # columns of a row that the head reads beside the tokenizer's
    running: ClassVar[bool] = False  # True: .txt files are running text, and a missing split is the end of train
    least_labels: ClassVar[int] = 2  # how many names `labels` must give at least; 0 where nothing has a name
    generates: ClassVar[bool] = False  # True: answers are written word by word, so training alone looks at the loss
    skips_weights: ClassVar[bool] = False  # True: a batch may leave weights unused, which several processes must know
    rows_mean: ClassVar[str | None] = "read in windows"  # why an example gives several rows; None: they all do
    cut_means: ClassVar[str] = "their end is not seen"  # what happens to examples that are too long, for a warning
    answers_are: ClassVar[str] = "One answer per example."  # what `answers` gives, for the captions of the run's page

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
    def trains(self) -> bool:
        """Whether there is anything to learn by gradients; if not, the model is scored as it comes."""
        return True

    @property
    def packs(self) -> bool:
        """Whether a training row holds several texts, kept apart by positions that start anew with each."""
        return False

    @property
    def sample(self) -> str:
        """The module in tasks/samples/ that makes the task's own data set."""
        return self.name

    @property
    def members(self) -> dict[str, "Task"]:
        """The tasks that this one is made of, by the name of the part; none, but for `multi_task`."""
        return {}

    @property
    def separators(self) -> dict[str, str]:
        """Columns that hold lists -> what stands between their values where a file without types holds them as text."""
        return {}

    @property
    def new_tokens(self) -> tuple[str, ...]:
        """Special tokens that `encode` writes; they join the vocabulary, and their embeddings are learned."""
        return ()

    @property
    def head_config(self) -> dict[str, Any]:
        """What the head needs in the model's own config beside the labels."""
        return {}

    def learned_config(self, train: dict) -> dict[str, Any]:
        """What the head needs there that is learned from the training split, such as the scale of its targets."""
        return {}

    def for_model(self, config, tokenizer) -> "Task":
        """The task as it works with a model of this configuration (of transformers) and tokenizer. Default: itself."""
        return self

    def form(self, names) -> tuple[str, ...]:
        """The columns, gold last, in which these examples came: what a user gave and wants to see again."""
        return next((form for form in self.forms if set(form[:-1]) <= set(names)), self.columns)

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

    def training_rows(self, rows, tokenizer, seed: int):
        """What is trained on, from all encoded rows of train (a `datasets.Dataset`): packed, paired, sampled."""
        return rows

    def head_class(self, base: type) -> type:
        """The class of the model: transformers' own, or a subclass of it with a head of the project's."""
        return base

    def check_model(self, new: tuple[str, ...]) -> None:
        """Raise ValueError where the model lacks what the task needs of its pretraining. `new`: the modules that the
        pretrained weights lack, so that they start at random."""

    def settle(self, model, rows, tokenizer, labels: tuple[str, ...]) -> None:
        """Before each scoring: set those weights of the model that no gradient learns, from the encoded rows of train.
        Several processes do the same, each by itself."""

    def respond(self, model, inputs: dict, labels):
        """The outputs for a batch of evaluation or prediction, `logits` among them; a task whose answers are written
        adds them. `labels` are IGNORED where there is no gold."""
        return model(**inputs)

    def tuned(self, reduced: tuple, rows: dict, labels: tuple[str, ...], examples: dict) -> "Task":
        """The task with those choices filled in that it finds on the validation split, from the same things that
        `decode` gets (a threshold). They are kept in the run's folder, so that every later use has them."""
        return self

    def for_evaluate(self, predictions: list[dict], examples: dict) -> dict[str, list]:
        """What a metric of the `evaluate` library compares, in the task's own words: `predictions` and `references`.
        stages/extra_metrics.py brings names and lists of names into the form that a metric reads."""
        return {"predictions": [p["prediction"] for p in predictions], "references": examples[self.target]}

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
