"""The best label of each word or row, with its probability."""


def best_labels(logits):
    """-> (id of the best label, its probability) of each word, (rows, words), from logits (rows, words, labels); or of
    each row, (rows,), from logits (rows, labels)."""
    confidence, best = logits.float().softmax(dim=-1).max(dim=-1)
    return best, confidence
