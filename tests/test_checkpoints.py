"""Checkpoints: whole or not at all; damaged ones are found, named and set aside, and the one before is used."""

import json
import os
import stat

import pytest

from stages import checkpoints
from stages.checkpoints import MANIFEST, PARTIAL, STATE, damage, look_over, take_up

FILES = {
    "model.safetensors": bytes(range(256)) * 20, "optimizer.pt": b"momentum" * 100, "scheduler.pt": b"rate",
    "rng_state.pth": b"random", "pytorch_model_fsdp_0/__0_0.distcp": b"a part of a split model",
}  # fmt: skip


def made(folder, step, best=None, files=FILES):
    """A sealed checkpoint of a step, by hand; -> its place."""
    written = folder / PARTIAL / f"checkpoint-{step}"
    for name, content in files.items():
        (written / name).parent.mkdir(parents=True, exist_ok=True)
        (written / name).write_bytes(content)
    best = best and f"/another/place/checkpoint-{best}"
    (written / STATE).write_text(json.dumps({"global_step": step, "best_model_checkpoint": best}))
    return checkpoints.seal(written, folder)


def test_its_files_are_for_whom_the_umask_says(tmp_path):
    """safetensors writes its own for the owner alone."""
    written = tmp_path / PARTIAL / "checkpoint-4"
    written.mkdir(parents=True)
    (written / STATE).write_text("{}")
    (written / "model.safetensors").touch(0o600)
    previous = os.umask(0o027)
    try:
        files = list(checkpoints.seal(written, tmp_path).iterdir())
    finally:
        os.umask(previous)
    assert len(files) == 3 and {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o640}


def flip(path, place):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def cut(path, left):
    path.write_bytes(path.read_bytes()[:left])


def listed(checkpoint, change):
    """Change what the manifest lists."""
    manifest = json.loads((checkpoint / MANIFEST).read_text())
    change(manifest["files"])
    (checkpoint / MANIFEST).write_text(json.dumps(manifest))


