"""How common each label is in training, which a head for several labels starts from."""

from collections import Counter
from math import log

RARE = 1e-4  # the least share, as the logit of 0 is minus infinity


def label_shares(values: list[list[str]]) -> dict[str, float]:
    """Label -> the share of texts that have it."""
    counts = Counter(label for labels in values for label in {*labels})
    return {label: count / len(values) for label, count in counts.items()}


def share_logit(share: float) -> float:
    """The logit whose sigmoid is a share, kept away from 0 and 1."""
    share = min(max(share, RARE), 1 - RARE)
    return log(share / (1 - share))


def shares_head(base):
    """A subclass of a sequence-classification class whose new head gives every text the shares of its labels at first
    (Lin et al., 2017, section 4.1). From 0.5 for each, the first steps would only push all logits down, and the encoder
    with them, until it tells texts no longer apart: seen with 28 labels. It keeps the name and the weights of its base.
    """
    import torch
    from transformers import initialization

    class SharesHead(base):
        def __init__(self, config, *args, label_shares=None, **kwargs):
            names = [config.id2label[i] for i in range(config.num_labels)]
            self.first_logits = label_shares and [share_logit(label_shares.get(name, 0.0)) for name in names]
            super().__init__(config, *args, **kwargs)

        def _init_weights(self, module):
            super()._init_weights(module)
            if self.first_logits and module is self._last_layer():
                initialization.copy_(module.bias, torch.tensor(self.first_logits, device=module.bias.device))

        def _last_layer(self):
            linear = [m for m in self.modules() if isinstance(m, torch.nn.Linear) and m.bias is not None]
            return next((m for m in reversed(linear) if m.out_features == self.config.num_labels), None)

    SharesHead.__name__ = SharesHead.__qualname__ = base.__name__
    return SharesHead
