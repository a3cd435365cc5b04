"""Masked language modelling: domain-adaptive pretraining of an encoder, on running text, with whole words masked."""

from dataclasses import dataclass
from typing import ClassVar

from tasks.contract import Answer, Scores
from tasks.running_text.blocks import as_rows
from tasks.running_text.language_model import LanguageModel
from tasks.running_text.masked_rows import masked_blocks, masked_windows, whole_texts
from tasks.running_text.token_losses import token_guesses, wrong_guesses


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
        """Texts in windows. What is masked depends on the text alone, so every evaluation asks the same; `words` stays
        beside, as training masks anew."""
        size = self.row_size(tokenizer)
        return masked_windows(examples["text"], tokenizer, size, self.stride, self.mask_share, self.whole_words)

    def training_rows(self, rows, tokenizer, seed):
        """Full blocks of texts, one after another with the separator between them, each masked `maskings` times. Texts
        in a block see each other, as in RoBERTa's pretraining (Liu et al., 2019, FULL-SENTENCES)."""
        texts, size = whole_texts(rows), self.row_size(tokenizer)
        return as_rows(masked_blocks(texts, tokenizer, size, self.mask_share, self.maskings, seed))

    def decode(self, reduced, rows, labels, examples, tokenizer):
        """The perplexity of each text's masked tokens, and what stood and what was guessed at each of them."""
        found = super().decode(reduced, rows, labels, examples, tokenizer)
        guesses = token_guesses(rows, *reduced[1:], tokenizer)
        return [{**p, "guesses": guesses.get(i)} for i, p in enumerate(found)]

    def metrics(self, predictions, examples):
        table = wrong_guesses(answer for p in predictions for answer in self.answers(p))
        return Scores(super().metrics(predictions, examples).values, {"wrong guesses": table} if table else {})

    def tokens(self, rows):
        return [token for ids, _ in whole_texts(rows) for token in ids]

    def answers(self, row):
        asked = [(a["word"], a["guess"], a["confidence"]) for a in row["guesses"] or []]
        return [Answer(word, guess, 0.0 if word == guess else sure, sure) for word, guess, sure in asked]
