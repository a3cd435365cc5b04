"""Causal and masked language modelling: rows, losses and perplexities against transformers' own and by hand."""

import re
from math import exp, log, log2
from types import SimpleNamespace

import pytest
import torch
from datasets import Dataset

from stages.model import load_head
from stages.processor import load_tokenizer
from tasks.causal_lm import CausalLM, boundaries, whole_texts
from tasks.contract import IGNORED, LossContext
from tasks.masked_lm import MaskedLM
from tasks.running_text.language_model import unigrams
from tasks.running_text.token_losses import shifted, summed_losses, token_scores
from tasks.samples.causal_lm import generate

CAUSAL, MASKED = CausalLM("causal_lm", "perplexity", block=16, stride=4), MaskedLM("masked_lm", "perplexity")
TEXTS = ["the cat sat in the city .", "北京 is a city , and so is Berlin", "", "a dog ran " * 9]


@pytest.fixture(scope="module", params=["tiny_llama", "tiny_gpt2"])
def writer(request):
    folder = request.getfixturevalue(request.param)
    tokenizer = load_tokenizer(folder, False)
    return tokenizer, load_head(CAUSAL, folder, **CAUSAL.head_config).eval()


@pytest.fixture(scope="module")
def reader(tiny_bert):
    return load_tokenizer(tiny_bert, False), load_head(MASKED, tiny_bert).eval()


def rows_of(columns, names):
    return [{n: columns[n][i] for n in names if n in columns} for i in range(len(columns["input_ids"]))]


def losses(task, model, tokenizer, columns):
    """The summed loss of each row, all in one batch."""
    batch = task.collator(tokenizer, model)(rows_of(columns, ("input_ids", "position_ids", "attention_mask", "labels")))
    labels = batch.pop("labels")
    with torch.no_grad():
        return task.loss(model(**batch), labels, LossContext()), task.items(labels)


# --- choices and wrong data


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"block": 4}, "task.block=4 is too short"),
        ({"stride": 0}, "task.stride=0 is too short"),
        ({"mask_share": 1.0}, "task.mask_share=1.0 is no share"),
        ({"maskings": 0}, "task.maskings=0 leaves nothing to read"),
        ({"best": "bits_per_byte"}, "task.best=bits_per_byte is not a score of masked_lm"),
    ],
)
def test_choices_that_cannot_be(choice, expected):
    with pytest.raises(ValueError, match=expected):
        MaskedLM(**{"name": "masked_lm", "best": "perplexity", **choice})


def test_what_is_no_text_and_what_is_blank():
    with pytest.raises(ValueError, match=r"test example 2: data\.columns\.text must hold text, it holds \['a'\]\."):
        CAUSAL.prepare({"test": {"text": ["a", ["a"]]}})
    with pytest.raises(ValueError, match=r"data\.test: all 2 texts are blank"):
        CAUSAL.prepare({"test": {"text": ["", " "]}})
    _, (found,) = CAUSAL.prepare({"train": {"text": ["ab c", ""]}})
    assert found.what == "4 characters; 1 blank texts, which are neither learned nor scored"


def test_models_of_the_other_kind_are_refused(tiny_bert, tiny_llama):
    with pytest.raises(ValueError, match="this tokenizer has no cls_token"):
        MASKED.encode({"text": ["a"]}, load_tokenizer(tiny_llama, False), ())
    with pytest.raises(ValueError, match="this tokenizer has no end-of-text token"):
        CAUSAL.encode({"text": ["a"]}, load_tokenizer(tiny_bert, False), ())


# --- causal


def test_a_causal_row_holds_start_text_and_end(writer):
    tokenizer, _ = writer
    rows = CAUSAL.encode({"text": ["the cat"]}, tokenizer, ())
    start, end = boundaries(tokenizer)
    ids = tokenizer("the cat", add_special_tokens=False)["input_ids"]
    assert rows["input_ids"] == [[start, *ids, end]] and rows["labels"] == [[IGNORED, *ids, end]]


def test_every_token_of_a_long_text_is_scored_once(writer):
    tokenizer, _ = writer
    rows = CAUSAL.encode({"text": TEXTS}, tokenizer, ())
    assert max(map(len, rows["input_ids"])) == 16 and len(rows["example"]) > 4 and not any(rows["cut"])
    for number, text in enumerate(TEXTS):
        mine = [i for i, example in enumerate(rows["example"]) if example == number]
        learned = [label for i in mine for label in rows["labels"][i] if label != IGNORED]
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        assert learned == ([*ids, boundaries(tokenizer)[1]] if text.strip() else [])


