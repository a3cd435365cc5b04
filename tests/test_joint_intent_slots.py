"""Intents and slots together: reading, labels, the weighted loss, scores by hand and by seqeval, real formats."""

import hashlib
import json

import pytest
import seqeval.metrics
import torch
from torch.nn.functional import cross_entropy

from stages.model import load_head
from stages.processor import load_tokenizer
from tasks.contract import IGNORED, LossContext
from tasks.joint_intent_slots import JointIntentSlots
from tasks.samples.joint_intent_slots import generate

TASK = JointIntentSlots("joint_intent_slots", "exact_match")
WORDS = {
    "tokens": [["rain", "in", "Oslo"], ["play", "B", "side"], ["hi"]],
    "tags": [["B-a/b", "O", "B-city"], ["O", "B-intent:x", "I-intent:x"], ["O"]],
    "intent": ["weather/find", "O", "weather/find"],
}
LABELS = ("intent:O", "intent:weather/find", "O", "B-a/b", "I-a/b", "B-city", "I-city", "B-intent:x", "I-intent:x")


def ready(examples=WORDS, task=TASK):
    (found,) = task.prepare({"train": examples})[0].values()
    return found


# --- choices and reading


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"best": "f1"}, "task.best=f1 is not a score of joint_intent_slots"),
        ({"intent_weight": 1.0}, "task.intent_weight=1.0 is no share. Give a number between 0 and 1."),
        ({"intent_from": "last"}, "task.intent_from=last is not known. Choose one of: first, mean."),
        ({"stride": -2}, "task.stride=-2 is not a number of sub-words"),
    ],
)
def test_choices_that_do_not_exist(choice, expected):
    with pytest.raises(ValueError, match=expected):
        JointIntentSlots(**{"name": "joint_intent_slots", "best": "exact_match", **choice})


