"""A small convolutional network for images that starts from nothing."""

from itertools import pairwise

from huggingface_hub.dataclasses import strict
from torch import nn
from transformers import PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import ImageClassifierOutput

from stages.scratch import KIND

GROUPS = 8  # of the normalization: over parts of one image, so that nothing depends on what else is in the batch
CELLS = 4  # the last map is averaged to so many cells on each side


@strict
class SmallCNNConfig(PreTrainedConfig):
    """`image_size`: pixels on each side, to which images are resized. `widths`: filters of each block, which halves the
    image; multiples of 8."""

    model_type = KIND.format("small_cnn")

    image_size: int = 32
    num_channels: int = 3
    widths: list[int] | tuple[int, ...] = (32, 64)
    dropout: float | int = 0.25
    initializer_range: float = 0.05


class SmallCNNForImageClassification(PreTrainedModel):
    """Blocks of two convolutions, as in VGG (Simonyan & Zisserman, 2015), and a linear head."""

    config_class = SmallCNNConfig
    base_model_prefix = "encoder"
    main_input_name = "pixel_values"
    input_modalities = ("image",)

    def __init__(self, config):
        super().__init__(config)
        widths = [config.num_channels, *config.widths]
        self.encoder = nn.Sequential(*(_block(*pair) for pair in pairwise(widths)))
        self.dropout = nn.Dropout(config.dropout)
        self.classifier = nn.Linear(widths[-1] * CELLS**2, config.num_labels)
        self.post_init()

    def forward(self, pixel_values, **kwargs):
        """Images (rows, 3, height, width) -> logits (rows, labels)."""
        seen = nn.functional.adaptive_avg_pool2d(self.encoder(pixel_values), CELLS).flatten(1)
        return ImageClassifierOutput(logits=self.classifier(self.dropout(seen)))


def _block(before, after):
    return nn.Sequential(
        nn.Conv2d(before, after, 3, padding=1), nn.GroupNorm(GROUPS, after), nn.ReLU(),
        nn.Conv2d(after, after, 3, padding=1), nn.GroupNorm(GROUPS, after), nn.ReLU(), nn.MaxPool2d(2, ceil_mode=True),
    )  # fmt: skip
