"""`from=` end to end: a finished run scores other data and labels new text, as its own evaluation did."""

import json
import shutil

import pytest
from run_files import predicted, read_lines

from stages import inputs
from stages.reuse import use_run
from tasks.samples import ner as ner_sample
from tasks.samples import text_classification as text_sample

LIMIT = 60  # of the fixture's runs


@pytest.fixture
def run(finished, tmp_path):
    """-> a function: task -> a copy of its finished run, somewhere else."""

    def copy(task):
        return shutil.copytree(finished(task), tmp_path / "moved" / task)

    return copy


def use(run, *words):
    use_run([f"from={run}", "hardware=cpu", *map(str, words)])


def write_conll(path, examples):
    words = [zip(*pair, strict=True) for pair in zip(examples["tokens"], examples["tags"], strict=True)]
    path.write_text("\n".join("".join(f"{word}\t{tag}\n" for word, tag in pairs) for pairs in words), encoding="utf-8")
    return path


def only(folder):
    (path,) = folder.iterdir()
    return path


def test_the_same_data_gets_the_same_scores_and_predictions(run, tmp_path, capsys):
    place, test = run("ner"), ner_sample.generate()["test"]
    gold = write_conll(tmp_path / "gold.v2.conll", {name: values[:LIMIT] for name, values in test.items()})
    use(place, f"data.test={gold}")
    scored = only(place / "scored")
    assert scored.name.startswith("gold-") and len(scored.name) == len("gold-") + 8
    assert (scored / "predictions.jsonl").read_bytes() == (place / "predictions" / "test.jsonl").read_bytes()
    own, again = (json.loads((p / "metrics.json").read_text()) for p in (place, scored))
    assert again["test"] == {name: value for name, value in own["test"].items() if name != "loss"}
    assert again["tables"]["test"] == own["tables"]["test"]
    assert again["data"]["test"]["path"] == str(gold)
    shown = capsys.readouterr().out
    assert "the run's own test" in shown and "60 examples" in shown and str(scored) in shown


def test_scores_are_saved_until_the_file_changes(run, tmp_path, capsys):
    place, test = run("ner"), ner_sample.generate()["test"]
    gold = write_conll(tmp_path / "gold.conll", {name: values[:5] for name, values in test.items()})
    use(place, f"data.test={gold}")
    scored = only(place / "scored")
    content = json.loads((scored / "metrics.json").read_text())
    content["test"]["f1"] = 0.1234
    (scored / "metrics.json").write_text(json.dumps(content))
    capsys.readouterr()
    use(place, f"data.test={gold}")
    assert "0.1234" in capsys.readouterr().out
    use(place, f"data.test={gold}", "rerun=true")
    assert "0.1234" not in capsys.readouterr().out
    assert sorted(p.name for p in (place / "scored").iterdir()) == [scored.name, f"{scored.name}.1"]
    write_conll(gold, {name: values[:6] for name, values in test.items()})
    use(place, f"data.test={gold}")
    assert len(list((place / "scored").iterdir())) == 3


def test_labels_that_the_model_does_not_know_are_missed_with_a_warning(run, tmp_path, capsys):
    place = run("ner")
    gold = write_conll(tmp_path / "gold.conll", {"tokens": [["Anna", "sings"]] * 2, "tags": [["B-ALIEN", "O"]] * 2})
    use(place, f"data.test={gold}")
    shown = capsys.readouterr().out
    assert "warning: test: labels that the model does not have: ALIEN (2). They count as missed in the scores" in shown
    scored = only(place / "scored")
    assert json.loads((scored / "metrics.json").read_text())["test"]["recall"] == 0
    assert [row["gold"] for row in read_lines(scored / "predictions.jsonl")] == [["B-ALIEN", "O"]] * 2
    findings = [finding["what"] for finding in json.loads((scored / "findings.json").read_text())]
    assert "1 examples repeat another one's input" in findings and "2 examples: ALIEN: 2" in findings


def test_known_labels_bring_no_warning(run, capsys):
    use(run("text_classification"), "data=sample", "data.limit=60")
    assert "does not have" not in capsys.readouterr().out


