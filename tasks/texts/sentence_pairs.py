"""Sentence embeddings brought together within a class and apart between classes, from pairs of few examples.

SetFit (Tunstall et al., 2022): pairs of examples, the cosine of whose embeddings becomes 1 within a class and 0
between two; then a simple head on the embeddings.
"""

import random
from collections import defaultdict

from tasks.contract import IGNORED

SCALE = 20.0  # of cosines before the softmax; sentence-transformers' own for its in-batch losses


def pairs(labels, each, seed):
    """(i, j, same) for so many positive and negative partners of each example, drawn with the seed. An example that is
    alone in its class has no positive ones, nor one without other classes negative ones."""
    rng, members = random.Random(f"{seed} pairs"), defaultdict(list)
    known = [i for i, label in enumerate(labels) if label != IGNORED]
    for i in known:
        members[labels[i]].append(i)
    found = []
    for i in known:
        alike = [j for j in members[labels[i]] if j != i]
        others = len(known) - len(alike) - 1
        for _ in range(each):
            if alike:
                found.append((i, _pick(rng, alike), 1))
            if others:
                found.append((i, _other(rng, known, labels, i), 0))
    return found


def _pick(rng, options):
    return options[int(rng.random() * len(options))]


def _other(rng, known, labels, i):
    while True:
        j = _pick(rng, known)
        if labels[j] != labels[i]:
            return j


def pair_rows(rows, each, seed):
    """Encoded rows -> rows of pairs: `other` holds the sub-words of the second text, `labels` whether they go
    together."""
    from datasets import Dataset

    ids, lengths = rows["input_ids"][:], rows["length"][:]
    found = pairs(rows["labels"][:], each, seed)
    columns = {
        "input_ids": [ids[i] for i, _, _ in found],
        "other": [ids[j] for _, j, _ in found],
        "labels": [same for *_, same in found],
        "length": [max(lengths[i], lengths[j]) for i, j, _ in found],
    }
    return Dataset.from_dict(columns)


class PairCollator:
    """Pads rows into a batch; of pairs all first texts and then all second ones, so that there are two per label."""

    def __init__(self, tokenizer):
        from transformers import DataCollatorWithPadding

        self.pad = DataCollatorWithPadding(tokenizer)

    def __call__(self, rows):
        import torch

        texts = [row["input_ids"] for row in rows] + [row["other"] for row in rows if "other" in row]
        batch = self.pad([{"input_ids": ids} for ids in texts])
        return {**batch, "labels": torch.tensor([row["labels"] for row in rows])}


def pair_loss(embeddings, same):
    """(cosine - same) squared for each pair, shape (pairs,), 0 where `same` is IGNORED. `embeddings`: of length 1,
    (2 * pairs, size)."""
    first, second = embeddings.float().chunk(2)
    return ((first * second).sum(dim=1) - same).square() * (same != IGNORED)


def sentence_encoder(base):
    """A subclass of a bare encoder that gives `embeddings`, (rows, size): the mean over sub-words, of length 1; and
    `logits`, (rows, labels): their scaled cosines to the `centroids` of the classes, which no gradient learns."""
    import torch
    from torch.nn.functional import normalize

    class SentenceEncoder(base):
        def __init__(self, config, *args, **kwargs):
            super().__init__(config, *args, **kwargs)
            self.centroids = torch.nn.Linear(config.hidden_size, config.num_labels, bias=False)
            self.post_init()

        def forward(self, *args, attention_mask=None, **kwargs):
            outputs = super().forward(*args, attention_mask=attention_mask, **kwargs)
            shown = attention_mask.unsqueeze(-1).to(outputs[0].dtype)
            embeddings = normalize((outputs[0] * shown).sum(dim=1) / shown.sum(dim=1), dim=-1)
            with torch.no_grad():  # or several processes would wait for the gradients of the centroids
                logits = SCALE * self.centroids(embeddings)
            return {"logits": logits, "embeddings": embeddings}

    SentenceEncoder.__name__ = SentenceEncoder.__qualname__ = base.__name__
    return SentenceEncoder


def embed(model, encoded, tokenizer, size=64):
    """The embeddings of encoded texts (lists of sub-words), (texts, size), without gradients."""
    import torch

    order = sorted(range(len(encoded)), key=lambda i: len(encoded[i]))
    parts = []
    with torch.no_grad():
        model.eval()
        for start in range(0, len(order), size):
            batch = tokenizer.pad({"input_ids": [encoded[i] for i in order[start : start + size]]}, return_tensors="pt")
            parts.append(model(**batch.to(model.device))["embeddings"].float())
    places = torch.tensor(order, device=parts[0].device).argsort()
    return torch.cat(parts)[places]


def set_centroids(model, embeddings, labels):
    """Put the mean embedding of each class, brought to length 1, into the head; a class without examples stays at 0,
    which is as far from every text as an unrelated one."""
    import torch
    from torch.nn.functional import normalize, one_hot

    heads = [
        module for name, module in model.named_modules() if isinstance(module, torch.nn.Linear) and "centroids" in name
    ]
    labels = torch.tensor(labels, device=embeddings.device)
    known = labels != IGNORED
    members = one_hot(labels[known], heads[0].out_features).to(embeddings.dtype)  # (texts, classes)
    means = normalize(members.T @ embeddings[known], dim=-1)
    with torch.no_grad():
        for head in heads:
            head.weight.copy_(means)


def settle_classes(model, encoded, labels, tokenizer):
    """Put the mean embedding of the encoded texts of each class into the head of a sentence encoder."""
    set_centroids(model, embed(model, encoded, tokenizer), labels)
