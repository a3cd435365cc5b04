"""Models over word embeddings that start from nothing: a BiLSTM and a convolutional network, with two heads each."""

import torch
from huggingface_hub.dataclasses import strict
from torch import nn
from transformers import PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput, SequenceClassifierOutput, TokenClassifierOutput

from stages.scratch import KIND


@strict
class WordModelConfig(PreTrainedConfig):
    """`hidden_size`: numbers per word that the heads read. The last three shape the vocabulary: `lower_case` None
    lowers running text and keeps the case of words that are given as such (it marks names)."""

    vocab_size: int = 4
    embedding_size: int = 128
    hidden_size: int = 256
    dropout: float | int = 0.5
    initializer_range: float = 0.1
    pad_token_id: int | None = 0
    min_frequency: int = 2
    most_words: int = 50_000
    lower_case: bool | None = None


@strict
class BiLSTMConfig(WordModelConfig):
    model_type = KIND.format("bilstm")

    num_hidden_layers: int = 1


@strict
class TextCNNConfig(WordModelConfig):
    """`kernel_sizes`: words that the filters of each kind see; each kind has its share of `hidden_size` filters."""

    model_type = KIND.format("text_cnn")

    hidden_size: int = 300
    kernel_sizes: list[int] | tuple[int, ...] = (3, 4, 5)

    def validate_filters(self):
        """Part of the configuration's own checks: raises ValueError."""
        kinds = self.kernel_sizes
        if self.hidden_size % len(kinds):
            raise ValueError(f"hidden_size={self.hidden_size} cannot be shared by {len(kinds)} kernel_sizes")

    __class_validators__ = [validate_filters]


class Embedded(nn.Module):
    """Word embeddings; padding is 0."""

    def __init__(self, config):
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab_size, config.embedding_size, padding_idx=0)
        self.dropout = nn.Dropout(config.dropout)

    def get_input_embeddings(self):
        return self.embed_tokens

    def set_input_embeddings(self, value):
        self.embed_tokens = value

    def forward(self, input_ids, attention_mask=None, **kwargs):
        """Ids (rows, words) -> an output with `last_hidden_state` (rows, words, hidden_size)."""
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        return BaseModelOutput(last_hidden_state=self.states(self.dropout(self.embed_tokens(input_ids)), mask))


class BiLSTMEncoder(Embedded):
    """A bidirectional LSTM (Graves & Schmidhuber, 2005)."""

    def __init__(self, config):
        super().__init__(config)
        depth, between = config.num_hidden_layers, config.dropout if config.num_hidden_layers > 1 else 0.0
        self.lstm = nn.LSTM(
            config.embedding_size, config.hidden_size // 2, depth, batch_first=True, dropout=between, bidirectional=True
        )

    def states(self, embedded, mask):
        lengths = mask.sum(dim=1).clamp(min=1).cpu()
        packed = nn.utils.rnn.pack_padded_sequence(embedded, lengths, batch_first=True, enforce_sorted=False)
        states, _ = self.lstm(packed)
        return nn.utils.rnn.pad_packed_sequence(states, batch_first=True, total_length=embedded.shape[1])[0]


class TextCNNEncoder(Embedded):
    """Filters of several widths over the words (Kim, 2014); at each word what they see around it."""

    def __init__(self, config):
        super().__init__(config)
        filters = config.hidden_size // len(config.kernel_sizes)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(config.embedding_size, filters, size) for size in config.kernel_sizes
        )

    def states(self, embedded, mask):
        words = (embedded * mask.unsqueeze(-1)).transpose(1, 2)
        seen = [kind(nn.functional.pad(words, _around(kind))).relu() for kind in self.convolutions]
        return torch.cat(seen, dim=1).transpose(1, 2)


def _around(kind):
    """The padding, left and right, with which a filter stands at each word."""
    (size,) = kind.kernel_size
    return (size - 1) // 2, size // 2


class WordModel(PreTrainedModel):
    """An encoder over words with a linear head."""

    base_model_prefix = "encoder"
    encoder_class: type[Embedded]

    def __init__(self, config):
        super().__init__(config)
        self.encoder = self.encoder_class(config)
        self.dropout = nn.Dropout(config.dropout)
        self.classifier = nn.Linear(config.hidden_size, config.num_labels)
        self.post_init()


class TextHead(WordModel):
    """Scores of a whole text: the head reads the maximum over its words (Kim, 2014; Conneau et al., 2017)."""

    def forward(self, input_ids, attention_mask=None, **kwargs):
        states = self.encoder(input_ids, attention_mask).last_hidden_state
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        highest = states.masked_fill(mask.unsqueeze(-1) == 0, torch.finfo(states.dtype).min).amax(dim=1)
        return SequenceClassifierOutput(logits=self.classifier(self.dropout(highest)))


class WordHead(WordModel):
    """Scores of each word."""

    def forward(self, input_ids, attention_mask=None, **kwargs):
        states = self.encoder(input_ids, attention_mask).last_hidden_state
        return TokenClassifierOutput(logits=self.classifier(self.dropout(states)))


class BiLSTMForSequenceClassification(TextHead):
    config_class, encoder_class = BiLSTMConfig, BiLSTMEncoder


class BiLSTMForTokenClassification(WordHead):
    config_class, encoder_class = BiLSTMConfig, BiLSTMEncoder


class TextCNNForSequenceClassification(TextHead):
    config_class, encoder_class = TextCNNConfig, TextCNNEncoder


class TextCNNForTokenClassification(WordHead):
    config_class, encoder_class = TextCNNConfig, TextCNNEncoder
