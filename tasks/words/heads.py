"""Heads that score words: made on the spot from any transformers class that scores sub-words; a linear-chain CRF."""

import torch
from torch import nn
from transformers import DataCollatorWithPadding, initialization

from tasks.contract import IGNORED

NEVER = -1e4  # the score of what cannot be; minus infinity would give gradients that are no numbers


class Transitions(nn.Module):
    """The scores of a linear-chain CRF beside those of the words: from label to label, of the first, of the last."""

    def __init__(self, labels):
        super().__init__()
        self.between = nn.Parameter(torch.zeros(labels, labels))
        self.first = nn.Parameter(torch.zeros(labels))
        self.last = nn.Parameter(torch.zeros(labels))

    def forward(self):
        return self.between, self.first, self.last


def word_head(base, crf):
    """A subclass of a token-classification class whose logits are per word, (rows, words, labels); with `crf` it also
    learns `Transitions`. It keeps the name and the weights of its base, which loads it too, without what is added."""

    class WordHead(base):
        def __init__(self, config, *args, **kwargs):
            super().__init__(config, *args, **kwargs)
            if crf:
                self.crf = Transitions(config.num_labels)

        def _init_weights(self, module):
            if isinstance(module, Transitions):  # neutral: before the first step, the CRF is the linear head
                for scores in module.parameters():
                    initialization.zeros_(scores)
            else:
                super()._init_weights(module)

        def forward(self, *args, words=None, **kwargs):
            outputs = super().forward(*args, **kwargs)
            if words is None:
                return outputs
            scores = {"logits": average(outputs["logits"], words), "counts": (words[..., 1] > 0).sum(dim=1)}
            return {**scores, "transitions": self.crf()} if crf else scores

    WordHead.__name__ = WordHead.__qualname__ = base.__name__
    return WordHead


def joint_head(base, first):
    """A `word_head` whose first place is the whole input: -> its scores (rows, labels), those of the words (rows,
    words, labels). `first`: how the names of the labels begin that belong to the whole input; they come first."""

    class JointHead(word_head(base, crf=False)):
        def forward(self, *args, words=None, **kwargs):
            outputs = super().forward(*args, words=words, **kwargs)
            if words is None:
                return outputs
            count, logits = sum(name.startswith(first) for name in self.config.id2label.values()), outputs["logits"]
            return {"logits": logits, "whole": logits[:, 0, :count], "words": logits[:, 1:, count:]}

    JointHead.__name__ = JointHead.__qualname__ = base.__name__
    return JointHead


def average(logits, words):
    """The mean logits of each word's sub-words. `words`: (rows, words, 2), start and end position, 0 and 0 for none."""
    positions = torch.arange(logits.shape[1], device=logits.device)
    inside = (positions >= words[..., :1]) & (positions < words[..., 1:])  # (rows, words, sub-words)
    shares = inside / inside.sum(dim=-1, keepdim=True).clamp(min=1)
    return shares.to(logits.dtype) @ logits


class WordCollator:
    """Pads rows into a batch: sub-words as the tokenizer says, `words` and `labels` by word, at least `least` each."""

    def __init__(self, tokenizer, least=1):
        self.least = least
        self.names, self.side = tokenizer.model_input_names, tokenizer.padding_side
        self.pad = DataCollatorWithPadding(tokenizer)

    def __call__(self, rows):
        batch = self.pad([{name: row[name] for name in self.names if name in row} for row in rows])
        count, length = max(self.least, *(len(row["labels"]) for row in rows)), batch["input_ids"].shape[1]
        words, labels = torch.zeros(len(rows), count, 2, dtype=torch.long), torch.full((len(rows), count), IGNORED)
        for i, row in enumerate(rows):
            if row["labels"]:
                shift = length - len(row["input_ids"]) if self.side == "left" else 0
                words[i, : len(row["words"])] = torch.tensor(row["words"]) + shift
                labels[i, : len(row["labels"])] = torch.tensor(row["labels"])
        return {**batch, "words": words, "labels": labels}


def crf_loss(logits, counts, labels, transitions):
    """Negative log-likelihood of each row's labels, shape (rows,); labels that are IGNORED may be any (Lafferty et al.,
    2001; summed out as in Tsuboi et al., 2008)."""
    scores = logits.float()
    known = nn.functional.one_hot(labels.clamp(min=0), scores.shape[-1]).bool() | (labels == IGNORED).unsqueeze(-1)
    of_gold = log_partition(scores.masked_fill(~known, NEVER), counts, transitions)
    return log_partition(scores, counts, transitions) - of_gold


