"""The run's folder: named by what decides the result and by nothing else, written whole, old runs kept."""

import json

import pytest

from stages import folder
from stages.clock import Clock


@pytest.fixture
def config(compose_config):
    return lambda *words: compose_config("experiment=quickstart/ner", *words)


def test_the_name_says_what_it_is(config):
    place = folder.run_folder(config("model.path=owner/some-model", "output_root=/tmp/x"))
    assert str(place.parent) == "/tmp/x" and place.name.startswith("ner-sample-some-model-")
    assert len(place.name.rsplit("-", 1)[1]) == 8
    assert folder.run_folder(config("model.name=../../evil")).parent == folder.run_folder(config()).parent


@pytest.mark.parametrize(
    "word",
    ["tracking=disabled", "hardware=cpu", "hardware.per_device_train_batch_size=4", "output_root=/tmp/y", "rerun=true",
     "guard.grace_seconds=5", "guard.nan_patience=1"],
)  # fmt: skip
def test_where_and_how_fast_do_not_change_the_digest(config, word):
    assert folder.digest(config(word)) == folder.digest(config())


@pytest.mark.parametrize(
    "word",
    ["seed=1", "batch_size=8", "training.bf16=true", "optimizer.learning_rate=1", "model.revision=x", "task.stride=1",
     "method=lora", "data.limit=5", "guard.max_minutes=5"],
)  # fmt: skip
def test_what_decides_the_result_changes_the_digest(config, word):
    assert folder.digest(config(word)) != folder.digest(config())


def test_local_data_counts_by_content_not_by_path(compose_config, tmp_path):
    def digest_of(name, text):
        (tmp_path / name).write_text(text)
        return folder.digest(compose_config("task=ner", "data=files", f"data.train={tmp_path / name}"))

    assert digest_of("a.conll", "Anna\tB-PER\n") == digest_of("b.conll", "Anna\tB-PER\n")
    assert digest_of("a.conll", "Anna\tB-PER\n") != digest_of("a.conll", "Anna\tO\n")


def test_the_code_counts(config, monkeypatch, tmp_path):
    monkeypatch.setattr(folder, "code_digest", folder.code_digest.__wrapped__)  # as of now, not as of the start
    before = folder.digest(config())
    (tmp_path / "stages").mkdir()
    (tmp_path / "run.py").write_text("")
    (tmp_path / "stages" / "x.py").write_text("x = 1")
    monkeypatch.setattr(folder, "PROJECT", tmp_path)
    one = folder.digest(config())
    (tmp_path / "stages" / "x.py").write_text("x = 2")
    assert len({before, one, folder.digest(config())}) == 3


def test_old_runs_are_kept_one_by_one(tmp_path):
    place = tmp_path / "run"
    assert folder.keep_old(place) is None
    for number in (1, 2):
        place.mkdir()
        (place / "n").write_text(str(number))
        assert folder.keep_old(place) == tmp_path / f"run.{number}"
    assert (tmp_path / "run.1" / "n").read_text() == "1" and not place.exists()


def test_provenance_works_without_git(monkeypatch, tmp_path):
    monkeypatch.setattr(folder, "PROJECT", tmp_path)
    monkeypatch.setattr(folder, "code_digest", lambda: "c" * 64)
    origin = folder.provenance(["seed=1"], Clock(), {}, {})
    assert origin["git"] == {"commit": None, "diff": None, "untracked": None} and origin["command"] == [
        "run.py",
        "seed=1",
    ]
    assert origin["seconds"] >= 0 and origin["phases"] == {}


def test_the_clock_adds_up_by_phase(monkeypatch):
    times = iter([10.0, 12.5, 13.0, 14.0])
    monkeypatch.setattr("stages.clock.time.monotonic", lambda: next(times))
    clock = Clock()
    for phase in ("loading", "training", "loading"):
        clock.lap(phase)
    assert clock.seconds == {"loading": 3.5, "training": 0.5}
    clock.give("loading", {"training": 1.0, "saving": 0.5})
    assert clock.seconds == {"loading": 2.0, "training": 1.5, "saving": 0.5}


def test_a_local_model_counts_by_content(config, tiny_bert, tmp_path):
    for path in tiny_bert.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    words = (f"model.path={tmp_path}", "model.name=x")
    before = folder.digest(config(*words))
    assert before == folder.digest(config(f"model.path={tiny_bert}", "model.name=x"))
    with (tmp_path / "model.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x01")
    assert folder.digest(config(*words)) != before


@pytest.mark.parametrize("count", [0, 1, 10_000, 10_001, 25_000])
def test_the_digest_of_examples_is_that_of_their_json(count):
    numbers = range(count)
    train = {"text": [f'"{i}", ä' for i in numbers], "answers": [{"b": [i], "a": None} for i in numbers]}
    for splits in ({"train": train, "dev": {"text": ["x"]}}, {"train": {}}, {}):
        written = json.dumps(splits, sort_keys=True)
        assert "".join(folder._written(splits)) == written
        assert folder.data_digest(splits) == folder.text_digest(written)[:16]
