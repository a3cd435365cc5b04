"""Relation extraction: how two marked entities of a text are related, and in which direction."""

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

from tasks.contract import IGNORED, Finding, Scores, Task
from tasks.spans import marked_entities as entities
from tasks.spans.relation_scores import relation_table, relation_values
from tasks.tables import confusion
from tasks.texts.one_label import label_names

POSITIONS = ("subj_start", "subj_end", "obj_start", "obj_end")


@dataclass(frozen=True)
class RelationExtraction(Task):
    """`negative`: the label that says there is no relation, which F1 leaves out; None: there is no such label."""

    negative: str | None = "Other"

    columns: ClassVar = ("text", "e1", "e2", "relation")
    target: ClassVar = "relation"
    forms: ClassVar = (("token", *POSITIONS, "relation"), ("sentence", "relation"))  # of TACRED and of SemEval-2010
    optional: ClassVar = ("id",)
    structured: ClassVar = ("e1", "e2", *POSITIONS)
    model_inputs: ClassVar = ("entities",)
    auto_class: ClassVar = "AutoModelForTokenClassification"  # the class whose head keeps the state of each sub-word
    lora_type: ClassVar = "FEATURE_EXTRACTION"
    directions: ClassVar = {"f1_official": True, "f1": True, "f1_macro": True, "accuracy": True, "loss": False}
    shown: ClassVar = ("f1_official", "f1", "precision", "recall", "f1_macro", "accuracy")
    pipeline: ClassVar = {"task": "text-classification"}
    cut_means: ClassVar = "what stands farthest from their entities is not seen"

    def __post_init__(self):
        super().__post_init__()
        if not isinstance(self.negative, str | None):
            raise ValueError(f"task.negative={self.negative} is not a label or null.")

    @property
    def is_standard(self):
        return False

    @property
    def new_tokens(self):
        return entities.MARKERS

    def prepare(self, splits):
        """The text and the character spans of both entities, from whichever form they came in; `_marked`: the text with
        markers around them."""
        ready = {split: _located(split, examples) for split, examples in splits.items()}
        train = ready.get("train", {}).get("relation", [])
        if not train or self.negative is None or self.negative in train:
            return ready, []
        what = f"no example has the label {self.negative}, which F1 leaves out: all labels count"
        return ready, [Finding("note", "train", what, "Name another one in task.negative.")]

    def inputs(self, examples):
        return [(marked,) for marked in examples["_marked"]]

    def labels(self, train, known):
        return label_names(train["relation"], known)

    def classes(self, examples):
        return [[label] for label in examples["relation"]]

    def encode(self, examples, tokenizer, labels):
        """One row per text. What is longer than the model reads is cut around the entities (`kept_positions`), and
        marked so; their start markers, at `entities`, always stay."""
        ids, gold = {name: i for i, name in enumerate(labels)}, examples.get("relation")
        batch = tokenizer(examples["_marked"], truncation=False)
        opened = tokenizer.convert_tokens_to_ids([entities.MARKERS[i] for i in (0, 2, 1, 3)])
        names = [name for name in tokenizer.model_input_names if name in batch]
        rows = {name: [] for name in (*names, "example", "cut", "entities", "labels")}
        for i, sub_words in enumerate(batch["input_ids"]):
            inside = [p for p, part in enumerate(batch.sequence_ids(i)) if part is not None]
            places = [sub_words.index(marker) for marker in opened]
            room = tokenizer.model_max_length - (len(sub_words) - len(inside))
            dropped = {*inside} - {*_kept(inside, places, room, examples["_marked"][i])}
            kept = [p for p in range(len(sub_words)) if p not in dropped]
            row = {name: [batch[name][i][p] for p in kept] for name in names} | {"example": i, "cut": bool(dropped)}
            row |= {"entities": [kept.index(p) for p in places[:2]]}
            row |= {"labels": ids.get(gold[i], IGNORED) if gold else IGNORED}
            for name, value in row.items():
                rows[name].append(value)
        return rows

    def head_class(self, base):
        from tasks.words.heads import pair_head

        return pair_head(base)

    def collator(self, tokenizer, model):
        from tasks.words.heads import PlaceCollator

        return PlaceCollator(tokenizer, ("entities",))

    def reduce(self, outputs):
        confidence, best = outputs["logits"].float().softmax(dim=-1).max(dim=-1)
        return best, confidence

    def decode(self, reduced, rows, labels, examples, tokenizer):
        decoded = [{}] * len(examples["_marked"])
        for example, best, confidence in zip(rows["example"], *reduced, strict=True):
            decoded[example] = {"prediction": labels[int(best)], "confidence": round(float(confidence), 4)}
        return decoded

    def metrics(self, predictions, examples):
        gold, predicted = examples["relation"], [p["prediction"] for p in predictions]
        table = relation_table(gold, predicted, self.negative)
        values = relation_values(gold, predicted, self.negative, table)
        return Scores(values, {"relations": table, "confusion": confusion(gold, predicted)})

    def baseline(self, train, examples):
        """The relation of the same two entities in training, else the most frequent one that is not negative."""
        memory = dict(zip(_pairs(train), train["relation"], strict=True))
        counts = Counter(label for label in train["relation"] if label != self.negative)
        (frequent, _), *_ = (counts or Counter(train["relation"])).most_common(1)
        guesses = [{"prediction": memory.get(pair, frequent)} for pair in _pairs(examples)]
        return "memorised entity pairs, else most frequent relation", guesses

    def marked(self, row):
        """The text with markers around both entities."""
        located = _located("row", {name: [value] for name, value in row.items()})
        return [(located["_marked"][0], None, None)]


def _located(split, examples):
    """The examples with columns text, e1, e2 and _marked."""
    form = "token" if "token" in examples else "sentence" if "sentence" in examples else "text"
    found = [_locate(form, examples, i, f"{split} example {i + 1}") for i in range(len(examples[form]))]
    columns = {name: [place[n] for place in found] for n, name in enumerate(("text", "e1", "e2"))}
    return {**examples, **columns, "_marked": [entities.with_markers(*place) for place in found]}


def _locate(form, examples, i, where):
    given = examples[form][i]
    if not isinstance(given, list if form == "token" else str):
        raise ValueError(f"{where}: data.columns.{form} holds {repr(given)[:60]}, which is not of its type.")
    if form == "token":
        first, last, *other = (examples[name][i] for name in POSITIONS)
        text, spans = entities.joined(given, [(first, last), tuple(other)], where)
        found = text, *spans
    elif form == "sentence":
        found = entities.untagged(given, where)
    else:
        found = (
            given,
            *(entities.checked_span(given, examples[e][i], f"{where}: data.columns.{e}") for e in ("e1", "e2")),
        )
    if any(marker in found[0] for marker in entities.MARKERS):
        raise ValueError(f"{where}: its text holds one of {', '.join(entities.MARKERS)}. Replace it by another word.")
    return found


def _kept(inside, places, room, text):
    try:
        return entities.kept_positions(inside, places, room)
    except ValueError as error:
        raise ValueError(f"model.max_length={room} cannot hold {text[:60]!r}...: {error}. Remove it.") from error


def _pairs(examples):
    columns = (examples["text"], examples["e1"], examples["e2"])
    return [(text[a:b].lower(), text[c:d].lower()) for text, (a, b), (c, d) in zip(*columns, strict=True)]
