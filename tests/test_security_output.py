"""What a run writes: inside its folder, with text that stays text, without secrets, for whom the umask says."""

import json
import os
import stat
from pathlib import Path

import pytest
import yaml
from PIL import Image

from stages import attempts, folder, report, secrets
from stages.cards import check_card
from stages.config import build_task
from stages.images import as_paths
from stages.page.markup import plain, text
from stages.terminal import shown

EVIL = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "[click](javascript:alert(1))", "a|b", "`x`",
        "![x](http://example.org/seen.png)", "</td></table>", "&lt;b&gt;", "\x1b]0;t\x07\x1b[2J", "<!--"]  # fmt: skip


# --- inside its folder


NAMES = ["../../x", "/etc/x", "a/b", "..", "a\nb\x1b[2J", "x" * 500, "ä" * 300, "a\x00b", "C:\\x", "~", ""]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_no_path(compose_config, tmp_path, name):
    config = compose_config("data=sample", f"output_root={tmp_path}")
    for group in ("data", "model", "task"):
        changed = {**config, group: {**config[group], "name": "ner" if group == "task" else name}}
        place = folder.run_folder(changed)
        assert place.parent == tmp_path and len(os.fsencode(place.name)) < 230
        assert not {*place.name} & {*"/\\\0\n\x1b"}
        place.mkdir()  # the file system takes it
        place.rmdir()


def test_scores_of_other_data_stay_in_the_run(tmp_path, monkeypatch):
    """`data.name` of somebody else's data file becomes the name of a folder."""
    from stages import reuse
    from stages.request import Request

    seen = []
    monkeypatch.setattr(reuse.folder, "is_finished", lambda place: seen.append(place) or True)
    monkeypatch.setattr(reuse.folder, "digest", lambda config: "0" * 8)
    monkeypatch.setattr(reuse, "tuned_task", lambda run: None)
    monkeypatch.setattr(reuse, "show_scored", lambda *_: None)
    config = {"data": {"source": "sample", "name": "../../../escaped"}}
    reuse.score_run(Request(tmp_path / "run", {}, config, None, None, False))
    assert [place.parent for place in seen] == [tmp_path / "run" / "scored"]


@pytest.fixture
def picture(tmp_path):
    (tmp_path / "outside").mkdir()
    Image.new("RGB", (4, 4)).save(tmp_path / "outside" / "x.png")
    (tmp_path / "set").mkdir()
    Image.new("RGB", (4, 4)).save(tmp_path / "set" / "y.png")
    return tmp_path


def test_images_of_hub_data_lie_inside_it(picture):
    task = build_task({"task": {"name": "image_classification", "best": "accuracy"}})
    inside = as_paths({"image": [{"bytes": None, "path": "y.png"}]}, task, ["row 1"], picture / "set")
    assert inside == {"image": [str(picture / "set" / "y.png")]}
    for path in ("../outside/x.png", str(picture / "outside" / "x.png"), "sub/../../outside/x.png"):
        with pytest.raises(ValueError, match="lies outside the data set"):
            as_paths({"image": [{"bytes": None, "path": path}]}, task, ["row 1"], picture / "set")
    of_a_file = as_paths({"image": ["../outside/x.png"]}, task, [f"{picture}/set/train.csv:2"])
    assert of_a_file == {"image": [f"{picture}/set/../outside/x.png"]}, (
        "a data file of the user's own may lead anywhere"
    )


def test_only_images_are_opened_as_images(picture):
    """A pipe would wait for ever; EPS starts a program; a bomb fills the memory."""
    task = build_task({"task": {"name": "image_classification", "best": "accuracy"}})
    os.mkfifo(picture / "pipe.png")
    (picture / "program.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n")
    (picture / "bomb.ppm").write_bytes(b"P6 60000 60000 255\n")
    Image.new("1", (13_000, 13_000)).save(picture / "large.png")
    assert (picture / "large.png").stat().st_size < 30_000
    errors = {"pipe.png": "is no file", "program.png": "cannot identify", "bomb.ppm": "decompression",
              "large.png": "169,000,000 pixels, and at most 90,000,000"}  # fmt: skip
    for name, said in errors.items():
        with pytest.raises(ValueError, match=said):
            as_paths({"image": [str(picture / name)]}, task, ["a.csv:2"])


CARDS = ["data_files: /etc/passwd", "data_files: ../../other.csv", "data_files: [a.csv, 'https://example.org/x.csv']",
         "data_files: [{split: train, path: 'hf://datasets/a/b/x.csv'}]", "data_dir: ../x", "data_files: 'zip://a::b'",
         "data_files: {train: ['..\\x.csv']}"]  # fmt: skip


def test_a_card_names_its_own_files(tmp_path):
    for given in CARDS:
        (tmp_path / "README.md").write_text(f"---\nconfigs:\n- config_name: a\n  {given}\n---\n")
        with pytest.raises(ValueError, match="none of its own files"):
            check_card(tmp_path, "a/b")
    for front in (
        "---\nconfigs: [{data_files: [{split: train, path: data/train-*}]}]\n---\n",
        "---\n: [\n---",
        "x",
        "",
    ):
        (tmp_path / "README.md").write_text(front)
        check_card(tmp_path, "a/b")


