"""GGUF files as model folders: the same model comes out, once, whole or not at all."""

import json

import numpy
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from stages import gguf
from stages.hub import locate_model


@pytest.fixture(scope="module")
def file(tiny_llama, tmp_path_factory):
    return write_gguf(tmp_path_factory.mktemp("gguf") / "tiny.F32.gguf", tiny_llama)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "tunesmith"


def write_gguf(path, folder):
    """A model folder as llama.cpp keeps it: its names of tensors, queries and keys in its order of rotary pairs."""
    from gguf import GGUFWriter

    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    config, bpe = model.config, json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    out = GGUFWriter(path, "llama")
    out.add_context_length(config.max_position_embeddings)
    out.add_embedding_length(config.hidden_size)
    out.add_block_count(config.num_hidden_layers)
    out.add_feed_forward_length(config.intermediate_size)
    out.add_head_count(config.num_attention_heads)
    out.add_head_count_kv(config.num_key_value_heads)
    out.add_layer_norm_rms_eps(config.rms_norm_eps)
    out.add_rope_freq_base(config.rope_parameters["rope_theta"])
    out.add_vocab_size(config.vocab_size)
    out.add_tokenizer_model("gpt2")
    tokens = sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().__getitem__)
    out.add_token_list(tokens)
    out.add_token_types([3 if token in tokenizer.all_special_tokens else 1 for token in tokens])
    out.add_token_merges([" ".join(pair) for pair in bpe["merges"]])
    out.add_eos_token_id(tokenizer.eos_token_id)
    out.add_pad_token_id(tokenizer.pad_token_id)
    out.add_chat_template(tokenizer.chat_template)
    for name, tensor in model.state_dict().items():
        out.add_tensor(*as_llama_cpp(name, tensor.float().numpy(), config.num_attention_heads))
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()
    return path


def as_llama_cpp(name, tensor, heads):
    parts = {
        "self_attn.": "attn_", "_proj": "", "attn_o.": "attn_output.", "mlp.": "ffn_", "input_layernorm": "attn_norm",
        "post_attention_layernorm": "ffn_norm", "model.layers": "blk", "model.embed_tokens": "token_embd",
        "model.norm": "output_norm", "lm_head": "output",
    }  # fmt: skip
    if "q_proj" in name or "k_proj" in name:
        halves = tensor.reshape(heads, 2, tensor.shape[0] // heads // 2, -1)
        tensor = numpy.ascontiguousarray(halves.swapaxes(1, 2).reshape(tensor.shape))
    for ours, theirs in parts.items():
        name = name.replace(ours, theirs)
    return name, tensor


def test_the_same_model_comes_out(file, tiny_llama, cache):
    folder, commit = locate_model(str(file))
    assert folder.parent == cache and commit is None
    models = [AutoModelForCausalLM.from_pretrained(f, dtype=torch.float32).eval() for f in (tiny_llama, folder)]
    first, second = (AutoTokenizer.from_pretrained(f) for f in (tiny_llama, folder))
    chat = [{"role": "user", "content": "the cat 我们"}, {"role": "assistant", "content": "Berlin 12"}]
    ids = first.apply_chat_template(chat, return_tensors="pt", return_dict=True)["input_ids"]
    assert second.apply_chat_template(chat, return_tensors="pt", return_dict=True)["input_ids"].tolist() == ids.tolist()
    assert second.eos_token == "</s>" and second.model_max_length == 128
    with torch.no_grad():
        logits = [model(ids).logits for model in models]
    assert torch.allclose(*logits, atol=2e-3)
    assert "quantization" not in (folder / "config.json").read_text()
    assert str(file) not in (folder / "config.json").read_text()


def test_it_is_unpacked_once_and_again_when_it_changes(file, tmp_path, monkeypatch):
    made = []

    def convert(source, folder):
        made.append(source)
        folder.mkdir()
        (folder / "config.json").write_text("{}")

    monkeypatch.setattr(gguf, "_convert", convert)
    copy = tmp_path / file.name
    copy.write_bytes(file.read_bytes())
    first = gguf.unpack(file)
    assert gguf.unpack(file) == gguf.unpack(copy) == first and made == [file]
    copy.write_bytes(file.read_bytes() + b" ")
    assert gguf.unpack(copy) != first and made == [file, copy]


def test_what_fails_leaves_nothing(file, cache, monkeypatch):
    def convert(source, folder):
        folder.mkdir()
        (folder / "config.json").write_text("{")
        raise KeyboardInterrupt

    monkeypatch.setattr(gguf, "_convert", convert)
    with pytest.raises(KeyboardInterrupt):
        gguf.unpack(file)
    assert list(cache.iterdir()) == []


def test_another_process_may_be_faster(file, cache, monkeypatch):
    def convert(source, folder):
        other = folder.with_name(folder.name.removeprefix(".").rpartition(".")[0])
        for place in (folder, other):
            place.mkdir()
            (place / "config.json").write_text(place.name)

    monkeypatch.setattr(gguf, "_convert", convert)
    place = gguf.unpack(file)
    assert [entry.name for entry in cache.iterdir()] == [place.name]
    assert (place / "config.json").read_text() == place.name


def test_what_is_no_gguf_file_is_named(tmp_path, cache):
    (tmp_path / "broken.gguf").write_bytes(b"GGUF but not really")
    with pytest.raises(ValueError, match=r"broken\.gguf: it cannot be read as a GGUF file"):
        locate_model(str(tmp_path / "broken.gguf"))
    with pytest.raises(FileNotFoundError, match=r"nothing\.gguf holds no config\.json"):
        locate_model(str(tmp_path / "nothing.gguf"))
    assert list(cache.iterdir()) == []
