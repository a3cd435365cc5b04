"""What the files in conf/ promise: licence, size, source in the header, data sets that load, recipes that compose."""

import re
from pathlib import Path

import datasets
import pytest
import yaml
from conftest import PROJECT
from datasets import ClassLabel, Dataset, Features, List, Value
from fake_hub import SHA, put
from huggingface_hub import constants
from uploads import UPLOADS

from stages.config import build_task
from stages.data import load_data

CONF = PROJECT / "conf"


def raw(file):
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def option(file):
    """The name of an option, as it is typed: glue/mrpc."""
    return file.relative_to(CONF / file.relative_to(CONF).parts[0]).with_suffix("").as_posix()


MODELS = sorted((CONF / "model").glob("*.yaml"))
DATA = sorted(
    p for p in (CONF / "data").rglob("*.yaml") if p.stem not in ("files", "sample", "hub") and "path" in raw(p)
)
EXPERIMENTS = sorted((CONF / "experiment").rglob("*.yaml"))
SPLITS = ("train", "validation", "test")
# What each upload has, as its card on the Hub says: splits, the input's column, the label's.
ALL, NO_VALIDATION = "train validation test", "train test"
MNLI = "train validation_matched validation_mismatched test_matched test_mismatched"
LABELLED = {
    "ag_news": (NO_VALIDATION, "text", "label"),
    "banking77": (NO_VALIDATION, "text", "label"),
    "chnsenticorp": (ALL, "text", "label"),
    "clinc150": (ALL, "text", "intent"),
    "cluener": (ALL, "text", "entities"),
    "conll2003": (ALL, "tokens", "ner_tags"),
    "few_nerd": (ALL, "tokens", "ner_tags"),
    "imdb": ("train test unsupervised", "text", "label"),
    "ontonotes5": (ALL, "tokens", "tags"),
    "clue/afqmc": (ALL, "sentence1", "label"),
    "clue/cmnli": (ALL, "sentence1", "label"),
    "clue/csl": (ALL, "abst", "label"),
    "clue/iflytek": (ALL, "sentence", "label"),
    "clue/ocnli": (ALL, "sentence1", "label"),
    "clue/tnews": (ALL, "sentence", "label"),
    "glue/cola": (ALL, "sentence", "label"),
    "glue/mnli": (MNLI, "premise", "label"),
    "glue/mnli_mismatched": (MNLI, "premise", "label"),
    "glue/mrpc": (ALL, "sentence1", "label"),
    "glue/qnli": (ALL, "question", "label"),
    "glue/qqp": (ALL, "question1", "label"),
    "glue/rte": (ALL, "sentence1", "label"),
    "glue/sst2": (ALL, "sentence", "label"),
    "glue/wnli": (ALL, "sentence1", "label"),
    "go_emotions": (ALL, "text", "labels"),
    "trec": (NO_VALIDATION, "text", "coarse_label"),
    "weibo_ner": (ALL, "tokens", "ner_tags"),
    "wikiann": (ALL, "tokens", "ner_tags"),
    "wnut17": (ALL, "tokens", "ner_tags"),
}
# The second text of a pair; that of CSL is a list.
PAIRS = {"premise": "hypothesis", "question": "sentence", "question1": "question2", "sentence1": "sentence2",
         "abst": "keyword"}  # fmt: skip
# The others have one subset only, or have it under their own name.
SUBSETS = {"clinc150": "plus", "few_nerd": "supervised", "wikiann": "en", "go_emotions": "simplified",
           "glue/mnli_mismatched": "mnli"}  # fmt: skip
SUBSETS |= {name: name.split("/")[1] for name in LABELLED if "/" in name and name not in SUBSETS}
SECRET = {"glue/sst2": "test", "clue/tnews": "test", "imdb": "unsupervised"}  # splits whose labels are all -1


def header(file):
    """The comment at the top of a file, as one line per line."""
    lines = file.read_text(encoding="utf-8").removeprefix("# @package _global_\n").splitlines()
    return "\n".join(line[2:] for line in lines[: next(i for i, line in enumerate(lines) if not line.startswith("#"))])


def by_name(files):
    return pytest.mark.parametrize("file", files, ids=lambda file: str(file.relative_to(CONF).with_suffix("")))


