"""Loading: tokenizers read words as in running text, the model says how much it reads, the head is named and seeded."""

import json
from types import SimpleNamespace

import pytest

from stages.model import answers, build_model, check_saved, count_parameters, limit_length, readable_length, save_model
from stages.processor import add_tokens, load_tokenizer, treats_words_alike
from tasks.contract import task_class
from tasks.texts.rows import encode_texts
from tasks.words.windows import split_into_windows

NER = task_class("ner")("ner", "f1")
TEXT = task_class("text_classification")("text_classification", "accuracy")
LABELS = ("O", "B-PER", "I-PER")


def config(method="full", seed=1, **changes):
    lora = {
        "r": 4,
        "lora_alpha": 8,
        "lora_dropout": 0.0,
        "target_modules": None,
        "use_rslora": False,
        "use_dora": False,
    }
    full = {"frozen_layers": 0, "frozen_embeddings": False}
    return {
        "model": {"config": changes},
        "seed": seed,
        "training": {},
        "method": {"name": method, **{"lora": lora, "full": full}[method]},
    }


def test_a_byte_level_tokenizer_gets_its_leading_space(tiny_roberta):
    from transformers import AutoTokenizer

    plain = AutoTokenizer.from_pretrained(tiny_roberta)
    assert not treats_words_alike(plain)  # the problem is there
    words = load_tokenizer(tiny_roberta, splits_words=True)
    assert words(["in", "Berlin"], is_split_into_words=True).tokens()[1:-1] == words.tokenize(" in Berlin")
    texts = load_tokenizer(tiny_roberta, splits_words=False)
    assert texts("Berlin").tokens() == plain("Berlin").tokens()


def test_the_leading_space_survives_saving(tiny_roberta, tmp_path):
    load_tokenizer(tiny_roberta, splits_words=True).save_pretrained(tmp_path)
    from transformers import AutoTokenizer

    assert treats_words_alike(AutoTokenizer.from_pretrained(tmp_path))


def test_a_word_piece_tokenizer_needs_nothing(tiny_bert):
    assert treats_words_alike(load_tokenizer(tiny_bert, splits_words=True))


