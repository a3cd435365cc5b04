"""Joint intent detection and slot filling: one encoder, the intent of the whole utterance and a tag for each word.

Long utterances are read in overlapping windows: every word gets its tag once, every window has a say in the intent.
"""

from dataclasses import dataclass
from typing import ClassVar

from tasks.checks import check_choices
from tasks.contract import IGNORED
from tasks.words import intents
from tasks.words.best_labels import best_labels
from tasks.words.word_tagger import WordTagger


@dataclass(frozen=True)
class JointIntentSlots(WordTagger):
    """`intent_weight`: the intent's part of the loss, the slots have the rest. `intent_from`: the first sub-word, which
    most encoders train for it, or the mean of all."""

    intent_weight: float = 0.5
    intent_from: str = "first"

    forms: ClassVar = (("text", "spans"),)
    optional: ClassVar = ("intent",)
    structured: ClassVar = ("spans",)
    directions: ClassVar = {
        "exact_match": True, "intent_accuracy": True, "slot_f1": True, "strict_slot_f1": True, "loss": False,
    }  # fmt: skip
    shown: ClassVar = ("exact_match", "intent_accuracy", "slot_f1", "slot_precision", "slot_recall", "strict_slot_f1")
    answers_are: ClassVar = "The intent of each utterance, and one answer per slot, predicted or missed."
    is_standard: ClassVar = False
    least_places: ClassVar = 2  # the first one is the intent's

    def __post_init__(self):
        super().__post_init__()
        check_choices(self, {"intent_from": ("first", "mean")})
        if not 0 < self.intent_weight < 1:
            raise ValueError(f"task.intent_weight={self.intent_weight} is no share. Give a number between 0 and 1.")

    def prepare(self, splits):
        """Gold answers become one object per example: `{"intent": ..., "slots": tags or spans}`."""
        return intents.read_intents(splits, self.form)

    def labels(self, train, known):
        return (*intents.intent_labels(train["tags"]), *super().labels(intents.slots_of(train), known))

    def classes(self, examples):
        kinds = zip(examples["tags"], super().classes(intents.slots_of(examples)), strict=True)
        return [[*intents.intent_labels([gold]), *of_slots] for gold, of_slots in kinds]

    def encode(self, examples, tokenizer, labels):
        """Rows of words; the first of a row's `words` and `labels` is the place that the intent is read from."""
        rows = super().encode(intents.slots_of(examples), tokenizer, labels)
        return intents.with_intents(rows, examples, labels, self.intent_from)

    def head_class(self, base):
        from tasks.words.heads import joint_head

        return joint_head(base, intents.INTENT)

    def items(self, labels):
        """Rows, as the losses of intents and slots are means of different things: an intent, the slots of a row."""
        return (labels != IGNORED).any(dim=1).long()

    def loss(self, outputs, labels, context):
        """The weighted mean of the intent's cross entropy and the mean of the words'."""
        whole, words = labels[:, :1], labels[:, 1:]
        words = words.where(words == IGNORED, words - outputs["whole"].shape[-1])
        of_intent = super().loss({"logits": outputs["whole"].unsqueeze(1)}, whole, context)
        of_slots = super().loss({"logits": outputs["words"]}, words, context) / super().items(words).clamp(min=1)
        return self.intent_weight * of_intent + (1 - self.intent_weight) * of_slots

    def reduce(self, outputs):
        return outputs["whole"].float().softmax(dim=-1), *best_labels(outputs["words"])

    def decode(self, reduced, rows, labels, examples, tokenizer):
        """Confidence: the intent's, then those of the words or spans."""
        from tasks.words.decoding import averaged

        names, tags = intents.part_labels(labels)
        shares = averaged(reduced[0], rows["example"], len(examples["tokens"]))
        return intents.joint_answers(shares, names, super().decode(reduced[1:], rows, tags, examples, tokenizer))

    def metrics(self, predictions, examples):
        from tasks.words.intent_scores import intent_slot_scores

        return intent_slot_scores(*intents.gold_and_predicted(predictions, examples))

    def for_evaluate(self, predictions, examples):
        """Intents only: the slots' F1 stands among the scores."""
        (gold, predicted), _ = intents.gold_and_predicted(predictions, examples)
        return {"predictions": predicted, "references": gold}

    def baseline(self, train, examples):
        return "most frequent intent, memorised slots", intents.usual_answers(train, examples)

    def answers(self, row):
        return [intents.intent_answer(row), *super().answers(intents.slots_of_row(row))]

    def marked(self, row):
        return super().marked(intents.slots_of_row(row))
