"""Whatever stands in a data file or a configuration: it is read as it is, or refused with one clear message."""

import copy
import json

import pytest
from fuzz_limits import FEW, MANY, clear
from fuzzing import ODD, VALUES, data_files
from hypothesis import given
from hypothesis import strategies as st

from stages import findings
from stages.config import build_task, check_config
from stages.data import load_data
from stages.folder import digest, run_folder
from stages.inputs import read_parts


@pytest.fixture(scope="module")
def configs(compose_config, tmp_path_factory):
    """`configs(task, path)` -> the configuration of that task on a file."""
    (known := tmp_path_factory.mktemp("known") / "a.jsonl").write_text("{}")
    cache = {}

    def of(task, path):
        if task not in cache:
            cache[task] = compose_config(f"task={task}", "data=files", f"data.train={known}", "tracking=disabled")
        return {**cache[task], "data": {**cache[task]["data"], "train": str(path)}}

    return of


def try_file(configs, folder, case):
    """Load, look at, and read as new text; what is loaded is whole, and can be written."""
    task_name, ending, content = case
    path = folder / f"given.{ending}"
    path.write_bytes(content)
    config = configs(task_name, path)
    task = build_task(config)
    with clear("given.", "data.", "data="):
        data = load_data(config, task)
        for split, examples in data.splits.items():
            assert len({len(values) for values in examples.values()}) == 1 and examples[task.target], split
            json.dumps(examples, ensure_ascii=False, allow_nan=False).encode()
        assert len(set(data.labels)) == len(data.labels) and all(isinstance(name, str) for name in data.labels)
        findings.find(data.splits, task)
    with clear("given.", "data."):
        for part in read_parts(str(path), task, {}, {}):
            assert len({len(values) for name, values in part.items()}) == 1


@FEW
@given(data_files())
def test_data_files(configs, folder, case):
    try_file(configs, folder, case)


@pytest.mark.slow
@MANY
@given(data_files())
def test_more_data_files(configs, folder, case):
    try_file(configs, folder, case)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


KEYS = st.sampled_from(["", "x", "name", "seed", "_target_", "a.b", "text", "learning_rate", "ä"])


@st.composite
def changes(draw):
    """What is done to a configuration: (which of its keys, by its position; what; a value)."""
    place, what = draw(st.integers(0, 10**6)), draw(st.sampled_from(["set", "set", "set", "add", "gone"]))
    return place, what, draw(KEYS), draw(st.one_of(VALUES, st.sampled_from(WORDS)))


WORDS = ["ner", "files", "hub", "epoch", "steps", "no", "auto", "lora", "all", "/", "~", "..", "\x00", "minilm",
         "x" * 300, "???", "${seed}", 0, -1, 1e308, 10**30, 0.5, [], {}, [None], {"a": None}]  # fmt: skip


def changed(config, change):
    """A configuration with one key set, added or left out."""
    config, (place, what, key, value) = copy.deepcopy(config), change
    holders = [(group, name) for group in _dicts(config) for name in group]
    group, name = holders[place % len(holders)]
    if what == "gone":
        del group[name]
    else:
        group[name if what == "set" else key] = value
    return config


def _dicts(tree):
    yield tree
    for value in tree.values():
        if isinstance(value, dict):
            yield from _dicts(value)


def try_config(config, given_changes):
    for change in given_changes:
        config = changed(config, change)
    with clear(*KEYWORDS):
        check_config(config)
        assert len(run_folder(config).name.encode()) < 255 and digest(config) == digest(copy.deepcopy(config))


KEYWORDS = (
    "task", "data", "model", "method", "optimizer", "scheduler", "training", "hardware", "tracking", "metrics", "seed",
    "guard", "launcher", "sweeper", "batch_size", "batching", "batch_tokens", "output_root", "rerun", "there is no key",
    "is missing",
)  # fmt: skip


@pytest.fixture(scope="module")
def sample(compose_config):
    return {task: compose_config(f"task={task}", "data=sample") for task in ("ner", "translation", "multi_task")}


@FEW
@given(st.sampled_from(["ner", "translation", "multi_task"]), st.lists(changes(), min_size=1, max_size=3))
def test_configurations(sample, task, given_changes):
    try_config(sample[task], given_changes)


@pytest.mark.slow
@MANY
@given(st.sampled_from(["ner", "translation", "multi_task"]), st.lists(changes(), min_size=1, max_size=4))
def test_more_configurations(sample, task, given_changes):
    try_config(sample[task], given_changes)


@pytest.mark.slow
@pytest.mark.parametrize("task", ["text_classification", "ner"])
def test_whole_runs_on_odd_texts(task, tmp_path, tiny_bert, run_here):
    """Blank, huge, right-to-left and unseen texts: trained on, scored, and all written down again as they were."""
    texts = [text for text in [*ODD, "x" * 100_000] if "\ud800" not in text]
    labelled = {
        "text_classification": lambda text, i: {"text": f"{text}{i}", "label": "ab"[i % 2]},
        "ner": lambda text, i: {"tokens": [text or "a", str(i)], "tags": ["O", "BO"[i % 2].replace("B", "B-X")]},
    }
    rows = [labelled[task](text, i) for i, text in enumerate(texts * 2)]
    (tmp_path / "given.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    words = (f"data.{split}={tmp_path}/given.jsonl" for split in ("train", "validation", "test"))
    run = run_here(f"task={task}", "data=files", *words, f"model.path={tiny_bert}", "training.max_steps=2")
    left = [json.loads(line) for line in (run / "predictions" / "test.jsonl").read_text().split("\n") if line]
    column = "text" if task == "text_classification" else "tokens"
    assert [row[column] for row in left] == [row[column] for row in rows]
    assert all(row["prediction"] is not None for row in left) and (run / "report.html").is_file()
