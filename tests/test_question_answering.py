"""Question answering on literals and in a run: answers checked, contexts in windows, the best span over all of them."""

import json

import numpy
import pytest
import torch
from datasets import Dataset

from stages.cuts import cut
from stages.processor import load_tokenizer
from tasks.contract import IGNORED
from tasks.question_answering import ALWAYS, MAYBE, QuestionAnswering
from tasks.spans.answer_spans import as_prediction, likely_sentence
from tasks.words.heads import NEVER, PlaceCollator, best_spans

CHINESE = "范廷颂于1963年被任为主教。他生于宁平省。"


def make(**choices):
    return QuestionAnswering(**{"name": "question_answering", "best": "f1", **choices})


TASK = make(stride=8, max_question=10)


def examples(*rows):
    columns = zip(*rows, strict=True)
    return dict(zip(("question", "context", "answers"), map(list, columns), strict=True))


def answer(*pairs):
    return {"text": [text for text, _ in pairs], "answer_start": [start for _, start in pairs]}


def read(context, value, split="train", **more):
    given = examples(("?", context, value))
    prepared, findings = TASK.prepare({split: {**given, **more}})
    return prepared[split]["answers"][0], findings


@pytest.fixture(scope="module")
def tokenizer(tiny_bert):
    return load_tokenizer(tiny_bert, False)


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


# --- windows


def spans_of(rows, contexts):
    """The text between the labels of each row, None where they are the first sub-word."""
    found = []
    for i, (first, last) in enumerate(rows["labels"]):
        begin = rows["region"][i][1]
        context = contexts[rows["example"][i]]
        found.append(context[rows["starts"][i][first - begin] : rows["ends"][i][last - begin]] if first else None)
    return found


