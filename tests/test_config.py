"""Every option of every group composes; wrong keys, values, types and places each have one message."""

import ast

import pytest
import yaml
from conftest import PROJECT
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from uploads import UPLOADS

from stages.arguments import OPEN
from stages.config import build_task, read_config, register_open_nodes
from stages.trackers import chosen

CONF = PROJECT / "conf"
OPTIONS = sorted(p.relative_to(CONF) for p in CONF.rglob("*.yaml") if p.name != "config.yaml")
register_open_nodes()


@pytest.fixture
def read(monkeypatch):
    """`read("task=ner", ...)` -> the checked configuration, without the file check on its way."""
    monkeypatch.chdir(PROJECT)

    def read_(*words, folder=CONF):
        with initialize_config_dir(str(folder), version_base="1.3"):
            return read_config(compose("config", list(words)), list(words))

    return read_


def refused(read, *words):
    with pytest.raises((ValueError, FileNotFoundError)) as caught:
        read("data=sample", *words)
    return str(caught.value)


@pytest.mark.parametrize("option", OPTIONS, ids=str)
def test_every_option_composes(read, option, tmp_path):
    group, name = option.parts[0], "/".join(option.with_suffix("").parts[1:])
    (tmp_path / "train.csv").touch()
    extra = {"data=files": [f"data.train={tmp_path}/train.csv"], "data=hub": ["data.path=a/b"]}
    extra["data=parts"] = ["task=multi_task"]
    extra["hardware=multi_node"] = [f"hardware.{key}" for key in ("num_nodes=2", "node_rank=0", "main_address=node0")]
    raw = yaml.safe_load((CONF / option).read_text()) or {}
    of_files = {"override /data": "files"} in raw.pop("defaults", [])
    more = extra["data=files"] if of_files else extra.get(f"{group}={name}", [])
    labelled = group == "data" and "label" in raw.get("columns", {})
    task = UPLOADS[name].task if group == "data" and name in UPLOADS else "text_classification" if labelled else None
    own = {"bag_of_words": "text_classification", "small_cnn": "image_classification"}  # models without words to tag
    task = own.get(name, task) if group == "model" else task
    config = read(*([f"task={task}"] if task else []), f"{group}={name}", *more)
    if group in ("task", "data", "model", "method"):
        assert raw["name"] == option.stem
        assert config[group]["name"] == option.stem
    elif group == "tracking":
        assert chosen(config[group]) == list(raw) == [name] * (name != "disabled")
    elif group != "experiment":
        assert config[group].items() >= {k: v for k, v in raw.items() if not isinstance(v, str)}.items()


def test_no_option_is_overlooked():
    folders = {p.parts[0] for p in OPTIONS}
    assert folders == {p.name for p in CONF.iterdir() if p.is_dir()}
    assert len(OPTIONS) == sum(1 for p in CONF.rglob("*") if p.is_file()) - 1
    assert len(OPTIONS) >= 75


def test_each_task_has_a_module_and_an_option():
    """A task is a class that descends from Task and that no other one extends, as families of tasks share classes."""
    modules = [(p.stem, ast.parse(p.read_text()).body) for p in (PROJECT / "tasks").rglob("*.py")]
    classes = [(n, module) for module, body in modules for n in body if isinstance(n, ast.ClassDef)]
    bases = {n.name: [ast.unparse(b) for b in n.bases] for n, _ in classes}

    def descends(name):
        return name == "Task" or any(descends(base) for base in bases.get(name, ()))

    extended = {base for of_class in bases.values() for base in of_class}
    tasks = {module for n, module in classes if n.name not in extended and descends(n.name)}
    assert tasks == {p.stem for p in (CONF / "task").glob("*.yaml")}


def test_each_task_reads_its_own_data_and_the_sample(read):
    for task in (p.stem for p in (CONF / "task").glob("*.yaml")):
        benchmark = read(f"task={task}")
        parts = benchmark["data"].get("parts", {})
        assert {data["source"] for data in (parts.values() or [benchmark["data"]])} == {"hub"}
        made = build_task(benchmark)
        forms = [{*form, *made.optional} for form in (made.columns, *made.forms)]
        assert any(set(benchmark["data"]["columns"]) <= form for form in forms), task
        assert read(f"task={task}", "data=sample")["data"]["name"] == "sample"


def test_explicit_choices_beat_an_experiment(read):
    config = read(
        "experiment=quickstart/ner", "task=text_classification", "data=glue/sst2", "model=roberta-base", "seed=7"
    )
    assert [config[g]["name"] for g in ("task", "data", "model")] == ["text_classification", "sst2", "roberta-base"]
    assert config["seed"] == 7


