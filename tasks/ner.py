"""Named-entity recognition: one IOB2 tag per word, long sentences read in overlapping windows, scored by entity."""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import chain
from typing import ClassVar

from tasks.contract import IGNORED, Finding, Scores, Task
from tasks.tables import confusion
from tasks.tags import invalid_transitions, iob2_labels, scheme, spans, to_iob2
from tasks.windows import owned_words, split_into_windows

SCHEMES = ("IOB1", "IOB2", "BIOES", "IO")


@dataclass(frozen=True)
class NER(Task):
    """`stride`: sub-words that neighbouring windows share. `scheme`: tag scheme of the data, None to recognise it."""

    stride: int = 64
    scheme: str | None = None

    columns: ClassVar = ("tokens", "tags")
    target: ClassVar = "tags"
    head: ClassVar = "AutoModelForTokenClassification"
    lora_type: ClassVar = "TOKEN_CLS"
    directions: ClassVar = {
        "f1": True,
        "strict_f1": True,
        "token_f1_macro": True,
        "token_accuracy": True,
        "loss": False,
    }
    shown: ClassVar = ("f1", "precision", "recall", "strict_f1", "token_f1_macro", "token_accuracy")
    pipeline: ClassVar = {"task": "token-classification", "aggregation_strategy": "first"}
    splits_words: ClassVar = True

    def __post_init__(self):
        super().__post_init__()
        if self.scheme not in (None, *SCHEMES):
            raise ValueError(
                f"task.scheme={self.scheme} is not a tag scheme. Choose one of: {', '.join(SCHEMES)}, null."
            )
        if not isinstance(self.stride, int) or self.stride < 0:
            raise ValueError(f"task.stride={self.stride} is not a number of sub-words. Give 0 or more.")

    def prepare(self, splits):
        """Check that words and tags pair up, and convert every split's tags to IOB2."""
        for split, examples in splits.items():
            _check_pairs(split, examples)
        if not any("tags" in examples for examples in splits.values()):
            return splits, []
        found = self.scheme or _scheme(splits)
        findings = [Finding("note", "all", f"tag scheme {found}" + (", converted to IOB2" if found != "IOB2" else ""))]
        converted = {}
        for split, examples in splits.items():
            tags, broken = _convert(split, examples["tags"], found)
            if broken:
                what = f"{broken} tags break the {found} scheme, e.g. an I- that follows no B-"
                findings.append(Finding("warning", split, what, "Read as conlleval does: such an I- starts an entity."))
            converted[split] = {**examples, "tags": tags}
        return converted, findings

    def labels(self, train, known):
        found = iob2_labels(train["tags"])
        declared = known and set(found) <= set(known) and all(k == "O" or k[:2] in ("B-", "I-") for k in known)
        return tuple(known if declared else found)

    def classes(self, examples):
        return [[kind for kind, _, _ in spans(tags)] for tags in examples["tags"]]

    def encode(self, examples, tokenizer, labels):
        """Rows are windows. Each word belongs to the one that shows most context around it; its first sub-word carries
        the label there, so that every word is learned, predicted and scored once. `words` gives, per sub-word, the word
        that it labels, or -1."""
        windows = split_into_windows(examples["tokens"], tokenizer, self.stride)
        words = owned_words(windows)
        ids, tags = {name: i for i, name in enumerate(labels)}, examples.get("tags")
        gold = [
            [IGNORED if word < 0 or not tags else ids.get(tags[example][word], IGNORED) for word in of_window]
            for example, of_window in zip(windows["example"], words, strict=True)
        ]
        inputs = {name: windows[name] for name in tokenizer.model_input_names if name in windows}
        return {**inputs, "example": windows["example"], "cut": [False] * len(words), "words": words, "labels": gold}

    def collator(self, tokenizer):
        from transformers import DataCollatorForTokenClassification

        return DataCollatorForTokenClassification(tokenizer, label_pad_token_id=IGNORED)

    def reduce(self, outputs):
        confidence, best = outputs["logits"].float().softmax(dim=-1).max(dim=-1)
        return best, confidence

    def decode(self, reduced, rows, labels, examples):
        best, confidence = reduced
        decoded = [{"prediction": ["O"] * len(t), "confidence": [0.0] * len(t)} for t in examples["tokens"]]
        for i, (example, words) in enumerate(zip(rows["example"], rows["words"], strict=True)):
            for position, word in enumerate(words):
                if word >= 0:
                    decoded[example]["prediction"][word] = labels[int(best[i][position])]
                    decoded[example]["confidence"][word] = round(float(confidence[i][position]), 4)
        return decoded

    def metrics(self, predictions, examples):
        """Entity scores by seqeval 1.2.2, default (as conlleval) and strict IOB2; token scores by scikit-learn over all
        tags but O, as papers and tutorials print them."""
        gold, predicted = examples["tags"], [p["prediction"] for p in predictions]
        tokens = _token_table(gold, predicted)
        tables = {
            "entities by type": _entity_table(gold, predicted),
            "tokens by tag": tokens,
            "confusion": confusion(chain(*gold), chain(*predicted)),
        }
        return Scores({**_entity_values(gold, predicted), **_token_values(gold, predicted, tokens)}, tables)

    def baseline(self, train, examples):
        """Memorising: the longest word sequences that were entities in training, with their most frequent type."""
        types = defaultdict(Counter)
        for tokens, tags in zip(train["tokens"], train["tags"], strict=True):
            for kind, start, end in spans(tags):
                types[tuple(tokens[start:end])][kind] += 1
        memory = {words: counts.most_common(1)[0][0] for words, counts in types.items()}
        longest = max(map(len, memory), default=0)
        return "memorised entities", [{"prediction": _look_up(t, memory, longest)} for t in examples["tokens"]]


