"""Further metrics of `evaluate`: real scripts on this machine, and a Hub that has them, or lacks them, or is away."""

import json
import sys
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from stages import folder, terminal
from stages.extra_metrics import check_metrics, load_metrics, local_script
from stages.reuse import use_run
from tasks.contract import Scores
from tasks.ner import NER
from tasks.text_classification import TextClassification
from tests.fake_hub import Hub, put

TEXT, TAGS = TextClassification(name="text_classification", best="accuracy"), NER(name="ner", best="f1")
SCRIPT = """
import datasets
import evaluate
{imports}

class Metric(evaluate.Metric):
    def _info(self):
        return evaluate.MetricInfo(
            description="", citation="", inputs_description="",
            features=datasets.Features({{"predictions": {feature}, "references": {feature}}}),
        )

    def _compute(self, predictions, references):
        {body}
"""
MCC = "return {'matthews_correlation': sklearn.metrics.matthews_corrcoef(references, predictions)}"
SEQEVAL = "return {'overall_f1': f1_score(references, predictions), 'LOC': {'number': len(references)}, 'scheme': 'x'}"
WORDS = "datasets.Sequence(datasets.Value('string', id='label'), id='sequence')"


@pytest.fixture(autouse=True)
def own_caches(tmp_path, monkeypatch):
    """`evaluate` copies scripts into a folder that Python imports from: here one that goes away."""
    import evaluate

    monkeypatch.setattr(evaluate.config, "HF_MODULES_CACHE", tmp_path / "modules")
    monkeypatch.setattr(evaluate.config, "HF_METRICS_CACHE", tmp_path / "metrics")
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in [name for name in sys.modules if name.split(".")[0] == "evaluate_modules"]:
        monkeypatch.delitem(sys.modules, name)


@pytest.fixture
def script(tmp_path):
    """`script("name", body, ...)` writes a metric into a folder of that name; -> the folder."""

    def write(name, body, feature="datasets.Value('int32')", imports=""):
        place = tmp_path / name / f"{name}.py"
        place.parent.mkdir(exist_ok=True)
        place.write_text(SCRIPT.format(body=body, feature=feature, imports=imports))
        return str(place.parent)

    return write


def loaded(names, task=TEXT, labels=("bad", "good", "so-so"), gold=("bad", "good", "so-so", "good")):
    column = "label" if task is TEXT else "tags"
    data = SimpleNamespace(splits={"validation": {column: list(gold)}}, labels=labels)
    return load_metrics(names, task, data), data.splits["validation"]


def scored(extra, examples, *predicted):
    return extra.added_to(Scores({"accuracy": 1.0}), [{"prediction": p} for p in predicted], examples).values


def test_a_local_metric_equals_scikit_learn(script):
    from sklearn.metrics import matthews_corrcoef

    extra, examples = loaded([script("mcc", MCC, imports="import sklearn.metrics")])
    predicted = ["good", "good", "so-so", "bad"]
    expected = matthews_corrcoef(examples["label"], predicted)
    assert 0 < expected < 1
    assert scored(extra, examples, *predicted) == {"accuracy": 1.0, "mcc": pytest.approx(expected)}
    assert extra.names == ["mcc"]


def test_lists_of_tags_and_several_numbers(script):
    names = [script("like_seqeval", SEQEVAL, WORDS, "from seqeval.metrics import f1_score")]
    gold = [["B-LOC", "I-LOC", "O"], ["O", "B-PER"]]
    extra, examples = loaded(names, TAGS, ("O", "B-LOC", "I-LOC", "B-PER"), gold)
    values = scored(extra, examples, ["B-LOC", "I-LOC", "O"], ["O", "O"])
    assert values["like_seqeval/overall_f1"] == pytest.approx(2 / 3)
    assert values["like_seqeval/LOC/number"] == 2.0
    assert set(values) == {"accuracy", "like_seqeval/overall_f1", "like_seqeval/LOC/number"}