def test_lines_in_are_lines_out(run, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(inputs, "PART", 7)
    place = run("text_classification")
    texts = [text.replace("\n", " ") for text in text_sample.generate()["test"]["text"][:40]]
    texts[3] = texts[20] = ""
    new = tmp_path / "new.txt"
    new.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    use(place, f"predict={new}")
    found = read_lines(place / "predicted" / "new.txt.jsonl")
    assert [row["id"] for row in found] == list(range(40)) and [row["text"] for row in found] == texts
    assert [i for i, row in enumerate(found) if row["prediction"] is None] == [3, 20]
    own, kept = predicted(place), [i for i in range(40) if i not in (3, 20)]
    assert [found[i]["prediction"] for i in kept] == [own[i]["prediction"] for i in kept]
    assert "predicted  40 examples in " in capsys.readouterr().out
    assert [path.name for path in (place / "predicted").iterdir()] == ["new.txt.jsonl"]


def test_an_earlier_file_of_predictions_is_kept(run, tmp_path):
    place, target = run("text_classification"), tmp_path / "deep" / "out.jsonl"
    (tmp_path / "new.csv").write_text("review,label\ngood,1\n")
    use(place, f"predict={tmp_path / 'new.csv'}", f"output={target}", "data.columns.text=review")
    first = target.read_text()
    assert set(json.loads(first)) == {"id", "text", "prediction", "confidence"}
    use(place, f"predict={tmp_path / 'new.csv'}", f"output={target}", "data.columns.text=review")
    assert sorted(p.name for p in target.parent.iterdir()) == ["out.jsonl", "out.jsonl.1"]
    assert target.read_text() == first == (target.parent / "out.jsonl.1").read_text()


def test_a_broken_line_leaves_no_file(run, tmp_path, monkeypatch):
    monkeypatch.setattr(inputs, "PART", 2)
    place = run("text_classification")
    (tmp_path / "new.jsonl").write_text('{"text": "a"}\n{"text": "b"}\n{"text": "c"}\nnonsense\n')
    with pytest.raises(ValueError, match=r"new.jsonl:4: invalid JSON"):
        use(place, f"predict={tmp_path / 'new.jsonl'}")
    assert not list((place / "predicted").iterdir())


def test_words_are_labelled_word_by_word(run, tmp_path):
    place, tokens = run("ner"), ner_sample.generate()["test"]["tokens"][:LIMIT]
    new = tmp_path / "new.conll"
    new.write_text("\n\n".join("\n".join(words) for words in tokens), encoding="utf-8")
    use(place, f"predict={new}")
    own = predicted(place)
    assert all(row.pop("gold") for row in own)
    assert read_lines(place / "predicted" / "new.conll.jsonl") == own


def test_standard_input_to_standard_output(run, run_command):
    place = run("text_classification")
    done = run_command(f"from={place}", "predict=-", "hardware=cpu", stdin="a good film\n\nbad é\n")
    assert done.returncode == 0, done.stderr
    labelled = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["text"] for row in labelled] == ["a good film", "", "bad é"]
    assert labelled[1]["prediction"] is None and labelled[2]["prediction"]
    assert "predicted  3 examples" in done.stderr


@pytest.mark.slow
def test_two_processes_give_what_one_gives(run, run_command, tmp_path):
    place, test = run("ner"), ner_sample.generate()["test"]
    new = write_conll(tmp_path / "new.conll", {name: values * 8 for name, values in test.items()})  # three parts
    outputs = []
    for processes in (1, 2):
        words = f"from={place}", "hardware=cpu", f"hardware.num_processes={processes}"
        target = tmp_path / f"{processes}.jsonl"
        done = run_command(*words, f"predict={new}", f"output={target}", OMP_NUM_THREADS="1")
        assert done.returncode == 0, done.stderr
        done = run_command(*words, "data=sample", "rerun=true", OMP_NUM_THREADS="1")
        assert done.returncode == 0, done.stderr
        outputs.append([target.read_bytes()])
    assert outputs[0] == outputs[1] and outputs[0][0].count(b"\n") == 2400
    first, second = (place / "scored").iterdir()
    assert (first / "predictions.jsonl").read_bytes() == (second / "predictions.jsonl").read_bytes()


def test_raw_text_gets_spans_that_lie_in_it(run, tmp_path):
    place = run("ner")
    (tmp_path / "new.txt").write_text("Anna Berg lives in Berlin.\n\nYes (no)\n", encoding="utf-8")
    use(place, f"predict={tmp_path / 'new.txt'}")
    first, blank, last = read_lines(place / "predicted" / "new.txt.jsonl")
    assert (first["text"], blank["text"], last["text"]) == ("Anna Berg lives in Berlin.", "", "Yes (no)")
    assert blank["prediction"] == blank["confidence"] == []
    assert all(
        span["text"] == row["text"][span["start"] : span["end"]] for row in (first, last) for span in row["prediction"]
    )
