"""What is said about hardware that could be used better."""

import pytest

from stages import hardware, launching


@pytest.mark.parametrize(
    ("visible", "hint"), [("0,1,2", "hint: one GPU is used, 2 more could be: hardware=multi_gpu"), ("0", ""), ("", "")]
)
def test_idle_gpus(monkeypatch, capsys, visible, hint):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    launching.start_processes({"batch_size": 16, "hardware": {"num_processes": None}}, ["run.py"])
    assert capsys.readouterr().out.strip() == hint
    assert launching.os.environ["CUDA_VISIBLE_DEVICES"] == visible.split(",")[0]


@pytest.mark.parametrize(
    ("training", "use_cpu", "bf16", "hint"),
    [
        ({}, False, True, "training.bf16=true"),
        ({}, False, False, "training.fp16=true"),
        ({"bf16": True}, False, True, ""),
        ({}, True, True, ""),
    ],
)
def test_half_precision(monkeypatch, capsys, training, use_cpu, bf16, hint):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: bf16)
    hardware.hint_at_precision({"training": training, "hardware": {"use_cpu": use_cpu}})
    assert (hint in capsys.readouterr().out) if hint else not capsys.readouterr().out


def test_no_hint_without_a_gpu(monkeypatch, capsys):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    hardware.hint_at_precision({"training": {}, "hardware": {}})
    assert not capsys.readouterr().out
