"""The families of encoders that people start from: each trains, saves, and loads again as what it was."""

import json

import pytest

from stages.processor import load_tokenizer, treats_words_alike

SIZE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
QUICK = ("training.max_steps=2", "data.limit=16", "batch_size=8", "optimizer.learning_rate=0.01")


def make_modernbert(folder, words, texts):
    """Byte-level tokenizer of the general class, as the real one has; peft knows no layers of it."""
    from tokenizers import Tokenizer, processors
    from transformers import ModernBertConfig, ModernBertForMaskedLM, PreTrainedTokenizerFast

    tokens = Tokenizer.from_file(str(texts / "tokenizer.json"))
    special = [("<s>", 0), ("</s>", 2)]
    tokens.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=special)
    names = {
        "unk_token": "<unk>",
        "cls_token": "<s>",
        "sep_token": "</s>",
        "pad_token": "<pad>",
        "mask_token": "<mask>",
    }
    PreTrainedTokenizerFast(tokenizer_object=tokens, model_max_length=8192, **names).save_pretrained(folder)
    ids = {"pad_token_id": 1, "cls_token_id": 0, "bos_token_id": 0, "sep_token_id": 2, "eos_token_id": 2}
    config = ModernBertConfig(vocab_size=tokens.get_vocab_size(), max_position_embeddings=128, **SIZE, **ids)
    ModernBertForMaskedLM(config).save_pretrained(folder)


def make_roberta(folder, words, texts):
    """Its classification head has two layers, both new: peft must save them as one module."""
    for path in texts.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())


def make_distilbert(folder, words, texts):
    from transformers import AutoTokenizer, DistilBertConfig, DistilBertForMaskedLM

    tokenizer = AutoTokenizer.from_pretrained(words)
    tokenizer.save_pretrained(folder)
    size = {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64, "max_position_embeddings": 64}
    DistilBertForMaskedLM(DistilBertConfig(vocab_size=len(tokenizer), **size)).save_pretrained(folder)


def make_electra(folder, words, texts):
    from transformers import AutoTokenizer, ElectraConfig, ElectraForPreTraining

    tokenizer = AutoTokenizer.from_pretrained(words)
    tokenizer.save_pretrained(folder)
    config = ElectraConfig(vocab_size=len(tokenizer), embedding_size=16, max_position_embeddings=64, **SIZE)
    ElectraForPreTraining(config).save_pretrained(folder)


def make_deberta(folder, words, texts):
    """Weights in half precision, as the real one has them."""
    from safetensors.torch import save_file
    from transformers import AutoTokenizer, DebertaV2Config, DebertaV2ForMaskedLM

    tokenizer = AutoTokenizer.from_pretrained(words)
    tokenizer.save_pretrained(folder)
    config = DebertaV2Config(
        vocab_size=len(tokenizer), max_position_embeddings=64, relative_attention=True, position_buckets=16,
        norm_rel_ebd="layer_norm", share_att_key=True, pos_att_type="p2c|c2p", position_biased_input=False,
        type_vocab_size=0, **SIZE,
    )  # fmt: skip
    config.save_pretrained(folder)
    weights = {name: value.clone() for name, value in DebertaV2ForMaskedLM(config).half().state_dict().items()}
    save_file(weights, folder / "model.safetensors", {"format": "pt"})  # those that it ties twice, as the real one has


MAKERS = {
    "roberta": make_roberta, "modernbert": make_modernbert, "deberta": make_deberta, "distilbert": make_distilbert,
    "electra": make_electra,
}  # fmt: skip
RARER = pytest.mark.slow
CASES = [
    "roberta",
    "modernbert",
    "deberta",
    pytest.param("distilbert", marks=RARER),
    pytest.param("electra", marks=RARER),
]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory, tiny_bert, tiny_roberta):
    """`tiny("electra")` -> the folder of a tiny random model of that family."""
    made = {}

    def folder_of(name):
        if name not in made:
            made[name] = tmp_path_factory.mktemp(name)
            MAKERS[name](made[name], tiny_bert, tiny_roberta)
        return made[name]

    return folder_of


@pytest.mark.parametrize("task", ["ner", "text_classification"])
@pytest.mark.parametrize("method", ["full", "lora"])
@pytest.mark.parametrize("name", CASES)
def test_each_family_trains_and_is_saved(run_here, tiny, name, method, task):
    """Every run ends by loading what it saved and comparing it with the trained model."""
    folder = run_here(f"experiment=quickstart/{task}", f"model.path={tiny(name)}", f"method={method}", *QUICK)
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["test"]["loss"] > 0
    assert (folder / "model" / "model.safetensors").is_file()


def test_a_byte_level_tokenizer_of_the_general_class(tiny, tmp_path):
    from transformers import AutoTokenizer

    assert not treats_words_alike(AutoTokenizer.from_pretrained(tiny("modernbert")))
    tokenizer = load_tokenizer(tiny("modernbert"), splits_words=True)
    assert treats_words_alike(tokenizer)
    tokenizer.save_pretrained(tmp_path)
    assert treats_words_alike(AutoTokenizer.from_pretrained(tmp_path))
