"""What a model of somebody else's cannot do. Each test fails without its protection; `pytest -k security` runs all:

- no code from models, trust_remote_code, safetensors only, states by weights_only: here
- no code from configurations, no `_target_`, `task.name`, secrets: test_security_configs.py
- a run's folder that was sent: test_security_runs.py
- no path leads out, text stays text, secrets in what is written, the umask: test_security_output.py
- archives: test_security_archives.py; packages with known faults: test_security_packages.py
"""

import json
import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from stages import weights
from stages.hub import locate_model


class Bomb:
    """A pickle that leaves a file where it is read."""

    def __init__(self, place):
        self.place = place

    def __reduce__(self):
        return Path.touch, (Path(self.place),)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A user cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def mark(tmp_path):
    """The file that an attack leaves where it succeeds."""
    return tmp_path / "attacked"


# --- models: no code


CODE = """
from pathlib import Path
Path({mark!r}).touch()
from transformers import BertConfig, BertForTokenClassification
class OwnConfig(BertConfig):
    model_type = "own"
class OwnModel(BertForTokenClassification):
    config_class = OwnConfig
"""


@pytest.fixture
def with_code(tiny_bert, tmp_path, mark):
    """A model folder that loads with its own code only, which leaves a mark."""
    folder = tmp_path / "with_code"
    shutil.copytree(tiny_bert, folder)
    config = json.loads((folder / "config.json").read_text())
    own = {"AutoConfig": "modeling_own.OwnConfig", "AutoModelForTokenClassification": "modeling_own.OwnModel"}
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "own", "auto_map": own}))
    (folder / "modeling_own.py").write_text(CODE.format(mark=str(mark)))
    return folder


QUICK = ("training.max_steps=2", "data.limit=16", "batch_size=8")


def test_a_models_own_code_runs_only_where_it_was_asked_for(with_code, mark, run_here, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))
    words = ("experiment=quickstart/ner", f"model.path={with_code}", *QUICK)
    with pytest.raises(ValueError, match=r"code of its own \(modeling_own.py\), which was not run.*trust_remote_code"):
        run_here(*words)
    assert not mark.exists()
    run = run_here(*words, "model.trust_remote_code=true")
    assert mark.exists() and "modeling_own.py" in capsys.readouterr().out
    from stages.prediction import load_model

    with pytest.raises(ValueError, match="trust_remote_code=true"):
        load_model(Path(shutil.copytree(run, tmp_path / "sent")))
    assert load_model(run, trusted=True).predict({"tokens": [["the", "city"]]})


def test_the_loaders_themselves_run_nothing_and_ask_nothing(with_code, mark, monkeypatch):
    """Behind the check: from_pretrained alone would ask on the terminal."""
    from stages.config import build_task
    from stages.model import fit_task, load_head
    from stages.processor import load_tokenizer

    monkeypatch.setattr("builtins.input", lambda *_: "yes")
    task = build_task({"task": {"name": "ner", "best": "f1"}})
    tokenizer_config = json.loads((with_code / "tokenizer_config.json").read_text())
    tokenizer_config |= {"auto_map": {"AutoTokenizer": ["modeling_own.OwnModel", None]}, "tokenizer_class": "Own"}
    (with_code / "tokenizer_config.json").write_text(json.dumps(tokenizer_config))
    for load in (lambda: fit_task(task, with_code, None), lambda: load_head(task, with_code)):
        with pytest.raises(ValueError):
            load()
    with pytest.raises(ValueError):
        load_tokenizer(with_code, False)
    assert not mark.exists()


def test_code_that_is_not_needed_is_not_run(tiny_bert, tmp_path, mark):
    """Many repositories still carry the code of an architecture that transformers has by now."""
    folder = Path(shutil.copytree(tiny_bert, tmp_path / "known"))
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {"AutoConfig": "modeling_own.OwnConfig"}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "modeling_own.py").write_text(CODE.format(mark=str(mark)))
    assert locate_model(str(folder)) == (folder, None)
    from stages.config import build_task
    from stages.model import load_head

    load_head(build_task({"task": {"name": "ner", "best": "f1"}}), folder)
    assert not mark.exists()


# --- models: no pickles