def log_partition(scores, counts, transitions):
    """Log of the summed exponentiated scores of all label sequences of each row, by the forward algorithm.

    `scores`: (rows, words, labels) in float32; `counts`: words per row. 0 for a row without words.
    """
    between, first, last = (t.float() for t in transitions)
    sums = scores[:, 0] + first
    for position in range(1, scores.shape[1]):
        longer = (sums.unsqueeze(2) + between).logsumexp(dim=1) + scores[:, position]
        sums = torch.where((position < counts).unsqueeze(1), longer, sums)
    return torch.where(counts > 0, (sums + last).logsumexp(dim=1), 0.0)


def marginals(logits, counts, transitions):
    """The probability of each label at each word, (rows, words, labels): the gradient of the log partition."""
    with torch.enable_grad():
        scores = logits.detach().float().requires_grad_()
        total = log_partition(scores, counts, [t.detach() for t in transitions]).sum()
        return torch.autograd.grad(total, scores)[0]


def span_head(base):
    """A subclass of a question-answering class whose logits are (rows, 2, sub-words): each as first and as last of the
    answer, padding NEVER. It keeps the name and the weights of its base. `region`: see `best_spans`."""

    class SpanHead(base):
        def forward(self, *args, region=None, **kwargs):
            outputs = super().forward(*args, **kwargs)
            logits = torch.stack([outputs["start_logits"], outputs["end_logits"]], dim=1)
            mask = kwargs.get("attention_mask")
            if mask is not None:
                logits = logits.masked_fill(mask.unsqueeze(1) == 0, NEVER)
            return {"logits": logits, "region": region}

    SpanHead.__name__ = SpanHead.__qualname__ = base.__name__
    return SpanHead


def best_spans(logits, region, longest, count):
    """-> (scores, first and last sub-word of the best spans, counted from where the context begins, -1 for none; all
    (rows, spans)), and the score of no answer (rows,): both logits of the row's first sub-word.

    All spans of up to `longest` sub-words inside the context compete. `region`: (rows, 3), the position of the first
    sub-word of all, of the first and behind the last one of the context.
    """
    length = logits.shape[-1]
    positions = torch.arange(length, device=logits.device)
    inside = (positions >= region[:, 1:2]) & (positions < region[:, 2:])
    first, last = (scores.masked_fill(~inside, NEVER) for scores in logits.unbind(dim=1))
    ends = nn.functional.pad(last, (0, longest - 1), value=NEVER).unfold(1, longest, 1)  # (rows, sub-words, longest)
    scores, places = (first.unsqueeze(-1) + ends).flatten(1).topk(min(count, length * longest))
    start = places // longest - region[:, 1:2]
    possible = scores > NEVER / 2
    none = torch.full_like(start, -1)
    found = torch.where(possible, start, none), torch.where(possible, start + places % longest, none)
    return scores, *found, logits.gather(2, region[:, None, :1].expand(-1, 2, 1)).sum(dim=(1, 2))


def pair_head(base):
    """A subclass of a token-classification class that scores each row by the states of two of its sub-words, side by
    side (the entity start states of Baldini Soares et al., 2019). `entities`: their positions, (rows, 2)."""

    class PairHead(base):
        def __init__(self, config, *args, **kwargs):
            super().__init__(config, *args, **kwargs)
            name = "classifier" if hasattr(self, "classifier") else "score"
            self.relation = nn.Linear(2 * getattr(self, name).in_features, config.num_labels)
            setattr(self, name, nn.Identity())

        def forward(self, *args, entities=None, **kwargs):
            states = super().forward(*args, **kwargs)["logits"]
            chosen = states.gather(1, entities.unsqueeze(-1).expand(-1, -1, states.shape[-1]))
            return {"logits": self.relation(chosen.flatten(1))}

    PairHead.__name__ = PairHead.__qualname__ = base.__name__
    return PairHead


class PlaceCollator:
    """Pads rows into a batch; `names` are columns of positions, as many in each row, which padding on the left moves.
    IGNORED stays. `labels` that are no positions come as they are."""

    def __init__(self, tokenizer, names):
        self.inputs, self.side, self.names = tokenizer.model_input_names, tokenizer.padding_side, names
        self.pad = DataCollatorWithPadding(tokenizer)

    def __call__(self, rows):
        batch = self.pad([{name: row[name] for name in self.inputs if name in row} for row in rows])
        length = batch["input_ids"].shape[1]
        shifts = [length - len(row["input_ids"]) if self.side == "left" else 0 for row in rows]
        for name in self.names:
            places = [[p + shift if p >= 0 else p for p in row[name]] for row, shift in zip(rows, shifts, strict=True)]
            batch[name] = torch.tensor(places)
        return {"labels": torch.tensor([row["labels"] for row in rows]), **batch}
