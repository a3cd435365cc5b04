"""Conversations as rows and batches: a prompt and the reply to it apart, or whole, several packed into a row."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tasks.contract import IGNORED
from tasks.running_text.blocks import as_rows, packed
from tasks.writing.chats import earlier_ids, fitted_prompt, reply_ids
from tasks.writing.prompts import room_for_prompt
from tasks.writing.references import first_references

PACKED = 1024  # tokens of a packed row, where the model reads as many and no conversation is longer


def encode_conversations(
    examples, tokenizer, settings: dict[str, Any], style: str, learns_all: bool, decoder_only: bool
) -> dict[str, list]:
    """One row per conversation, in the form of `conversations.prepared`: `input_ids` is the prompt and `labels` the
    first reference. Of a conversation that is too long the oldest exchanges are dropped, then the end of the last turn
    is cut. `earlier`: of the prompt what the assistant wrote, with `learns_all`, for training on it too."""
    replies = first_references(examples, "reply") or [None] * len(examples["_asked"])
    room = room_for_prompt(tokenizer, settings, decoder_only)
    found = {name: [] for name in ("input_ids", "attention_mask", "labels", "earlier", "cut")}
    for messages, reply in zip(examples["_asked"], replies, strict=True):
        kept, ids, cut = fitted_prompt(messages, tokenizer, style, decoder_only, room)
        gold = [] if reply is None else reply_ids(reply, tokenizer, style, decoder_only)
        most = tokenizer.model_max_length - (len(ids) if decoder_only else 0)
        earlier = earlier_ids(kept, ids, tokenizer, style) if learns_all else [IGNORED] * len(ids)
        values = (ids, [1] * len(ids), gold[:most], earlier, cut or len(gold) > most)
        for name, value in zip(found, values, strict=True):
            found[name].append(value)
    return {**found, "example": list(range(len(found["cut"])))}


def whole_conversations(rows, limit: int, packing: bool):
    """Rows of `encode_conversations` with prompt and reply in one, as a `datasets.Dataset`; with `packing` several of
    them in a row, each with positions of its own, so that they do not see each other. `limit`: tokens that the model
    reads."""
    pairs = zip(rows["input_ids"], rows["labels"], rows["earlier"], strict=True)
    # Of the first token nothing is said before it: in a packed row another conversation's last word would be asked.
    whole = [([*ids, *reply], [IGNORED, *earlier[1:], *reply]) for ids, reply, earlier in pairs]
    lengths = [len(ids) for ids, _ in whole]
    size = max([min(PACKED, limit), *lengths])
    groups = packed(lengths, size) if packing else [[i] for i in range(len(whole))]
    return as_rows(
        {
            "input_ids": [[token for i in group for token in whole[i][0]] for group in groups],
            "position_ids": [[place for i in group for place in range(lengths[i])] for group in groups],
            "labels": [[token for i in group for token in whole[i][1]] for group in groups],
        }
    )


@dataclass(frozen=True)
class ChatBatches:
    """Rows of training are whole conversations with positions, those of evaluation a prompt and a reply apart: a
    collator for each."""

    apart: Callable
    whole: Callable

    def __call__(self, rows):
        return self.whole(rows) if "position_ids" in rows[0] else self.apart(rows)
