"""Several tasks on one shared encoder: each part with its own head, loss, scores and data, in batches of all parts."""

from dataclasses import dataclass, replace
from typing import ClassVar

from tasks.checks import check_choices
from tasks.mixing import mixed, shared_encoder
from tasks.mixing.mixture import Mixture

SAMPLING = ("size", "temperature", "equal")


@dataclass(frozen=True)
class MultiTask(Mixture):
    """`parts`: name -> the choices of a task, its `name` among them. `sampling`: how often a part is trained on: by its
    size, by size ** (1 / `temperature`), or all alike; the largest part is seen once in an epoch, smaller ones more
    often. `best`: mean, of what each part calls best, or a part's score, such as ner/f1."""

    sampling: str = "size"
    temperature: float = 2.0

    auto_class: ClassVar = "AutoModel"
    lora_type: ClassVar = "FEATURE_EXTRACTION"
    model_inputs: ClassVar = ("part", "row")
    pipeline: ClassVar = {"task": "feature-extraction"}
    is_standard: ClassVar = False
    skips_weights: ClassVar = True

    def __post_init__(self):
        super().__post_init__()
        check_choices(self, {"sampling": SAMPLING})
        if self.temperature < 1:
            raise ValueError(f"task.temperature={self.temperature} is below 1, which stands for the sizes as they are.")

    def encode(self, examples, tokenizer, labels):
        return mixed.encode(examples, self.members, tokenizer, labels)

    def training_rows(self, rows, tokenizer, seed):
        return rows.select(mixed.epoch(rows["part"][:], self.sampling, self.temperature, seed))

    def head_class(self, base):
        return shared_encoder.shared_encoder(base, self.members)

    def collator(self, tokenizer, model):
        return shared_encoder.MixedCollator(self.members, tokenizer, model)

    def loss_context(self, rows, labels, label_smoothing):
        return shared_encoder.part_contexts(rows, self.members, labels, label_smoothing)

    def loss(self, outputs, labels, context):
        """The mean over the items of each row, so that every row counts alike, whatever its part and its length."""
        return shared_encoder.row_means(outputs, self.members, labels, context)

    def reduce(self, outputs):
        return (shared_encoder.reduced(outputs, self.members),)

    def decode(self, reduced, rows, labels, examples, tokenizer):
        def decoded(part, task, own):
            tensors, of_part = shared_encoder.apart(part, self.parts, reduced, rows, examples)
            return task.decode(tensors, of_part, mixed.labels_of(labels, part), own, tokenizer)

        return self.each(examples, decoded)

    def tuned(self, reduced, rows, labels, examples):
        parts = {}
        for part, task in self.members.items():
            _, own = mixed.select(examples, part)
            tensors, of_part = shared_encoder.apart(part, self.parts, reduced, rows, examples)
            found = task.tuned(tensors, of_part, mixed.labels_of(labels, part), own) if own else task
            parts[part] = {**self.parts[part], **vars(found)}
        return replace(self, parts=parts)