def pickled(tiny_bert, folder, content):
    import torch

    shutil.copytree(tiny_bert, folder)
    (folder / "model.safetensors").unlink()
    torch.save(content, folder / "pytorch_model.bin")
    return folder


def test_pickled_weights_are_never_read(tiny_bert, tmp_path, mark, cache):
    folder = pickled(tiny_bert, tmp_path / "bin", Bomb(mark))
    with pytest.raises(ValueError, match=r"pickle only.*python -m stages.weights"):
        locate_model(str(folder))
    from stages.config import build_task
    from stages.model import load_head

    with pytest.raises(ValueError, match="safetensors"):
        load_head(build_task({"task": {"name": "ner", "best": "f1"}}), folder)
    assert not mark.exists()


def test_the_converter_takes_numbers_alone(tiny_bert, tmp_path, mark, cache, capsys):
    with pytest.raises(SystemExit):
        weights.main([str(pickled(tiny_bert, tmp_path / "bomb", Bomb(mark)))])
    assert "hold more than numbers" in capsys.readouterr().err and not mark.exists()
    assert not list(cache.glob("*/safetensors/*"))


def test_converted_weights_are_the_same(tiny_bert, tmp_path, cache):
    import torch
    from safetensors.torch import load_file

    known = load_file(tiny_bert / "model.safetensors")
    folder = pickled(tiny_bert, tmp_path / "bin", known)
    weights.main([str(folder)])
    place, _ = locate_model(str(folder))
    found = load_file(place / "model.safetensors")
    assert place.is_relative_to(cache) and (place / "vocab.txt").is_file() and not list(place.glob("*.bin"))
    assert found.keys() == known.keys() and all(torch.equal(found[name], known[name]) for name in known)


@pytest.mark.slow
def test_other_pickles_beside_the_weights_are_not_read(tiny_bert, tmp_path, mark, run_here):
    """training_args.bin, optimizer.pt and whatever else a published folder holds."""
    import torch

    folder = Path(shutil.copytree(tiny_bert, tmp_path / "model"))
    for name in ("training_args.bin", "pytorch_model.bin", "optimizer.pt", "scheduler.pt", "rng_state.pth"):
        torch.save(Bomb(mark), folder / name)
    run_here("experiment=quickstart/ner", f"model.path={folder}", *QUICK)
    assert not mark.exists()


def test_a_models_name_leads_nowhere_else(tmp_path, cache):
    """What a model becomes in the cache lies in it, whatever the model is called."""
    from stages import gguf

    for name in ("x" * 240, "...", "a\nb", "\x1b[2J"):
        file, folder = tmp_path / f"{name}.gguf", tmp_path / f"{name}x"
        file.write_bytes(b"GGUF")
        folder.mkdir()
        with pytest.raises(ValueError, match="cannot be read as a GGUF file"):
            gguf.unpack(file)
        place = weights._place(folder)
        assert place.parent == cache / "tunesmith" / "safetensors" and len(place.name.encode()) < 100
        assert not {*place.name} & {*"\n\x1b"}


def test_an_adapter_does_not_choose_its_base(tiny_bert, tmp_path):
    folder = Path(shutil.copytree(tiny_bert, tmp_path / "adapter"))
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "owner/other"}')
    with pytest.raises(ValueError, match="holds an adapter"):
        locate_model(str(folder))


def test_states_of_a_checkpoint_hold_numbers_alone(tiny_bert, tmp_path, mark, run_here, monkeypatch):
    """An interrupted run whose checkpoint was exchanged: whatever becomes of it, nothing in it is run."""
    import torch

    from stages.tuner import Tuner

    words = ("experiment=quickstart/ner", f"model.path={tiny_bert}", *QUICK, "training.save_strategy=steps",
             "training.eval_strategy=steps", "training.save_steps=1")  # fmt: skip
    with monkeypatch.context() as stopped:
        stopped.setattr(Tuner, "score", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run_here(*words)
    states = [file for file in tmp_path.glob("runs/*/checkpoints/*/*") if file.suffix in (".pt", ".pth", ".bin")]
    assert {"optimizer.pt", "scheduler.pt", "rng_state.pth", "training_args.bin"} <= {file.name for file in states}
    for state in states:
        torch.save(Bomb(mark), state)
    with suppress(Exception):
        run_here(*words)
    assert not mark.exists()
