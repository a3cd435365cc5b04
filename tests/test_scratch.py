"""Models from nothing: their vocabulary, their arithmetic against torch, and whole runs."""

import json

import pytest
import torch
from run_files import predicted, read_lines
from transformers import AutoTokenizer
from word_texts import TEXTS, tokenizer

from stages.model import build_model
from stages.prediction import load_model
from stages.scratch.draft import write_draft
from stages.scratch.word_models import (
    BiLSTMConfig,
    BiLSTMForSequenceClassification,
    BiLSTMForTokenClassification,
    TextCNNConfig,
    TextCNNForSequenceClassification,
    TextCNNForTokenClassification,
)
from tasks.contract import task_class

# --- the vocabulary


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't stop: it\u2019s 3.5 km!", ["don't", "stop", ":", "it\u2019s", "3", ".", "5", "km", "!"]),
        ("我在北京吃pizza。", ["我", "在", "北", "京", "吃", "pizza", "。"]),
        ("カメラを買った", ["カ", "メ", "ラ", "を", "買", "っ", "た"]),
        ("서울은 크다", ["서울은", "크다"]),
        ("", []),
    ],
)
def test_running_text_is_cut_into_words_and_characters(text, words):
    made = tokenizer([text])
    assert made(text).tokens() == ["[CLS]", *words, "[SEP]"]


def test_given_words_stay_whole_and_keep_their_case():
    words = [["U.S.", "Berlin's", "北京", "berlin"], ["new-york"]]
    made = tokenizer(words, splits_words=True, lower_case=False)
    encoded = made(words[0], is_split_into_words=True)
    assert encoded.tokens() == ["[CLS]", *words[0], "[SEP]"] and encoded.word_ids() == [None, 0, 1, 2, 3, None]


def test_rare_words_and_words_beyond_the_most_frequent_are_unknown():
    made = tokenizer([("a b", ["a", {"x": "b c"}]), ("a",)], min_frequency=2)
    assert made.get_vocab() == {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "a": 4, "b": 5}
    assert made("a c").input_ids == [2, 4, 1, 3]
    assert len(tokenizer(["a b c d"], most_words=2)) == 6


def test_the_vocabulary_does_not_depend_on_chance(tmp_path):
    made = [tokenizer([f"w{i} " * (1 + i % 3) for i in range(200)]) for _ in range(2)]
    assert made[0].get_vocab() == made[1].get_vocab()
    made[0].save_pretrained(tmp_path)
    again = AutoTokenizer.from_pretrained(tmp_path)
    assert again("w3 new").input_ids == made[0]("w3 new").input_ids and again.is_fast
    assert again("w3", "w4").tokens() == ["[CLS]", "w3", "[SEP]", "w4", "[SEP]"]


# --- the models over embeddings

SMALL = {"vocab_size": 20, "embedding_size": 6, "num_labels": 3}
IDS = torch.tensor([[2, 5, 6, 7, 3], [2, 9, 3, 0, 0]])
MASK = (IDS > 0).long()


def model_of(kind, **changes):
    torch.manual_seed(0)
    config = {"BiL": BiLSTMConfig, "Tex": TextCNNConfig}[kind.__name__[:3]]
    return kind(config(**{**SMALL, "hidden_size": 12, **changes})).eval()


@pytest.mark.parametrize(
    "kind",
    [
        BiLSTMForSequenceClassification,
        BiLSTMForTokenClassification,
        TextCNNForSequenceClassification,
        TextCNNForTokenClassification,
    ],
)
def test_padding_changes_nothing(kind):
    model = model_of(kind)
    both = model(IDS, MASK).logits[1]
    alone = model(IDS[1:, :3]).logits[0]
    assert torch.allclose(both if both.ndim == 1 else both[:3], alone, atol=1e-6)
    assert not torch.allclose(both, model(IDS, MASK).logits[0])


def test_the_bilstm_is_the_highest_state_of_a_bilstm():
    model = model_of(BiLSTMForSequenceClassification, num_hidden_layers=2)
    states, _ = model.encoder.lstm(model.encoder.embed_tokens(IDS[1:, :3]))
    assert states.shape == (1, 3, 12)
    assert torch.allclose(model(IDS, MASK).logits[1], model.classifier(states[0].max(dim=0).values), atol=1e-6)


def test_the_text_cnn_is_the_highest_answer_of_each_filter():
    """By hand for one filter of three words: the products at each place, with zeros around the text."""
    model = model_of(TextCNNForSequenceClassification, kernel_sizes=(3,), hidden_size=1)
    (kind,), words = model.encoder.convolutions, model.encoder.embed_tokens(IDS[1, :3])
    padded = torch.cat([torch.zeros(1, 6), words, torch.zeros(1, 6)])
    answers = [(padded[i : i + 3] * kind.weight[0].T).sum() + kind.bias[0] for i in range(3)]
    highest = torch.stack(answers).max().clamp(min=0)
    assert torch.allclose(model(IDS, MASK).logits[1], model.classifier(highest.view(1)), atol=1e-6)


