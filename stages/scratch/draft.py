"""The folder that a model from nothing starts from: a vocabulary of the training split, a configuration, no weights."""

from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import transformers
from huggingface_hub.errors import StrictDataclassError

from stages.scratch import IMAGES, TEXTS, WORDS, scratch_name
from stages.scratch import bag_of_words as bag
from stages.scratch import small_cnn as cnn
from stages.scratch import word_models as words
from stages.scratch.vocabulary import SPECIAL, learn_tokenizer

CONFIGS = {
    "bilstm": words.BiLSTMConfig,
    "text_cnn": words.TextCNNConfig,
    "bag_of_words": bag.BagOfWordsConfig,
    "small_cnn": cnn.SmallCNNConfig,
}
MODELS = {
    TEXTS: (
        words.BiLSTMForSequenceClassification,
        words.TextCNNForSequenceClassification,
        bag.BagOfWordsForSequenceClassification,
    ),
    WORDS: (words.BiLSTMForTokenClassification, words.TextCNNForTokenClassification),
    IMAGES: (cnn.SmallCNNForImageClassification,),
}


def register():
    """Let the Auto classes of transformers find these models."""
    for config in CONFIGS.values():
        transformers.AutoConfig.register(config.model_type, config, exist_ok=True)
    for auto, models in MODELS.items():
        for model in models:
            getattr(transformers, auto).register(model.config_class, model, exist_ok=True)


@contextmanager
def start_from(config, task, data, weights):
    """The folder of a model as it was located, or for one from nothing a folder that lasts as long as the run."""
    name = scratch_name(config["model"]["path"])
    if name is None:
        yield weights
        return
    with TemporaryDirectory(prefix="tunesmith-") as folder:
        write_draft(Path(folder), CONFIGS[name](), config["model"]["config"], task, data.splits["train"])
        yield Path(folder)


def write_draft(folder, config, choices, task, examples):
    """Write the folder. Without weights, all of the model is new: made from the seed, like any new head."""
    from safetensors.torch import save_file

    for key in [key for key in choices if hasattr(config, key)]:  # the others are refused where models are built
        _choose(config, key, choices[key])
    processor = _image_processor(config) if task.images else _tokenizer(config, task, examples)
    processor.save_pretrained(str(folder))
    save_file({}, str(folder / "model.safetensors"), metadata={"format": "pt"})
    config.save_pretrained(str(folder))


def _tokenizer(config, task, examples):
    lower = not task.splits_words if config.lower_case is None else config.lower_case
    values = task.inputs(examples)
    tokenizer = learn_tokenizer(values, task.splits_words, lower, config.min_frequency, config.most_words)
    if len(tokenizer) == len(SPECIAL):
        raise ValueError(f"no word of train occurs {config.min_frequency} times. Lower model.config.min_frequency.")
    config.vocab_size = len(tokenizer)
    return tokenizer


def _image_processor(config):
    """Resizes to the one size that the model reads, and scales values to -1 to 1."""
    from transformers import ViTImageProcessorPil

    size = {"height": config.image_size, "width": config.image_size}
    return ViTImageProcessorPil(size=size, image_mean=[0.5] * 3, image_std=[0.5] * 3)


def _choose(config, key, value):
    try:
        setattr(config, key, value)
    except StrictDataclassError as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"model.config.{key}={value} does not fit: {reason}") from error
