"""Tags per word: literals, scores against scikit-learn, seqeval and by hand, and a run on CoNLL-U files."""

import hashlib
import json
from itertools import chain

import pytest
import seqeval.metrics
from run_files import predicted
from sklearn.metrics import accuracy_score, classification_report

from stages.data import load_data
from stages.prediction import load_model
from stages.processor import load_tokenizer
from tasks.contract import IGNORED
from tasks.pos import POS
from tasks.samples.pos import generate

TASK = POS("pos", "accuracy")
CHUNKS = POS("pos", "f1", chunks=True)
GOLD = [["DET", "NOUN", "VERB"], [], ["NOUN", "_", "VERB", "X"]]
PREDICTED = [["DET", "VERB", "VERB"], [], ["NOUN", "NOUN", "VERB", "NOUN"]]


def predictions(tags):
    return [{"prediction": of_sentence} for of_sentence in tags]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"best": "f1"}, r"task.best=f1 is a score of chunks. Set task.chunks=true or task.best=accuracy."),
        ({"best": "F1"}, "task.best=F1 is not a score of pos"),
        ({"pooling": "max"}, "task.pooling=max is not known. Choose one of: first, last, mean."),
        ({"stride": -1}, "task.stride=-1 is not a number of sub-words. Give 0 or more."),
    ],
)
def test_choices_that_do_not_exist(choice, expected):
    with pytest.raises(ValueError, match=expected):
        POS(**{"name": "pos", "best": "accuracy", **choice})