def test_nothing_is_overlooked():
    assert len(MODELS) >= 29 and len(EXPERIMENTS) >= 16
    assert sorted([*LABELLED, *UPLOADS]) == sorted(map(option, DATA))


@by_name(MODELS)
def test_a_model_names_size_licence_and_paper_or_maker(file):
    text, values = header(file), raw(file)
    assert re.search(r"\b(Apache-2\.0|MIT|Licence: )", text)
    assert re.search(r"\d M parameters", text)
    assert re.search(r"\b(19|20)\d\d\)", text) or "sentence encoder" in text
    assert re.fullmatch(r"[\w.-]+/[\w.-]+|package:\w+/(model|[\w.-]+\.gguf)|scratch:\w+", values["path"])
    cased = re.search(r"(?i)\b(un)?cased\b|lower-cased|Chinese|ModernBERT|images", text)
    assert cased, "say whether the model sees capital letters"


def test_no_two_models_are_the_same():
    paths = [raw(file)["path"] for file in MODELS]
    assert len(set(paths)) == len(paths)


@by_name(DATA)
def test_a_data_set_names_sizes_licence_paper_and_upload(file):
    text, values = header(file).replace("\n", " "), raw(file)
    assert "Licence: " in text
    assert re.search(r"\d / \d", text), "examples per split"
    assert re.search(r"\((\w|\W)+?, \d{4}", text), "the paper"
    assert "parquet" in text and "reach" in text
    assert values["name"] == file.stem and re.fullmatch(r"[\w.-]+/[\w.-]+", values["path"])
    assert re.fullmatch(r"main|refs/convert/parquet|[0-9a-f]{40}", values["revision"])
    assert values["columns"]


@by_name([file for file in DATA if raw(file).get("labels")])
def test_labels_are_a_whole_set(file):
    labels = raw(file)["labels"]
    assert all(isinstance(label, str) for label in labels)
    assert len(set(labels)) == len(labels) >= 2
    assert {f"B-{label[2:]}" for label in labels if label.startswith("I-")} <= set(labels)


@by_name([file for file in DATA if option(file) in LABELLED])
@pytest.mark.parametrize("named", [True, False], ids=["named", "bare"])
def test_a_data_set_loads_in_the_layout_of_its_upload(file, named, compose_config, tmp_path, monkeypatch):
    """Each label occurs, as a number, with and without names in the files; what is read has the names of the YAML."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "datasets")
    datasets.disable_progress_bars()
    values = raw(file)
    labels = values.get("labels") or (["a", "b"] if named else ["0", "1"])
    upload(tmp_path / "hub", option(file), values, labels, named)
    task = "ner" if {"tokens", "spans"} & {*values["columns"]} else "text_classification"
    several = ["task.kind=multi_label"] * (option(file) == "go_emotions")
    config = compose_config(f"task={task}", f"data={option(file)}", *several)
    task = build_task(config)
    data = load_data(config, task)
    if file.stem in ("few_nerd", "cluener"):  # plain tags and spans become IOB2
        types = labels[1:] if file.stem == "few_nerd" else labels
        labels = ["O", *(f"{letter}-{label}" for label in sorted(types) for letter in "BI")]
    assert data.labels == tuple(labels)
    assert tuple(data.splits) == SPLITS
    assert len(data.splits["test"][task.target]) == 4 * len(values.get("labels") or "ab")
    if LABELLED[option(file)][1] in PAIRS:
        assert set(data.splits["test"]["pair"]) == {"a b"}


@by_name([file for file in DATA if option(file) in UPLOADS])
def test_a_data_set_of_any_form_loads(file, compose_config, tmp_path, monkeypatch):
    """Its columns are mapped and prepared: every example of the upload arrives, with all that the task needs."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "datasets")
    datasets.disable_progress_bars()
    given, values = UPLOADS[option(file)], raw(file)
    write_upload(tmp_path / "hub", values, given)
    config = compose_config(f"task={given.task}", f"data={option(file)}", *given.words)
    task = build_task(config)
    data = load_data(config, task)
    assert set(data.splits) <= set(SPLITS) and {"train", "validation"} <= set(data.splits)
    assert all(set(task.columns) <= set(examples) for examples in data.splits.values())
    assert len(data.splits["train"][task.target]) >= 1