def test_the_causal_loss_is_that_of_transformers(writer):
    tokenizer, model = writer
    rows = CAUSAL.encode({"text": TEXTS[:2]}, tokenizer, ())
    found, items = losses(CAUSAL, model, tokenizer, rows)
    for ids, labels, loss, count in zip(rows["input_ids"], rows["labels"], found, items, strict=True):
        alone = model(input_ids=torch.tensor([ids]), labels=torch.tensor([labels])).loss
        assert loss.item() == pytest.approx(alone.item() * count.item(), rel=1e-4)
        assert count == sum(label != IGNORED for label in labels)


def test_documents_in_a_block_do_not_see_each_other(writer):
    """The loss of packed blocks is that of each document alone, so neither attention nor positions cross."""
    tokenizer, model = writer
    task = CausalLM("causal_lm", "perplexity", block=64)
    encoded = task.encode({"text": TEXTS}, tokenizer, ())
    blocks = task.training_rows(Dataset.from_dict(encoded), tokenizer, 1)
    assert max(blocks["length"]) == 64 and len(blocks) < len(encoded["example"])
    alone, one_by_one = losses(task, model, tokenizer, encoded)
    together, in_blocks = losses(task, model, tokenizer, blocks.to_dict())
    cut = sum(length == 64 for length in blocks["length"])  # what follows a cut sees less
    assert in_blocks.sum() == one_by_one.sum()
    assert together.sum().item() == pytest.approx(alone.sum().item(), rel=1e-4 if cut == 0 else 0.05)
    first = blocks[0]
    size = first["position_ids"].index(0, 1)
    batch = {name: torch.tensor([first[name][:size]]) for name in ("input_ids", "position_ids")}
    whole = {name: torch.tensor([first[name]]) for name in ("input_ids", "position_ids")}
    second = {"input_ids": whole["input_ids"][:, size:], "position_ids": whole["position_ids"][:, size:]}
    with torch.no_grad():
        logits = model(**whole).logits
        assert torch.allclose(logits[:, :size], model(**batch).logits, atol=1e-4)
        assert torch.allclose(logits[:, size:], model(**second).logits, atol=1e-4)


def test_blocks_hold_the_texts_in_order_and_learn_each_token_once(writer):
    tokenizer, _ = writer
    rows = Dataset.from_dict(CAUSAL.encode({"text": TEXTS}, tokenizer, ()))
    blocks = CAUSAL.training_rows(rows, tokenizer, 1)
    learned = [label for row in blocks["labels"] for label in row if label != IGNORED]
    assert learned == CAUSAL.tokens(rows) == [token for text in whole_texts(rows) for token in text[1:]]
    assert all(labels[0] == IGNORED for labels in blocks["labels"])


def test_token_scores_by_hand():
    """Two tokens of three: probabilities 0.5 and 0.2, the first guessed right; nothing is known of position 0."""
    logits = torch.tensor([[[0.5, 0.3, 0.2], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8]]]).log()
    labels = torch.tensor([[IGNORED, 0, 0]])
    lost, guesses, sure = token_scores(shifted(logits), labels)
    assert lost[0, 1:].tolist() == pytest.approx([-log(0.5), -log(0.2)]) and lost[0, 0] == IGNORED
    assert guesses.tolist() == [[IGNORED, 0, 1]] and sure[0, 1:].tolist() == pytest.approx([0.5, 0.7])
    assert summed_losses(shifted(logits), labels).tolist() == pytest.approx([-log(0.1)])


# --- masked


def test_masked_rows_hide_whole_words_and_the_same_ones_every_time(reader):
    tokenizer, _ = reader
    task = MaskedLM("masked_lm", "perplexity", block=16, stride=4)
    rows = task.encode({"text": TEXTS}, tokenizer, ())
    assert rows == task.encode({"text": TEXTS}, tokenizer, ())
    again = task.encode({"text": TEXTS[1:2]}, tokenizer, ())
    start = rows["example"].index(1)
    assert again["input_ids"][0] == rows["input_ids"][start], "the text decides, not its place"
    for ids, labels, words in zip(rows["input_ids"], rows["labels"], rows["words"], strict=True):
        hidden = {word for word, label in zip(words, labels, strict=True) if label != IGNORED}
        for token, label, word in zip(ids, labels, words, strict=True):
            assert (token == tokenizer.mask_token_id) == (label != IGNORED) == (word in hidden)
    assert all(label == IGNORED for label in rows["labels"][rows["example"].index(2)]), "a blank text"