def test_open_nodes_take_keys_that_no_yaml_names(read):
    words = ["training.label_smoothing_factor=0.1", "optimizer.adam_beta2=0.98", "hardware.dataloader_num_workers=2"]
    config = read(*words, "scheduler=cosine", "scheduler.lr_scheduler_kwargs={num_cycles: 2}", "model.config.x=1")
    assert config["training"]["label_smoothing_factor"] == 0.1
    assert config["optimizer"] | {"adam_beta2": 0.98} == config["optimizer"]
    assert config["hardware"]["dataloader_num_workers"] == 2
    assert config["scheduler"]["lr_scheduler_kwargs"] == {"num_cycles": 2}
    assert config["model"]["config"] == {"x": 1}
    assert read("task=ner", "data.columns.tags=9")["data"]["columns"] == {"tokens": "tokens", "tags": 9}


def test_other_nodes_stay_closed():
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("config")
        for group in OPEN:
            assert not OmegaConf.is_struct(cfg[group])
        for group in ("task", "data", "model", "method", "tracking"):
            assert OmegaConf.is_struct(cfg[group]), group


MESSAGES = {
    "+foo=1": "there is no key foo. Known: batch_size, batch_tokens, batching, data, guard, hardware, launcher, "
    "method, metrics, model, optimizer, output_root, rerun, resume, scheduler, seed, sweeper, task, tracking, "
    "training.",
    "++bath_size=3": "there is no key bath_size. Nearest: batch_size.",
    "+task.strid=3": "there is no key task.strid. Nearest: task.stride, task.best, task.head.",
    "task.best=f2": "task.best=f2 is not a score of ner. Choose one of: ",
    "task.stride=true": "task.stride=true is not of type int.",
    "task.stride=-1": "task.stride=-1 is not a number of sub-words. Give 0 or more.",
    "task.name=nre": "task.name=nre: there is no tasks/nre.py. A module elsewhere is named with a dot.",
    "task.name=contract": "task.name=contract: that module must hold exactly one class that is a Task.",
    "task.name=../ner": "task.name=../ner: there is no tasks/../ner.py.",
    "task.name=my.tasks": "task.name=my.tasks: No module named 'my'. Python looks in the folders of PYTHONPATH.",
    "~task.best": "task.best is missing, but needed. Leave out the ~ that deletes it, or add it to the YAML file.",
    "~seed": "seed is missing, but needed.",
    "training.evaluation_strategy=epoch": "there is no key training.evaluation_strategy. Nearest: training.eval_str",
    "training.learning_rate=3e-5": " belongs to another group. Write optimizer.learning_rate=3e-05",
    "hardware.bf16=true": "hardware.bf16 belongs to another group. Write training.bf16=true",
    "training.early_stoping_patience=3": "there is no key training.early_stoping_patience. Nearest: training.early_",
    "guard.grace_seconds=0": "guard.grace_seconds=0 is not a number above 0.",
    "guard.nan_patience=0.5": "guard.nan_patience=0.5 is not a whole number from 1 up.",
    "guard.max_minutes=.inf": "guard.max_minutes=.inf is not a number above 0, or null.",
    "training.num_processes=2": "there is no key training.num_processes. Nearest: hardware.num_processes.",
    "training.seed=1": "training.seed is set by the project. Change seed.",
    "training.output_dir=x": "training.output_dir is set by the project. Change output_root.",
    "training.num_train_epochs=abc": "training.num_train_epochs=abc is not a number.",
    "training.num_train_epochs=true": "training.num_train_epochs=true is not a number.",
    "training.max_steps=2.5": "training.max_steps=2.5 is not a whole number.",
    "training.max_steps=[1]": "training.max_steps=[1] is not a whole number.",
    "training.bf16=1": "training.bf16=1 is not true or false.",
    "training.bf16=null": "training.bf16=null is not true or false.",
    "scheduler.lr_scheduler_type=linea": "scheduler.lr_scheduler_type=linea is not known. Nearest: linear.",
    "training.eval_strategy=epochs": "training.eval_strategy=epochs is not known. Nearest: epoch.",
    "training.eval_strategy=steps": "training.eval_strategy=steps and training.save_strategy=epoch differ, but the "
    "best checkpoint is chosen among the saved ones. Set both to epoch or both to steps.",
    "training.train_sampling_strategy=x": "train_sampling_strategy=x is not known. Choose one of: group_by_length",
    "data.source=foo": "data.source=foo is not known. Choose one of: hub, files, sample, parts.",
    "tracking.group=3": """=3 is not text or null. Where text is meant, quote it twice: 'tracking.group="3"'""",
    "tracking.tags=a": "tracking.tags=a is not a list of texts.",
    "data.columns.label=a": "data.columns.label: ner reads the columns tokens, tags or text, spans; document too, not ",
    "data.columns.tags=[]": "data.columns.tags=[] is not the name or the number of a column, nor a list of them.",
    "data.columns=3": "data.columns=3 is not keys with values, as in {a: b}.",
    "data.limit=none": "data.limit=none is not a whole number from 1 up, or null.",
    "data.limit=0": "data.limit=0 is not a whole number from 1 up, or null.",
    "seed=null": "seed=null is not a whole number from 0 up.",
    "seed=-1": "seed=-1 is not a whole number from 0 up.",
    "seed=true": "seed=true is not a whole number from 0 up.",
    "seed=[1]": "seed=[1] is not a whole number from 0 up.",
    "batch_size=16.0": "batch_size=16.0 is not a whole number from 1 up.",
    "batching=or": "batching=or is not examples or tokens.",
    "batch_tokens=0": "batch_tokens=0 is not a whole number from 1 up, or null.",
    "batch_tokens=512": "batch_tokens=512 counts only with batching=tokens. Add that, or leave it out.",
    "model.attention=flash_attention_2": "computes in half precision only. Add training.bf16=true",
    "model.attention=flash": "is not eager, sdpa, flash_attention_2, flash_attention_3 or null.",
    "training.attention_dropout=1": "training.attention_dropout=1 is not a number from 0 to below 1.",
    "rerun=maybe": "rerun=maybe is not true or false.",
    "output_root=null": "output_root=null is not text.",
    "output_root=run.py": "is no folder that can be written to. Change output_root.",
    "model.path=null": "model.path=null is not text.",
    "model.path=/no/where": ": there is no such folder. Give a folder with a config.json, a .gguf file, or a Hub id.",
    "model.max_length=0": "model.max_length=0 is not a whole number from 1 up, or null.",
    "hardware.num_processes=0": "hardware.num_processes=0 is not a number of processes. Give 1 or more, all, or null.",
    "hardware.num_processes=3": "batch_size=16 cannot be split over 3 processes. Change batch_size or ",
}  # fmt: skip


