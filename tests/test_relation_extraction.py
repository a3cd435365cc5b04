"""Relation extraction: entities in all forms, markers that no cut takes away, predictions, baseline; runs."""

import json

import pytest
import torch
from run_files import predicted

from stages.cuts import cut
from stages.processor import add_tokens, load_tokenizer
from tasks.contract import IGNORED
from tasks.relation_extraction import RelationExtraction
from tasks.spans.marked_entities import MARKERS, with_markers
from tasks.spans.marked_rows import kept_positions
from tasks.words.heads import PlaceCollator

TASK = RelationExtraction("relation_extraction", "f1_official")
CHINESE = "范廷颂生于宁平省。"


def prepared(**columns):
    return TASK.prepare({"test": columns})[0]["test"]


@pytest.fixture(scope="module", params=["tiny_bert", "tiny_roberta"])
def tokenizer(request):
    return add_tokens(load_tokenizer(request.getfixturevalue(request.param), False), TASK)


# --- entities in all forms


def test_three_forms_of_the_same_entities():
    found = [
        prepared(sentence=["A <e1>man</e1> in <e2>New York</e2>."]),
        prepared(text=["A man in New York."], e1=[[2, 5]], e2=[{"start": 8, "end": 17}]),
        prepared(
            token=[["A", "man", "in", "New", "York", "."]], subj_start=[1], subj_end=[1], obj_start=[3], obj_end=[4]
        ),
    ]
    marked = "A [E1] man [/E1] in [E2] New York [/E2]"
    assert [one["_marked"] for one in found] == [[f"{marked}."], [f"{marked}."], [f"{marked} ."]]
    assert all((one["e1"], one["e2"]) == ([[2, 5]], [[9, 17]]) for one in found)
    assert TASK.form(found[0]) == ("sentence", "relation") and TASK.form(found[1]) == TASK.columns
    assert TASK.form(found[2])[0] == "token"
    assert TASK.inputs(found[0]) == [(f"{marked}.",)]


def test_direction_and_order_stay_and_nested_entities_too():
    assert prepared(sentence=["<e2>b</e2> <e1>a</e1>"])["_marked"] == ["[E2] b [/E2] [E1] a [/E1]"]
    assert with_markers("bank of Rome", [0, 12], [8, 12]) == "[E1] bank of [E2] Rome [/E2] [/E1]"
    assert with_markers("ab", [0, 1], [1, 2]) == "[E1] a [/E1][E2] b [/E2]"
    assert prepared(sentence=["<e1>范廷颂</e1>生于<e2>宁平省</e2>。"])["text"] == [CHINESE]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"sentence": ["<e1>a</e1> b"]}, "test example 1: <e2> is missing. Mark two entities"),
        ({"sentence": ["<e1>a</e1> <e1>b</e1> <e2>c</e2>"]}, "test example 1: <e1> stands twice."),
        ({"sentence": ["</e1>a<e1> <e2>c</e2>"]}, "test example 1: e1: [1, 0] is no part of its text"),
        ({"sentence": [["a"]]}, "test example 1: data.columns.sentence holds ['a'], which is not of its type."),
        ({"text": ["a b"], "e1": [[0, 1]], "e2": [[2, 4]]}, "test example 1: data.columns.e2: [2, 4] is no part"),
        ({"text": ["a b"], "e1": [[0, 1]], "e2": ["b"]}, "test example 1: data.columns.e2 holds 'b'. Write [start"),
        ({"text": ["a [E1]"], "e1": [[0, 1]], "e2": [[2, 4]]}, "test example 1: its text holds one of [E1], [/E1]"),
        (
            {"token": [["a"]], "subj_start": [0], "subj_end": [0], "obj_start": [1], "obj_end": [1]},
            "test example 1: obj_start=1, obj_end=1 are no words of its 1.",
        ),
    ],
)  # fmt: skip
def test_entities_that_are_wrong_are_named_with_their_place(columns, expected):
    with pytest.raises(ValueError) as caught:
        prepared(**columns)
    assert str(caught.value).startswith(expected)


