"""The scale of real-valued targets in training: learned, known to the head, and the unit of the loss."""

from dataclasses import dataclass
from statistics import fmean, pstdev

from tasks.contract import IGNORED, LossContext
from tasks.texts.real_targets import by_name


@dataclass(frozen=True)
class TargetContext(LossContext):
    """`std`: of each target in training; the loss counts in these units."""

    std: tuple[float, ...] = ()


def scale(numbers) -> tuple[float, float]:
    """Mean and standard deviation; a constant target keeps its unit."""
    return fmean(numbers), pstdev(numbers) or 1.0


def learned_scale(targets: list) -> dict[str, list[float]]:
    """The scale of each target of the training split, for the model's config."""
    rows = [by_name(value) for value in targets]
    scales = [scale([row[name] for row in rows]) for name in rows[0]]
    return {"target_mean": [mean for mean, _ in scales], "target_std": [std for _, std in scales]}


def scaled_head(base):
    """A subclass of a sequence-classification class whose logits are targets in their own units, (rows, targets): what
    its base gives, times `target_std`, plus `target_mean`, both kept in its config. It keeps the name and the weights
    of its base, which loads it too, without the scale."""
    import torch

    class ScaledHead(base):
        def __init__(self, config, *args, target_mean=None, target_std=None, **kwargs):
            if target_mean is not None:
                config.target_mean, config.target_std = list(target_mean), list(target_std)
            super().__init__(config, *args, **kwargs)

        def forward(self, *args, **kwargs):
            logits = super().forward(*args, **kwargs)["logits"].float()
            mean, std = (
                torch.tensor(v, device=logits.device) for v in (self.config.target_mean, self.config.target_std)
            )
            return {"logits": logits * std + mean}

    ScaledHead.__name__ = ScaledHead.__qualname__ = base.__name__
    return ScaledHead


def target_context(labels: list[list[float]], scales: bool) -> TargetContext:
    """What the loss learns from the labels of the training rows; without scaling each unit is 1."""
    return TargetContext(std=tuple(scale(target)[1] if scales else 1.0 for target in zip(*labels, strict=True)))


def squared_errors(logits, labels, std):
    """Squared errors in units of `std`, summed over the targets that are known, (rows,)."""
    errors = (logits.float() - labels) / logits.new_tensor(std)
    return (errors**2 * (labels != IGNORED)).sum(dim=1)
