"""A linear model over tf-idf of words and word pairs: fitted by scikit-learn in one go, saved like any other."""

import torch
from huggingface_hub.dataclasses import strict
from torch import nn
from transformers import PreTrainedConfig, PreTrainedModel, initialization
from transformers.modeling_outputs import SequenceClassifierOutput

from stages.scratch import KIND
from stages.scratch.vocabulary import SPECIAL
from tasks.contract import IGNORED

FIRST = len(SPECIAL)  # the id of the first word
AT_ONCE = 512  # rows
NEVER = -30.0  # the score of a label that training does not have


@strict
class BagOfWordsConfig(PreTrainedConfig):
    """`ngrams`: 1 counts words, 2 pairs of neighbours too. `C`: inverse strength of the penalty, as scikit-learn's
    logistic regression calls it; ridge regression gets alpha = 1 / C. `pairs`: set by `fit`."""

    model_type = KIND.format("bag_of_words")

    vocab_size: int = FIRST
    pad_token_id: int | None = 0
    ngrams: int = 2
    C: float | int = 10.0
    pairs: int = 0
    min_frequency: int = 1
    most_words: int = 200_000
    lower_case: bool | None = None


class BagOfWordsForSequenceClassification(PreTrainedModel):
    """tf-idf rows of length 1, with the smooth idf ln((1 + n) / (1 + df)) + 1 of scikit-learn's TfidfVectorizer, and a
    linear layer."""

    config_class = BagOfWordsConfig
    base_model_prefix = "weighting"

    def __init__(self, config):
        super().__init__(config)
        self._make_room(config)
        self.post_init()

    def _make_room(self, config):
        self.register_buffer("keys", torch.zeros(config.pairs, dtype=torch.long))  # of the pairs, in order
        self.register_buffer("idf", torch.ones(self.words + config.pairs))
        self.classifier = nn.Linear(len(self.idf), config.num_labels)

    @property
    def words(self):
        return self.config.vocab_size - FIRST

    def _init_weights(self, module):
        if module is self.classifier:
            initialization.zeros_(module.weight)
            initialization.zeros_(module.bias)
        elif module is self:
            initialization.zeros_(self.keys)
            initialization.ones_(self.idf)

    def forward(self, input_ids, attention_mask=None, **kwargs):
        """Ids (rows, words) -> logits. Words that training did not have count nothing."""
        row, feature, value = self.tf_idf(input_ids)
        terms = value.unsqueeze(1) * self.classifier.weight.T[feature]
        logits = terms.new_zeros(len(input_ids), self.config.num_labels).index_add(0, row, terms)
        return SequenceClassifierOutput(logits=logits + self.classifier.bias)

    def tf_idf(self, input_ids):
        """-> (row, feature, value) of all values that are not 0."""
        row, feature, count = self.counts(input_ids)
        value = count * self.idf[feature]
        length = value.new_zeros(len(input_ids)).index_add(0, row, value.square()).sqrt()
        return row, feature, value / length[row]

    def counts(self, input_ids):
        """-> (row, feature, count) of the known words and pairs in ids (rows, words)."""
        pairs = _pairs(input_ids, self.config)
        place = torch.searchsorted(self.keys, pairs).clamp(max=max(len(self.keys) - 1, 0))
        known = self.keys[place] == pairs if len(self.keys) else torch.zeros_like(pairs, dtype=torch.bool)
        features = torch.cat([input_ids - FIRST, torch.where(known, place + self.words, -1)], dim=1)
        row = torch.arange(len(input_ids), device=input_ids.device).unsqueeze(1).expand_as(features)
        cells, count = (row * len(self.idf) + features)[features >= 0].unique(return_counts=True)
        return cells // len(self.idf), cells % len(self.idf), count

    def fit(self, rows, class_weights=None):
        """Learn pairs, idf and weights from encoded rows with `input_ids` and `labels`, by scikit-learn."""
        if len(rows) and isinstance(rows[0]["input_ids"][0], list):
            raise ValueError("model=bag_of_words is fitted to texts one by one, not in groups. Take model=bilstm.")
        rows = rows.select([i for i, label in enumerate(rows["labels"]) if label != IGNORED])
        batches = [_padded(rows[i : i + AT_ONCE]["input_ids"]) for i in range(0, len(rows), AT_ONCE)]
        found, times = torch.cat([_known(_pairs(ids, self.config)) for ids in batches]).unique(return_counts=True)
        keys = found[times >= self.config.min_frequency]
        self.config.pairs = len(keys)
        self._make_room(self.config)
        self.keys.copy_(keys)
        documents = sum(self.counts(ids)[1].bincount(minlength=len(self.idf)) for ids in batches)
        self.idf.copy_(torch.log((1 + len(rows)) / (1 + documents.double())) + 1)
        weight, bias = _solve(_sparse(self, batches), rows["labels"][:], self.config, class_weights)
        with torch.no_grad():
            self.classifier.weight.copy_(torch.as_tensor(weight))
            self.classifier.bias.copy_(torch.as_tensor(bias))


