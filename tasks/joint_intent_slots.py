"""Joint intent detection and slot filling: one encoder, the intent of the whole utterance and a tag for each word.

Long utterances are read in overlapping windows: every word gets its tag once, every window has a say in the intent.
"""

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

from tasks.checks import check_choices
from tasks.contract import IGNORED, Answer, Scores
from tasks.tables import confusion
from tasks.words import entity_pairs
from tasks.words.entity_answers import entity_answers, gold_and_predicted, remembered_entities
from tasks.words.entity_data import iob2_names, read_entities
from tasks.words.entity_scores import entity_tables, entity_values, token_table
from tasks.words.intents import merge_gold, part_gold, slots_of
from tasks.words.tags import spans
from tasks.words.word_rows import best_labels
from tasks.words.word_tagger import WordTagger

INTENT = "intent:"  # before the names of intents among the labels; a slot's tag begins with O, B- or I-


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

    def __post_init__(self):
        super().__post_init__()
        check_choices(self, {"intent_from": ("first", "mean")})
        if not 0 < self.intent_weight < 1:
            raise ValueError(f"task.intent_weight={self.intent_weight} is no share. Give a number between 0 and 1.")

    @property
    def is_standard(self):
        return False

    def prepare(self, splits):
        """Gold answers become one object per example: `{"intent": ..., "slots": tags or spans}`."""
        parted = {split: part_gold(split, examples, self.form(examples)) for split, examples in splits.items()}
        read, findings = read_entities({split: examples for split, (examples, _) in parted.items()}, None)
        return {split: merge_gold(examples, parted[split][1]) for split, examples in read.items()}, findings

    def labels(self, train, known):
        intents = sorted({gold["intent"] for gold in train["tags"]})
        return (*(INTENT + intent for intent in intents), *iob2_names(slots_of(train)["tags"], known))

    def classes(self, examples):
        return [[INTENT + gold["intent"], *(kind for kind, _, _ in spans(gold["slots"]))] for gold in examples["tags"]]

    def encode(self, examples, tokenizer, labels):
        """Rows of words; the first of a row's `words` and `labels` is the place that the intent is read from."""
        ids = {name: i for i, name in enumerate(labels)}
        rows = super().encode(slots_of(examples), tokenizer, labels)
        ends = [1 if self.intent_from == "first" else len(row) for row in rows["input_ids"]]
        rows["words"] = [[(0, end), *words] for end, words in zip(ends, rows["words"], strict=True)]
        gold = [ids.get(INTENT + g["intent"], IGNORED) for g in examples["tags"]] if "tags" in examples else None
        intents = [gold[example] if gold else IGNORED for example in rows["example"]]
        rows["labels"] = [[intent, *tags] for intent, tags in zip(intents, rows["labels"], strict=True)]
        return rows

    def head_class(self, base):
        from tasks.words.heads import joint_head

        return joint_head(base, INTENT)

    def collator(self, tokenizer, model):
        from tasks.words.heads import WordCollator

        return WordCollator(tokenizer, least=2)

    def items(self, labels):
        """Rows, as the losses of intents and slots are means of different things: an intent, the slots of a row."""
        return (labels != IGNORED).any(dim=1).long()

    def loss(self, outputs, labels, context):
        """The weighted mean of the intent's cross entropy and the mean of the words'."""
        intents, words = labels[:, :1], labels[:, 1:]
        words = words.where(words == IGNORED, words - outputs["whole"].shape[-1])
        of_intent = super().loss({"logits": outputs["whole"].unsqueeze(1)}, intents, context)
        of_slots = super().loss({"logits": outputs["words"]}, words, context) / super().items(words).clamp(min=1)
        return self.intent_weight * of_intent + (1 - self.intent_weight) * of_slots

    def reduce(self, outputs):
        return outputs["whole"].float().softmax(dim=-1), *best_labels(outputs["words"])

    def decode(self, reduced, rows, labels, examples, tokenizer):
        """Confidence: the intent's, then those of the words or spans."""
        from tasks.words.decoding import averaged

        intents = [name.removeprefix(INTENT) for name in labels if name.startswith(INTENT)]
        tags = labels[len(intents) :]
        shares = averaged(reduced[0], rows["example"], len(examples["tokens"]))
        slots = entity_answers(*self.found(reduced[1:], rows, tags, examples), tags, examples)
        return [
            {
                "prediction": {"intent": intents[int(of_intent.argmax())], "slots": found["prediction"]},
                "confidence": [round(float(of_intent.max()), 4), *found["confidence"]],
            }
            for of_intent, found in zip(shares, slots, strict=True)
        ]

    def metrics(self, predictions, examples):
        """Slots by seqeval, default and strict. Exact match: the intent and all tags are right."""
        gold, predicted = gold_and_predicted(_slots_only(predictions), slots_of(examples))
        pairs = [(g["intent"], p["prediction"]["intent"]) for g, p in zip(examples["tags"], predictions, strict=True)]
        intents = [g == p for g, p in pairs]
        exact = [right and g == p for right, g, p in zip(intents, gold, predicted, strict=True)]
        values = {"exact_match": sum(exact) / len(exact), "intent_accuracy": sum(intents) / len(intents)}
        of_slots = entity_values(gold, predicted)
        values |= {f"slot_{name}": of_slots[name] for name in ("f1", "precision", "recall")}
        values["strict_slot_f1"] = of_slots["strict_f1"]
        wanted, given = zip(*pairs, strict=True)
        of_intents = token_table([wanted], [given], outside=None, of="intent")
        tables = {
            **entity_tables(gold, predicted, "slots"),
            "intents": of_intents,
            "confusion": confusion(wanted, given),
        }
        return Scores(values, tables)

    def for_evaluate(self, predictions, examples):
        """Intents only: the slots' F1 stands among the scores."""
        gold = [g["intent"] for g in examples["tags"]]
        return {"predictions": [p["prediction"]["intent"] for p in predictions], "references": gold}

    def baseline(self, train, examples):
        ((usual, _),) = Counter(gold["intent"] for gold in train["tags"]).most_common(1)
        slots = remembered_entities(slots_of(train), slots_of(examples))
        answers = [{"prediction": {"intent": usual, "slots": found["prediction"]}} for found in slots]
        return "most frequent intent, memorised slots", answers

    def answers(self, row):
        gold, predicted, confidence = row["gold"]["intent"], row["prediction"]["intent"], row["confidence"][0]
        intent = Answer(gold, predicted, confidence if gold != predicted else 0.0, confidence)
        return [intent, *entity_pairs.answers(_slot_row(row))]

    def marked(self, row):
        return entity_pairs.marked(_slot_row(row))


def _slots_only(predictions):
    return [{"prediction": p["prediction"]["slots"]} for p in predictions]


def _slot_row(row):
    slots = {side: row[side]["slots"] for side in ("gold", "prediction")}
    return {**row, **slots, "confidence": row["confidence"][1:]}
