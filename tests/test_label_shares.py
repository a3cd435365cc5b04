"""Heads for several labels start from the labels' shares in training."""

import pytest
import torch
from label_kinds import MANY, ONE
from run_files import predicted

from tasks.samples.multi_label import generate
from tasks.texts.label_shares import label_shares, share_logit


def test_shares_by_hand():
    assert label_shares([["a", "b"], ["a"], [], ["a", "a"]]) == {"a": 3 / 4, "b": 1 / 4}
    assert MANY.learned_config({"label": [["a"], []]}) == {"label_shares": {"a": 0.5}}
    assert ONE.learned_config({"label": ["a", "b"]}) == {}


def test_the_logit_of_a_share():
    assert share_logit(0.5) == 0 and share_logit(0.75) == pytest.approx(1.0986123)  # ln 3
    assert -10 < share_logit(0.0) < -9 and 9 < share_logit(1.0) < 10


@pytest.fixture
def head(tiny_bert):
    from transformers import BertForSequenceClassification

    return MANY.head_class(BertForSequenceClassification), str(tiny_bert)


def test_a_new_head_gives_the_shares_and_a_saved_one_what_it_learned(head, tmp_path):
    kind, folder = head
    names = {"num_labels": 3, "id2label": {0: "b", 1: "a", 2: "rare"}, "label2id": {"b": 0, "a": 1, "rare": 2}}
    shares = {"a": 0.75, "b": 0.25}
    model = kind.from_pretrained(folder, label_shares=shares, **names)
    assert model.classifier.bias.sigmoid().tolist() == pytest.approx([0.25, 0.75, 1e-4])
    assert model.classifier.weight.std() > 0.01 and not hasattr(model.config, "label_shares")
    with torch.no_grad():
        model.classifier.bias.fill_(0.5)
    model.save_pretrained(tmp_path)
    for given in ({}, {"label_shares": shares}):  # the second: a run that starts from a finished one
        assert kind.from_pretrained(tmp_path, **given).classifier.bias.tolist() == [0.5] * 3


@pytest.mark.parametrize("model", [(), ("model=bilstm",)])
def test_a_run_begins_with_the_shares(run_here, tiny_bert, tmp_path, model):
    """Untrained, a text gets about the shares: the sub-words add little."""
    words = ("experiment=quickstart/multi_label", *(model or (f"model.path={tiny_bert}",)), f"output_root={tmp_path}")
    run_here(*words, "training.max_steps=1", "optimizer.learning_rate=1e-9", "tracking=disabled", "hardware=cpu")
    (run,) = tmp_path.glob("*/")
    rows = [row["scores"] for row in predicted(run)]
    shares = label_shares(generate()["train"]["label"])
    mean = {name: sum(row[name] for row in rows) / len(rows) for name in shares}
    assert mean == pytest.approx(shares, abs=0.1) and max(shares.values()) < 0.35
