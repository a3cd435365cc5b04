"""Examples with an intent beside their slots: apart as the data has them, together as one gold answer."""


def part_gold(split, examples, form):
    """-> (the examples with slots as their only gold, the intents or None). `form`: columns, gold last.

    The gold column holds slots, with the intents in the column `intent`: a name, or the same name for each word. Or it
    holds objects with `intent` and `slots`, as predictions are written. Errors name split and example.
    """
    gold, intents = form[-1], examples.get("intent")
    examples = {name: values for name, values in examples.items() if name != "intent"}
    examples |= {name: list(map(_split, examples[name])) for name in ("tokens", "tags") if name in examples}
    if gold not in examples:
        return examples, None
    if all(isinstance(value, dict) and {"intent", "slots"} <= set(value) for value in examples[gold]):
        intents, examples[gold] = ([value[key] for value in examples[gold]] for key in ("intent", "slots"))
    if intents is None:
        raise ValueError(
            f"{split} has {gold}, but no intents. Map their column with data.columns.intent=..., or use task=ner."
        )
    intents = [_one(intent, f"{split} example {i}") for i, intent in enumerate(intents, start=1)]
    return examples, intents


def merge_gold(examples, intents):
    """The examples with `{"intent": ..., "slots": ...}` in their gold columns, `tags` and, of raw text, `spans`."""
    if intents is None:
        return examples
    merged = {
        name: [{"intent": intent, "slots": slots} for intent, slots in zip(intents, examples[name], strict=True)]
        for name in ("tags", "spans")
        if name in examples
    }
    return {**examples, **merged}


def slots_of(examples):
    """The examples with the slots alone in their gold columns."""
    gold = {name: [value["slots"] for value in examples[name]] for name in ("tags", "spans") if name in examples}
    return {**examples, **gold}


def _one(intent, where):
    names = set(intent) if isinstance(intent, list) else {intent}
    if len(names) != 1 or not isinstance(next(iter(names)), str) or not next(iter(names)).strip():
        raise ValueError(
            f"{where}: data.columns.intent must hold one intent per example, it holds {repr(intent)[:60]}."
        )
    return names.pop()


def _split(value):
    """Words that stand in one text with spaces between them, as in JointBERT's files; lists stay."""
    return value.split() if isinstance(value, str) else value