def test_a_tokenizer_that_is_a_sentence_piece_file_only(tmp_path):
    """As DeBERTa-v3 has it on the Hub: spm.model and a config, no tokenizer.json."""
    import io

    import sentencepiece
    from transformers import DebertaV2Config

    text, model = ["the city of Berlin near the river", "Anna lives in Paris with a good book"] * 20, io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(text), model_writer=model, vocab_size=60, pad_id=0, bos_id=1, eos_id=2, unk_id=3,
        user_defined_symbols=["[CLS]", "[SEP]", "[MASK]"], hard_vocab_limit=False, minloglevel=2,
    )  # fmt: skip
    (tmp_path / "spm.model").write_bytes(model.getvalue())
    DebertaV2Config(vocab_size=70, hidden_size=8, num_hidden_layers=1, num_attention_heads=1).save_pretrained(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": False, "vocab_type": "spm"}))
    tokenizer = load_tokenizer(tmp_path, splits_words=True)
    assert tokenizer.is_fast
    batch = tokenizer(["Anna", "in", "Berlin"], is_split_into_words=True)
    assert [w for w in dict.fromkeys(batch.word_ids()) if w is not None] == [0, 1, 2]


def test_a_folder_without_tokenizer(tmp_path):
    with pytest.raises(ValueError, match="tokenizer cannot be loaded"):
        load_tokenizer(tmp_path, splits_words=True)


@pytest.mark.parametrize(("name", "reads"), [("tiny_bert", 64), ("tiny_roberta", 62)])
def test_readable_length(request, name, reads):
    """RoBERTa's 64 positions start behind its padding id 1: it reads 62. One more sub-word would crash it."""
    import torch

    folder = request.getfixturevalue(name)
    tokenizer, model = load_tokenizer(folder, True), build_model(config(), NER, LABELS, folder, None)
    tokenizer.model_max_length = 10**30  # as many tokenizers on the Hub say
    assert readable_length(model, tokenizer) == reads
    model(input_ids=torch.full((1, reads), 5))
    with pytest.raises((RuntimeError, IndexError)):
        model(input_ids=torch.full((1, reads + 1), 5))
    assert readable_length(model, tokenizer, 16) == 16
    with pytest.raises(ValueError, match=f"max_length={reads + 1}, but this model reads {reads} sub-words"):
        readable_length(model, tokenizer, reads + 1)


def test_no_limit_at_all_is_a_number_that_arrays_hold(tiny_bert):
    """Bloom has no positions, and its tokenizer need not name a length."""
    tokenizer, model = load_tokenizer(tiny_bert, True), build_model(config(), NER, LABELS, tiny_bert, None)
    tokenizer.model_max_length, model.config.max_position_embeddings = 10**30, -1  # as XLNet
    limit_length(model, tokenizer)
    assert len(split_into_windows([["a", "river"]], tokenizer, 8).example) == 1
    assert encode_texts(tokenizer, ["a river"])["input_ids"][0]


def test_labels_are_named_and_the_head_is_seeded(tiny_bert):
    one, same, other = (build_model(config(seed=s), NER, LABELS, tiny_bert, None) for s in (1, 1, 2))
    assert one.config.id2label == dict(enumerate(LABELS)) and one.config.label2id["I-PER"] == 2
    assert one.classifier.weight.equal(same.classifier.weight)
    assert not one.classifier.weight.equal(other.classifier.weight)
    assert one.bert.embeddings.word_embeddings.weight.equal(other.bert.embeddings.word_embeddings.weight)


def test_model_config_is_changed_by_name(tiny_bert):
    model = build_model(config(hidden_dropout_prob=0.0), TEXT, ("a", "b"), tiny_bert, None)
    assert model.config.hidden_dropout_prob == 0.0 and model.bert.embeddings.dropout.p == 0.0
    with pytest.raises(
        ValueError, match=r"no key model\.config\.hidden_dropot_prob\. Nearest: model\.config\.hidden_dropout"
    ):
        build_model(config(hidden_dropot_prob=0.0), TEXT, ("a", "b"), tiny_bert, None)


def test_how_attention_is_computed(tiny_bert):
    """As asked, with the same answers; a kernel that is not there is named by its key."""
    import torch

    found = []
    for attention in (None, "eager", "sdpa"):
        asked = config()
        asked["model"]["attention"] = attention
        model = build_model(asked, TEXT, ("a", "b"), tiny_bert, None).eval()
        assert model.config._attn_implementation == (attention or "sdpa")
        found.append(model(input_ids=torch.tensor([[5, 6, 7]])).logits)
    assert torch.allclose(found[1], found[2], atol=1e-6) and found[0].equal(found[2])
    asked["model"]["attention"] = "flash_attention_2"
    with pytest.raises(ValueError, match=r"cannot be loaded as .* with model\.attention=flash_attention_2: "):
        build_model(asked, TEXT, ("a", "b"), tiny_bert, None)


def test_lora_trains_little_and_everything_new(tiny_bert):
    """The tiny checkpoint has no pooler: it starts at random like the head, so both are trained and saved whole."""
    model = build_model(config("lora"), TEXT, ("a", "b"), tiny_bert, None)
    trained = {name for name, p in model.named_parameters() if p.requires_grad}
    assert any("lora_A" in name for name in trained)
    assert any("classifier" in name for name in trained) and any("pooler" in name for name in trained)
    assert not any("embeddings" in name or "intermediate" in name for name in trained)
    few, all_ = count_parameters(model)
    assert 0 < few < 0.25 * all_


def test_lora_without_layers_to_adapt(tiny_bert):
    wrong = config("lora")
    wrong["method"]["target_modules"] = ["nothing_like_it"]
    with pytest.raises(ValueError, match=r"method\.target_modules"):
        build_model(wrong, NER, LABELS, tiny_bert, None)


def test_a_folder_that_is_no_model_for_the_head(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "t5", "d_model": 8, "num_layers": 1}')
    with pytest.raises(ValueError, match="cannot be loaded"):
        task = SimpleNamespace(auto_class="AutoModelForMultipleChoice", head_config={}, new_tokens=())
        build_model(config(), task, LABELS, tmp_path, None)


def test_a_crf_that_was_lost_in_saving_is_noticed(tiny_bert, tmp_path):
    """The transitions are not in the logits, but decide what is predicted."""
    import torch

    task, tokenizer = task_class("ner")("ner", "f1", head="crf"), load_tokenizer(tiny_bert, splits_words=True)
    model = build_model(config(), task, LABELS, tiny_bert, None)
    torch.nn.init.normal_(model.crf.between)
    rows = task.encode({"tokens": [["the", "city"]], "tags": [["O", "O"]]}, tokenizer, LABELS)
    batch = task.collator(tokenizer, None)([{name: column[0] for name, column in rows.items()}])
    batch.pop("labels")
    expected = answers(task, model, batch)
    save_model(model, tokenizer, tmp_path / "model")
    check_saved(task, tmp_path, batch, expected)
    torch.nn.init.zeros_(model.crf.between)
    save_model(model, tokenizer, tmp_path / "model")
    with pytest.raises(RuntimeError, match="differs from the trained one"):
        check_saved(task, tmp_path, batch, expected)


@pytest.mark.parametrize("method", ["full", "lora"])
def test_new_tokens_join_the_vocabulary_and_are_learned(tiny_bert, tmp_path, method):
    """With an adapter as well: an embedding that stays at its random start would say nothing."""

    class Marking(type(TEXT)):
        new_tokens = ("[E1]", "[/E1]")

    task = Marking("text_classification", "accuracy")
    tokenizer = add_tokens(load_tokenizer(tiny_bert, False), task)
    known = len(load_tokenizer(tiny_bert, False))
    assert tokenizer("a [E1] film [/E1]", add_special_tokens=False)["input_ids"][1::2] == [known, known + 1]
    model = build_model(config(method), task, ("a", "b"), tiny_bert, tokenizer)
    assert model.get_input_embeddings().weight.shape[0] == len(tokenizer) == known + 2
    learned = [name for name, p in model.named_parameters() if p.requires_grad]
    assert any("word_embeddings" in name for name in learned)
    batch = tokenizer(["a [E1] film"], return_tensors="pt")
    expected = answers(task, model, batch)
    save_model(model, tokenizer, tmp_path / "model")
    check_saved(task, tmp_path, batch, expected)
    assert load_tokenizer(tmp_path / "model", False)("[E1]", add_special_tokens=False)["input_ids"] == [known]
