"""Causal language modelling: domain-adaptive pretraining of a model that writes, on running text."""

from dataclasses import dataclass
from typing import ClassVar

from tasks.contract import IGNORED
from tasks.running_text.blocks import as_rows, filled, windows
from tasks.running_text.language_model import LanguageModel
from tasks.running_text.token_losses import shifted


@dataclass(frozen=True)
class CausalLM(LanguageModel):
    """Each text stands between a start and an end token, so its first word is predicted too, and so is its end."""

    auto_class: ClassVar = "AutoModelForCausalLM"
    lora_type: ClassVar = "CAUSAL_LM"
    model_inputs: ClassVar = ("position_ids",)
    pipeline: ClassVar = {"task": "text-generation"}

    @property
    def packs(self):
        return True

    @property
    def head_config(self):
        """Without a cache of past words transformers keeps apart the documents of a block, whose positions start anew;
        generation turns the cache on by itself."""
        return {"use_cache": False}

    def encode(self, examples, tokenizer, labels):
        """A text in windows; a token that an earlier window scores is only looked at."""
        size = self.row_size(tokenizer)
        start, end = boundaries(tokenizer)
        found = {name: [] for name in ("input_ids", "position_ids", "labels", "example", "cut")}
        texts = tokenizer(examples["text"], add_special_tokens=False, verbose=False)["input_ids"]
        for example, (text, ids) in enumerate(zip(examples["text"], texts, strict=True)):
            whole = [start, *ids, end]
            for first, last, own in windows(len(whole), size, min(self.stride, size // 2)):
                own = max(own, 1) if text.strip() else last
                found["input_ids"].append(whole[first:last])
                found["position_ids"].append(list(range(last - first)))
                found["labels"].append([IGNORED] * (own - first) + whole[own:last])
                found["example"].append(example)
                found["cut"].append(False)
        return found

    def training_rows(self, rows, tokenizer, seed):
        """Full blocks. Documents in a block do not see each other: their positions start anew, and nothing before a
        document's start is attended to (where the architecture takes positions; else only its end token parts them)."""
        documents = whole_texts(rows)
        size = self.row_size(tokenizer)
        blocks = {"input_ids": [], "position_ids": [], "labels": []}
        for block in filled([len(ids) for ids in documents], size, again=1):
            pieces = [documents[document][start:end] for document, start, end in block]
            blocks["input_ids"].append([token for piece in pieces for token in piece])
            blocks["position_ids"].append([i for piece in pieces for i in range(len(piece))])
            blocks["labels"].append([token for piece in pieces for token in (IGNORED, *piece[1:])])
        return as_rows(blocks)

    def aligned(self, logits):
        return shifted(logits)


def boundaries(tokenizer):
    """-> (start, end) token ids of a text: the tokenizer's own; the end starts a text where it has no start."""
    end = tokenizer.eos_token_id
    if end is None:
        raise ValueError("model.path: this tokenizer has no end-of-text token. Choose a model that writes text.")
    return (end if tokenizer.bos_token_id is None else tokenizer.bos_token_id), end


def whole_texts(rows):
    """The token ids of each text that rows of `encode` were cut from, blank texts left out."""
    documents, before = [], None
    for example, ids, labels in zip(rows["example"], rows["input_ids"], rows["labels"], strict=True):
        learned = [label for label in labels if label != IGNORED]
        if learned and example != before:
            documents.append(ids[:1])
        if learned:
            documents[-1] += learned
        before = example
    return documents
