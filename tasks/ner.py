"""Named-entity recognition: one IOB2 tag per word, long sentences read in overlapping windows, scored by entity.

Examples are words with tags, or raw text with character spans; predictions come back in the same form.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import chain
from typing import ClassVar

from tasks import entity_pairs
from tasks.char_spans import pieces, tags_of
from tasks.contract import IGNORED, Finding, Scores, Task
from tasks.entity_data import check_words, read_tags, read_text, shown_spans, with_neighbours
from tasks.entity_scores import entity_table, entity_values, token_table, token_values
from tasks.tables import confusion
from tasks.tags import iob2_labels, spans
from tasks.windows import owned_words, places_of_words, split_into_windows

CHOICES = {
    "scheme": ("IOB1", "IOB2", "BIOES", "IO", None),
    "head": ("linear", "crf"),
    "pooling": ("first", "last", "mean"),
}


@dataclass(frozen=True)
class NER(Task):
    """`stride`: sub-words that neighbouring windows share. `scheme`: tag scheme of the data, None to recognise it.
    `head`: linear, or crf for a linear-chain CRF whose decoding allows only what IOB2 allows. `pooling`: which
    sub-words stand for a word. `context`: words of the neighbouring sentences that are shown on each side."""

    stride: int = 64
    scheme: str | None = None
    head: str = "linear"
    pooling: str = "first"
    context: int = 0

    columns: ClassVar = ("tokens", "tags")
    target: ClassVar = "tags"
    forms: ClassVar = (("text", "spans"),)
    optional: ClassVar = ("document",)
    structured: ClassVar = ("spans",)
    model_inputs: ClassVar = ("words",)
    auto_class: ClassVar = "AutoModelForTokenClassification"
    lora_type: ClassVar = "TOKEN_CLS"
    directions: ClassVar = {
        "f1": True, "strict_f1": True, "token_f1_macro": True, "token_accuracy": True, "loss": False,
    }  # fmt: skip
    shown: ClassVar = ("f1", "precision", "recall", "strict_f1", "token_f1_macro", "token_accuracy")
    pipeline: ClassVar = {"task": "token-classification", "aggregation_strategy": "first"}
    splits_words: ClassVar = True
    answers_are: ClassVar = "One answer per entity, predicted or missed; its confidence is the least over its words."

    def __post_init__(self):
        super().__post_init__()
        for name, known in CHOICES.items():
            if getattr(self, name) not in known:
                options = ", ".join("null" if value is None else value for value in known)
                raise ValueError(f"task.{name}={getattr(self, name)} is not known. Choose one of: {options}.")
        for name, unit in (("stride", "sub-words"), ("context", "words")):
            if not isinstance(getattr(self, name), int) or getattr(self, name) < 0:
                raise ValueError(f"task.{name}={getattr(self, name)} is not a number of {unit}. Give 0 or more.")

    @property
    def margin(self):
        return self.context

    @property
    def smooths(self):
        return self.head != "crf"

    @property
    def is_standard(self):
        return (self.head, self.pooling, self.context) == ("linear", "first", 0)

    def prepare(self, splits):
        """Words and IOB2 tags of every split, with the words around each sentence where `context` asks for them."""
        splits, findings = dict(splits), []
        for split, examples in splits.items():
            if "tokens" not in examples:
                splits[split], found = read_text(split, examples)
                findings += found
            elif "tags" not in examples:
                check_words(split, examples)
        tagged = {s: e for s, e in splits.items() if "tags" in e and "_words" not in e}
        if tagged:
            converted, found = read_tags(tagged, self.scheme)
            splits |= converted
            findings += found
        if self.context:
            splits = {split: with_neighbours(examples, self.context) for split, examples in splits.items()}
            if not any("document" in examples for examples in splits.values()):
                what = "no column says where documents end: each split is read as one document"
                findings.append(Finding("note", "all", what, "Map one with data.columns.document."))
        return splits, findings

    def labels(self, train, known):
        found = iob2_labels(train["tags"])
        declared = known and set(found) <= set(known) and all(k == "O" or k[:2] in ("B-", "I-") for k in known)
        return tuple(known if declared else found)

    def classes(self, examples):
        return [[kind for kind, _, _ in spans(tags)] for tags in examples["tags"]]

    def encode(self, examples, tokenizer, labels):
        """Rows are windows. Each word belongs to the one that shows most context around it, so that every word is
        learned, predicted and scored once. `positions`: the words of a row in their example; `words`: where the
        sub-words that stand for them begin and end in the row."""
        nothing = [[]] * len(examples["tokens"])
        before, after = examples.get("_before", nothing), examples.get("_after", nothing)
        shown = [b + tokens + a for b, tokens, a in zip(before, examples["tokens"], after, strict=True)]
        windows = split_into_windows(shown, tokenizer, self.stride)
        ids, gold = {name: i for i, name in enumerate(labels)}, examples.get("tags")
        names = [name for name in tokenizer.model_input_names if name in windows]
        rows = {name: [] for name in (*names, "example", "cut", "positions", "words", "labels")}
        for i, (example, owned) in enumerate(zip(windows["example"], owned_words(windows), strict=True)):
            skipped, count = len(before[example]), len(examples["tokens"][example])
            places = places_of_words(windows["word_ids"][i], owned, self.pooling)
            places = {w - skipped: place for w, place in places.items() if 0 <= w - skipped < count}
            if not places and count:
                continue  # a window of neighbours only
            row = {name: windows[name][i] for name in names} | {"example": example, "cut": False}
            row |= {"positions": list(places), "words": list(places.values())}
            row["labels"] = [ids.get(gold[example][w], IGNORED) if gold else IGNORED for w in places]
            for name, value in row.items():
                rows[name].append(value)
        return rows

    def head_class(self, base):
        from tasks.heads import word_head

        return word_head(base, self.head == "crf")

    def collator(self, tokenizer, model):
        from tasks.heads import WordCollator

        return WordCollator(tokenizer)

    def loss(self, outputs, labels, context):
        if self.head == "linear":
            return super().loss(outputs, labels, context)
        from tasks.heads import crf_loss

        return crf_loss(outputs["logits"], outputs["counts"], labels, outputs["transitions"])

    def reduce(self, outputs):
        """Linear: best label and its probability per word. CRF: all probabilities, as decoding weighs whole sentences,
        which may be spread over several windows."""
        if self.head == "linear":
            confidence, best = outputs["logits"].float().softmax(dim=-1).max(dim=-1)
            return best, confidence
        from tasks.heads import marginals

        return (marginals(outputs["logits"], outputs["counts"], outputs["transitions"]),)

    def decode(self, reduced, rows, labels, examples, tokenizer):
        from tasks.decoding import sequences

        best, confidence = sequences(reduced, rows, labels, [len(tokens) for tokens in examples["tokens"]])
        return [
            self._answer(
                [labels[label] for label in of_labels], [round(float(c), 4) for c in of_confidence], examples, i
            )
            for i, (of_labels, of_confidence) in enumerate(zip(best, confidence, strict=True))
        ]

    def _answer(self, tags, confidence, examples, i):
        """Tags and confidence per word as the user's data has them: tags, or spans with their least sure word's."""
        if "_words" not in examples:
            return {"prediction": tags, "confidence": confidence}
        words, found = examples["_words"][i], spans(tags)
        places = [(words[start][0], words[end - 1][1], kind) for kind, start, end in found]
        least = [min(confidence[start:end]) for _, start, end in found]
        return {"prediction": shown_spans(examples["text"][i], places), "confidence": least}

    def metrics(self, predictions, examples):
        """Entity scores by seqeval 1.2.2, default (as conlleval) and strict IOB2; token scores by scikit-learn over all
        tags but O, as papers and tutorials print them."""
        gold, predicted = _sequences(predictions, examples)
        tokens = token_table(gold, predicted)
        tables = {
            "entities by type": entity_table(gold, predicted),
            "tokens by tag": tokens,
            "confusion": confusion(chain(*gold), chain(*predicted)),
        }
        return Scores({**entity_values(gold, predicted), **token_values(gold, predicted, tokens)}, tables)

    def for_evaluate(self, predictions, examples):
        gold, predicted = _sequences(predictions, examples)
        return {"predictions": predicted, "references": gold}

    def baseline(self, train, examples):
        """Memorising: the longest word sequences that were entities in training, with their most frequent type."""
        types = defaultdict(Counter)
        for tokens, tags in zip(train["tokens"], train["tags"], strict=True):
            for kind, start, end in spans(tags):
                types[tuple(tokens[start:end])][kind] += 1
        memory = {words: counts.most_common(1)[0][0] for words, counts in types.items()}
        longest = max(map(len, memory), default=0)
        guesses = [_look_up(tokens, memory, longest) for tokens in examples["tokens"]]
        answers = [self._answer(tags, [1.0] * len(tags), examples, i) for i, tags in enumerate(guesses)]
        return "memorised entities", [{"prediction": answer["prediction"]} for answer in answers]

    def answers(self, row):
        return entity_pairs.answers(row)

    def marked(self, row):
        return entity_pairs.marked(row)


def _sequences(predictions, examples):
    """Gold and predicted tags; of spans on words that are cut where a gold span cuts them, so that all are scored."""
    if "_words" not in examples:
        return examples["tags"], [p["prediction"] for p in predictions]
    gold, predicted = [], []
    for words, of_gold, guess in zip(examples["_words"], examples["spans"], predictions, strict=True):
        both = [[(s["start"], s["end"], s["label"]) for s in found] for found in (of_gold, guess["prediction"])]
        cut = pieces(words, both[0])
        gold.append(tags_of(cut, both[0]))
        predicted.append(tags_of(cut, both[1]))
    return gold, predicted


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
