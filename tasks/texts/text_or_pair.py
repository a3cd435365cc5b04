"""What tasks share that read a text, or a pair of texts, with the head that transformers has for sequences."""

from dataclasses import dataclass
from typing import ClassVar

from tasks.contract import Task
from tasks.texts.rows import padded, present


@dataclass(frozen=True)
class TextOrPair(Task):
    """A column `text`, and where the data has it a column `pair`; one row each."""

    optional: ClassVar = ("pair",)
    auto_class: ClassVar = "AutoModelForSequenceClassification"
    lora_type: ClassVar = "SEQ_CLS"

    def inputs(self, examples):
        return present(examples, ("text", "pair"))

    def collator(self, tokenizer, model):
        return padded(tokenizer)
