"""Multiple choice: one of 2 to 26 choices answers a question, at times about a context."""

from dataclasses import dataclass
from typing import ClassVar

from tasks.checks import check_choices
from tasks.texts.choice_rows import best_choice, choice_rows
from tasks.texts.choice_scores import always_one_position, choice_scores, marked_choices
from tasks.texts.choices import LETTERS, WRITTEN, positions, read_questions
from tasks.texts.grouped_texts import GroupedTexts
from tasks.texts.rows import per_example, present


@dataclass(frozen=True)
class MultipleChoice(GroupedTexts):
    """`written`: how the data writes answers: text (of the choice), letter, index (from 0) or number (from 1); None:
    recognised."""

    written: str | None = None

    columns: ClassVar = ("question", "choices", "answer")
    target: ClassVar = "answer"
    optional: ClassVar = ("context",)
    auto_class: ClassVar = "AutoModelForMultipleChoice"
    extra_axis: ClassVar = True
    directions: ClassVar = {"accuracy": True, "loss": False}
    shown: ClassVar = ("accuracy", "chance")
    pipeline: ClassVar = {"task": "multiple-choice"}
    cut_means: ClassVar = "the end of their context is not seen"
    is_standard: ClassVar = False  # transformers has no pipeline for it

    def __post_init__(self):
        super().__post_init__()
        check_choices(self, {"written": (*WRITTEN, None)})

    def prepare(self, splits):
        """Choices become lists of text, answers the text of one of them, contexts one text."""
        return read_questions(splits, self.written)

    def inputs(self, examples):
        return present(examples, ("context", "question", "choices"))

    def classes(self, examples):
        return [[LETTERS[position]] for position in positions(examples, examples["answer"])]

    def encode(self, examples, tokenizer, labels):
        """One row per question, each choice a text of it; a context that is too long loses its end."""
        return choice_rows(examples, tokenizer)

    def reduce(self, outputs):
        return (outputs["logits"].float().softmax(dim=-1),)

    def decode(self, reduced, rows, labels, examples, tokenizer):
        pairs = zip(reduced[0], rows["example"], strict=True)
        answers = [best_choice(probabilities, examples["choices"][example]) for probabilities, example in pairs]
        return per_example(answers, rows, len(examples["choices"]))

    def metrics(self, predictions, examples):
        """Accuracy, and what guessing would give."""
        return choice_scores([p["prediction"] for p in predictions], examples)

    def baseline(self, train, examples):
        """The position that holds the answer most often in training; the last choice where there are fewer."""
        return always_one_position(train, examples)

    def marked(self, row):
        return marked_choices(row)