def test_a_negative_label_that_does_not_occur_is_said():
    train = {"sentence": ["<e1>a</e1> <e2>b</e2>"], "relation": ["x"]}
    (found,) = TASK.prepare({"train": train})[1]
    assert found.what == "no example has the label Other, which F1 leaves out: all labels count"
    assert not RelationExtraction("relation_extraction", "f1", negative=None).prepare({"train": train})[1]
    with pytest.raises(ValueError, match=r"^task\.negative=3 is not a label or null\.$"):
        RelationExtraction("relation_extraction", "f1", negative=3)


def test_a_relation_with_one_example_survives_the_cut():
    rows = [(f"<e1>a{i}</e1> <e2>b</e2>", f"R{i % 4}(e1,e2)") for i in range(80)] + [
        ("<e1>x</e1> <e2>y</e2>", "R0(e2,e1)")
    ]
    whole = prepared(sentence=[s for s, _ in rows], relation=[r for _, r in rows])
    rest, part = cut(whole, 0.1, TASK)
    assert len(part["relation"]) == 8 and len(rest["relation"]) == 73
    assert "R0(e2,e1)" in rest["relation"] + part["relation"]


# --- rows


def test_markers_are_single_sub_words_and_the_head_reads_the_start_ones(tokenizer):
    examples = prepared(sentence=["The <e2>city</e2> of the <e1>film</e1>", "<e1>范</e1>生于<e2>宁平省</e2>。"])
    rows = TASK.encode({**examples, "relation": ["a", "?"]}, tokenizer, ("a", "b"))
    assert rows["labels"] == [0, IGNORED] and rows["cut"] == [False, False]
    for ids, entities in zip(rows["input_ids"], rows["entities"], strict=True):
        assert [tokenizer.convert_ids_to_tokens(ids[p]) for p in entities] == ["[E1]", "[E2]"]
        assert tokenizer.unk_token_id not in [ids[p] for p in entities]
    assert rows["entities"][0][0] > rows["entities"][0][1]
    if tokenizer.unk_token != "[UNK]":  # byte-level: the words are read as they are behind a space
        words = tokenizer.tokenize("The [E1] film [/E1]")
        assert tokenizer.tokenize(" film ") == words[words.index("[E1]") + 1 : words.index("[/E1]")]


def test_long_texts_are_cut_around_the_entities(tokenizer):
    far = "a " * 100
    sentences = [
        f"{far}<e1>film</e1> of <e2>city</e2> {far}",  # both in the middle
        f"<e1>film</e1> of <e2>city</e2> {far}",
        f"{far}<e2>film</e2> of <e1>city</e1>",
        f"{far}<e1>film</e1> {far}<e2>city</e2> {far}",  # farther apart than the model reads
    ]
    rows = TASK.encode(prepared(sentence=sentences), tokenizer, ("a", "b"))
    assert rows["cut"] == [True] * 4 and rows["labels"] == [IGNORED] * 4
    for ids, entities in zip(rows["input_ids"], rows["entities"], strict=True):
        assert len(ids) == tokenizer.model_max_length
        assert [tokenizer.convert_ids_to_tokens(ids[p]) for p in entities] == ["[E1]", "[E2]"]
        assert ids[0] == tokenizer.cls_token_id and ids[-1] == tokenizer.sep_token_id
        assert {tokenizer.convert_tokens_to_ids(marker) for marker in MARKERS} <= {*ids}
    first = rows["entities"][0][0]
    assert abs(first - tokenizer.model_max_length // 2) < 8


def test_which_sub_words_stay():
    inside = list(range(1, 21))
    assert kept_positions(inside, [3, 6, 4, 7], 20) == inside
    assert kept_positions(inside, [10, 13, 11, 14], 9) == list(range(8, 17))
    assert kept_positions(inside, [1, 3, 2, 4], 6) == [1, 2, 3, 4, 5, 6]
    assert kept_positions(inside, [2, 18, 4, 19], 8) == [2, 3, 4, 5, 16, 17, 18, 19]
    with pytest.raises(ValueError, match="an entity is longer than half of what the model reads"):
        kept_positions(inside, [2, 10, 4, 19], 8)


def test_an_entity_that_does_not_fit_is_named(tokenizer):
    examples = prepared(sentence=[f"<e1>{'the ' * 40}</e1> said <e2>{'the ' * 90}</e2>"])
    with pytest.raises(ValueError, match=r"cannot hold '\[E1\] the the .*longer than half"):
        TASK.encode(examples, tokenizer, ("a", "b"))


@pytest.mark.parametrize("side", ["right", "left"])
def test_padding_moves_the_entities(tokenizer, side):
    examples = prepared(sentence=["<e1>film</e1> <e2>city</e2>", "the good <e1>film</e1> of the <e2>city</e2>"])
    rows = TASK.encode({**examples, "relation": ["a", "b"]}, tokenizer, ("a", "b"))
    before, tokenizer.padding_side = tokenizer.padding_side, side
    collate = PlaceCollator(tokenizer, ("entities",))
    tokenizer.padding_side = before
    names = ("input_ids", "attention_mask", "entities", "labels")
    tokenizer.padding_side = side
    batch = collate([{name: rows[name][i] for name in names} for i in (0, 1)])
    tokenizer.padding_side = before
    assert batch["labels"].tolist() == [0, 1]
    chosen = batch["input_ids"].gather(1, batch["entities"])
    assert chosen.tolist() == [tokenizer.convert_tokens_to_ids(["[E1]", "[E2]"])] * 2


def test_predictions_go_to_their_examples_in_any_order():
    outputs = {"logits": torch.log(torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]]))}
    reduced = tuple(part.numpy() for part in TASK.reduce(outputs))
    decoded = TASK.decode(reduced, {"example": [1, 0]}, ("x", "y", "z"), {"_marked": ["", ""]}, None)
    assert decoded == [{"prediction": "z", "confidence": 0.8}, {"prediction": "x", "confidence": 0.7}]


