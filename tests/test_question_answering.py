"""Question answering: choices, answers as they are read and checked, scores, baseline, page; whole runs."""

import json

import pytest
from questions import CHINESE, TASK, answer, examples, make
from run_files import predicted

from stages.cuts import cut
from tasks.spans.answer_spans import ALWAYS, MAYBE
from tasks.spans.answers import likely_sentence


def read(context, value, split="train", **more):
    given = examples(("?", context, value))
    prepared, findings = TASK.prepare({split: {**given, **more}})
    return prepared[split]["answers"][0], findings


# --- choices and data


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"best": "exact_match"}, "task.best=exact_match is not a score of question_answering"),
        ({"scoring": "zh"}, "task.scoring=zh is not known. Choose one of: squad, cmrc."),
        ({"no_answer": "yes"}, "task.no_answer=yes is not known. Choose one of: true, false, null."),
        ({"max_answer": 0}, "task.max_answer=0 is not a whole number from 1 up."),
        ({"stride": 1.5}, "task.stride=1.5 is not a whole number from 0 up."),
        ({"null_threshold": None}, "task.null_threshold=None is not a number."),
    ],
)
def test_choices_that_do_not_exist(choice, expected):
    with pytest.raises(ValueError) as caught:
        make(**choice)
    assert str(caught.value).startswith(expected)


@pytest.mark.parametrize(
    "value",
    [
        answer(("宁平省", 18)),
        [{"text": "宁平省", "answer_start": 18}],
        {"text": "宁平省", "answer_start": 18},
    ],
)
def test_the_forms_in_which_files_hold_answers(value):
    assert read(CHINESE, value) == (answer(("宁平省", 18)), [])


def test_an_answer_that_stands_elsewhere_is_moved_to_the_nearest_place():
    found, findings = read("b a b a b", answer(("b", 5), ("a", 2)), split="test")
    assert found == answer(("b", 4), ("a", 2))
    assert [(f.level, f.split, f.what) for f in findings] == [
        ("warning", "test", "1 answers do not stand where their offset says, or have none: the nearest place was taken")
    ]


def test_answers_without_offset_stand_at_their_first_place_and_white_space_is_no_part_of_them():
    found, findings = read("x b b", ["b"])
    assert found == answer(("b", 2)) and len(findings) == 1
    assert read("x  b b", answer((" b ", 2))) == (answer(("b", 3)), [])
    assert read("x", answer()) == read("x", []) == read("x", answer(("", -1))) == (answer(), [])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (answer(("Rom", 2)), "test example 1 (id q7): the context does not hold the answer 'Rom', at 2 stands 'b c'."),
        (["Rom"], "test example 1 (id q7): the context does not hold the answer 'Rom'. Correct it, or remove it."),
        (answer(("b", "2")), "test example 1 (id q7): ('b', '2') is not an answer and its offset. Write {'text':"),
        (3, "test example 1 (id q7): data.columns.answers holds 3. Write {'text':"),
    ],
)
def test_an_answer_that_is_wrong_is_named_with_its_place(value, expected):
    with pytest.raises(ValueError) as caught:
        read("a b c", value, split="test", id=["q7"])
    assert str(caught.value).startswith(expected)


def test_columns_of_the_wrong_type_and_questions_without_answer_are_named():
    with pytest.raises(ValueError, match=r"^train example 1: data\.columns\.context must hold text, it holds 5\.$"):
        TASK.prepare({"train": examples(("?", 5, []))})
    with pytest.raises(ValueError, match=r"^train example 2 has no answer, but task\.no_answer=false\."):
        make(no_answer=False).prepare({"train": examples(("?", "a", ["a"]), ("?", "a", []))})


def test_labels_say_whether_there_may_be_no_answer():
    some, all_ = {"answers": [answer(("a", 0)), answer()]}, {"answers": [answer(("a", 0))]}
    assert (TASK.labels(some, None), TASK.labels(all_, None)) == (MAYBE, ALWAYS)
    assert make(no_answer=True).labels(all_, None) == MAYBE
    assert set(map(tuple, TASK.classes(some))) == {("answer",), ("no answer",)} and {"answer"} < set(MAYBE)