def _check_pairs(split, examples):
    """Raise ValueError naming the first example whose words and tags do not pair up, or are not lists of strings."""
    for i, tokens in enumerate(examples["tokens"], start=1):
        tags = examples["tags"][i - 1] if "tags" in examples else [""] * len(tokens)
        for name, values in (("tokens", tokens), ("tags", tags)):
            if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
                raise ValueError(
                    f"{split} example {i}: data.columns.{name} must hold a list of strings, one per word; it holds "
                    f"{repr(values)[:60]}. CoNLL columns, JSON lines and Parquet can hold lists."
                )
        if len(tokens) != len(tags):
            raise ValueError(f"{split} example {i}: {len(tokens)} words but {len(tags)} tags. Give one tag per word.")
        numbers = [tag for tag in tags if tag.isdecimal()]
        if numbers:
            raise ValueError(f"{split} example {i}: tag {numbers[0]} has no name. Name all: data.labels=[O,B-PER,...]")


def _scheme(splits):
    """The scheme that all splits follow together; errors name split and example."""
    places = [(split, i) for split, examples in splits.items() for i in range(1, len(examples["tags"]) + 1)]
    try:
        return scheme([tags for examples in splits.values() for tags in examples["tags"]])
    except ValueError as error:
        where = re.match(r"sequence (\d+), ", str(error))
        split, example = places[int(where[1])] if where else (None, None)
        text = f"{split} example {example}, {str(error)[where.end() :]}" if where else str(error)
        raise ValueError(f"data.columns.tags: {text}") from None


def _convert(split, sequences, found):
    """-> (the sequences in IOB2, how many of their tags break the scheme)."""
    converted, broken = [], 0
    for i, tags in enumerate(sequences, start=1):
        try:
            converted.append(to_iob2(tags, found))
        except ValueError as error:
            raise ValueError(f"{split} example {i}: task.scheme={found}, {error}") from None
        broken += len(invalid_transitions(tags, found))
    return converted, broken


def _look_up(tokens, memory, longest):
    """Tag the longest remembered word sequences from left to right."""
    tags, i = ["O"] * len(tokens), 0
    while i < len(tokens):
        size = next((n for n in range(longest, 0, -1) if tuple(tokens[i : i + n]) in memory), 0)
        if size:
            kind = memory[tuple(tokens[i : i + size])]
            tags[i : i + size] = [f"B-{kind}"] + [f"I-{kind}"] * (min(i + size, len(tokens)) - i - 1)
        i += size or 1
    return tags


def _entity_values(gold, predicted):
    """Micro precision, recall and F1 over entities, in seqeval's default reading and under strict IOB2."""
    from seqeval.metrics.sequence_labeling import precision_recall_fscore_support as default
    from seqeval.metrics.v1 import precision_recall_fscore_support as strict
    from seqeval.scheme import IOB2

    values = {}
    for prefix, scorer, reading in (("", default, {}), ("strict_", strict, {"scheme": IOB2})):
        precision, recall, f1, _ = scorer(gold, predicted, average="micro", zero_division=0, **reading)
        values |= {f"{prefix}f1": float(f1), f"{prefix}precision": float(precision), f"{prefix}recall": float(recall)}
    return values


def _entity_table(gold, predicted):
    from seqeval.metrics import classification_report

    if not any(spans(tags) for tags in chain(gold, predicted)):
        return []  # seqeval averages over no types, and warns
    report = classification_report(gold, predicted, output_dict=True, zero_division=0)
    return [_row("type", name, *row.values()) for name, row in report.items()]


def _token_table(gold, predicted):
    """Scores by tag, and their averages, over all tags but O."""
    from sklearn.metrics import precision_recall_fscore_support

    gold, predicted = list(chain(*gold)), list(chain(*predicted))
    tags = sorted({*gold, *predicted} - {"O"})
    if not tags:
        return []
    scores = {"labels": tags, "zero_division": 0}
    by_tag = precision_recall_fscore_support(gold, predicted, **scores)
    rows = [_row("tag", *row) for row in zip(tags, *by_tag, strict=True)]
    for average in ("micro", "macro", "weighted"):
        p, r, f1, _ = precision_recall_fscore_support(gold, predicted, average=average, **scores)
        rows.append(_row("tag", f"{average} avg", p, r, f1, sum(by_tag[-1])))
    return rows


def _token_values(gold, predicted, table):
    """F1 over tokens, O left out; accuracy over all tokens."""
    averages = {row["tag"]: row["f1"] for row in table}
    pairs = [g == p for g, p in zip(chain(*gold), chain(*predicted), strict=True)]
    values = {f"token_f1_{a}": averages.get(f"{a} avg", 0.0) for a in ("micro", "macro", "weighted")}
    return {**values, "token_accuracy": sum(pairs) / max(len(pairs), 1)}


def _row(first, name, precision, recall, f1, support):
    numbers = {"precision": float(precision), "recall": float(recall), "f1": float(f1)}
    return {first: name, **numbers, "support": int(support)}
