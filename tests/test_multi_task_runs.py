"""Runs on several tasks at once: their scores, saved models, files of each part and of all parts."""

import json
from collections import Counter

import pytest
from run_files import predicted, read_lines

from stages.config import build_task
from stages.data import load_data
from stages.folder import digest
from stages.prediction import load_model
from stages.reuse import use_run
from tasks.contract import task_class

QUICK = ("data.limit=30", "training.max_steps=4", "training.eval_strategy=no", "training.save_strategy=no",
         "batch_size=8", "optimizer.learning_rate=5e-3")  # fmt: skip


@pytest.fixture(scope="module")
def run(compose_config, tiny_bert, tmp_path_factory):
    from run import run_experiment

    root = tmp_path_factory.mktemp("multi")
    words = ["task=multi_task", "data=sample", "task.parts.ner.head=crf", "task.sampling=equal", "hardware=cpu",
             "tracking=disabled", f"model.path={tiny_bert}", f"output_root={root}", *QUICK]  # fmt: skip
    return run_experiment(compose_config(*words), words)


def test_a_run_scores_each_part_as_its_task_does(run):
    values = json.loads((run / "metrics.json").read_text())
    rows = predicted(run)
    assert [row["part"] for row in rows] == ["ner"] * 30 + ["text_classification"] * 30
    assert {key: rows[0][key] for key in ("text",)} == {"text": None} and rows[30]["tokens"] is None
    for part, column, best in (("ner", "tags", "f1"), ("text_classification", "label", "accuracy")):
        own = [row for row in rows if row["part"] == part]
        task = task_class(part)(part, best)
        expected = task.metrics(own, {column: [row["gold"] for row in own]}).values[best]
        assert values["test"][f"{part}/{best}"] == pytest.approx(expected)
    mean = (values["test"]["ner/f1"] + values["test"]["text_classification/accuracy"]) / 2
    assert values["test"]["mean"] == pytest.approx(mean)
    assert values["baseline"]["name"].startswith("ner: memorised entities; text_classification: memorised")
    assert "text_classification: confusion" in values["tables"]["test"]
    assert (run / "report.html").is_file()


def test_the_saved_model_answers_the_same(run):
    rows, model = predicted(run), load_model(run, {"use_cpu": True})
    mixed_up = rows[::-2]
    found = model.predict({name: [row[name] for row in mixed_up] for name in ("part", "tokens", "text")})
    assert [p["prediction"] for p in found] == [row["prediction"] for row in mixed_up]
    one = model.predict({"part": ["text_classification"], "text": [rows[30]["text"]]})
    assert one[0]["prediction"] == rows[30]["prediction"]


def test_one_file_of_all_parts_is_scored_and_labelled(run, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["run.py"])
    rows = predicted(run)
    file = tmp_path / "mixed.jsonl"
    names = ("part", "tokens", "text", "gold")
    file.write_text(
        "".join(json.dumps({name: row[name] for name in names}) + "\n" for row in rows[::3]), encoding="utf-8"
    )
    use_run([f"from={run}", f"predict={file}", f"output={tmp_path}/out.jsonl", "hardware=cpu"])
    assert [row["prediction"] for row in read_lines(tmp_path / "out.jsonl")] == [row["prediction"] for row in rows[::3]]
    use_run([f"from={run}", f"data.test={file}", "hardware=cpu"])
    (scored,) = run.glob("scored/*/metrics.json")
    assert set(json.loads(scored.read_text())["test"]) >= {"mean", "ner/f1", "text_classification/accuracy"}
    use_run([f"from={run}", "data=sample", "data.limit=30", "hardware=cpu"])
    (scored,) = run.glob("scored/sample-*/metrics.json")
    own = json.loads((run / "metrics.json").read_text())["test"]
    assert json.loads(scored.read_text())["test"]["mean"] == pytest.approx(own["mean"])


def test_parts_read_files_of_their_own(compose_config, tmp_path):
    conll, table = tmp_path / "a.conll", tmp_path / "b.csv"
    conll.write_text("".join(f"Ann{i} B-PER\nsaid O\n\n" for i in range(20)))
    table.write_text("text,label\n" + "".join(f"text {i},{'ab'[i % 2]}\n" for i in range(40)))
    words = ["task=multi_task", "data@data.parts.ner=files", f"data.parts.ner.train={conll}",
             "data@data.parts.text_classification=files", f"data.parts.text_classification.train={table}",
             "data.parts.text_classification.test_share=0"]  # fmt: skip
    config = compose_config(*words)
    data = load_data(config, build_task(config))
    sizes = {split: Counter(examples["part"]) for split, examples in data.splits.items()}
    assert sizes["train"] == {"ner": 16, "text_classification": 36}
    assert sizes["validation"] == {"ner": 2, "text_classification": 4} and sizes["test"] == {"ner": 2}
    assert data.labels == ("ner/O", "ner/B-PER", "ner/I-PER", "text_classification/a", "text_classification/b")
    before = digest(config)
    table.write_text(table.read_text().replace("text 3,", "text three,"))
    assert digest(config) != before


def test_one_file_of_all_parts_is_learned_from(compose_config, tmp_path):
    file, own = tmp_path / "all.jsonl", []
    for i in range(40):
        own.append({"part": "ner", "tokens": [f"安娜{i}", "said"], "text": None, "gold": ["B-PER", "O"]})
        own.append({"part": "text_classification", "tokens": None, "text": f"好 {i}", "gold": "ab"[i % 2]})
    file.write_text("".join(json.dumps(row) + "\n" for row in own), encoding="utf-8")
    config = compose_config("task=multi_task", "data=files", f"data.train={file}")
    data = load_data(config, build_task(config))
    assert data.labels == ("ner/O", "ner/B-PER", "ner/I-PER", "text_classification/a", "text_classification/b")
    sizes = {split: len(examples["part"]) for split, examples in data.splits.items()}
    assert sizes == {"train": 64, "validation": 8, "test": 8}


@pytest.mark.slow
def test_tasks_of_all_kinds_share_an_encoder(run_here, tiny_bert):
    others = {"mood": "regression", "re": "relation_extraction", "qa": "question_answering", "mc": "multiple_choice",
              "joint": "joint_intent_slots", "pos": "pos"}  # fmt: skip
    words = [f"+task@task.parts.{part}={task}" for part, task in others.items()]
    place = run_here("task=multi_task", *words, "data=sample", f"model.path={tiny_bert}", *QUICK)
    rows = predicted(place)
    assert len(rows) == 30 * 8 and len({row["part"] for row in rows}) == 8
    names = [name for name in rows[0] if name not in ("id", "gold", "prediction", "confidence")]
    found = load_model(place, {"use_cpu": True}).predict({name: [row[name] for row in rows] for name in names})
    for row, again in zip(rows, found, strict=True):
        expected = row["prediction"]
        if row["part"] == "mood":
            assert again["prediction"] == pytest.approx(expected, rel=1e-3)
        else:
            assert again["prediction"] == expected


@pytest.mark.slow
@pytest.mark.parametrize("method", ["lora", "head_only", "bitfit"])
def test_methods_keep_all_heads(run_here, tiny_bert, method):
    """Saving compares the saved model with the trained one; here its answers too."""
    words = ("data=sample", f"model.path={tiny_bert}", "task.parts.ner.head=crf", f"method={method}", *QUICK)
    place = run_here("task=multi_task", *words)
    rows = predicted(place)
    names = ("part", "tokens", "text")
    found = load_model(place, {"use_cpu": True}).predict({name: [row[name] for row in rows] for name in names})
    assert [p["prediction"] for p in found] == [row["prediction"] for row in rows]
