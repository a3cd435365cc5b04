"""Dialogue and instruction tuning: a conversation and the reply to it, learned on the reply alone and written anew."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from tasks.checks import check_choices
from tasks.contract import IGNORED, Finding, Scores
from tasks.running_text.blocks import as_rows, packed, padding
from tasks.writing import text_scores
from tasks.writing.chats import earlier_ids, fitted_prompt, reply_ids
from tasks.writing.conversations import GIVEN, MORE, prepared
from tasks.writing.generation import Writer
from tasks.writing.prompts import room_for_prompt
from tasks.writing.references import written_answer
from tasks.writing.replies import nearest_replies, reply_scores

STYLES, LEARN = ("chat", "completion"), ("all", "last")
PACKED = 1024  # tokens of a packed row, where the model reads as many and no conversation is longer


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
    forms: ClassVar = (
        ("messages", "messages"), ("prompt", "response"), ("instruction", "input", "output"), ("instruction", "output"),
    )  # fmt: skip
    optional: ClassVar = MORE
    structured: ClassVar = ("messages",)
    model_inputs: ClassVar = ("position_ids",)
    directions: ClassVar = {
        **dict.fromkeys((*text_scores.ROUGE, "bleu", "chrf", "exact_match", "distinct_1", "distinct_2"), True),
        **Writer.directions,
    }
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
    def head_config(self):
        """Without a cache of past words transformers keeps apart the conversations of a row, whose positions start
        anew; writing turns the cache on by itself."""
        return {"use_cache": False} if self.decoder_only else {}

    def form(self, names):
        """Prepared conversations stand in the task's own columns, the reply apart, beside those that a user gave."""
        apart = self.forms[0] if {*names} <= {"messages", *MORE} else self.columns
        return next((form for form in self.forms[1:] if {*form[:-1]} <= {*names}), apart)

    def prepare(self, splits):
        """Every form becomes what was said (`messages`) and the reply to it, one or several references. In new text the
        last reply is left out of what was said, where there is one."""
        ready, found = {}, []
        for split, examples in splits.items():
            ready[split], dropped = prepared(split, examples)
            if dropped and split in GIVEN:
                found.append(Finding("note", split, f"{dropped} turns stand behind the last reply: not learned"))
        return ready, found

    def inputs(self, examples):
        return [(messages,) for messages in examples["_asked"]]

    def encode(self, examples, tokenizer, labels):
        """A prompt and the reply to it per conversation; of one that is too long the oldest exchanges are dropped, then
        the end of the last turn is cut. `earlier`: the assistant's turns in the prompt, for training on them too."""
        room = room_for_prompt(tokenizer, self.generation, self.decoder_only)
        found = {name: [] for name in ("input_ids", "attention_mask", "labels", "earlier", "cut")}
        replies = [texts[0] for texts in examples["reply"]] if "reply" in examples else [None] * len(examples["_asked"])
        for messages, reply in zip(examples["_asked"], replies, strict=True):
            kept, ids, cut = fitted_prompt(messages, tokenizer, self.style, self.decoder_only, room)
            gold = [] if reply is None else reply_ids(reply, tokenizer, self.style, self.decoder_only)
            most = tokenizer.model_max_length - (len(ids) if self.decoder_only else 0)
            learns_all = self.learn == "all" and self.decoder_only
            earlier = earlier_ids(kept, ids, tokenizer, self.style) if learns_all else [IGNORED] * len(ids)
            values = (ids, [1] * len(ids), gold[:most], earlier, cut or len(gold) > most)
            for name, value in zip(found, values, strict=True):
                found[name].append(value)
        return {**found, "example": list(range(len(found["cut"])))}

    def training_rows(self, rows, tokenizer, seed):
        """Prompt and reply in one; with `packing` several of them in a row, each with positions of its own, so that
        they do not see each other."""
        if not self.decoder_only:
            return rows
        pairs = list(zip(rows["input_ids"], rows["labels"], rows["earlier"], strict=True))
        whole = [([*ids, *reply], [*earlier, *reply]) for ids, reply, earlier in pairs]
        lengths = [len(ids) for ids, _ in whole]
        size = max([min(PACKED, tokenizer.model_max_length), *lengths]) if self.packing else 0
        groups = packed(lengths, size) if self.packing else [[i] for i in range(len(whole))]
        return as_rows(
            {
                "input_ids": [[token for i in group for token in whole[i][0]] for group in groups],
                "position_ids": [[place for i in group for place in range(lengths[i])] for group in groups],
                "labels": [[token for i in group for token in whole[i][1]] for group in groups],
            }
        )

    def collator(self, tokenizer, model):
        return Batches(super().collator(tokenizer, model), padding(tokenizer))

    def metrics(self, predictions, examples):
        """ROUGE, BLEU and chrF against the references, exact match, and how varied the replies are."""
        texts = [p["prediction"] or "" for p in predictions]
        values, how = reply_scores(texts, examples["reply"], self.language)
        return Scores(values, {"computed by": how})

    def baseline(self, train, examples):
        asked, known = ([messages[-1]["content"] for messages in side["_asked"]] for side in (examples, train))
        found = nearest_replies(known, [texts[0] for texts in train["reply"]], asked)
        return "the reply to the training prompt that shares most words", [{"prediction": text} for text in found]

    def for_evaluate(self, predictions, examples):
        references = [texts[0] for texts in examples["reply"]]
        return {"predictions": [p["prediction"] for p in predictions], "references": references}

    def answers(self, row):
        return written_answer(row)


@dataclass(frozen=True)
class Batches:
    """Rows of training are whole conversations with positions, those of evaluation a prompt and a reply apart."""

    apart: Callable
    whole: Callable

    def __call__(self, rows):
        return self.whole(rows) if "position_ids" in rows[0] else self.apart(rows)