def _padded(lists):
    return nn.utils.rnn.pad_sequence([torch.tensor(ids) for ids in lists], batch_first=True)


def _pairs(ids, config):
    """One number for each pair of neighbouring known words, below 0 for others."""
    left, right = ids[:, :-1], ids[:, 1:]
    whole = (left >= FIRST) & (right >= FIRST) & (config.ngrams > 1)
    return torch.where(whole, left * config.vocab_size + right, -1)


def _known(pairs):
    return pairs[pairs >= 0]


def _sparse(model, batches):
    """The tf-idf rows as scipy's matrix, in double precision."""
    from scipy.sparse import csr_matrix, vstack

    parts = []
    for ids in batches:
        row, feature, value = (part.numpy() for part in model.tf_idf(ids))
        parts.append(csr_matrix((value.astype(float), (row, feature)), shape=(len(ids), len(model.idf))))
    return vstack(parts)


def _solve(values, labels, config, class_weights):
    """-> (weight, bias) of the linear layer: ridge regression for numbers, in the scale that the config may hold, else
    logistic regression, one for each label where a row can have several."""
    import numpy as np
    from sklearn.linear_model import Ridge

    labels = np.array(labels)
    if config.problem_type == "regression":
        targets = labels.reshape(len(labels), -1)[:, : config.num_labels]  # a mark of known ones may stand behind them
        mean, std = (np.array(getattr(config, key, plain)) for key, plain in (("target_mean", 0), ("target_std", 1)))
        found = Ridge(alpha=1 / config.C).fit(values, (targets - mean) / std)
        return found.coef_.reshape(config.num_labels, -1), found.intercept_.reshape(-1)
    if labels.ndim == 1:
        return _logistic(values, labels, config, class_weights)
    weights = [(1.0, weight) for weight in class_weights or [1.0] * config.num_labels]  # of a label's presence
    columns = labels.astype(int).T
    sides = [_logistic(values, column, config, w, count=2) for column, w in zip(columns, weights, strict=True)]
    return np.stack([w[1] - w[0] for w, _ in sides]), np.array([b[1] - b[0] for _, b in sides])


def _logistic(values, labels, config, class_weights, count=None):
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    count = count or config.num_labels
    weight, bias, names = np.zeros((count, values.shape[1])), np.full(count, NEVER), np.unique(labels)
    if len(names) == 1:
        bias[names] = 0.0
        return weight, bias
    weights = class_weights and {int(name): class_weights[name] for name in names}
    found = LogisticRegression(C=config.C, max_iter=1000, class_weight=weights).fit(values, labels)
    if len(names) == 2:  # one score for the second of the two
        weight[names[1]], bias[names] = found.coef_[0], (0.0, found.intercept_[0])
    else:
        weight[names], bias[names] = found.coef_, found.intercept_
    return weight, bias