@pytest.mark.parametrize("named", [True, False])
def test_questions_on_one_document_stay_on_one_side_of_a_cut(named):
    """By the column document, else by context."""
    rows = {"question": [str(i) for i in range(60)], "context": [str(i // 3) for i in range(60)]}
    rows["answers"] = [answer(("x", 0))] * 60
    if named:
        rows["document"] = [str(i // 12) for i in range(60)]
    rest, part = cut(rows, 0.2, TASK)
    key = "document" if named else "context"
    assert len(part["question"]) == 12 and not set(rest[key]) & set(part[key])


# --- scores, baseline, page


def test_metrics_and_what_evaluate_gets():
    given = examples(("Who?", "a b", answer(("a", 0))), ("When?", "c", answer()))
    scores = TASK.metrics([{"prediction": "a"}, {"prediction": "c"}], given)
    assert scores.values["exact"] == 0.5 and scores.values["NoAns_f1"] == 0
    assert [row["question"] for row in scores.tables["by question"]] == ["who", "when"]
    compared = TASK.for_evaluate([{"prediction": "a"}, {"prediction": ""}], given)
    assert compared == {"predictions": ["a", ""], "references": ["a", ""]}


def test_the_baseline_is_the_likely_sentence_or_no_answer():
    context = "He left early. Anna Berg was born in Riga! 他生于宁平省。范廷颂是主教。"
    assert likely_sentence("Where was Anna Berg born?", context) == "Anna Berg was born in Riga!"
    assert likely_sentence("谁是主教", context) == "范廷颂是主教。"
    good, none = ("Who left?", "He left.", answer(("He left", 0))), ("Who?", "He left.", answer())
    assert TASK.baseline(examples(good), examples(good))[1] == [{"prediction": "He left."}]
    assert TASK.baseline(examples(none, none), examples(good)) == ("always no answer", [{"prediction": ""}])


def row(prediction, start, gold, context="It was Anna Berg who left."):
    given = {"question": "Who?", "context": context, "gold": gold}
    return {**given, "prediction": prediction, "start": start, "confidence": 0.8}


def test_errors_on_the_page():
    gold = answer(("Anna Berg", 7))
    (right,), (half,), (wrong,) = (
        TASK.answers(row(*said, gold)) for said in (("anna berg", 7), ("Anna", 7), ("left", 21))
    )
    assert right.error == 0 < half.error < wrong.error == 0.8
    (none,) = TASK.answers(row("", None, answer()))
    assert (none.gold, none.predicted, none.error) == ("no answer", "no answer", 0)
    assert TASK.marked(row("Anna", 7, gold)) == [
        ("Who?", None, None),
        ("It was ", None, None),
        ("Anna", "answer…", "answer"),
        (" Berg", "…answer", None),
        (" who left.", None, None),
    ]
    long = TASK.marked(row("Anna Berg", 500 + 7, answer(), "x" * 500 + "It was Anna Berg who left." + "y" * 500))
    assert long[1][0] == " … " + "x" * 113 + "It was " and long[2][2] == "answer"


# --- runs


def test_a_run_leaves_slices_and_loads_again(finished):
    from stages.prediction import load_model

    folder = finished("question_answering")
    rows = predicted(folder)
    assert [r["id"] for r in rows] == list(range(60)) and len({r["n_best"][1]["text"] for r in rows}) > 5
    for r in rows:
        for one in r["n_best"]:
            assert not one["text"] or r["context"][one["start"] : one["start"] + len(one["text"])] == one["text"]
    model = load_model(folder)
    inputs = {name: [r[name] for r in rows[:9]] for name in ("question", "context")}
    again = model.predict({name: [*values, " "] for name, values in inputs.items()})
    assert again[-1]["prediction"] is None
    assert [p["prediction"] for p in again[:9]] == [r["prediction"] for r in rows[:9]]
    assert [p["n_best"] for p in again[:9]] == [r["n_best"] for r in rows[:9]]
    assert "HasAns_f1" in json.loads((folder / "metrics.json").read_text())["test"]


def test_lora_on_a_file_in_squads_form_with_windows(run_here, tiny_bert, tmp_path, capsys):
    """Documents are kept together by the cut; the adapter with its head is loaded again and compared by the run."""
    articles = []
    for i in range(12):
        context = f"the city of a{i} was in the film . " * 6 + f"she said b{i} ."
        asked = {"id": f"q{i}", "question": "she said", "answers": [{"text": f"b{i}", "answer_start": 0}]}
        articles.append({"title": f"t{i}", "paragraphs": [{"context": context, "qas": [asked]}]})
    file = tmp_path / "a.json"
    file.write_text(json.dumps({"version": "1.1", "data": articles}))
    folder = run_here(
        "task=question_answering", "data=files", f"data.train={file}", f"model.path={tiny_bert}", "method=lora",
        "training.max_steps=2", "task.stride=10", "task.max_question=12",
    )  # fmt: skip
    rows = predicted(folder)
    assert [r["document"] for r in rows] == [f"t{r['id'][1:]}" for r in rows] and rows[0]["gold"]["answer_start"] != [0]
    shown = capsys.readouterr().out
    assert "exact" in shown and "HasAns" not in shown  # every question has an answer
    found = json.loads((folder / "findings.json").read_text())
    assert any("read in windows" in f["what"] for f in found) and any("nearest place" in f["what"] for f in found)
    assert (folder / "adapter").is_dir()
