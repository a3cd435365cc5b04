"""What causal and masked language models share: text in, one perplexity per text out, running text split in order."""

from collections import Counter
from dataclasses import dataclass
from math import log
from typing import ClassVar

from tasks.checks import check_text
from tasks.contract import IGNORED, Answer, Finding, Scores, Task
from tasks.records import perplexity
from tasks.running_text.blocks import block_size, padding
from tasks.running_text.token_losses import summed_losses, token_scores

USUAL = 512  # tokens of a block, where the task names none and the model reads more


@dataclass(frozen=True)
class LanguageModel(Task):
    """`block`: tokens read at once, null for 512 or what the model reads. `stride`: tokens of a long text that a window
    sees again before its own."""

    block: int | None = None
    stride: int = 64

    columns: ClassVar = ("text", "text")  # the text is the input and the gold answer
    target: ClassVar = "text"
    running: ClassVar = True
    least_labels: ClassVar = 0
    directions: ClassVar = {"perplexity": False, "bits_per_byte": False, "accuracy": True, "loss": False}
    shown: ClassVar = ("perplexity", "bits_per_byte", "accuracy")
    answers_are: ClassVar = "One answer per text."
    baseline: ClassVar = None  # it needs sub-words: `baseline_of`

    def __post_init__(self):
        super().__post_init__()
        for name, least in (("block", 8), ("stride", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ValueError(f"task.{name}={value} is too short. Give {least} tokens or more.")

    def prepare(self, splits):
        return splits, [_measure(split, examples["text"]) for split, examples in splits.items()]

    def inputs(self, examples):
        return [(text,) for text in examples["text"]]

    def labels(self, train, known):
        return ()

    def classes(self, examples):
        return [[] for _ in examples["text"]]

    def row_size(self, tokenizer):
        """Tokens of a row at most."""
        return block_size(self.block, tokenizer.model_max_length, USUAL)

    def collator(self, tokenizer, model):
        return padding(tokenizer)

    def aligned(self, logits):
        """The logits moved to the tokens they speak of. Default: they stand there."""
        return logits

    def loss(self, outputs, labels, context):
        return summed_losses(self.aligned(outputs["logits"]), labels, context.label_smoothing)

    def respond(self, model, inputs, labels):
        """The outputs with the scores of each token."""
        logits = model(**inputs)["logits"]
        return {"logits": logits, "scores": token_scores(self.aligned(logits), labels)}

    def reduce(self, outputs):
        return outputs["scores"]

    def decode(self, reduced, rows, labels, examples, tokenizer):
        """One perplexity per text, over all its windows: exp of the mean loss of its tokens, None for a blank text."""
        losses, right, count = ([0.0] * len(examples["text"]) for _ in range(3))
        for example, gold, lost, guessed in zip(rows["example"], rows["labels"], *reduced[:2], strict=True):
            known = [i for i, label in enumerate(gold) if label != IGNORED]
            losses[example] += sum(float(lost[i]) for i in known)
            right[example] += sum(int(guessed[i]) == gold[i] for i in known)
            count[example] += len(known)
        return [_prediction(*numbers) for numbers in zip(losses, right, count, strict=True)]

    def metrics(self, predictions, examples):
        """Perplexity, bits per byte of UTF-8 text (which tokenizers share) and the share of tokens guessed right, all
        over the tokens of all texts together."""
        scored = [(p, text) for p, text in zip(predictions, examples["text"], strict=True) if p["tokens"]]
        count = sum(p["tokens"] for p, _ in scored)
        nats = sum(p["loss"] * p["tokens"] for p, _ in scored)
        values = {
            "perplexity": perplexity(nats / max(count, 1)),
            "bits_per_byte": nats / log(2) / max(sum(len(text.encode()) for _, text in scored), 1),
            "accuracy": sum(p["right"] for p, _ in scored) / max(count, 1),
        }
        return Scores({name: value for name, value in values.items() if name in self.directions})

    def baseline_of(self, train, split, tokenizer):
        """Each token by its share of the training text; the guess is always the most frequent one."""
        chances, best = unigrams(self.tokens(train.rows), len(tokenizer))
        gold = split.rows["labels"]
        losses = [[-log(chances(token)) if token != IGNORED else IGNORED for token in row] for row in gold]
        guesses, sure = ([[value] * len(row) for row in gold] for value in (best, chances(best)))
        predictions = self.decode((losses, guesses, sure), split.rows, (), split.examples, tokenizer)
        return "unigram distribution of the training text", predictions

    def tokens(self, rows):
        """The ids that are learned from rows of `encode`."""
        return [token for row in rows["labels"] for token in row if token != IGNORED]

    def answers(self, row):
        return [Answer(None, row["prediction"], row["loss"])] if row["prediction"] is not None else []


def unigrams(tokens, vocabulary):
    """-> (id -> probability, the most frequent id). Witten and Bell (1991): with N tokens of T kinds, a kind seen c
    times has c / (N + T); the other kinds of the vocabulary share T / (N + T)."""
    counts = Counter(tokens)
    total, kinds = len(tokens), len(counts)
    unseen = kinds / (total + kinds) / max(vocabulary - kinds, 1)
    (best, _), *_ = counts.most_common(1)
    return lambda token: counts[token] / (total + kinds) if token in counts else unseen, best


def _measure(split, texts):
    """How much text a split holds; ValueError for what is no text, and for a split without any."""
    check_text(split, {"text": texts}, ("text",))
    if texts and not any(text.strip() for text in texts):
        raise ValueError(f"data.{split}: all {len(texts)} texts are blank. Choose another file in data.{split}.")
    blank = sum(not text.strip() for text in texts)
    skipped = f"; {blank} blank texts, which are neither learned nor scored" if blank else ""
    return Finding("note", split, f"{sum(map(len, texts)):,} characters{skipped}")


def _prediction(loss, right, count):
    if not count:
        return dict.fromkeys(("prediction", "loss", "tokens", "right"))
    mean = loss / count
    return {"prediction": round(perplexity(mean), 4), "loss": round(mean, 6), "tokens": int(count),
            "right": int(right)}  # fmt: skip