def test_tags_are_flattened_for_a_metric_over_single_answers(script):
    body = "return {'score': sum(p == r for p, r in zip(predictions, references)) / len(references)}"
    extra, examples = loaded([script("flat", body)], TAGS, ("O", "B-PER"), [["B-PER", "O"], ["O"]])
    assert scored(extra, examples, ["B-PER", "O"], ["B-NEW"])["flat"] == pytest.approx(2 / 3)


WRONG = {
    "raise KeyError('oh')": "metrics.extra: wrong does not fit text_classification. KeyError: 'oh'",
    "return {'curve': [1, 2]}": "metrics.extra: wrong gives no finite number on the gold answers. Leave it out.",
    "return {'x'": "wrong cannot be loaded: SyntaxError:",
}


@pytest.mark.parametrize("body", WRONG)
def test_a_broken_metric_is_found_before_training(script, body):
    with pytest.raises(ValueError) as caught:
        loaded([script("wrong", body)])
    assert WRONG[body] in str(caught.value)


def test_what_a_task_cannot_give_is_said(script):
    with pytest.raises(ValueError, match="lists, but the task gives single answers"):
        loaded([script("tags", "return {'x': 1}", WORDS)])
    place = script("scores", "return {'x': 1}")
    text = (Path(place) / "scores.py").read_text().replace('"predictions"', '"prediction_scores"')
    (Path(place) / "scores.py").write_text(text)
    with pytest.raises(ValueError, match="reads prediction_scores; a task gives predictions and references"):
        loaded([place])
    with pytest.raises(ValueError, match="packages_nobody_has"):
        loaded([script("needs", "return {'x': 1}", imports="import packages_nobody_has")])


def test_a_metric_that_fails_after_training_costs_only_its_own_score(script, capsys):
    body = "return {'x': 1 / len(set(predictions) - {0})}"  # no division by zero on the gold answers
    extra, examples = loaded([script("brittle", body), script("fine", "return {'x': 2}")])
    terminal.console.cache_clear()
    assert scored(extra, examples, *["bad"] * 4) == {"accuracy": 1.0, "brittle": None, "fine": 2.0}
    assert "brittle failed, its score is left empty. ZeroDivisionError" in capsys.readouterr().out


def test_a_name_of_the_task_keeps_its_value(script):
    extra, examples = loaded([script("accuracy", "return {'accuracy': 0.25}")])
    assert scored(extra, examples, *["bad"] * 4) == {"accuracy": 1.0, "evaluate/accuracy": 0.25}


def test_paths(tmp_path, monkeypatch, script):
    script("mine", "return {'x': 1}")
    monkeypatch.chdir(tmp_path)
    for name in ("./mine", "mine", "mine/mine.py", str(tmp_path / "mine")):
        assert local_script(name).resolve() == tmp_path / "mine" / "mine.py"
    assert local_script("accuracy") is None and local_script("owner/name") is None
    (tmp_path / "empty").mkdir()
    for name in ("./mone", "mone.py", "empty", "a/b/c"):
        with pytest.raises(FileNotFoundError, match=r"metrics\.extra=.*: there is no script .*\.py"):
            check_metrics([name])
    with pytest.raises(ValueError, match=r"metrics.extra=mcc is not a list of texts. Write metrics.extra=\[mcc\]"):
        check_metrics("mcc")
    with pytest.raises(ValueError, match="two of the metrics are called mine"):
        check_metrics(["./mine", "owner/mine"])


def test_names_and_scripts_count_in_the_digest(compose_config, script):
    place = script("mine", "return {'x': 1}")
    plain, named, local = (
        folder.digest(compose_config("data=sample", f"metrics.extra=[{extra}]")) for extra in ("", "mcc", place)
    )
    script("mine", "return {'x': 2}")
    changed = folder.digest(compose_config("data=sample", f"metrics.extra=[{place}]"))
    assert len({plain, named, local, changed}) == 4


