"""Dialogue and instruction tuning: a conversation and the reply to it, learned on the reply alone and written anew."""

from dataclasses import dataclass
from typing import ClassVar

from tasks.checks import check_choices
from tasks.contract import Scores
from tasks.running_text.blocks import padding
from tasks.writing.chat_rows import ChatBatches, encode_conversations, whole_conversations
from tasks.writing.conversations import FORMS, MORE, form_of, last_turns, prepared_splits
from tasks.writing.generation import Writer
from tasks.writing.references import first_references
from tasks.writing.replies import SCORES, nearest_replies, reply_scores

STYLES, LEARN = ("chat", "completion"), ("all", "last")


@dataclass(frozen=True)
class Dialogue(Writer):
    """`style`: chat, by the model's template, or completion, plain text that goes on (code, controlled text). `learn`:
    all turns of the assistant, or the last one. `packing`: several conversations in a training row, which do not see
    each other. `language`: of the replies, for BLEU's tokenizer."""

    style: str = "chat"
    learn: str = "all"
    packing: bool = False
    language: str | None = None

    columns: ClassVar = ("messages", "reply")
    target: ClassVar = "reply"
    forms: ClassVar = FORMS
    optional: ClassVar = MORE
    structured: ClassVar = ("messages",)
    model_inputs: ClassVar = ("position_ids",)
    directions: ClassVar = {**dict.fromkeys(SCORES, True), **Writer.directions}
    shown: ClassVar = (
        "perplexity", "loss", "rouge1", "rougeL", "bleu", "chrf", "exact_match", "distinct_1", "distinct_2", "words",
    )  # fmt: skip
    pipeline: ClassVar = {"task": "text-generation"}
    answers_are: ClassVar = "One reply per conversation; its error is 1 - F1 of its words against the gold one."
    cut_means: ClassVar = "their oldest turns, or the end of the last ones, are left out"

    def __post_init__(self):
        super().__post_init__()
        check_choices(self, {"style": STYLES, "learn": LEARN})

    @property
    def packs(self):
        return self.packing

    @property
    def head_config(self):
        """Without a cache of past words transformers keeps apart the conversations of a row, whose positions start
        anew; writing turns the cache on by itself."""
        return {"use_cache": False} if self.decoder_only else {}

    def form(self, names):
        return form_of(names, self.columns)

    def prepare(self, splits):
        """Every form becomes what was said (`messages`) and the reply to it, one or several references. In new text the
        last reply is left out of what was said, where there is one."""
        return prepared_splits(splits)

    def inputs(self, examples):
        return [(messages,) for messages in examples["_asked"]]

    def encode(self, examples, tokenizer, labels):
        """A prompt and the reply to it per conversation; of one that is too long the oldest exchanges are dropped, then
        the end of the last turn is cut. `earlier`: the assistant's turns in the prompt, for training on them too."""
        learns_all = self.learn == "all" and self.decoder_only
        return encode_conversations(examples, tokenizer, self.generation, self.style, learns_all, self.decoder_only)

    def training_rows(self, rows, tokenizer, seed):
        """Prompt and reply in one, with `packing` several of them in a row; an encoder-decoder reads them apart."""
        limit = tokenizer.model_max_length
        return whole_conversations(rows, limit, self.packing) if self.decoder_only else rows

    def collator(self, tokenizer, model):
        return ChatBatches(super().collator(tokenizer, model), padding(tokenizer))

    def metrics(self, predictions, examples):
        """ROUGE, BLEU and chrF against the references, exact match, and how varied the replies are."""
        texts = [p["prediction"] or "" for p in predictions]
        values, how = reply_scores(texts, examples["reply"], self.language)
        return Scores(values, {"computed by": how})

    def baseline(self, train, examples):
        found = nearest_replies(last_turns(train), first_references(train, "reply"), last_turns(examples))
        return "the reply to the training prompt that shares most words", [{"prediction": text} for text in found]