SHARD = "pytorch_model_fsdp_0/__0_0.distcp"
WEIGHTS = "model.safetensors"
DAMAGES = {
    "weights cut to half": (lambda c: cut(c / WEIGHTS, 2560), "model.safetensors has 2560 bytes instead of 5120"),
    "weights without the last byte": (lambda c: cut(c / WEIGHTS, 5119), "model.safetensors has 5119 bytes"),
    "weights empty": (lambda c: cut(c / WEIGHTS, 0), "model.safetensors has 0 bytes"),
    "weights with a byte more": (
        lambda c: (c / WEIGHTS).write_bytes((c / WEIGHTS).read_bytes() + b"x"), "5121 bytes instead of 5120"
    ),
    "first bit of the weights": (lambda c: flip(c / WEIGHTS, 0), "model.safetensors has other content"),
    "a bit inside the weights": (lambda c: flip(c / WEIGHTS, 2000), "model.safetensors has other content"),
    "last bit of the weights": (lambda c: flip(c / WEIGHTS, -1), "model.safetensors has other content"),
    "a bit of the optimizer": (lambda c: flip(c / "optimizer.pt", 5), "optimizer.pt has other content"),
    "a bit of the random states": (lambda c: flip(c / "rng_state.pth", 5), "rng_state.pth has other content"),
    "a bit of the Trainer's state": (lambda c: flip(c / STATE, 5), "trainer_state.json has other content"),
    "a bit of a split model": (lambda c: flip(c / SHARD, 5), "__0_0.distcp has other content"),
    "no weights": (lambda c: (c / WEIGHTS).unlink(), "model.safetensors is missing"),
    "no optimizer": (lambda c: (c / "optimizer.pt").unlink(), "optimizer.pt is missing"),
    "no Trainer's state": (lambda c: (c / STATE).unlink(), "trainer_state.json is missing"),
    "no part of a split model": (lambda c: (c / SHARD).unlink(), "__0_0.distcp is missing"),
    "a folder in place of a file": (
        lambda c: ((c / "scheduler.pt").unlink(), (c / "scheduler.pt").mkdir()), "scheduler.pt is missing"
    ),
    "no manifest": (lambda c: (c / MANIFEST).unlink(), "it has no manifest.json"),
    "half a manifest": (lambda c: cut(c / MANIFEST, 100), "its manifest.json cannot be read"),
    "a manifest of zeros": (lambda c: (c / MANIFEST).write_bytes(bytes(300)), "its manifest.json cannot be read"),
    "a manifest of something else": (lambda c: (c / MANIFEST).write_text('["x"]'), "its manifest.json cannot be read"),
    "a manifest without entries": (lambda c: listed(c, dict.clear), "does not list trainer_state.json"),
    "a bit of a digest": (
        lambda c: listed(c, lambda files: files[WEIGHTS].update(xxh3="0" * 32)), "model.safetensors has other content"
    ),
    "an entry without a size": (lambda c: listed(c, lambda files: files[WEIGHTS].pop("size")), "cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize("case", DAMAGES)
def test_a_damaged_checkpoint_is_named_and_set_aside(tmp_path, capsys, case):
    """And the one before it is used."""
    before, newest = made(tmp_path, 9), made(tmp_path, 10)
    assert look_over(tmp_path) == (newest, {})
    harm, reason = DAMAGES[case]
    harm(newest)
    assert reason in damage(newest)
    assert take_up(tmp_path, 1) == before
    said = " ".join(capsys.readouterr().out.split())
    assert f"warning: checkpoint-10 cannot be used: {damage(tmp_path / 'checkpoint-10.damaged')}" in said
    assert "checkpoint-10.damaged" in said and "goes on from checkpoint-9" in said
    assert sorted(p.name for p in tmp_path.iterdir()) == ["checkpoint-10.damaged", "checkpoint-9"]
    assert take_up(tmp_path, 1) == before and "warning" not in capsys.readouterr().out


def test_without_a_whole_checkpoint_training_starts_anew(tmp_path, capsys):
    assert take_up(tmp_path / "none", 1) is None and capsys.readouterr().out == ""
    for step in (1, 2):
        (made(tmp_path, step) / MANIFEST).unlink()
    assert take_up(tmp_path, 1) is None
    assert "no whole checkpoint is left: training starts again from its first step" in capsys.readouterr().out


def test_damaged_twice_both_are_kept(tmp_path):
    for _ in range(2):
        (made(tmp_path, 3) / MANIFEST).unlink()
        take_up(tmp_path, 1)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["checkpoint-3.damaged", "checkpoint-3.damaged.1"]


@pytest.mark.parametrize("harm", ["flip", "remove"])
def test_who_cannot_end_with_the_best_goes_further_back(tmp_path, harm):
    """The end of training loads the best one: without it the run would end with other weights."""
    first, best, last = made(tmp_path, 1, 1), made(tmp_path, 2, 2), made(tmp_path, 3, 2)
    assert look_over(tmp_path)[0] == last and checkpoints.best_of(last) == best
    if harm == "flip":
        flip(best / WEIGHTS, 7)
    else:
        (best / MANIFEST).unlink()
    found, wrong = look_over(tmp_path)
    assert found == first and list(wrong) == [last, best]
    assert wrong[last].startswith("the best one so far, checkpoint-2, is damaged: ")


def test_weights_alone_are_nothing_to_go_on_from(tmp_path):
    place = made(tmp_path, 1, files={WEIGHTS: b"weights"})
    assert damage(place) is None and "training.save_only_model" in look_over(tmp_path)[1][place]


def test_what_was_being_written_is_swept_away(tmp_path):
    whole = made(tmp_path, 4)
    for name in (f"{PARTIAL}/checkpoint-5", checkpoints.PRUNED):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / WEIGHTS).write_bytes(b"half of")
    assert take_up(tmp_path, 1) == whole
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint-4"]


def test_a_checkpoint_appears_only_when_it_is_complete(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    whole = made(tmp_path, 4)
    monkeypatch.setattr(checkpoints, "write_json", full)
    with pytest.raises(OSError, match="No space left"):
        made(tmp_path, 5)
    assert look_over(tmp_path) == (whole, {}) and not (tmp_path / "checkpoint-5").exists()


@pytest.mark.parametrize(
    ("limit", "best", "left"),
    [(2, 2, [2, 10]), (2, 10, [9, 10]), (1, 2, [2, 10]), (1, 10, [10]), (3, 1, [1, 9, 10]), (None, 1, [1, 2, 9, 10]),
     (9, None, [1, 2, 9, 10]), (1, None, [10])],
)  # fmt: skip
def test_the_best_and_the_last_are_never_pruned(tmp_path, limit, best, left):
    for step in (1, 2, 9, 10):
        made(tmp_path, step)
    (tmp_path / "checkpoint-11.damaged").mkdir()
    checkpoints.prune(tmp_path, limit, best and f"elsewhere/checkpoint-{best}")
    assert [int(p.name.rpartition("-")[2]) for p in checkpoints.by_step(tmp_path)] == left


def test_another_number_of_processes_is_said(tmp_path, capsys):
    made(tmp_path, 1, files={"rng_state_0.pth": b"0", "rng_state_1.pth": b"1"})
    take_up(tmp_path, 2)
    assert "hint" not in capsys.readouterr().out
    take_up(tmp_path, 1)
    assert "hardware.num_processes=2" in capsys.readouterr().out
