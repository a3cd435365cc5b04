"""Masked language modelling: domain-adaptive pretraining of an encoder, on running text, with whole words masked."""

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

from tasks.contract import IGNORED, Answer, Scores
from tasks.running_text.blocks import as_rows, block_size, filled, padding, windows
from tasks.running_text.language_model import USUAL, LanguageModel, scored
from tasks.running_text.masking import NEVER, drawn, generator, hidden, words_of
from tasks.running_text.token_losses import summed_losses

MOST_SHOWN = 20  # rows of the table of wrong guesses


@dataclass(frozen=True)
class MaskedLM(LanguageModel):
    """`mask_share`: of the tokens. `whole_words`: all sub-words of a word are masked together. `maskings`: how often an
    epoch reads the training text, each time with other words masked (BERT's dupe_factor, 10 there)."""

    mask_share: float = 0.15
    whole_words: bool = True
    maskings: int = 1

    auto_class: ClassVar = "AutoModelForMaskedLM"
    lora_type: ClassVar = "FEATURE_EXTRACTION"  # peft has no name for it, and needs none
    directions: ClassVar = {"perplexity": False, "accuracy": True, "loss": False}
    shown: ClassVar = ("perplexity", "accuracy")
    pipeline: ClassVar = {"task": "fill-mask"}
    answers_are: ClassVar = "One answer per masked token."

    def __post_init__(self):
        super().__post_init__()
        if not 0 < self.mask_share < 1:
            raise ValueError(f"task.mask_share={self.mask_share} is no share. Give a number between 0 and 1.")
        if self.maskings < 1:
            raise ValueError(f"task.maskings={self.maskings} leaves nothing to read. Give 1 or more.")

    def encode(self, examples, tokenizer, labels):
        """A text in windows; a token may be masked in one of them only. What is masked depends on the text alone, so
        every evaluation asks the same. `words` stays beside: training masks anew."""
        first_id, last_id, mask = special_ids(tokenizer)
        size = block_size(self.block, tokenizer.model_max_length, USUAL) - 2
        found = {name: [] for name in ("input_ids", "attention_mask", "labels", "words", "example", "cut")}
        texts = tokenizer(examples["text"], add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        pairs = zip(examples["text"], texts["input_ids"], texts["offset_mapping"], strict=True)
        for example, (text, ids, offsets) in enumerate(pairs):
            words = self._words(text, offsets)
            for start, end, own in windows(len(ids), size, min(self.stride, size // 2)):
                row = [first_id, *ids[start:end], last_id]
                asked = [NEVER, *[NEVER] * (own - start), *words[own:end], NEVER]
                seen, gold = hidden(row, drawn(asked, self.mask_share, generator(row, own - start)), mask)
                values = (seen, [1] * len(seen), gold, asked, example, False)
                for name, value in zip(found, values, strict=True):
                    found[name].append(value)
        return found

    def _words(self, text, offsets):
        if not text.strip():
            return [NEVER] * len(offsets)
        return words_of(text, offsets) if self.whole_words else list(range(len(offsets)))

    def training_rows(self, rows, tokenizer, seed):
        """Full blocks of texts, one after another with the separator between them, each masked `maskings` times. Texts
        in a block see each other, as in RoBERTa's pretraining (Liu et al., 2019, FULL-SENTENCES)."""
        first_id, last_id, mask = special_ids(tokenizer)
        size = block_size(self.block, tokenizer.model_max_length, USUAL) - 2
        texts = [([*ids, last_id], [*words, NEVER]) for ids, words in whole_texts(rows)]
        blocks = []
        for block in filled([len(ids) for ids, _ in texts], size):
            ids, words = ([part for text, *span in block for part in texts[text][k][slice(*span)]] for k in (0, 1))
            blocks.append(([first_id, *ids, last_id], [NEVER, *words, NEVER]))
        made = {name: [] for name in ("input_ids", "attention_mask", "labels")}
        for turn in range(self.maskings):
            for number, (ids, words) in enumerate(blocks):
                rng = generator(seed, turn, number)
                seen, gold = hidden(ids, drawn(words, self.mask_share, rng), mask, len(tokenizer), rng)
                for name, value in zip(made, (seen, [1] * len(seen), gold), strict=True):
                    made[name].append(value)
        return as_rows(made)

    def collator(self, tokenizer, model):
        return padding(tokenizer)

    def loss(self, outputs, labels, context):
        return summed_losses(outputs["logits"], labels, context.label_smoothing)

    def respond(self, model, inputs, labels):
        return scored(model, inputs, labels, lambda logits: logits)

    def decode(self, reduced, rows, labels, examples, tokenizer):
        """The perplexity of each text's masked tokens, and what stood and what was guessed at each of them."""
        found = super().decode(reduced, rows, labels, examples, tokenizer)
        guesses = [None if p["tokens"] is None else [] for p in found]
        for example, gold, guessed, sure in zip(rows["example"], rows["labels"], *reduced[1:], strict=True):
            for i in (i for i, label in enumerate(gold) if label != IGNORED):
                word, guess = (tokenizer.decode([int(token)]).strip() for token in (gold[i], guessed[i]))
                guesses[example].append({"word": word, "guess": guess, "confidence": round(float(sure[i]), 4)})
        return [{**p, "guesses": of_text} for p, of_text in zip(found, guesses, strict=True)]

    def metrics(self, predictions, examples):
        wrong = Counter((a.gold, a.predicted) for p in predictions for a in self.answers(p) if a.error)
        table = [{"word": word, "guessed": guess, "times": n} for (word, guess), n in wrong.most_common(MOST_SHOWN)]
        return Scores(super().metrics(predictions, examples).values, {"wrong guesses": table} if table else {})

    def tokens(self, rows):
        return [token for ids, _ in whole_texts(rows) for token in ids]

    def answers(self, row):
        asked = [(a["word"], a["guess"], a["confidence"]) for a in row["guesses"] or []]
        return [Answer(word, guess, 0.0 if word == guess else sure, sure) for word, guess, sure in asked]


def special_ids(tokenizer):
    """-> the ids (start, end, mask) of a row; ValueError for a tokenizer that lacks one."""
    names = ("cls_token", "sep_token", "mask_token")
    missing = [name for name in names if getattr(tokenizer, f"{name}_id") is None]
    if missing:
        raise ValueError(
            f"model.path: this tokenizer has no {missing[0]}: its model was not pretrained on masked words. Choose an "
            "encoder, or task=causal_lm for a model that writes."
        )
    return tuple(getattr(tokenizer, f"{name}_id") for name in names)


def whole_texts(rows):
    """(token ids, words) of each text that rows of `encode` were cut from, unmasked; words are numbered through."""
    texts, before, base = [], None, 0
    columns = (rows[name] for name in ("example", "input_ids", "labels", "words"))
    for example, ids, labels, words in zip(*columns, strict=True):
        own = [i for i, word in enumerate(words) if word != NEVER]
        if own and example != before:
            base = texts[-1][1][-1] + 1 if texts else 0
            texts.append(([], []))
        for i in own:
            texts[-1][0].append(ids[i] if labels[i] == IGNORED else labels[i])
            texts[-1][1].append(base + words[i])
        before = example
    return texts
