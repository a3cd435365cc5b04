"""What makes a command another run, and going on with an interrupted one all the same."""

import json

import pytest
from run_files import read_lines

from stages import digests, folder, identity
from stages.tuner import Tuner

THEN = {"choices": {"seed": 1, "optimizer": {"lr": 1, "name": "a"}}, "content": {"the code": "x", "data.train": "y"}}


def test_differences_by_hand():
    now = {"seed": 1, "optimizer": {"lr": 2, "name": "a", "new": None}, "task": {"best": "f1"}}
    assert identity.differences(THEN["choices"], now) == [("optimizer.lr", 1, 2), ("task", None, {"best": "f1"})]
    assert identity.differences(THEN, THEN) == []


@pytest.fixture
def words(tiny_bert, tmp_path):
    return ("experiment=quickstart/text_classification", f"model.path={tiny_bert}", f"output_root={tmp_path}/runs",
            "data=files", f"data.train={tmp_path}/train.csv", "tracking=disabled", "hardware=cpu",
            "training.num_train_epochs=2")  # fmt: skip


@pytest.fixture
def interrupted(words, run_here, tmp_path, monkeypatch):
    """A run whose scoring failed."""
    rows = [f"a {word} film {i},{label}" for word, label in (("good", "pos"), ("bad", "neg")) for i in range(20)]
    (tmp_path / "train.csv").write_text("text,label\n" + "\n".join(rows) + "\n")
    with monkeypatch.context() as patch:
        patch.setattr(Tuner, "score", lambda self, split: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run_here(*words)
    (run,) = (tmp_path / "runs").glob("*/")
    return run


def test_the_code_changed(interrupted, words, run_here, monkeypatch, capsys):
    before = read_lines(interrupted / "history.jsonl")
    monkeypatch.setattr(folder, "code_digest", lambda: "c" * 64)
    capsys.readouterr()
    again = run_here(*words, "training.max_steps=1", "data.validation_share=0.25")
    assert "new run" not in capsys.readouterr().out and again != interrupted  # other choices need no word
    new = run_here(*words)
    said = capsys.readouterr().out.replace("\n", " ")
    assert new != interrupted and f"since {interrupted} this changed: the code. resume={interrupted}" in said

    resumed = run_here(*words, f"resume={interrupted}")
    said = capsys.readouterr()
    assert resumed == interrupted and folder.is_finished(interrupted)
    assert "goes on although this changed since it was started: the code" in (said.out + said.err).replace("\n", " ")
    assert [row["step"] for row in read_lines(resumed / "history.jsonl")][: len(before)] == [r["step"] for r in before]
    (entry,) = json.loads((resumed / identity.RESUMED).read_text())
    assert entry["changed"] == ["the code"] and entry["code"] == "c" * 16
    with pytest.raises(ValueError, match="is finished, there is nothing to go on with"):
        run_here(*words, f"resume={interrupted}")


def test_the_data_changed(interrupted, words, run_here, tmp_path, capsys):
    with (tmp_path / "train.csv").open("a") as file:
        file.write("a good city,pos\n")
    assert run_here(*words, "training.max_steps=1") != interrupted
    capsys.readouterr()
    run_here(*words)
    assert "this changed: data.train. resume=" in capsys.readouterr().out.replace("\n", " ")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["optimizer.learning_rate=3e-3", "seed=7"], "optimizer.learning_rate=0.0001, .*says .*=0.003"),
        (["rerun=true"], "one of them at a time"),
    ],
)
def test_other_choices_are_refused(interrupted, words, run_here, more, message):
    with pytest.raises(ValueError, match=message) as error:
        run_here(*words, f"resume={interrupted}", *more)
    assert "rerun" in more[0] or ("seed=42" in str(error.value) and "seed=7" in str(error.value))


def test_what_is_no_run(run_here, words, tmp_path):
    (tmp_path / "train.csv").write_text("text,label\na,b\nc,d\n")
    with pytest.raises(ValueError, match="goes on by itself when its command is typed again"):
        run_here(*words, "resume=true")


def test_an_image_changed_behind_the_file_that_names_it(compose_config, tmp_path):
    """Its name is in the file, its content is not."""
    from PIL import Image

    def config_of(name, *words):
        return compose_config("task=image_classification", "data=files", f"data.train={tmp_path / name}", *words)

    pictures = [tmp_path / f"{i}.png" for i in range(3)]
    for picture in pictures:
        Image.new("RGB", (4, 4)).save(picture)
    rows = "".join(f"{file.name},{'ab'[i % 2]}\n" for i, file in enumerate(pictures))
    (tmp_path / "set").mkdir()
    for name, header in (("set/x.csv", "image,label\n"), ("x.csv", "image,label\n"), ("y.csv", "picture,label\n")):
        (tmp_path / name).write_text(header + rows + f"{'x' * 5000},a\n")
    (tmp_path / "set" / "0.png").write_bytes(pictures[0].read_bytes())
    known = [config_of("x.csv"), config_of("y.csv", "data.columns.image=picture"), config_of("set")]
    before = [folder.digest(config) for config in known]
    assert before == [folder.digest(config) for config in known]
    Image.new("RGB", (4, 4), "red").save(pictures[0])
    after = [folder.digest(config) for config in known]
    assert after[0] != before[0] and after[1] != before[1] and after[2] == before[2]
    Image.new("RGB", (4, 4), "red").save(tmp_path / "set" / "0.png")
    assert folder.digest(known[2]) != before[2]
    assert "the images of data.train" in folder.identity(known[0])["content"]


def test_large_files_are_read_once_however_often_a_run_is_named(monkeypatch, compose_config, tmp_path):
    """The weights and the data: for the folder, for what changed, for the provenance; again where a file changed."""
    (tmp_path / "model").mkdir()
    for name in ("config.json", "model.safetensors"):
        (tmp_path / "model" / name).write_text(name)
    (tmp_path / "train.jsonl").write_text("{}")
    read, digest = [], digests.file_digest
    monkeypatch.setattr(digests, "file_digest", lambda path: read.append(str(path)) or digest(path))
    words = ("task=ner", "data=files", f"data.train={tmp_path}/train.jsonl", f"model.path={tmp_path}/model")
    config = compose_config(*words)
    first = folder.identity(config)
    assert folder.identity(config) == first and folder.folder_digest(tmp_path / "model")
    files = sorted(str(path) for path in tmp_path.rglob("*") if path.is_file())
    assert sorted(path for path in read if path.startswith(str(tmp_path))) == files
    (tmp_path / "model" / "model.safetensors").write_text("other weights")
    assert folder.identity(config) != first