@pytest.mark.parametrize("word", MESSAGES)
def test_a_wrong_word_has_its_message(read, word):
    assert MESSAGES[word] in refused(read, word)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["data=files"], "data.train is not given. data=files needs a file there. Add data.train=..."),
        (["data=hub"], "data.path is not given. data=hub needs a Hub id there. Add data.path=..."),
        (["data=hub", "data.path=null"], "data.path=null is not text."),
        (["data=files", "data.train=docs"], "data.train=docs: the folder docs holds no data files, nor folders of"),
        (["data=files", "data.train=run.yp"], f"there is no such file in {PROJECT}. Nearest: run.py"),
        (["data=files", "data.train=no/a.csv"], "there is no folder no (looked from"),
        (["data=conll2003", "data.train=run.py"], "is a file, but data=conll2003 is read from the Hub."),
        (["data=glue/sst2", "data.validation_share=1"], "data.validation_share=1 is not a number from 0 to below 1."),
        (["data=conll2003", "data.labels=[O,1]"], "data.labels=['O', 1] is not a list of texts, or null."),
        (["method=lora", "method.r=0"], "method.r=0 is not a whole number from 1 up."),
        (["method=lora", "+method.rr=0"], "there is no key method.rr. Nearest: method.r"),
        (["training.save_strategy=best", "training.eval_strategy=no"], "=no and training.save_strategy=best"),
    ],
)  # fmt: skip
def test_wrong_words_together_have_their_message(read, words, message):
    assert message in refused(read, *words)


def test_model_path_names_the_model(read, tmp_path):
    assert read("data=sample", f"model.path={tmp_path}")["model"]["name"] == tmp_path.name
    assert read("data=sample", f"model.path={tmp_path}", "model.name=mine")["model"]["name"] == "mine"


def test_a_task_outside_the_project(read, tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "half.py").write_text(
        "from tasks.contract import Task\nclass Half(Task):\n    columns = ('a',)\n"
    )
    (tmp_path / "mine" / "whole.py").write_text("import tasks.ner\nclass Whole(tasks.ner.NER):\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert type(build_task(read("data=sample", "task.name=mine.whole"))).__name__ == "Whole"
    with pytest.raises(ValueError, match="abstract"):
        build_task({"task": {"name": "mine.half", "best": "x"}})
    assert "No module named 'mine.none'" in refused(read, "task.name=mine.none")
    (tmp_path / "mine" / "late.py").write_text(
        "import tasks.ner\nclass Late(tasks.ner.NER):\n    def __post_init__(self):\n        raise TypeError('no')\n"
    )
    assert refused(read, "task.name=mine.late") == "task=mine.late: one of its values is not of its type (no)."
