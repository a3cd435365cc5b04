"""Scores of intents and slots, apart and together."""

from tasks.contract import Scores
from tasks.words.entity_scores import entity_tables, entity_values, token_table
from tasks.words.tag_pairs import TagPairs


def intent_slot_scores(intents, slots):
    """Accuracy of the intents; slots by seqeval, default and strict; exact match: the intent and all tags are right.

    `intents`: (gold, predicted) names; `slots`: (gold, predicted) tags per example.
    """
    right = [g == p for g, p in zip(*intents, strict=True)]
    exact = [of_intent and g == p for of_intent, g, p in zip(right, *slots, strict=True)]
    values = {"exact_match": sum(exact) / len(exact), "intent_accuracy": sum(right) / len(right)}
    tags, names = TagPairs.of(*slots), TagPairs.of(*([names] for names in intents))
    of_slots = entity_values(tags)
    values |= {f"slot_{name}": of_slots[name] for name in ("f1", "precision", "recall")}
    values["strict_slot_f1"] = of_slots["strict_f1"]
    of_intents = token_table(names, outside=None, of="intent")
    tables = {**entity_tables(tags, "slots"), "intents": of_intents, "confusion": names.confusion()}
    return Scores(values, tables)
