"""What tasks share whose texts stand in groups, each text scored by itself: choices, candidates."""

from dataclasses import dataclass
from typing import ClassVar

from tasks.contract import Task


@dataclass(frozen=True)
class GroupedTexts(Task):
    """A head that gives a text one score, whatever group it stands in; so nothing has a name."""

    extra_axis: ClassVar[bool]  # whether the class that ends the model takes (texts, 1, length)

    lora_type: ClassVar = "SEQ_CLS"
    least_labels: ClassVar = 0
    smooths: ClassVar = False  # the texts that are missing would get a share

    def labels(self, train, known):
        return ()

    def head_class(self, base):
        from tasks.texts.text_heads import grouped_head

        return grouped_head(base, self.extra_axis)

    def collator(self, tokenizer, model):
        from tasks.texts.text_heads import GroupCollator

        return GroupCollator(tokenizer)
