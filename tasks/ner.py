"""Named-entity recognition: one IOB2 tag per word, long sentences read in overlapping windows, scored by entity."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import chain
from typing import ClassVar

from tasks.contract import IGNORED, Finding, Scores, Task
from tasks.tags import iob2_labels, invalid_transitions, scheme, spans, to_iob2

SCHEMES = ("IOB1", "IOB2", "BIOES", "IO")


@dataclass(frozen=True)
class NER(Task):
    """`stride`: sub-words that neighbouring windows share. `scheme`: the tag scheme of the data, None to recognise it."""

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
        found = self.scheme or scheme([tags for examples in splits.values() for tags in examples["tags"]])
        findings = [Finding("note", "all", f"tag scheme {found}" + (", converted to IOB2" if found != "IOB2" else ""))]
        converted = {}
        for split, examples in splits.items():
            broken = sum(len(invalid_transitions(tags, found)) for tags in examples["tags"])
            if broken:
                what = f"{broken} tags break the {found} scheme, e.g. an I- that follows no B-"
                findings.append(Finding("warning", split, what, "Read as conlleval does: such an I- starts an entity."))
            converted[split] = {**examples, "tags": [to_iob2(tags, found) for tags in examples["tags"]]}
        return converted, findings

    def labels(self, train, known):
        found = iob2_labels(train["tags"])
        declared = known and set(found) <= set(known) and all(k == "O" or k[:2] in ("B-", "I-") for k in known)
        return tuple(known if declared else found)

    def classes(self, examples):
        return [[kind for kind, _, _ in spans(tags)] for tags in examples["tags"]]

    def encode(self, examples, tokenizer, labels):
        """Rows are windows. Each word belongs to the one window that shows most context around it; its first sub-word
        carries the label there, so that every word is learned, predicted and scored once. `words` gives, per sub-word,
        the word that it labels, or -1."""
        ids = {name: i for i, name in enumerate(labels)}
        windows = _windows(examples["tokens"], tokenizer, self.stride)
        rows = {name: windows[name] for name in tokenizer.model_input_names if name in windows}
        rows |= {
            "example": windows["example"],
            "words": _owned_words(windows),
            "cut": [False] * len(windows["example"]),
        }
        counts = Counter(rows["example"])
        rows["windows"] = [counts[example] for example in rows["example"]]
        rows["labels"] = [
            [IGNORED if w < 0 else ids.get(examples["tags"][e][w], IGNORED) for w in words]
            for e, words in zip(rows["example"], rows["words"], strict=True)
        ]
        return rows

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
        return Scores(
            {**_entity_values(gold, predicted), **_token_values(gold, predicted)},
            {"entities by type": _entity_table(gold, predicted), "tokens by tag": _token_table(gold, predicted)},
        )

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
    for i, (tokens, tags) in enumerate(zip(examples["tokens"], examples["tags"], strict=True), start=1):
        for name, values in (("tokens", tokens), ("tags", tags)):
            if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
                shown = repr(values)[:60]
                raise ValueError(
                    f"{split} example {i}: data.columns.{name} must hold lists of strings, it holds {shown}."
                )
        if len(tokens) != len(tags):
            raise ValueError(f"{split} example {i}: {len(tokens)} words but {len(tags)} tags. Give one tag per word.")


def _windows(sentences, tokenizer, stride):
    """Sentences -> windows that the model can read, with the word of each sub-word (`word_ids`, None for special ones),
    the sentence (`example`) and where the window starts in it (`start`, in sub-words)."""
    sentences = [list(words) for words in sentences]
    length = tokenizer.model_max_length
    room = length - tokenizer.num_special_tokens_to_add()
    stride = min(stride, room // 2)
    for _ in range(2):
        batch = tokenizer(
            sentences, is_split_into_words=True, truncation=True, max_length=length, stride=stride,
            return_overflowing_tokens=True,
        )  # fmt: skip
        example = batch["overflow_to_sample_mapping"]
        word_ids = [batch.word_ids(i) for i in range(len(example))]
        if not _replace_silent_words(sentences, example, word_ids, tokenizer.unk_token):
            break
    nth, seen = [], Counter()
    for e in example:
        nth.append(seen[e])
        seen[e] += 1
    starts = [n * (room - stride) for n in nth]
    return {**batch, "example": list(example), "word_ids": word_ids, "start": starts}


def _replace_silent_words(sentences, example, word_ids, unknown):
    """Words that the tokenizer drops (a lone zero-width character) become the unknown token; True if there were any."""
    missing = [set(range(len(words))) for words in sentences]
    for e, ids in zip(example, word_ids, strict=True):
        missing[e].difference_update(ids)
    if unknown is None or not any(missing):
        return False
    for words, gone in zip(sentences, missing, strict=True):
        for word in gone:
            words[word] = unknown
    return True


def _owned_words(windows):
    """Per window, per sub-word: the word whose label stands here, or -1. A word's label stands on its first sub-word, in
    the window where the nearer edge is farthest; the edges of the sentence itself do not count as edges."""
    firsts = defaultdict(dict)  # (example, word) -> {window: position} of its first sub-word
    content = [[p for p, word in enumerate(ids) if word is not None] for ids in windows["word_ids"]]
    last = {e: i for i, e in enumerate(windows["example"])}
    earliest = {}
    for i, e in enumerate(windows["example"]):
        for n, p in enumerate(content[i]):
            key, absolute = (e, windows["word_ids"][i][p]), windows["start"][i] + n
            if absolute <= earliest.setdefault(key, absolute):
                far = float("inf")
                left = n if windows["start"][i] else far
                right = far if i == last[e] else len(content[i]) - 1 - n
                firsts[key][min(left, right), -i] = (i, p)
    owned = [[-1] * len(ids) for ids in windows["word_ids"]]
    for (_, word), places in firsts.items():
        i, p = places[max(places)]
        owned[i][p] = word
    return owned


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
    from seqeval.metrics import f1_score, precision_score, recall_score
    from seqeval.scheme import IOB2

    readings = (("", {}), ("strict_", {"mode": "strict", "scheme": IOB2}))
    scorers = (("f1", f1_score), ("precision", precision_score), ("recall", recall_score))
    return {
        prefix + name: float(scorer(gold, predicted, average="micro", zero_division=0, **reading))
        for prefix, reading in readings for name, scorer in scorers
    }  # fmt: skip


def _entity_table(gold, predicted):
    from seqeval.metrics import classification_report

    if not any(spans(tags) for tags in chain(gold, predicted)):
        return []  # seqeval averages over no types, and warns
    return _rows(classification_report(gold, predicted, output_dict=True, zero_division=0), "type")


def _token_table(gold, predicted):
    from sklearn.metrics import classification_report

    flat_gold, flat_predicted = list(chain(*gold)), list(chain(*predicted))
    tags = sorted({*flat_gold, *flat_predicted} - {"O"})
    if not tags:
        return []
    report = classification_report(flat_gold, flat_predicted, labels=tags, output_dict=True, zero_division=0)
    return _rows(report, "tag")


def _token_values(gold, predicted):
    """F1 over tokens, O left out (scikit-learn); accuracy over all tokens."""
    averages = {row["tag"]: row["f1"] for row in _token_table(gold, predicted)}
    pairs = [g == p for g, p in zip(chain(*gold), chain(*predicted), strict=True)]
    values = {f"token_f1_{a}": averages.get(f"{a} avg", 0.0) for a in ("micro", "macro", "weighted")}
    return {**values, "token_accuracy": sum(pairs) / max(len(pairs), 1)}


def _rows(report, first):
    """scikit-learn's (and seqeval's) report -> rows of plain numbers."""
    named = {name: row for name, row in report.items() if isinstance(row, dict)}
    return [
        {first: name, "precision": float(r["precision"]), "recall": float(r["recall"]), "f1": float(r["f1-score"]),
         "support": int(r["support"])}
        for name, r in named.items()
    ]  # fmt: skip