def write_upload(cache, values, given):
    """Write an upload's examples as the Hub has them, in each of its splits, the same in each."""
    branch, subset = values["revision"].startswith("refs/"), given.subset or "default"
    ending = "/0000.parquet" if branch else "-00000-of-00001.parquet"
    files = {split: f"{subset}/{split}{ending}" for split in given.splits.split()}
    commit, ref = (values["revision"], "main") if len(values["revision"]) == 40 else (SHA, values["revision"])
    folder = put(cache, "datasets", *values["path"].split("/"), files.values(), commit, ref)
    for file in files.values():
        Dataset.from_list(given.rows, features=given.features).to_parquet(folder / file)
    if not branch:
        parts = [{"split": split, "path": file} for split, file in files.items()]
        card = yaml.safe_dump({"configs": [{"config_name": subset, "data_files": parts}]})
        (folder / "README.md").write_text(f"---\n{card}---\n")


def upload(cache, option, values, labels, named):
    """Write four examples of each label as the Hub has them: a parquet branch in folders, a main with its README."""
    splits, text, target = LABELLED[option]
    branch = values["revision"].startswith("refs/")
    subsets = (SUBSETS[option], "another") if option in SUBSETS else ("default",)
    files = {
        (subset, split): f"{subset}/{split}{'/0000' if branch else '-00000-of-00001'}.parquet"
        for subset in subsets
        for split in splits.split()
    }
    commit, ref = (values["revision"], "main") if len(values["revision"]) == 40 else (SHA, values["revision"])
    folder = put(cache, "datasets", *values["path"].split("/"), files.values(), commit, ref)
    label, words = ClassLabel(names=labels) if named else Value("int64"), text == "tokens"
    features = Features(
        {text: List(Value("string")) if words else Value("string"), target: List(label) if words else label}
    )
    for (subset, split), file in files.items():
        ids = [i for i in range(len(labels)) for _ in range(4)]
        inputs = [[f"{subset}{split}{n}", "w"] if words else f"{subset} {split} {n}" for n, _ in enumerate(ids)]
        ids = [-1 for _ in ids] if SECRET.get(option) == split else ids
        targets = [[0, i] for i in ids] if words else ids
        if target == "entities":  # character spans of the first word
            features[target] = List(
                {"start_offset": Value("int64"), "end_offset": Value("int64"), "label": Value("string")}
            )
            targets = [[{"start_offset": 0, "end_offset": len(subset), "label": labels[i]}] for i in ids]
        columns = {text: inputs, target: targets}
        if target == "labels":  # several to a text
            columns[target], features[target] = [[i] for i in ids], List(label)
        if text in PAIRS:
            columns[PAIRS[text]] = [["a", "b"] for _ in ids] if text == "abst" else ["a b" for _ in ids]
            features[PAIRS[text]] = List(Value("string")) if text == "abst" else Value("string")
        Dataset.from_dict(columns, features=features).to_parquet(folder / file)
    if not branch:
        configs = [
            {
                "config_name": s,
                "data_files": [{"split": split, "path": f} for (of, split), f in files.items() if of == s],
            }
            for s in subsets
        ]
        card = yaml.safe_dump({"configs": configs})
        (folder / "README.md").write_text(f"---\n{card}---\n")


@by_name(EXPERIMENTS)
def test_an_experiment_has_its_command_and_what_to_expect(file, compose_config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.conll").write_text("Anna B-PER\n")
    text, name = header(file), file.relative_to(CONF / "experiment").with_suffix("").as_posix()
    commands = re.findall(rf"python run\.py (?:-m )?(experiment={name}.*?)(?: {{2,}}|$)", text, re.M)
    assert commands
    for command in commands:
        for path in re.findall(r"data\.(?:train|validation|test)=([\w./-]+)", command):
            file = tmp_path / path if Path(path).suffix else tmp_path / path / "part.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("Anna B-PER\n")
        compose_config(*(word.split(",")[0] for word in command.split()))
    assert re.search(r"^Expected: .*\d", text, re.M) or "shows" in text or name.startswith("debug/")
    assert ("by estimate" in text) == ("Not run by us" in text)