@pytest.mark.parametrize(
    ("tokens", "tags", "expected"),
    [
        (["a", "b"], ["X"], "test example 2: 2 words but 1 tags"),
        ("a b", ["X", "X"], "test example 2: data.columns.tokens must hold a list of strings"),
        (["a"], ["3"], "test example 2: tag 3 has no name"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tokens, tags, expected):
    with pytest.raises(ValueError, match=expected):
        TASK.prepare({"test": {"tokens": [["a"], tokens], "tags": [["X"], tags]}})
    with pytest.raises(ValueError, match="must hold a list of words"):
        TASK.prepare({"new": {"tokens": ["a b"]}})


def test_labels_are_tags_by_name():
    train = {"tokens": [["a", "b", "c"]], "tags": [["NOUN", "_", "ADV"]]}
    assert TASK.labels(train, None) == ("ADV", "NOUN")
    with pytest.raises(ValueError, match=r"data\.labels=NOUN, VERB: train also has ADV\. Name every tag"):
        TASK.labels(train, ["NOUN", "_", "VERB"])
    assert TASK.labels(train, ["NOUN", "_", "VERB", "ADV"]) == ("NOUN", "VERB", "ADV")
    assert TASK.classes(train) == [["NOUN", "ADV"]]


def test_words_without_a_tag_are_shown_but_not_learned(tiny_bert):
    examples = {"tokens": [["do", "n't", "a"]], "tags": [["AUX", "_", "NEW"]]}
    rows = TASK.encode(examples, load_tokenizer(tiny_bert, True), ("AUX", "DET"))
    assert rows["labels"] == [[0, IGNORED, IGNORED]] and rows["positions"] == [[0, 1, 2]]


def test_scores_by_hand_and_by_scikit_learn():
    """Six words have a gold tag, four of them got it; of the two unseen ones, one."""
    unseen = [[False, True, False], [], [False, True, True, False]]
    scores = TASK.metrics(predictions(PREDICTED), {"tags": GOLD, "_unseen": unseen})
    assert scores.values["accuracy"] == pytest.approx(4 / 6)
    assert scores.values["unseen_accuracy"] == 1 / 2
    pairs = [(g, p) for g, p in zip(chain(*GOLD), chain(*PREDICTED), strict=True) if g != "_"]
    gold, predicted = zip(*pairs, strict=True)
    report = classification_report(gold, predicted, output_dict=True, zero_division=0)
    assert scores.values["accuracy"] == pytest.approx(accuracy_score(gold, predicted))
    assert scores.values["tag_f1_macro"] == pytest.approx(report["macro avg"]["f1-score"])
    rows = {row["tag"]: [row[n] for n in ("precision", "recall", "f1", "support")] for row in scores.tables["tags"]}
    assert list(rows) == ["DET", "NOUN", "VERB", "X", "micro avg", "macro avg", "weighted avg"]
    assert all(rows[tag] == pytest.approx(list(report[tag].values())) for tag in ("DET", "NOUN", "VERB", "X"))
    assert {"gold": "X", "predicted": "NOUN", "count": 1} in scores.tables["confusion"]
    assert sum(cell["count"] for cell in scores.tables["confusion"]) == 6


def test_without_training_words_nothing_is_said_of_unseen_ones():
    assert "unseen_accuracy" not in TASK.metrics(predictions(PREDICTED), {"tags": GOLD}).values
    assert TASK.metrics(predictions([[]]), {"tags": [[]]}).values == {"accuracy": 0.0, "tag_f1_macro": 0.0}


def test_unseen_words_are_those_that_the_final_training_split_lacks(compose_config, tmp_path):
    """Validation and test are cut from train here, and `data.limit` leaves three sentences to learn from."""
    sentences = "".join(f"w{i}\tX\nsame\tY\n\n" for i in range(40))
    (tmp_path / "all.conll").write_text(sentences)
    data = load_data(compose_config("task=pos", "data=files", f"data.train={tmp_path}/all.conll", "data.limit=3"), TASK)
    for split in ("validation", "test"):
        assert data.splits[split]["_unseen"] == [[True, False]] * 3
    assert "_unseen" not in data.splits["train"]


def test_chunks_are_read_in_their_scheme_and_scored_by_seqeval():
    splits = {"train": {"tokens": [["a", "b", "c", "d"]], "tags": [["I-NP", "I-NP", "B-NP", "O"]]},
              "test": {"tokens": [["a", "b", "c"]], "tags": [["I-NP", "I-NP", "I-VP"]]}}  # fmt: skip
    ready, findings = CHUNKS.prepare(splits)
    assert "IOB1, converted to IOB2" in findings[0].what
    assert ready["test"]["tags"] == [["B-NP", "I-NP", "B-VP"]]
    assert CHUNKS.labels(ready["train"], None) == ("O", "B-NP", "I-NP")
    assert CHUNKS.classes(ready["test"]) == [["NP", "VP"]]
    predicted = [["B-NP", "I-NP", "I-VP"]]
    scores = CHUNKS.metrics(predictions(predicted), ready["test"])
    assert scores.values["f1"] == seqeval.metrics.f1_score(ready["test"]["tags"], predicted) == 1.0
    assert scores.values["strict_f1"] == pytest.approx(2 / 3)  # one of one right, of two
    assert scores.values["accuracy"] == pytest.approx(2 / 3)
    assert [row["type"] for row in scores.tables["chunks by type"]][:2] == ["NP", "VP"]
    assert "f1" in CHUNKS.shown and "f1" not in TASK.shown


def test_the_baseline_knows_words_and_their_most_frequent_tag():
    train = {"tokens": [["run", "run", "run", "a", "b", "n't"]], "tags": [["NOUN", "VERB", "VERB", "DET", "DET", "_"]]}
    train = {"tokens": [*train["tokens"], ["c"]], "tags": [*train["tags"], ["DET"]]}
    name, guesses = TASK.baseline(train, {"tokens": [["run", "a", "new", "n't"]]})
    assert "most frequent tag" in name
    assert guesses == [{"prediction": ["VERB", "DET", "DET", "DET"]}]


def test_what_the_page_shows_of_a_row():
    row = {
        "tokens": ["a", "b", "c"],
        "gold": ["X", "Y", "_"],
        "prediction": ["X", "Z", "X"],
        "confidence": [0.9, 0.6, 1],
    }
    row["confidence"] = [0.9, 0.6, 1.0]
    assert [(a.gold, a.predicted, a.error) for a in TASK.answers(row)] == [("X", "X", 0.0), ("Y", "Z", 0.6)]
    assert TASK.marked(row) == [("a", None, None), ("b", "Y", "Z"), ("c", None, None)]


def test_the_sample_is_the_same_everywhere_and_more_than_a_list_of_words():
    made = generate()
    pinned = "961e2ebaeb0bbffad657ced95229f8e6d72949cd737a647cf25131bcffd93022"
    assert hashlib.sha256(json.dumps(made).encode()).hexdigest() == pinned
    assert {split: len(columns["tokens"]) for split, columns in made.items()} == {
        "train": 800, "validation": 200, "test": 300,
    }  # fmt: skip
    sentences = [" ".join(tokens) for columns in made.values() for tokens in columns["tokens"]]
    assert len(set(sentences)) == len(sentences)
    examples = TASK.beside_train(made["train"], made["test"])
    _, guesses = TASK.baseline(made["train"], examples)
    assert 0.55 < TASK.metrics(guesses, examples).values["accuracy"] < 0.7


CONLLU = """# text = Don't walk far
1-2	Don't	_	_	_	_	_	_	_	_
1	Do	do	AUX	VB	_	_	_	_	_
2	n't	not	PART	RB	_	_	_	_	_
3	walk	walk	VERB	VB	_	_	_	_	_
4	far	far	ADV	RB	_	_	_	_	_

1	我们	_	PRON	PN	_	_	_	_	_
2	在	_	ADP	IN	_	_	_	_	_
3	東京	_	PROPN	NNP	_	_	_	_	_
4	ラーメン	_	NOUN	NN	_	_	_	_	_
5	。	_	PUNCT	.	_	_	_	_	_

"""


@pytest.mark.parametrize(("column", "tag"), [("upos", "PROPN"), ("xpos", "NNP")])
def test_a_run_on_a_column_of_conllu_files_with_a_long_sentence(run_here, tiny_bert, tmp_path, column, tag):
    long = "".join(f"{i}\tw\t_\tX\tFW\t_\t_\t_\t_\t_\n" for i in range(1, 201)) + "\n"
    (tmp_path / "data.conllu").write_text(CONLLU * 4 + long, encoding="utf-8")
    words = [f"data.{split}={tmp_path}/data.conllu" for split in ("train", "validation", "test")]
    words += ["data.columns.tokens=form", f"data.columns.tags={column}", "training.max_steps=2"]
    folder = run_here("task=pos", "data=files", f"model.path={tiny_bert}", *words)
    rows = predicted(folder)
    assert [len(row["tokens"]) for row in rows] == [4, 5] * 4 + [200]
    assert all(len(row["prediction"]) == len(row["confidence"]) == len(row["tokens"]) for row in rows)
    assert rows[1]["tokens"][2] == "東京" and rows[1]["gold"][2] == tag
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["baseline"]["values"]["accuracy"] == 1.0 and "unseen_accuracy" not in metrics["test"]
    guesses = load_model(folder).predict({"tokens": [row["tokens"] for row in rows]})
    assert [guess["prediction"] for guess in guesses] == [row["prediction"] for row in rows]


def test_a_run_on_chunks(run_here, tiny_bert, tmp_path):
    (tmp_path / "data.txt").write_text("He PRP B-NP\nreckons VBZ B-VP\nthe DT B-NP\ndeficit NN I-NP\n. . O\n\n" * 6)
    words = [f"data.{split}={tmp_path}/data.txt" for split in ("train", "validation", "test")]
    words += ["data.format=conll", "task.chunks=true", "task.best=f1", "training.max_steps=2"]
    folder = run_here("task=pos", "data=files", f"model.path={tiny_bert}", *words)
    metrics = json.loads((folder / "metrics.json").read_text())
    assert {"f1", "strict_f1", "accuracy", "loss"} <= set(metrics["test"]) and metrics["baseline"]["values"]["f1"] == 1
    assert "chunks by type" in metrics["tables"]["test"] and (folder / "report.html").is_file()
