"""Multiple choice: the sample, runs on any number of choices, used again, on one and on two processes."""

import hashlib
import json

import pytest
from run_files import predicted

from tasks.samples import multiple_choice as sample


def test_the_sample_is_pinned_and_its_test_split_is_new():
    data = sample.generate()
    assert hashlib.sha256(json.dumps(data).encode()).hexdigest() == DIGEST
    assert {split: len(columns["answer"]) for split, columns in data.items()} == sample.SIZES
    assert {len(choices) for choices in data["test"]["choices"]} == {2, 3, 4, 5}
    train, test = ({c for choices in data[s]["choices"] for c in choices} for s in ("train", "test"))
    assert not train & test and not {*data["train"]["question"]} & {*data["test"]["question"]}
    wordings = [{w for words, _ in sample.read_purposes(split) for w in words} for split in ("train", "test")]
    assert not wordings[0] & wordings[1]
    assert all(a in c for d in data.values() for a, c in zip(d["answer"], d["choices"], strict=True))


DIGEST = "fd9fc750abd75a2e8779593891b7ed2a6bcce8cb0a5369f38c6771ad149869e6"


def test_a_run_on_cells_of_any_number_of_choices(run_here, tiny_bert, tmp_path):
    lines = [["o", f"the city {i}", "good", "bad", "film" if i % 3 else "", "", str(i % 2)] for i in range(40)]
    files = {}
    for split, part in (("train", lines[:24]), ("validation", lines[24:32]), ("test", lines[32:])):
        files[split] = tmp_path / f"{split}.tsv"
        files[split].write_text("\n".join("\t".join(line) for line in part) + "\n", encoding="utf-8")
    folder = run_here(
        "task=multiple_choice", "data=files", "data.format=cells", *(f"data.{s}={f}" for s, f in files.items()),
        "data.columns={question: 1, choices: [2, 3, 4, 5], answer: -1}", f"model.path={tiny_bert}",
        "training.max_steps=2", "training.eval_strategy=steps", "training.eval_steps=2", "training.save_strategy=steps",
    )  # fmt: skip
    rows = predicted(folder)
    assert [row["question"] for row in rows] == [f"the city {i}" for i in range(32, 40)]
    assert [len(row["probabilities"]) for row in rows] == [3, 2, 3, 3, 2, 3, 3, 2]
    assert all(row["gold"] in row["choices"] and row["prediction"] in row["choices"] for row in rows)
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["test"]["chance"] == pytest.approx((5 / 3 + 3 / 2) / 8)
    assert metrics["test"]["accuracy"] == sum(row["gold"] == row["prediction"] for row in rows) / 8

    from stages.prediction import load_model

    model = load_model(folder)
    again = model.predict({name: [row[name] for row in rows] for name in ("question", "choices")})
    for row, guess in zip(rows, again, strict=True):
        assert guess["prediction"] == row["prediction"]
        assert guess["probabilities"] == pytest.approx(row["probabilities"], abs=1e-3)


@pytest.mark.slow
def test_two_processes_train_and_score_as_one(run_command, tiny_bert, tmp_path):
    words = ["task=multiple_choice", "data=sample", "data.limit=40", "hardware=cpu", f"model.path={tiny_bert}",
             "tracking=disabled", "training.max_steps=3", "training.eval_strategy=steps", "training.eval_steps=3",
             "training.save_strategy=steps", "training.dropout=0"]  # fmt: skip
    scores = []
    for processes in (1, 2):
        root = tmp_path / str(processes)
        done = run_command(*words, f"output_root={root}", f"hardware.num_processes={processes}")
        assert done.returncode == 0, done.stderr
        (metrics,) = root.glob("*/metrics.json")
        scores.append(json.loads(metrics.read_text()))
    assert scores[0]["test"] == pytest.approx(scores[1]["test"], abs=1e-5)
