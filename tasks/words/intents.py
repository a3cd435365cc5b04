"""Examples with an intent beside their slots: apart as the data has them, together as one gold answer; the intent's
place among labels, in rows and in answers."""

from collections import Counter

from tasks.contract import IGNORED, Answer
from tasks.words import entity_answers
from tasks.words.entity_data import read_entities

INTENT = "intent:"  # before the names of intents among the labels; a slot's tag begins with O, B- or I-


def read_intents(splits, form):
    """The examples of every split with gold answers `{"intent": ..., "slots": tags or spans}`; -> (splits, findings).
    `form`: what gives the columns, gold last, in which examples came."""
    parted = {split: part_gold(split, examples, form(examples)) for split, examples in splits.items()}
    read, findings = read_entities({split: examples for split, (examples, _) in parted.items()}, None)
    return {split: merge_gold(examples, parted[split][1]) for split, examples in read.items()}, findings


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


def gold_and_predicted(predictions, examples):
    """-> ((gold, predicted) intents, (gold, predicted) tags of the slots)."""
    intents = [value["intent"] for value in examples["tags"]], [p["prediction"]["intent"] for p in predictions]
    slots = [{"prediction": p["prediction"]["slots"]} for p in predictions]
    return intents, entity_answers.gold_and_predicted(slots, slots_of(examples))


def slots_of_row(row):
    """A row of predictions with the slots alone on both sides, and their confidence."""
    slots = {side: row[side]["slots"] for side in ("gold", "prediction")}
    return {**row, **slots, "confidence": row["confidence"][1:]}


def intent_answer(row):
    """What a row of predictions answers as intent."""
    gold, predicted, confidence = row["gold"]["intent"], row["prediction"]["intent"], row["confidence"][0]
    return Answer(gold, predicted, confidence if gold != predicted else 0.0, confidence)


def intent_labels(gold):
    """The names of a head for the intents of gold answers."""
    return [INTENT + intent for intent in sorted({value["intent"] for value in gold})]


def part_labels(labels):
    """-> (the names of the intents, the tags) among a head's labels, of which those of the intents come first."""
    intents = [name.removeprefix(INTENT) for name in labels if name.startswith(INTENT)]
    return intents, labels[len(intents) :]


def with_intents(rows, examples, labels, read_from):
    """Rows of words with the intent before them in `words` and `labels`: the place that it is read from, the first
    sub-word (`read_from` is first) or all of them, and its id, IGNORED where there is none."""
    ids = {name: i for i, name in enumerate(labels)}
    ends = [1 if read_from == "first" else len(row) for row in rows["input_ids"]]
    words = [[(0, end), *of_row] for end, of_row in zip(ends, rows["words"], strict=True)]
    gold = [ids.get(INTENT + g["intent"], IGNORED) for g in examples["tags"]] if "tags" in examples else None
    intents = [gold[example] if gold else IGNORED for example in rows["example"]]
    tags = [[intent, *of_row] for intent, of_row in zip(intents, rows["labels"], strict=True)]
    return {**rows, "words": words, "labels": tags}


def joint_answers(shares, intents, slots):
    """Intents and slots as one answer per example. `shares`: the probabilities of the `intents`, (examples, intents);
    `slots`: answers with tags or spans."""
    return [
        {
            "prediction": {"intent": intents[int(of_intent.argmax())], "slots": found["prediction"]},
            "confidence": [round(float(of_intent.max()), 4), *found["confidence"]],
        }
        for of_intent, found in zip(shares, slots, strict=True)
    ]


def usual_answers(train, examples):
    """The most frequent intent of training with the slots that are remembered from it, as predictions."""
    ((usual, _),) = Counter(gold["intent"] for gold in train["tags"]).most_common(1)
    slots = entity_answers.remembered_entities(slots_of(train), slots_of(examples))
    return [{"prediction": {"intent": usual, "slots": found["prediction"]}} for found in slots]


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
