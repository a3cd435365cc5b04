"""What ranking learns: the relevance of one candidate, or which of two is ahead."""

from dataclasses import dataclass
from math import exp, log1p
from statistics import fmean

from tasks.contract import IGNORED, LossContext


@dataclass(frozen=True)
class GradesContext(LossContext):
    """`top`: the highest relevance in training, which pointwise learning takes for 1."""

    top: float = 1.0


def ranking_losses(scores, labels, top: float):
    """One loss per row, (rows,), from scores (rows, texts). Of a pair, -log of the probability that the first is ahead
    (RankNet; Burges et al., 2005); of one candidate, the cross entropy of its relevance as a share of the highest."""
    from torch.nn.functional import binary_cross_entropy_with_logits, softplus

    if scores.shape[1] == 2:
        losses = softplus(scores[:, 1] - scores[:, 0])
    else:
        shares = labels.float().clamp(0, top) / top
        losses = binary_cross_entropy_with_logits(scores[:, 0], shares, reduction="none")
    return losses * (labels != IGNORED)


def pair_loss(lead: float) -> float:
    """-log of the probability that a candidate with so much more score is ahead (RankNet; Burges et al., 2005)."""
    return log1p(exp(-abs(lead))) + max(-lead, 0.0)


def mean_pair_loss(predictions: list[dict], relevance: list[list[float]]) -> float:
    """The loss of pairwise learning over all pairs of the queries' candidates; what is evaluated are single ones."""
    lists = [
        [(score, gold[i]) for score, i in zip(p["scores"], p["order"], strict=True)]
        for p, gold in zip(predictions, relevance, strict=True)
    ]
    losses = [pair_loss(a - b) for pairs in lists for a, r in pairs for b, s in pairs if r > s]
    return fmean(losses) if losses else 0.0
