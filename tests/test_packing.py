"""Packed rows: which models keep the texts of a row apart, and what is said where one does not."""

from types import SimpleNamespace

import pytest
import torch
from transformers import AutoModelForCausalLM

from stages.packing import check_packing, keeps_apart

ASKED = SimpleNamespace(packing=True)


def model_of(folder, cache=False):
    model = AutoModelForCausalLM.from_pretrained(folder)
    model.config.use_cache = cache
    return model


@pytest.mark.parametrize("kind", ["tiny_llama", "tiny_gpt2"])
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_models_that_look_at_positions_keep_texts_apart(kind, attention, request):
    """In training mode, where dropout would hide it; the mode stays, and no number is drawn."""
    model = model_of(request.getfixturevalue(kind)).train()
    model.set_attn_implementation(attention)
    drawn = torch.get_rng_state()
    assert keeps_apart(model) and model.training and torch.get_rng_state().equal(drawn)
    check_packing(ASKED, model)


def test_a_model_that_does_not(tiny_llama, capsys):
    """With a cache of past words transformers takes the whole row for one text."""
    model = model_of(tiny_llama, cache=True)
    assert not keeps_apart(model)
    with pytest.raises(ValueError, match=r"task\.packing=true: llama lets the texts .* Set task\.packing=false\."):
        check_packing(ASKED, model)
    check_packing(SimpleNamespace(), model)
    assert "llama lets the texts of a row see each other: the documents" in " ".join(capsys.readouterr().out.split())


def test_a_model_that_takes_no_positions():
    from transformers import BloomConfig, BloomForCausalLM

    torch.manual_seed(0)
    model = BloomForCausalLM(BloomConfig(vocab_size=20, hidden_size=8, n_layer=1, n_head=2, use_cache=False))
    assert not keeps_apart(model)


def test_an_encoder_decoder_has_nothing_to_pack(tiny_t5):
    from transformers import T5ForConditionalGeneration

    with pytest.raises(ValueError, match="an encoder-decoder reads prompt and reply apart"):
        check_packing(ASKED, T5ForConditionalGeneration.from_pretrained(tiny_t5))