# --- text stays text


@pytest.mark.parametrize("evil", EVIL)
def test_html_and_markdown_and_terminal(evil):
    assert "<" not in text(evil) and "\x1b" not in text(evil)
    assert "<" not in plain(evil) and "](" not in plain(evil).replace("\\](", "") and " | " not in plain(f"a {evil}")
    assert "\x1b" not in shown(evil) and "\x07" not in shown(evil)


def test_a_run_on_evil_data(compose_config, tmp_path, tiny_bert, capsys):
    """Texts, labels and names that attack whatever shows them; the page, the card and the events hold none of it."""
    from run import run_experiment

    labels = ["<script>alert(2)</script>", "[x](javascript:alert(3))/../../x"]
    rows = [{"text": f"{EVIL[i % len(EVIL)]} {i}", "label": labels[i % 2]} for i in range(40)]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    words = ["task=text_classification", "data=files", f"data.train={tmp_path}/train.jsonl", "hardware=cpu",
             "data.name='<script>d</script>'", "model.name='<img src=x>\nlicense: x'", f"model.path={tiny_bert}",
             f"output_root={tmp_path}/runs", "tracking=tensorboard", "training.max_steps=1"]  # fmt: skip
    config = compose_config(*words)
    config["tracking"]["notes"] = "https://me:pass-word@example.org hf_" + "a1B" * 12
    previous = os.umask(0o027)
    try:
        run = run_experiment(config, [*words, "tracking.notes=https://me:pass-word@example.org"])
    finally:
        os.umask(previous)
    page = (run / "report.html").read_text()
    assert page.count("<script>") == 1 and "<img" not in page and 'href="javascript' not in page
    assert "&lt;script&gt;alert(2)&lt;/script&gt;" in page
    card = (run / "model" / "README.md").read_text()
    assert "<script>" not in card and "[x](javascript" not in card and "\\[x\\](javascript" in card
    assert yaml.safe_load(card.split("---")[1])["base_model"] == "<img src=x>\nlicense: x"
    written = [path for path in (tmp_path / "runs").rglob("*") if path.is_file()]
    for path in written:
        assert not any(secret in path.read_bytes() for secret in (b"pass-word", b"a1B" * 12)), path
    assert b"\x1b]" not in capsys.readouterr().out.encode()
    for path in (tmp_path / "runs").rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o750 if path.is_dir() else 0o640), f"{path} {mode:o}"
    assert len(written) > 15


def test_what_wandb_gets(monkeypatch, tmp_path):
    """Its table cells are plain text, never its own class for HTML; a secret that was typed is not sent along."""
    import sys

    import wandb

    from stages.trackers.wandb import Run, _table

    table = _table([{"text": EVIL[0], "label": EVIL[2]}])
    assert table.data == [[EVIL[0], EVIL[2]]] and all(type(cell) is str for cell in table.data[0])
    given = []
    monkeypatch.setattr(wandb, "init", lambda **words: given.append(words["settings"]) or type("R", (), {
        "define_metric": lambda *_, **__: None, "starting_step": 0})())  # fmt: skip
    choices = {"project": "p", "group": None, "job_type": None, "tags": [], "notes": None, "wandb": {"entity": None}}
    for word, hides in (("seed=1", False), ("tracking.notes=hf_" + "a1B" * 12, True)):
        monkeypatch.setattr(sys, "argv", ["run.py", word])
        Run({"tracking": choices}, tmp_path / "run")
        assert given[-1].x_disable_meta is hides


def test_provenance_and_configuration_hide_secrets(tmp_path, monkeypatch, compose_config):
    from stages.clock import Clock

    monkeypatch.setenv("MY_API_KEY", "of-the-key-12345")
    monkeypatch.setattr(folder, "_git", lambda *_: "+key = 'of-the-key-12345'\n+url = 'https://a:b@c.org'")
    secrets.known_secrets.cache_clear()
    made = folder.provenance(["x.password=hunter22", "seed=1"], Clock(), {"path": "https://a:b@c.org/x"}, {})
    secrets.known_secrets.cache_clear()
    assert made["command"] == ["run.py", "x.password=***", "seed=1"]
    assert (
        made["git"]["diff"] == "+key = '***'\n+url = 'https://***@c.org'"
        and made["data"]["path"] == "https://***@c.org/x"
    )
    config = compose_config("data=sample", "tracking.notes=https://a:b@c.org")
    attempts.start(tmp_path / "run", config)
    assert yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())["tracking"]["notes"] == "https://***@c.org"


def test_a_model_card_names_what_was_trained():
    assert report._base({"path": "owner/name", "name": "name"}) == "base_model: owner/name\n"
    assert Path("owner").exists() is False
