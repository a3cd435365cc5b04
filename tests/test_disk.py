"""Room on the disk is looked at before training, and a full disk is said in a sentence."""

import errno
import json
from types import SimpleNamespace

import pytest
import torch

from stages import disk
from stages.full_disk import is_full


def arguments(**changed):
    given = {"save_only_model": False, "save_strategy": "epoch", "save_total_limit": 2, "device": torch.device("cpu")}
    return SimpleNamespace(**{**given, **changed})


@pytest.mark.parametrize(
    ("changed", "adapter", "expected"),
    [
        ({}, False, 3 * (400 + 800)),  # two that stay and one in the making: float32 weights, two states of each
        ({"save_total_limit": None}, False, 3 * 1200),
        ({"save_total_limit": 1, "save_only_model": True}, False, 2 * 400),
        ({"save_strategy": "no"}, False, 400),
        ({}, True, 400),  # 3 * (40 + 80) is less than the model at the end
    ],
)
def test_bytes_of_checkpoints_by_hand(changed, adapter, expected):
    """100 weights, of which an adapter trains 10."""
    assert disk.checkpoint_bytes(10 if adapter else 100, 100, arguments(**changed), adapter) == expected


def test_too_little_room_is_said_before_training(monkeypatch, tmp_path, capsys):
    model = torch.nn.Linear(999, 1)
    monkeypatch.setattr(disk, "free_disk", lambda folder: 11_999)
    with pytest.raises(ValueError, match="save_total_limit"):
        disk.check_room(model, arguments(), tmp_path)
    monkeypatch.setattr(disk, "free_disk", lambda folder: 36_000)
    monkeypatch.setattr(disk, "free_memory", lambda device: 15_999)
    disk.check_room(model, arguments(), tmp_path)
    said = capsys.readouterr()
    assert "memory may not hold" in said.out + said.err


def test_the_room_that_checkpoints_of_the_run_take_already_is_its_own(monkeypatch, tmp_path):
    monkeypatch.setattr(disk, "free_disk", lambda folder: 10_000)
    weights = tmp_path / "checkpoints" / "checkpoint-2" / "model.safetensors"
    weights.parent.mkdir(parents=True)
    for size, fits in ((1_000, False), (26_000, True)):
        weights.write_bytes(b"0" * size)
        if fits:
            disk.check_room(torch.nn.Linear(999, 1), arguments(), tmp_path)
        else:
            with pytest.raises(ValueError, match="checkpoints of this run take"):
                disk.check_room(torch.nn.Linear(999, 1), arguments(), tmp_path)


def test_the_disk_of_a_folder_that_is_not_there_yet(tmp_path):
    assert disk.free_disk(tmp_path / "not" / "yet") > 0


def wrapped(error):
    try:
        try:
            raise error
        except Exception as cause:
            raise RuntimeError("could not save") from cause
    except RuntimeError as outer:
        return outer


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (wrapped(OSError(errno.EDQUOT, "quota")), True),
        (RuntimeError("[enforce fail at inline_container.cc:672] . PytorchStreamWriter failed writing file"), True),
        (RuntimeError("I/O error: No space left on device (os error 28)"), True),
        (OSError(errno.EACCES, "Permission denied"), False),
        (ValueError("the disk"), False),
    ],
)
def test_full_disks_by_their_errors(error, full):
    assert is_full(error) is full


def test_a_disk_that_fills_up(run_here, tiny_bert, tmp_path, monkeypatch):
    """The second checkpoint does not fit: the first stays, and the run goes on from it once there is room."""
    import safetensors.torch

    real, saved = safetensors.torch.save_file, []

    def save_file(*args, **kwargs):
        saved.append(args)
        if len(saved) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*args, **kwargs)

    for module in ("transformers.modeling_utils.safe_save_file", "safetensors.torch.save_file"):
        monkeypatch.setattr(module, save_file)
    words = ("experiment=quickstart/text_classification", f"model.path={tiny_bert}", f"output_root={tmp_path}",
             "data.limit=32", "tracking=disabled", "training.num_train_epochs=3", "hardware=cpu")  # fmt: skip
    with pytest.raises(OSError) as error:
        run_here(*words)
    assert is_full(error.value)
    (run,) = tmp_path.glob("text_classification-*/")
    assert [path.name for path in run.glob("checkpoints/checkpoint-*")] == ["checkpoint-2"]
    folder = run_here(*words)
    rows = [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if "eval_loss" in row] == [2, 4, 6]