def test_windows_hold_the_whole_context_and_the_answer_where_they_show_it(tokenizer):
    words = [f"{a}{b}" for a in "abcdef" for b in "uvwxyz"] * 3  # 108 words of two sub-words each
    context = " ".join(words)
    place = context.index("cz du", 120)
    given = examples(("who is it", context, answer(("cz du", place))), ("who", "a b", answer(("b", 2))))
    rows = TASK.encode(given, tokenizer, ALWAYS)
    of_first = [i for i, e in enumerate(rows["example"]) if e == 0]
    assert len(of_first) > 4 and rows["example"] == [0] * len(of_first) + [1] and not any(rows["cut"])
    seen = {span for i in of_first for span in zip(rows["starts"][i], rows["ends"][i], strict=True)}
    whole = tokenizer(context, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    assert seen == set(whole) and len(whole) > 200  # every sub-word is in some window
    assert all(len(ids) <= 64 for ids in rows["input_ids"])
    shared = set(zip(rows["starts"][0], rows["ends"][0], strict=True)) & set(
        zip(rows["starts"][1], rows["ends"][1], strict=True)
    )
    assert len(shared) == 8
    found = spans_of(rows, given["context"])
    assert set(found[:-1]) == {None, "cz du"} and found[-1] == "b"
    for i, text in enumerate(found):
        begin, end = rows["region"][i][1:]
        assert (end - begin) == len(rows["starts"][i])
        assert (text is None) == (rows["labels"][i] == [0, 0])


def test_windows_do_not_depend_on_the_other_examples(tokenizer):
    one, other = ("who", "a b c " * 40, answer(("b", 2))), ("who is it " * 9, "x " * 100, answer(("x", 0)))
    alone, both = (TASK.encode(examples(*rows), tokenizer, ALWAYS) for rows in ([one], [one, other]))
    assert alone["input_ids"] == both["input_ids"][: len(alone["input_ids"])]


def test_what_is_not_seen_is_marked_as_cut_once(tokenizer):
    long_answer = "x " * 70
    given = examples(
        ("who is it on the river by the city two", "a " * 150, answer(("a", 0))),
        ("who", long_answer, answer((long_answer.strip(), 0))),
        ("who", "a", answer()),
    )
    rows = TASK.encode(given, tokenizer, MAYBE)
    cut_rows = [e for e, cut_ in zip(rows["example"], rows["cut"], strict=True) if cut_]
    assert cut_rows == [0, 1]
    of_long = [labels for e, labels in zip(rows["example"], rows["labels"], strict=True) if e == 1]
    assert len(of_long) > 1 and all(labels == [IGNORED, IGNORED] for labels in of_long)
    assert rows["labels"][-1] == [0, 0]


def test_new_questions_have_no_labels(tokenizer):
    rows = TASK.encode({"question": ["who", "who"], "context": ["a b", ""]}, tokenizer, ALWAYS)
    assert rows["labels"] == [[IGNORED, IGNORED]] * 2 and rows["region"][1] == [0, 0, 0]


@pytest.mark.parametrize("side", ["right", "left"])
def test_chinese_answers_are_exact_slices_on_both_padding_sides(tokenizer, tiny_roberta, side):
    for one in (tokenizer, load_tokenizer(tiny_roberta, False)):
        given = examples(("谁", CHINESE, answer(("宁平省", 18))), ("哪年", CHINESE + CHINESE, answer(("1963年", 4))))
        rows = make().encode(given, one, ALWAYS)
        found = zip(rows["example"], spans_of(rows, given["context"]), strict=True)
        assert {(e, text) for e, text in found if text} == {(0, "宁平省"), (1, "1963年")}
        before, one.padding_side = one.padding_side, side
        names = ("input_ids", "attention_mask", "region", "labels")
        batch = PlaceCollator(one, ("region", "labels"))(
            [{name: rows[name][i] for name in names} for i in range(len(rows["example"]))]
        )
        one.padding_side = before
        for i, (first, last) in enumerate(batch["labels"].tolist()):
            a, b = rows["labels"][i]
            assert batch["input_ids"][i, first : last + 1].tolist() == rows["input_ids"][i][a : b + 1]
            assert batch["attention_mask"][i, batch["region"][i, 0]] == 1


# --- from logits to answers


def test_the_best_spans_are_those_of_a_search_through_all():
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn(2, 2, 12, generator=generator)
    region = torch.tensor([[0, 3, 11], [2, 5, 7]])
    scores, first, last, none = best_spans(logits, region, 3, 9)
    for row, (zero, begin, end) in enumerate(region.tolist()):
        pairs = [(a, b) for a in range(begin, end) for b in range(a, min(a + 3, end))]
        ranked = sorted(pairs, key=lambda ab: -(logits[row, 0, ab[0]] + logits[row, 1, ab[1]]).item())[:9]
        found = [(a + begin, b + begin) for a, b in zip(first[row].tolist(), last[row].tolist(), strict=True) if a >= 0]
        assert found == ranked
        assert none[row] == pytest.approx((logits[row, 0, zero] + logits[row, 1, zero]).item())
    assert last[1].tolist()[3:] == [-1] * 6 and scores[1, 3] < NEVER / 2  # a context of two sub-words has three spans


def decoded(reduced, rows, contexts, labels=ALWAYS, **choices):
    reduced = tuple(numpy.array(part) for part in reduced)
    return make(**choices).decode(reduced, rows, labels, {"context": contexts}, None)


def test_the_best_span_over_all_windows_in_the_users_terms():
    """Example 0 has two windows, which share 'b'; example 1 one, of which the first sub-word holds a space."""
    rows = {"example": [1, 0, 0], "starts": [[0, 1], [0, 2], [2, 4]], "ends": [[1, 3], [1, 3], [3, 5]]}
    scores, first, last = [[1.0, 0.5], [2.0, 3.0], [3.5, 4.0]], [[1, -1], [0, 1], [0, 1]], [[1, -1], [0, 1], [0, 1]]
    found = decoded((scores, first, last, [9.0, 9.0, 9.0]), rows, ["a b c", "x y"])
    assert [(p["prediction"], p["start"]) for p in found] == [("c", 4), ("y", 2)]
    assert [(a["text"], a["start"]) for a in found[0]["n_best"]] == [("c", 4), ("b", 2), ("a", 0)]
    weights = numpy.exp([4.0, 3.5, 2.0])
    assert [a["confidence"] for a in found[0]["n_best"]] == pytest.approx((weights / weights.sum()).round(4))
    assert found[0]["confidence"] == found[0]["n_best"][0]["confidence"] and "no_answer_score" not in found[0]
    assert len(decoded((scores, first, last, [9.0, 9.0, 9.0]), rows, ["a b c", "x y"], n_best=1)[0]["n_best"]) == 1


@pytest.mark.parametrize(("threshold", "expected"), [(0.0, ""), (1.9, ""), (2.0, "a"), (5, "a")])
def test_no_answer_needs_to_score_above_the_best_one_by_the_threshold(threshold, expected):
    """Its score is the least over the windows: 6 - 4 = 2 above 'a'."""
    rows = {"example": [0, 0], "starts": [[0], [2]], "ends": [[1], [3]]}
    reduced = ([[4.0], [1.0]], [[0], [0]], [[0], [0]], [6.0, 8.0])
    (found,) = decoded(reduced, rows, ["a b"], MAYBE, null_threshold=threshold)
    assert found["prediction"] == expected and found["no_answer_score"] == 2.0
    assert [a["text"] for a in found["n_best"]] == ["", "a", "b"]
    assert found["start"] == (0 if expected else None)


def test_an_empty_context_has_no_answer():
    assert as_prediction([], 3.0, None) == {
        "prediction": "", "confidence": 1.0, "start": None, "n_best": [{"text": "", "start": None, "confidence": 1.0}]
    }  # fmt: skip


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
    rows = [json.loads(line) for line in (folder / "predictions" / "test.jsonl").read_text().splitlines()]
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
    rows = [json.loads(line) for line in (folder / "predictions" / "test.jsonl").read_text().splitlines()]
    assert [r["document"] for r in rows] == [f"t{r['id'][1:]}" for r in rows] and rows[0]["gold"]["answer_start"] != [0]
    shown = capsys.readouterr().out
    assert "exact" in shown and "HasAns" not in shown  # every question has an answer
    found = json.loads((folder / "findings.json").read_text())
    assert any("read in windows" in f["what"] for f in found) and any("nearest place" in f["what"] for f in found)
    assert (folder / "adapter").is_dir()


def test_the_loss_is_over_positions_and_does_not_depend_on_padding(tiny_bert, tokenizer):
    from stages.model import load_head
    from tasks.contract import LossContext

    model = load_head(TASK, tiny_bert).eval()
    given = examples(("who", "a b c", answer(("b", 2))), ("who", "a b c " * 6, answer(("c", 4))))
    rows = Dataset.from_dict(TASK.encode(given, tokenizer, ALWAYS))
    collate = TASK.collator(tokenizer, model)
    names = [*tokenizer.model_input_names, "region", "labels"]
    alone, both = (collate([{n: rows[i][n] for n in names} for i in part]) for part in ([0], [0, 1]))
    losses = []
    for batch in (alone, both):
        labels = batch.pop("labels")
        assert TASK.items(labels).tolist() == [2] * len(labels)
        losses.append(TASK.loss(model(**batch), labels, LossContext())[0].item())
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    logits = torch.tensor([[[0.0, 2.0, 0.0], [1.0, 0.0, 0.0]]])  # by hand: -log softmax at 1, and at 0
    expected = -(2 - numpy.log(2 + numpy.exp(2))) - (1 - numpy.log(2 + numpy.e))
    assert TASK.loss({"logits": logits}, torch.tensor([[1, 0]]), LossContext()).item() == pytest.approx(expected)