def test_gold_answers_are_one_object_whatever_form_they_came_in():
    wanted = {"intent": "weather/find", "slots": ["B-a/b", "O", "B-city"]}
    by_word = {
        **WORDS,
        "intent": [[intent] * len(t) for intent, t in zip(WORDS["intent"], WORDS["tokens"], strict=True)],
    }
    in_one_text = {"tokens": ["rain in Oslo"], "tags": ["B-a/b O B-city"], "intent": ["weather/find"]}
    for given in (WORDS, by_word, in_one_text, ready()):
        found = ready(given)
        assert found["tags"][0] == wanted and "intent" not in found
        assert found["tokens"][0] == ["rain", "in", "Oslo"]
    text = {"text": ["rain in 奥斯陆。"], "spans": [[[8, 11, "city"]]], "intent": ["weather/find"]}
    found = ready(text)
    slots = [{"start": 8, "end": 11, "label": "city", "text": "奥斯陆"}]
    assert found["spans"] == [{"intent": "weather/find", "slots": slots}]
    assert found["tokens"] == [["rain", "in", "奥", "斯", "陆", "。"]]
    assert found["tags"][0]["slots"] == ["O", "O", "B-city", "I-city", "I-city", "O"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {"intent": ["a", ["a", "b", "a"], "a"]},
            r"train example 2: data.columns.intent must hold one intent per example, it holds",
        ),
        (
            {"intent": ["a", "b", " "]},
            "train example 3: data.columns.intent must hold one intent per example, it holds",
        ),
        ({"intent": ["a", [], "b"]}, "train example 2: data.columns.intent must hold one intent"),
        ({"tags": [["O"] * 3, ["O"], ["O"]]}, "train example 2: 3 words but 1 tags"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(change, expected):
    with pytest.raises(ValueError, match=expected):
        ready({**WORDS, **change})


def test_slots_without_intents_are_refused():
    with pytest.raises(ValueError, match=r"train has tags, but no intents. Map their column with data.columns.intent"):
        ready({name: WORDS[name] for name in ("tokens", "tags")})
    assert "tags" not in ready({"tokens": [["a"]], "intent": ["left alone in new text"]})


# --- labels, rows, loss


def test_labels_carry_intents_and_slots_whatever_their_names_hold():
    examples = ready()
    assert TASK.labels(examples, None) == LABELS
    assert len(set(LABELS)) == len(LABELS)
    assert TASK.classes(examples)[:2] == [["intent:weather/find", "a/b", "city"], ["intent:O", "intent:x"]]


@pytest.mark.parametrize(("read_from", "end"), [("first", 1), ("mean", 5)])
def test_the_first_place_of_a_row_is_the_intent(tiny_bert, read_from, end):
    task = JointIntentSlots("joint_intent_slots", "exact_match", intent_from=read_from)
    rows = task.encode(ready({"tokens": [["the", "a", "x"]], "tags": [["O", "B-city", "O"]], "intent": ["O"]}),
                       load_tokenizer(tiny_bert, True), LABELS)  # fmt: skip
    assert rows["words"] == [[(0, end), (1, 2), (2, 3), (3, 4)]]
    assert rows["labels"] == [[LABELS.index("intent:O"), 2, 5, 2]]
    unknown = {"tokens": [["the"]], "tags": [["B-new"]], "intent": ["new"]}
    assert task.encode(ready(unknown), load_tokenizer(tiny_bert, True), LABELS)["labels"] == [[IGNORED, IGNORED]]
    assert task.encode({"tokens": [["the"]]}, load_tokenizer(tiny_bert, True), LABELS)["labels"] == [[IGNORED] * 2]


def head(folder):
    torch.manual_seed(0)
    names = dict(enumerate(LABELS))
    return load_head(TASK, folder, id2label=names, label2id={name: i for i, name in names.items()}).eval()


def batch(folder, examples):
    tokenizer = load_tokenizer(folder, True)
    rows = TASK.encode(examples, tokenizer, LABELS)
    count = len(rows["example"])
    return TASK.collator(tokenizer, None)([{name: values[i] for name, values in rows.items()} for i in range(count)])


def test_the_loss_is_the_weighted_mean_of_both_heads(tiny_bert):
    """Counted anew from the plain model's scores: [CLS] for the intent, each word's first sub-word for its tag."""
    task, model = JointIntentSlots("joint_intent_slots", "exact_match", intent_weight=0.25), head(tiny_bert)
    inputs = batch(tiny_bert, ready())
    labels, words = inputs.pop("labels"), inputs.pop("words")
    with torch.no_grad():
        plain = model(**inputs)["logits"]
        outputs = model(**inputs, words=words)
    for i, row in enumerate(task.loss(outputs, labels, LossContext())):
        intent = cross_entropy(plain[i, 0, :2], labels[i, 0])
        places = [start for start, end in words[i, 1:].tolist() if end]
        tags = labels[i, 1 : 1 + len(places)] - 2
        slots = torch.stack([cross_entropy(plain[i, p, 2:], t) for p, t in zip(places, tags, strict=True)]).mean()
        assert row == pytest.approx(float(0.25 * intent + 0.75 * slots), abs=1e-6)
    assert task.items(labels).tolist() == [1, 1, 1]
    assert task.items(torch.tensor([[IGNORED, IGNORED], [IGNORED, 3]])).tolist() == [0, 1]


def test_the_loss_of_a_row_does_not_depend_on_its_batch(tiny_bert):
    model, examples = head(tiny_bert), ready()
    losses = []
    for part in ([0, 1, 2], [0], [1], [2]):
        inputs = batch(tiny_bert, {name: [values[i] for i in part] for name, values in examples.items()})
        labels = inputs.pop("labels")
        with torch.no_grad():
            losses.append(TASK.loss(model(**inputs), labels, LossContext()))
    assert torch.allclose(losses[0], torch.cat(losses[1:]), atol=1e-5)


def test_an_utterance_without_words_has_an_intent_all_the_same(tiny_bert):
    inputs = batch(tiny_bert, ready({"tokens": [[], []], "tags": [[], []], "intent": ["O", "O"]}))
    labels = inputs.pop("labels")
    with torch.no_grad():
        outputs = head(tiny_bert)(**inputs)
    assert torch.isfinite(TASK.loss(outputs, labels, LossContext())).all()
    rows = {"example": [0, 1], "positions": [[], []]}
    answers = TASK.decode(tuple(t.numpy() for t in TASK.reduce(outputs)), rows, LABELS, {"tokens": [[], []]}, None)
    assert [answer["prediction"]["slots"] for answer in answers] == [[], []]
    assert all(answer["prediction"]["intent"] in ("O", "weather/find") for answer in answers)


def test_all_windows_have_a_say_in_the_intent():
    """Two windows say 0.6 and 0.1 for the first intent: 0.35 on average, so it is the second one."""
    whole = torch.tensor([[0.6, 0.4], [0.1, 0.9]]).numpy()
    best, sure = torch.tensor([[0, 3], [4, -100]]).numpy(), torch.tensor([[0.5, 0.9], [0.8, -100]]).numpy()
    rows = {"example": [0, 0], "positions": [[0, 1], [2]]}
    (answer,) = TASK.decode((whole, best, sure), rows, LABELS, {"tokens": [["a", "b", "c"]]}, None)
    assert answer == {"prediction": {"intent": "weather/find", "slots": ["O", "B-city", "I-city"]},
                      "confidence": [0.65, 0.5, 0.9, 0.8]}  # fmt: skip


# --- scores, baseline, page


def predictions(*pairs):
    return [{"prediction": {"intent": intent, "slots": slots.split()}} for intent, slots in pairs]


def test_scores_by_hand_and_by_seqeval():
    """Intents: 2 of 3. Slots: 2 of 3 gold ones found, one more is wrong. Exact: the last one only."""
    examples = ready()
    guesses = predictions(("weather/find", "B-a/b O O"), ("x", "O B-intent:x I-intent:x"), ("weather/find", "O"))
    guesses[0]["prediction"]["slots"][1] = "B-city"
    scores = TASK.metrics(guesses, examples)
    assert scores.values["intent_accuracy"] == pytest.approx(2 / 3)
    assert scores.values["exact_match"] == pytest.approx(1 / 3)
    gold, found = WORDS["tags"], [guess["prediction"]["slots"] for guess in guesses]
    assert scores.values["slot_f1"] == pytest.approx(2 / 3) == seqeval.metrics.f1_score(gold, found)
    assert (scores.values["slot_precision"], scores.values["slot_recall"]) == (pytest.approx(2 / 3),) * 2
    assert {"gold": "O", "predicted": "x", "count": 1} in scores.tables["confusion"]
    (row,) = [row for row in scores.tables["intents"] if row["intent"] == "weather/find"]
    assert (row["precision"], row["recall"], row["f1"], row["support"]) == (1.0, 1.0, 1.0, 2)
    assert TASK.for_evaluate(guesses, examples)["references"] == WORDS["intent"]


def test_the_baseline_is_the_most_frequent_intent_and_remembered_slots():
    name, guesses = TASK.baseline(
        ready(), ready({"tokens": [["Oslo", "B", "side"]], "tags": [["O"] * 3], "intent": ["O"]})
    )
    assert name == "most frequent intent, memorised slots"
    assert guesses == predictions(("weather/find", "B-city B-intent:x I-intent:x"))


def test_what_the_page_shows_of_a_row():
    row = {"tokens": ["in", "New", "York"], "gold": {"intent": "a", "slots": ["O", "B-city", "I-city"]},
           "prediction": {"intent": "b", "slots": ["O", "B-city", "O"]},
           "confidence": [0.7, 0.9, 0.8, 0.4]}  # fmt: skip
    answers = TASK.answers(row)
    assert [(a.gold, a.predicted, a.error) for a in answers] == [
        ("a", "b", 0.7),
        (None, "city", 0.8),
        ("city", None, 0.4),
    ]
    assert [text for text, *_ in TASK.marked(row)] == ["in", "New", "York"]


def test_the_sample_is_the_same_everywhere_and_more_than_memory():
    made = generate()
    assert (
        hashlib.sha256(json.dumps(made).encode()).hexdigest()
        == "03608cfa590b340e7fc1d0d9972b7f9ae8e21565f651afa1ac233539931cbc4b"
    )
    texts = [" ".join(tokens).lower() for columns in made.values() for tokens in columns["tokens"]]
    assert len(set(texts)) == len(texts) == 1300
    splits, _ = TASK.prepare(made)
    _, guesses = TASK.baseline(splits["train"], splits["test"])
    values = TASK.metrics(guesses, splits["test"]).values
    assert values["exact_match"] < 0.05 and values["slot_f1"] < 0.5 and values["intent_accuracy"] < 0.2
