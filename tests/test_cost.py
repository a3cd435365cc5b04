"""What a run costs: counted without waiting for the device, rates by hand, FLOPs against the formula."""

import json

import pytest
import torch

from stages import cost, peak


class Accelerator:
    """Of one process."""

    device, num_processes = torch.device("cpu"), 1

    def reduce(self, tensor, how):
        assert how == "sum"
        return tensor


def test_rows_places_and_tokens_are_counted():
    work = cost.Work()
    work.count({"labels": torch.zeros(2, 3), "attention_mask": torch.tensor([[1, 1, 1], [1, 0, 0]])})
    work.count({"labels": torch.zeros(1), "attention_mask": torch.tensor([[[1, 1], [1, 0]]])})
    work.end(2.0, Accelerator())
    assert (work.totals, work.seconds) == ((3, 10, 7), 2.0)


def test_images_have_no_tokens():
    work = cost.Work()
    work.count({"labels": torch.zeros(4), "pixel_values": torch.zeros(4, 3, 8, 8)})
    work.end(2.0, Accelerator())
    of = cost.cost_of(work.totals, 2.0, None, None, 0)
    assert (of.examples_per_second, of.tokens_per_second, of.padding, of.utilisation) == (2.0, None, None, None)


def test_rates_by_hand():
    """100 rows, 2,000 places, 1,500 tokens in 5 s; 1,500 * 2e6 FLOPs / 5 s of a peak of 6e9 a second."""
    of = cost.cost_of((100, 2000, 1500), 5.0, 2e6, 6e9, 3 * 2**30, 2**29)
    assert of == cost.Cost(20.0, 300.0, 0.25, 0.1, 6.0, 3.0, 0.5)
    nothing = cost.cost_of((0, 0, 0), 0.0, 2e6, 6e9, 0)
    assert (nothing.examples_per_second, nothing.utilisation) == (None, None)


@pytest.mark.parametrize(("trained", "factor"), [(True, 3), (False, 2)])
def test_flops_of_a_transformer_by_hand(trained, factor):
    """2 * weights of each layer's six products, and attention's two: 4 * length * hidden, per place of the batch."""
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=50, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        attn_implementation="sdpa",
    )  # fmt: skip
    model = BertModel(config, add_pooling_layer=False).eval().requires_grad_(trained)
    batch = {"input_ids": torch.ones(3, 8, dtype=torch.long), "attention_mask": torch.ones(3, 8, dtype=torch.long)}
    per_layer = 2 * (4 * 16 * 16 + 2 * 16 * 32) + 4 * 8 * 16
    assert cost.training_flops(model, batch) == 2 * per_layer * factor


def test_the_peak_is_the_most_that_was_seen(monkeypatch, tmp_path):
    monkeypatch.setattr(peak, "user_cache", lambda: tmp_path)
    rates = iter([5e9, 3e9, 7e9])
    monkeypatch.setattr(peak, "measured", lambda device, dtype: next(rates))
    device = torch.device("cpu")
    assert [peak.matmul_peak(device, torch.float32) for _ in range(3)] == [5e9, 5e9, 7e9]
    assert list(json.loads((tmp_path / "matmul_peak.json").read_text()).values()) == [7e9]
    (tmp_path / "matmul_peak.json").write_text("damaged")
    monkeypatch.setattr(peak, "measured", lambda device, dtype: 1e9)
    assert peak.matmul_peak(device, torch.float32) == 1e9


def test_a_product_is_timed_and_draws_no_random_numbers_of_the_run():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    assert 1e6 < peak.measured(torch.device("cpu"), torch.float32, size=64) < 1e15
    assert torch.equal(before, torch.get_rng_state())


def test_the_line(capsys):
    of = cost.cost_of((100, 2000, 1500), 5.0, 2e6, 6e9, 3 * 2**30)
    cost.show_cost({"cost": vars(of), "phases": {"start": 2.0, "training": 5.0, "saving": 0.1}})
    said = capsys.readouterr().out
    assert (
        "300 tokens/s, 20.0 examples/s, padding 25%, 10% of the matmul peak, 3.0 GiB; 7 s: start 2, training 5" in said
    )