@pytest.fixture
def hub_cache(tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def test_the_hub_cache_is_used_and_its_absence_explained(hub_cache, script):
    with pytest.raises(ConnectionError) as caught:
        loaded(["mcc"])
    message = str(caught.value)
    assert message.startswith("metrics.extra=evaluate-metric/mcc: the Hugging Face Hub cannot be reached, HF_HUB_OFF")
    assert "metrics.extra=[./my_metric], or" in message
    assert message.endswith("hf download evaluate-metric/mcc --repo-type space")
    cached = put(hub_cache, "spaces", "evaluate-metric", "two", ["two.py"])
    (cached / "two.py").write_text((Path(script("two", "return {'x': 2}")) / "two.py").read_text())
    extra, examples = loaded(["two"])
    assert scored(extra, examples, *["bad"] * 4)["two"] == 2.0


@pytest.mark.parametrize(
    ("plan", "files", "message"),
    [
        ((404, "RepoNotFound"), [], "metrics.extra=evaluate-metric/mcc: the Hub has no such repository"),
        ("up", ["app.py"], "metrics.extra=mcc: its repository on the Hub holds no mcc.py."),
        ("up", ["README.md"], "metrics.extra=evaluate-metric/mcc: this repository holds no script."),
        ("up", ["mcc.py"], "metrics.extra=mcc cannot be loaded: "),
    ],
)
def test_a_hub_that_answers(hub_cache, monkeypatch, plan, files, message):
    from huggingface_hub import constants

    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Hub,), {"plan": plan, "files": files}))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}")
    with pytest.raises(ValueError) as caught:
        loaded(["mcc"])
    server.shutdown()
    server.server_close()
    assert message in str(caught.value)


def test_without_names_nothing_is_imported(run_here, tiny_bert, monkeypatch):
    monkeypatch.setitem(sys.modules, "evaluate", None)  # importing it raises
    words = ["training.max_steps=1", "training.eval_strategy=no", "training.save_strategy=no", "data.limit=20"]
    place = run_here("task=text_classification", "data=sample", f"model.path={tiny_bert}", *words)
    assert json.loads((place / "metrics.json").read_text())["extra"] == []


@pytest.mark.parametrize("task", ["ner", "text_classification"])
def test_a_run_with_a_further_metric(run_here, tiny_bert, script, capsys, task):
    body = "return {'share': sum(p == r for p, r in zip(predictions, references)) / len(references)}"
    terminal.console.cache_clear()
    place = run_here(
        f"task={task}", "data=sample", "data.limit=40", f"model.path={tiny_bert}", "training.max_steps=2",
        "training.eval_strategy=no", "training.save_strategy=no", f"metrics.extra=[{script('share', body)}]",
    )  # fmt: skip
    metrics = json.loads((place / "metrics.json").read_text())
    equal = "token_accuracy" if task == "ner" else "accuracy"
    assert metrics["extra"] == ["share"]
    assert 0 < metrics["test"]["share"] == pytest.approx(metrics["test"][equal])
    assert metrics["validation"]["share"] == pytest.approx(metrics["validation"][equal])
    assert metrics["baseline"]["values"]["share"] == pytest.approx(metrics["baseline"]["values"][equal])
    assert " share " in capsys.readouterr().out
    use_run(
        [f"from={place}", "data=sample", "data.limit=40", "hardware=cpu", f"metrics.extra=[{script('share', body)}]"]
    )
    (again,) = (place / "scored").glob("*/metrics.json")
    assert json.loads(again.read_text())["test"]["share"] == metrics["test"]["share"]
    assert " share " in capsys.readouterr().out


def test_spans_are_read_as_tags(script):
    names = [script("like_seqeval", SEQEVAL, WORDS, "from seqeval.metrics import f1_score")]
    spans = [[{"start": 0, "end": 4, "label": "LOC"}], [{"start": 3, "end": 7, "label": "PER"}]]
    splits, _ = TAGS.prepare({"validation": {"text": ["Oslo is", "to Anna"], "spans": spans}})
    extra = load_metrics(names, TAGS, SimpleNamespace(splits=splits, labels=("O", "B-LOC", "B-PER")))
    assert scored(extra, splits["validation"], spans[0], [])["like_seqeval/overall_f1"] == pytest.approx(2 / 3)