def test_masked_training_reads_all_of_the_text_and_masks_anew(reader):
    tokenizer, _ = reader
    task = MaskedLM("masked_lm", "perplexity", block=32, maskings=3)
    rows = Dataset.from_dict(task.encode({"text": TEXTS}, tokenizer, ()))
    made = task.training_rows(rows, tokenizer, 1)
    third = len(made) // 3
    assert len(made) == 3 * third and made["labels"][:third] != made["labels"][third : 2 * third]
    assert made.to_dict() == task.training_rows(rows, tokenizer, 1).to_dict()
    assert made["labels"] != task.training_rows(rows, tokenizer, 2)["labels"]
    ids = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in TEXTS if text]
    assert task.tokens(rows) == [token for text in ids for token in text]
    assert max(made["length"]) == 32
    share = sum(label != IGNORED for row in made["labels"] for label in row) / (3 * len(task.tokens(rows)))
    assert 0.1 < share <= 0.16


def test_the_masked_loss_is_that_of_transformers(reader):
    tokenizer, model = reader
    rows = MASKED.encode({"text": TEXTS[:2]}, tokenizer, ())
    found, items = losses(MASKED, model, tokenizer, rows)
    for ids, labels, loss, count in zip(rows["input_ids"], rows["labels"], found, items, strict=True):
        alone = model(input_ids=torch.tensor([ids]), labels=torch.tensor([labels])).loss
        assert loss.item() == pytest.approx(alone.item() * count.item(), rel=1e-4)


# --- scores


def test_scores_by_hand():
    """Three tokens of 1, 2 and 3 nats over two texts of 4 bytes: mean 2, 6 nats on 8 bytes, one of three right."""
    rows = {"example": [0, 1, 1], "labels": [[IGNORED, 5], [IGNORED, 6], [7]]}
    reduced = ([[0.0, 1.0], [0.0, 2.0], [3.0]], [[0, 5], [0, 5], [5]], [[0, 0.5], [0, 0.5], [0.5]])
    found = CAUSAL.decode(reduced, rows, (), {"text": ["abcd", "é42", ""]}, None)
    assert found[0] == {"prediction": round(exp(1), 4), "loss": 1.0, "tokens": 1, "right": 1}
    assert found[1] == {"prediction": round(exp(2.5), 4), "loss": 2.5, "tokens": 2, "right": 0}
    assert found[2] == {"prediction": None, "loss": None, "tokens": None, "right": None}
    values = CAUSAL.metrics(found, {"text": ["abcd", "é42", ""]}).values
    assert values == pytest.approx({"perplexity": exp(2), "bits_per_byte": 6 * log2(exp(1)) / 8, "accuracy": 1 / 3})


def test_what_was_guessed_at_each_masked_token():
    """Of three masked tokens two are wrong in the same way; the text without one has no guesses."""
    rows = {"example": [0, 1, 2], "labels": [[IGNORED, 0, 1], [IGNORED], [0]]}
    reduced = ([[0, 1.0, 1.0], [0], [1.0]], [[0, 1, 1], [0], [1]], [[0, 0.5, 0.123456], [0], [0.25]])
    texts, tokenizer = {"text": ["a b", "", "a"]}, SimpleNamespace(decode=lambda ids: f" {'ab'[ids[0]]}")
    found = MASKED.decode(reduced, rows, (), texts, tokenizer)
    assert [p["guesses"] for p in found] == [
        [{"word": "a", "guess": "b", "confidence": 0.5}, {"word": "b", "guess": "b", "confidence": 0.1235}],
        None,
        [{"word": "a", "guess": "b", "confidence": 0.25}],
    ]
    assert [answer.error for p in found for answer in MASKED.answers(p)] == [0.5, 0.0, 0.25]
    assert MASKED.metrics(found, texts).tables == {"wrong guesses": [{"word": "a", "guessed": "b", "times": 2}]}


def test_unigrams_are_a_distribution():
    """Four tokens of two kinds, a vocabulary of 5: 3/6, 1/6, and 2/6 for the three kinds that were not seen."""
    chance, best = unigrams([1, 1, 1, 2], 5)
    assert [chance(token) for token in range(5)] == pytest.approx([1 / 9, 3 / 6, 1 / 6, 1 / 9, 1 / 9]) and best == 1


def test_the_sample_is_the_same_everywhere_and_its_test_names_are_new():
    made = generate()
    assert made == generate() and [len(made[split]["text"]) for split in made] == [400, 40, 60]
    names = {split: {w.strip(".,") for text in made[split]["text"] for w in text.split()} for split in made}
    ships = {split: {re.search(r"(?:schooner|brig|cutter|ketch) (\w+)", text)[1] for text in made[split]["text"]}
             for split in made}  # fmt: skip
    assert not ships["test"] & (names["train"] | names["validation"]) and len(ships["test"]) >= 10