def test_the_baseline_remembers_pairs_and_guesses_no_negative_label():
    train = prepared(
        sentence=["<e1>A</e1> x <e2>b</e2>", "<e1>c</e1> <e2>d</e2>", "<e1>e</e1> <e2>f</e2>", "<e1>g</e1> <e2>h</e2>"],
        relation=["R(e1,e2)", "Other", "Other", "S(e1,e2)"],
    )
    given = prepared(sentence=["<e1>a</e1> y <e2>B</e2>", "<e1>c</e1> <e2>d</e2>", "<e1>b</e1> <e2>a</e2>"])
    assert [p["prediction"] for p in TASK.baseline(train, given)[1]] == ["R(e1,e2)", "Other", "R(e1,e2)"]


# --- runs


def test_a_run_loads_again(finished):
    from stages.prediction import load_model

    folder = finished("relation_extraction")
    rows, model = predicted(folder), load_model(folder)
    again = model.predict({"sentence": [row["sentence"] for row in rows]})
    assert [p["prediction"] for p in again] == [row["prediction"] for row in rows] and len(rows) == 60
    assert [p["confidence"] for p in again] == pytest.approx([row["confidence"] for row in rows], abs=1e-3)
    assert TASK.marked(rows[0])[0][0].count("[E1]") == 1
    assert "relations" in json.loads((folder / "metrics.json").read_text())["tables"]["test"]


def test_lora_on_the_authors_files(run_here, tiny_roberta, tmp_path):
    """CRLF, comments, a relation with one example; the markers' embeddings come back with the adapter."""
    lines = []
    for i in range(40):
        relation = ["Cause-Effect(e1,e2)", "Other", "Message-Topic(e2,e1)"][i % 3] if i else "Entity-Origin(e1,e2)"
        lines += [f'{i + 1}\t"the <e1>city{i}</e1> of <e2>Paris</e2> ."', relation, "Comment: none", ""]
    file = tmp_path / "TRAIN_FILE.TXT"
    file.write_bytes("\r\n".join(lines).encode())
    folder = run_here(
        "task=relation_extraction", "data=files", "data.format=semeval", f"data.train={file}", "method=lora",
        f"model.path={tiny_roberta}", "training.max_steps=2",
    )  # fmt: skip
    from stages.prediction import load_model

    rows = predicted(folder)
    assert len(rows) == 4 and (folder / "adapter").is_dir()
    again = load_model(folder).predict({"sentence": [row["sentence"] for row in rows]})
    assert [p["prediction"] for p in again] == [row["prediction"] for row in rows]
