"""Heads of models for texts that are scored in groups, and the collator of groups."""

import torch
from transformers import DataCollatorWithPadding

NEVER = -1e4  # the score of a text that is not there; minus infinity would give losses that are no numbers


def grouped_head(base, extra_axis):
    """A subclass of a class that gives a text one score: of groups, (rows, texts, length), it scores the texts that are
    there and nothing else, logits (rows, texts), `NEVER` where none is; so groups of any sizes fit into one batch.
    Texts without groups, (rows, length), go to the base as they are, which loads the saved weights too.

    `extra_axis`: the base takes (texts, 1, length), as the classes for multiple choice do."""

    class GroupedHead(base):
        def forward(self, input_ids=None, attention_mask=None, **inputs):
            inputs |= {"input_ids": input_ids, "attention_mask": attention_mask}
            if input_ids.dim() < 3:
                return super().forward(**inputs)
            there = attention_mask.any(dim=-1)
            for name, value in inputs.items():
                if torch.is_tensor(value) and value.dim() > 2:
                    inputs[name] = value[there].unsqueeze(1) if extra_axis else value[there]
            scores = super().forward(**inputs)["logits"].float()
            return {"logits": scores.new_full(there.shape, NEVER).masked_scatter(there, scores)}

    GroupedHead.__name__ = GroupedHead.__qualname__ = base.__name__
    return GroupedHead


class GroupCollator:
    """Pads rows whose inputs are lists of texts into (rows, texts, length); a text that is not there is all zeros. Rows
    of single texts become (rows, length)."""

    def __init__(self, tokenizer):
        self.names, self.pad = tokenizer.model_input_names, DataCollatorWithPadding(tokenizer)

    def __call__(self, rows):
        labels = torch.tensor([row["labels"] for row in rows])
        grouped = isinstance(rows[0]["input_ids"][0], list)
        groups = [[{n: row[n] for n in self.names if n in row}] if not grouped else self._texts(row) for row in rows]
        batch = self.pad([text for group in groups for text in group])
        if not grouped:
            return {**batch, "labels": labels}
        there = torch.arange(max(map(len, groups))) < torch.tensor([len(group) for group in groups]).unsqueeze(1)
        whole = {name: tensor.new_zeros(*there.shape, tensor.shape[1]) for name, tensor in batch.items()}
        for name, tensor in whole.items():
            tensor[there] = batch[name]
        return {**whole, "labels": labels}

    def _texts(self, row):
        names = [name for name in self.names if name in row]
        return [dict(zip(names, values, strict=True)) for values in zip(*(row[n] for n in names), strict=True)]
