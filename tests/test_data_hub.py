"""Data sets of the Hub, from a cache made here in the layout of the real ones and without a network."""

import datasets
import pytest
from datasets import ClassLabel, Dataset, Features, List, Value
from fake_hub import OTHER, SHA, put
from huggingface_hub import constants
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from stages.command_line import CONF
from stages.config import register_open_nodes
from stages.data import load_data
from tasks.ner import NER
from tasks.text_classification import TextClassification

TEXT = TextClassification("text_classification", "accuracy")
WORDS = NER("ner", "f1")
GLUE = (
    "---\nconfigs:\n- config_name: sst2\n  data_files:\n"
    + "".join(f"  - split: {split}\n    path: sst2/{split}-*\n" for split in ("train", "validation", "test"))
    + "---\n"
)
CONLL = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC", "B-MISC", "I-MISC"]


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """`hub(id, {file: columns}, features)` puts a data set into an empty cache."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "datasets")
    datasets.disable_progress_bars()

    def put_data(path, files, features=None, commit=SHA, ref="main", readme=None):
        names = [*files, *(["README.md"] if readme is not None else [])]
        folder = put(tmp_path / "hub", "datasets", *path.split("/"), names, commit, ref)
        for file, columns in files.items():
            Dataset.from_dict(columns, features=features).to_parquet(folder / file)
        if readme is not None:
            (folder / "README.md").write_text(readme)
        return folder

    return put_data


def load(task, *words):
    register_open_nodes()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return load_data(OmegaConf.to_container(compose("config", list(words)), resolve=True), task)


def message(task, *words):
    with pytest.raises(ValueError) as caught:
        load(task, *words)
    return str(caught.value)


def sentences(*tags):
    return {"id": ["0"] * len(tags), "tokens": [["w"] * len(t) for t in tags], "ner_tags": list(tags)}


def words(names=None):
    tag = ClassLabel(names=names) if names else Value("int64")
    return Features({"id": Value("string"), "tokens": List(Value("string")), "ner_tags": List(tag)})


def texts(label, size, column="text"):
    return {column: [f"{label} {size} {i}" for i in range(size)], "label": [i % 2 for i in range(size)]}


@pytest.mark.parametrize("names", [CONLL, None])
def test_conll2003(hub, names):
    """With and without names in the files: conf/data/conll2003.yaml has them as well."""
    files = {f"data/{split}-00000-of-00001.parquet": sentences([3, 0, 7], [], [5, 6])
             for split in ("train", "validation", "test")}  # fmt: skip
    hub("lhoestq/conll2003", files, words(names))
    data = load(WORDS, "data=conll2003")
    assert data.labels == tuple(CONLL)
    assert data.splits["test"]["tags"] == [["B-ORG", "O", "B-MISC"], [], ["B-LOC", "I-LOC"]]
    assert data.splits["test"]["tokens"] == [["w"] * 3, [], ["w"] * 2]
    assert data.source == {"hub": "lhoestq/conll2003", "revision": SHA}


def test_wnut17_of_the_branch_that_the_hub_converts(hub):
    files = {f"wnut_17/{split}/0000.parquet": sentences([0, 1, 2], [12]) for split in ("train", "validation", "test")}
    hub("leondz/wnut_17", files, words(), OTHER, "refs/convert/parquet")
    data = load(WORDS, "data=wnut17")
    assert data.splits["train"]["tags"] == [["O", "B-corporation", "I-corporation"], ["B-product"]]
    assert data.source == {"hub": "leondz/wnut_17", "revision": OTHER}


def test_sst2_is_tested_on_its_validation_split(hub):
    files = {f"sst2/{split}-00000-of-00001.parquet": texts(split, size, "sentence")
             for split, size in {"train": 400, "validation": 20, "test": 5}.items()}  # fmt: skip
    files["sst2/test-00000-of-00001.parquet"]["label"] = [-1] * 5
    features = Features({"sentence": Value("string"), "label": ClassLabel(names=["no", "yes"])})
    hub("nyu-mll/glue", files, features, "bcdcba79d07bc864c1c254ccfcedcce55bcc9a8c", readme=GLUE)
    data = load(TEXT, "task=text_classification")
    assert {name: len(split["text"]) for name, split in data.splits.items()} == {
        "train": 395, "validation": 5, "test": 20,
    }  # fmt: skip
    assert all(text.startswith("validation ") for text in data.splits["test"]["text"])
    assert all(text.startswith("train ") for text in data.splits["validation"]["text"])
    assert data.labels == ("no", "yes")  # the data set's own names come before those of the YAML
    text = message(TEXT, "task=text_classification", "data.test=test")
    assert "nyu-mll/glue, split test, row 1: data.columns.label is -1, which has no name among no, yes." in text
    assert "choose another one for data.test" in text


def test_ag_news(hub):
    files = {f"data/{split}-00000-of-00001.parquet": texts(split, 40) for split in ("train", "test")}
    hub("fancyzhx/ag_news", files)
    data = load(TEXT, "task=text_classification", "data=ag_news")
    assert data.labels == ("World", "Sports", "Business", "Sci/Tech")
    assert {name: len(split["text"]) for name, split in data.splits.items()} == {
        "train": 38, "validation": 2, "test": 40,
    }  # fmt: skip


ANY = ("data=hub", "data.path=owner/name", "data.validation=null", "data.test=null")
README = """---
configs:
- config_name: de
  data_files: [{split: train, path: de/train-*}]