def test_filters_that_cannot_be_shared():
    with pytest.raises(Exception, match="hidden_size=100 cannot be shared by 3 kernel_sizes"):
        TextCNNConfig(hidden_size=100)


# --- whole runs

QUICK = (
    "data=sample",
    "data.limit=40",
    "batch_size=8",
    "training=steps",
    "training.max_steps=4",
    "training.eval_steps=4",
)


@pytest.mark.parametrize("name", ["bilstm", pytest.param("text_cnn", marks=pytest.mark.slow), "bag_of_words"])
def test_a_run_is_like_any_other(run_here, name):
    folder = run_here("task=text_classification", f"model={name}", *QUICK)
    rows = predicted(folder)
    again = load_model(folder, {"use_cpu": True}).predict({"text": [row["text"] for row in rows]})
    assert [(p["prediction"], p["confidence"]) for p in again] == [(r["prediction"], r["confidence"]) for r in rows]
    history = read_lines(folder / "history.jsonl")
    assert any("eval_accuracy" in line for line in history)
    scores = json.loads((folder / "metrics.json").read_text())
    assert scores["test"]["loss"] > 0 and scores["baseline"]["values"]["accuracy"] > 0
    card = (folder / "model" / "README.md").read_text(encoding="utf-8")
    assert "load_model(" in card and "base_model" not in card
    assert not list(folder.glob("checkpoints"))


def test_the_same_seed_gives_the_same_model_and_another_one_another(compose_config, tmp_path):
    words = ("task=text_classification", "model=bilstm", "data=sample")
    config, task = compose_config(*words), task_class("text_classification")("text_classification", "accuracy")
    config["model"]["config"]["embedding_size"] = 6
    write_draft(tmp_path, BiLSTMConfig(), config["model"]["config"], task, {"text": TEXTS, "label": list("ababab")})
    made = [build_model({**config, "seed": seed}, task, ("a", "b"), tmp_path, None) for seed in (1, 1, 2)]
    assert made[0].config.embedding_size == 6 and made[0].config.hidden_size == 256
    for name, values in made[0].state_dict().items():
        assert values.isfinite().all() and torch.equal(values, made[1].state_dict()[name]), name
    assert not torch.equal(made[0].classifier.weight, made[2].classifier.weight)
    assert not torch.equal(made[0].encoder.embed_tokens.weight, made[2].encoder.embed_tokens.weight)


def test_words_are_tagged_with_a_crf_on_a_text_cnn(run_here):
    folder = run_here("task=ner", "task.head=crf", "model=text_cnn", *QUICK)
    rows = predicted(folder)
    assert len(rows) == 40 and all(len(row["prediction"]) == len(row["tokens"]) for row in rows)
    again = load_model(folder, {"use_cpu": True}).predict({"tokens": [row["tokens"] for row in rows]})
    assert [p["prediction"] for p in again] == [row["prediction"] for row in rows]


# --- what does not go


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("model.path=scratch:bilsm",), r"model\.path=scratch:bilsm is not known\. Nearest: bilstm\."),
        (("model=bilstm", "method=lora"), r"method=lora keeps pretrained weights, but model=bilstm has none"),
        (
            ("model=bag_of_words", "task=ner"),
            r"model=bag_of_words has no head for task=ner: that needs AutoModelForTok",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(compose_config, words, expected):
    with pytest.raises(ValueError, match=expected):
        compose_config("task=text_classification", "data=sample", *words)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("model.config.hiden_size=10", r"no key model\.config\.hiden_size\. Nearest: model\.config\.hidden_size"),
        ("model.config.hidden_size=large", r"model\.config\.hidden_size=large"),
        ("model.config.min_frequency=1000", r"no word .* 1000 times"),
    ],
)
def test_a_wrong_choice_of_the_model_is_named(run_here, word, expected):
    with pytest.raises(ValueError, match=expected):
        run_here("task=text_classification", "model=bilstm", word, "data=sample", "data.limit=20")


def test_its_own_optimizer_and_training_give_way_to_what_is_typed(compose_config):
    config = compose_config("task=text_classification", "model=bilstm")
    assert config["optimizer"]["learning_rate"] == 1e-3 and config["training"]["num_train_epochs"] == 20
    config = compose_config("task=text_classification", "model=bilstm", "optimizer=sgd", "training=standard")
    assert config["optimizer"]["optim"] == "sgd" and config["training"]["num_train_epochs"] == 3
    assert compose_config("task=text_classification")["optimizer"]["learning_rate"] == 5e-5
