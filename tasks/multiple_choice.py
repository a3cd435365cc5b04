"""Multiple choice: one of 2 to 26 choices answers a question, at times about a context."""

from collections import Counter
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import ClassVar

from tasks.checks import check_choices, check_text
from tasks.contract import IGNORED, Scores, Task, as_line
from tasks.texts.choices import LETTERS, WRITTEN, by_position, by_size, describe, find_answers, read_choices
from tasks.texts.rows import encode_texts


@dataclass(frozen=True)
class MultipleChoice(Task):
    """`written`: how the data writes answers: text (of the choice), letter, index (from 0) or number (from 1); None:
    recognised."""

    written: str | None = None

    columns: ClassVar = ("question", "choices", "answer")
    target: ClassVar = "answer"
    optional: ClassVar = ("context",)
    auto_class: ClassVar = "AutoModelForMultipleChoice"
    lora_type: ClassVar = "SEQ_CLS"
    directions: ClassVar = {"accuracy": True, "loss": False}
    shown: ClassVar = ("accuracy", "chance")
    pipeline: ClassVar = {"task": "multiple-choice"}
    least_labels: ClassVar = 0
    cut_means: ClassVar = "the end of their context is not seen"
    is_standard: ClassVar = False  # transformers has no pipeline for it
    smooths: ClassVar = False  # the choices that are missing would get a share

    def __post_init__(self):
        super().__post_init__()
        check_choices(self, {"written": (*WRITTEN, None)})

    def prepare(self, splits):
        """Choices become lists of text, answers the text of one of them, contexts one text."""
        ready = {}
        for split, examples in splits.items():
            read = [read_choices(value, f"{split} example {i}") for i, value in enumerate(examples["choices"], 1)]
            ready[split] = {**examples, "choices": read}
            if "context" in examples:
                ready[split]["context"] = [as_line(value) for value in examples["context"]]
            check_text(split, ready[split], ("question", "context", "answer"))
        gold = find_answers({s: e for s, e in ready.items() if "answer" in e}, self.written)
        found = [finding for split, examples in ready.items() for finding in describe(split, examples)]
        return {s: {**e, **({"answer": gold[s]} if s in gold else {})} for s, e in ready.items()}, found

    def inputs(self, examples):
        names = [name for name in ("context", "question", "choices") if name in examples]
        return list(zip(*(examples[name] for name in names), strict=True))

    def labels(self, train, known):
        return ()

    def classes(self, examples):
        return [[LETTERS[position]] for position in _positions(examples, examples["answer"])]

    def encode(self, examples, tokenizer, labels):
        """One row per question, each choice a pair: context, question and choice; or question, choice. Where that is
        too long, the first loses its end, so that the choice is read whole; such a row is marked."""
        contexts = examples.get("context") or [""] * len(examples["question"])
        pairs = [
            (context, f"{question} {choice}") if context.strip() else (question, choice)
            for context, question, choices in zip(contexts, examples["question"], examples["choices"], strict=True)
            for choice in choices
        ]
        texts = encode_texts(tokenizer, *zip(*pairs, strict=True), cut="only_first")
        spans = [slice(*ends) for ends in pairwise(accumulate(map(len, examples["choices"]), initial=0))]
        rows = {name: [values[span] for span in spans] for name, values in texts.items()}
        rows["length"] = [sum(map(len, ids)) for ids in rows["input_ids"]]
        rows["cut"] = [any(cuts) for cuts in rows["cut"]]
        gold = _positions(examples, examples["answer"]) if "answer" in examples else [IGNORED] * len(spans)
        return {**rows, "example": list(range(len(spans))), "labels": gold}

    def head_class(self, base):
        from tasks.texts.text_heads import grouped_head

        return grouped_head(base, extra_axis=True)

    def collator(self, tokenizer, model):
        from tasks.texts.text_heads import GroupCollator

        return GroupCollator(tokenizer)

    def reduce(self, outputs):
        return (outputs["logits"].float().softmax(dim=-1),)

    def decode(self, reduced, rows, labels, examples, tokenizer):
        decoded = [{}] * len(examples["choices"])
        for example, row in zip(rows["example"], reduced[0], strict=True):
            choices = examples["choices"][example]
            probabilities = [round(float(p), 4) for p in row[: len(choices)]]
            best = int(row[: len(choices)].argmax())
            decoded[example] = {
                "prediction": choices[best], "confidence": probabilities[best], "probabilities": probabilities,
            }  # fmt: skip
        return decoded

    def metrics(self, predictions, examples):
        """Accuracy, and what guessing would give."""
        gold, chosen = examples["answer"], [p["prediction"] for p in predictions]
        right = [g == p for g, p in zip(gold, chosen, strict=True)]
        sizes = by_size(right, list(map(len, examples["choices"])))
        total = max(len(right), 1)
        values = {
            "accuracy": sum(right) / total,
            "chance": sum(row["chance"] * row["examples"] for row in sizes) / total,
        }
        positions = by_position(_positions(examples, gold), _positions(examples, chosen))
        return Scores(values, {"by number of choices": sizes, "by position": positions})

    def baseline(self, train, examples):
        """The position that holds the answer most often in training; the last choice where there are fewer."""
        ((position, _),) = Counter(_positions(train, train["answer"])).most_common(1)
        name = f"always choice {LETTERS[position]}, most often right in train"
        return name, [{"prediction": choices[: position + 1][-1]} for choices in examples["choices"]]

    def marked(self, row):
        texts = [(row[name], None, None) for name in ("context", "question") if row.get(name)]
        sides = [
            ["answer" if choice == row[side] else None for choice in row["choices"]] for side in ("gold", "prediction")
        ]
        return [*texts, *zip(row["choices"], *sides, strict=True)]


def _positions(examples, answers):
    """The position of each answer among its choices."""
    return [choices.index(answer) for choices, answer in zip(examples["choices"], answers, strict=True)]