- config_name: en
  data_files: [{split: train, path: en/train-*}]
---
"""


def test_pinned_revisions(hub):
    hub("owner/name", {"train.parquet": texts("old", 10)}, commit=SHA, ref="v1")
    hub("owner/name", {"train.parquet": texts("new", 10)}, commit=OTHER)
    for revision, commit, word in (
        ("v1", SHA, "old"),
        (SHA, SHA, "old"),
        ("main", OTHER, "new"),
        ("null", OTHER, "new"),
    ):
        data = load(TEXT, *ANY, f"data.revision={revision}")
        assert data.source["revision"] == commit
        assert data.splits["train"]["text"][0].startswith(word)


def test_subsets_that_a_readme_names(hub):
    hub("owner/name", {f"{s}/train-0.parquet": texts(s, 10) for s in ("de", "en")}, readme=README)
    assert load(TEXT, *ANY, "data.subset=en").splits["train"]["text"][0].startswith("en")
    assert "data.subset=null cannot be loaded: Config name is missing." in message(TEXT, *ANY)
    assert "data.subset=fr cannot be loaded: BuilderConfig 'fr' not found. Available: ['de', 'en']" in message(
        TEXT, *ANY, "data.subset=fr"
    )


def test_subsets_that_are_folders_are_not_mixed(hub):
    files = {
        f"{s}/{split}/0000.parquet": texts(f"{s} {split}", 10) for s in ("de", "en") for split in ("train", "test")
    }
    hub("owner/name", files, commit=OTHER, ref="refs/convert/parquet")
    branch = "data.revision=refs/convert/parquet"
    splits = load(TEXT, *ANY, branch, "data.subset=en", "data.test=test").splits
    assert all(text.startswith("en") for split in splits.values() for text in split["text"])
    for subset in ("null", "fr"):
        text = message(TEXT, *ANY, branch, f"data.subset={subset}")
        assert f"data.subset={subset}: owner/name has the subsets de, en. Choose one." in text


def test_a_split_or_a_column_that_does_not_exist(hub):
    hub("owner/name", {"train.parquet": texts("x", 10), "test.parquet": texts("y", 10)})
    text = message(TEXT, *ANY, "data.validation=dev")
    assert text == "data.validation=dev: owner/name has only the splits train, test. null cuts one from train."
    text = message(TEXT, *ANY, "data.columns.text=txt")
    assert "owner/name has no column 'txt' for the task's text. It has: text, label." in text
    assert text.endswith("Map one with data.columns.text=text")


def test_a_missing_value_is_named_with_split_and_row(hub):
    hub("owner/name", {"train.parquet": {"text": ["a", None, "c"], "label": [0, 1, 1]}})
    assert message(TEXT, *ANY) == (
        "owner/name, split train, row 2: data.columns.text has no value. Fill it in, or remove the example."
    )
