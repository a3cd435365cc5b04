"""The loss, the guess and its probability at each labelled token: what language models are scored by."""

from collections import Counter

from tasks.contract import IGNORED

MOST_SHOWN = 20  # rows of the table of wrong guesses


def summed_losses(logits, labels, smoothing=0.0):
    """Cross entropy summed over the labelled tokens of each row, shape (rows,). Only their logits are copied: a
    vocabulary makes them the largest tensor of all."""
    import torch
    from torch.nn.functional import cross_entropy

    losses = []
    for row, wanted in zip(logits, labels, strict=True):
        known = wanted != IGNORED
        losses.append(cross_entropy(row[known].float(), wanted[known], reduction="sum", label_smoothing=smoothing))
    return torch.stack(losses)


def token_scores(logits, labels):
    """-> (losses in nats, ids of the best guesses, their probabilities), each (rows, tokens) and IGNORED where there is
    no label. `logits` at a position speak of the label at the same position."""
    import torch

    losses = torch.full(labels.shape, float(IGNORED), device=labels.device)
    guesses, sure = torch.full_like(labels, IGNORED), losses.clone()
    for i, (row, wanted) in enumerate(zip(logits, labels, strict=True)):
        known = wanted != IGNORED
        logs = row[known].float().log_softmax(dim=-1)
        losses[i, known] = -logs.gather(1, wanted[known].unsqueeze(1)).squeeze(1)
        best = logs.max(dim=-1)
        guesses[i, known], sure[i, known] = best.indices, best.values.exp()
    return losses, guesses, sure


def shifted(logits):
    """A causal model's logits moved to the tokens they speak of: position t holds what was said at t - 1. Position 0,
    of which nothing was said, repeats its own; its label is IGNORED."""
    import torch

    return torch.cat([logits[:, :1], logits[:, :-1]], dim=1)


def token_guesses(rows, guesses, sure, tokenizer):
    """-> {example: the `word` that stood at each labelled token of its rows, the `guess` and its `confidence`}, from
    the ids and probabilities of `token_scores`."""
    found = {}
    for example, gold, guessed, chances in zip(rows["example"], rows["labels"], guesses, sure, strict=True):
        for i in (i for i, label in enumerate(gold) if label != IGNORED):
            word, guess = (tokenizer.decode([int(token)]).strip() for token in (gold[i], guessed[i]))
            one = {"word": word, "guess": guess, "confidence": round(float(chances[i]), 4)}
            found.setdefault(example, []).append(one)
    return found


def wrong_guesses(answers):
    """Rows of a table: the most frequent pairs of a word and what was guessed instead of it."""
    wrong = Counter((answer.gold, answer.predicted) for answer in answers if answer.error)
    return [{"word": word, "guessed": guess, "times": n} for (word, guess), n in wrong.most_common(MOST_SHOWN)]
