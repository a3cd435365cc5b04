"""Several tasks on one encoder: apart and together again, on literals; losses that do not depend on the batch."""

from collections import Counter

import numpy
import pytest
import torch

from stages.model import load_head
from stages.processor import load_tokenizer
from tasks.contract import IGNORED
from tasks.mixing import mixed, shared_encoder
from tasks.multi_task import MultiTask

NER = {"name": "ner", "best": "f1"}
TEXT = {"name": "text_classification", "best": "accuracy"}
TASK = MultiTask("multi_task", "mean", {"ner": NER, "topic": TEXT})
LABELS = ("ner/O", "ner/B-PER", "ner/I-PER", "topic/a", "topic/b")
EXAMPLES = {
    "part": ["topic", "ner", "topic", "ner"],
    "text": ["good film", None, "他住在北京", None],
    "label": ["a", None, "b", None],
    "tokens": [None, ["he", "said"], None, ["city"]],
    "tags": [None, ["B-PER", "O"], None, ["O"]],
    "gold": ["a", ["B-PER", "O"], "b", ["O"]],
}


def mixed_rows(tokenizer, examples=None):
    """The encoded rows as a list of dicts."""
    rows = TASK.encode(examples or EXAMPLES, tokenizer, LABELS)
    return [dict(zip(rows, row, strict=True)) for row in zip(*rows.values(), strict=True)]


# --- choices


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"parts": {"ner": NER}}, "task.parts: 1 are too few"),
        ({"parts": {"ner": NER, "b c": TEXT}}, "task.parts.b c: a part is called by one word"),
        ({"parts": {"ner": NER, "b": {**TEXT, "best": "f2"}}}, "task.parts.b: task.best=f2 is not a score"),
        ({"parts": {"ner": NER, "b": {**TEXT, "best": "loss"}}}, "task.parts.b.best=loss: the mean needs a score"),
        ({"parts": {"ner": NER, "b": {"name": "few_shot", "best": "accuracy"}}}, "few_shot is more than a head"),
        ({"parts": {"ner": NER, "b": {"name": "ranking", "best": "mrr"}}}, "ranking is more than a head"),
        ({"best": "f1"}, "task.best=f1 is not a score of multi_task. Choose one of: mean, ner/f1"),
        ({"sampling": "random"}, "task.sampling=random is not known. Choose one of: size, temperature, equal."),
        ({"temperature": 0.5}, "task.temperature=0.5 is below 1"),
    ],
)
def test_choices_that_do_not_exist(choice, expected):
    with pytest.raises(ValueError) as caught:
        MultiTask(**{"name": "multi_task", "best": "mean", "parts": TASK.parts, **choice})
    assert expected in str(caught.value)


WITH_DATA = ("task=multi_task", "data=sample")
MESSAGES = {
    "task.parts.ner.head=crv": "task.parts.ner: task.head=crv is not known",
    "+task.parts.ner.hed=crf": "task.parts.ner: there is no key task.hed. Nearest: task.head",
    "data=glue/sst2": "data=sst2 is for one task, and multi_task has several parts. Add data=parts",
    "+task@task.parts.topic=text_classification data=parts": "data.parts.topic: task.parts.topic has no data. Add",
    "data=parts +data@data.parts.x=glue/sst2": "data.parts.x: there is no task.parts.x",
    "data=parts data.parts.ner.limit=0": "data.parts.ner: data.limit=0 is not a whole number",
    "data=parts data@data.parts.ner=glue/sst2": "data.parts.ner: data.columns.label: ner reads the columns",
    "data=parts data@data.parts.ner=files data.parts.ner.train=/no/x.conll": "data.parts.ner: data.train=/no/x.conll:",
    "task=ner data=parts": "data=parts is for several tasks at once, and task=ner is one",
}


@pytest.mark.parametrize("words", MESSAGES)
def test_wrong_words_have_their_message(compose_config, words):
    with pytest.raises((ValueError, FileNotFoundError)) as caught:
        compose_config(*WITH_DATA, *words.split())
    assert MESSAGES[words] in str(caught.value)


def test_parts_are_options_of_the_groups(compose_config):
    config = compose_config("task=multi_task", "task.parts.ner.head=crf", "data@data.parts.ner=wnut17",
                            "data.parts.ner.columns.tokens=words")  # fmt: skip
    assert config["task"]["parts"]["ner"]["head"] == "crf"
    assert {part: data["name"] for part, data in config["data"]["parts"].items()} == {
        "ner": "wnut17", "text_classification": "sst2",
    }  # fmt: skip
    assert config["data"]["parts"]["ner"]["columns"] == {"tokens": "words", "tags": "ner_tags"}
    other = compose_config("task=multi_task", "~task@task.parts.ner", "~data@data.parts.ner", "data=parts",
                           "+task@task.parts.topic=text_classification", "+data@data.parts.topic=ag_news")  # fmt: skip
    assert list(other["task"]["parts"]) == list(other["data"]["parts"]) == ["text_classification", "topic"]


# --- apart and together


def test_examples_go_apart_and_together_again():
    places, own = mixed.select(EXAMPLES, "topic")
    assert (places, own) == ([0, 2], {"text": ["good film", "他住在北京"], "label": ["a", "b"]})
    pieces = {part: mixed.select(EXAMPLES, part) for part in ("ner", "topic")}
    assert mixed.join(pieces, TASK.members) == EXAMPLES
    without = {part: (places, {c: v for c, v in own.items() if c in ("text", "tokens")})
               for part, (places, own) in pieces.items()}  # fmt: skip
    assert "gold" not in mixed.join(without, TASK.members)


def test_one_table_with_a_gold_column_is_read_too():
    table = {name: EXAMPLES[name] for name in ("part", "text", "tokens", "gold")}
    splits, findings = TASK.prepare({"test": table})
    assert splits["test"] == EXAMPLES
    assert [finding.what for finding in findings] == ["ner: tag scheme IOB2"]
    with pytest.raises(ValueError, match=r"test example 2: part='nerr' is not one of task\.parts: ner, topic"):
        TASK.prepare({"test": {**table, "part": ["topic", "nerr", "topic", "ner"]}})


def test_findings_and_forms_know_the_part():
    assert TASK.classes(EXAMPLES) == [["topic/a"], ["ner/PER"], ["topic/b"], []]
    assert TASK.inputs(EXAMPLES)[:2] == [("topic", "good film"), ("ner", ["he", "said"])]
    assert TASK.labels(EXAMPLES, None) == LABELS
    assert TASK.columns == ("part", "tokens", "text", "gold")
    assert TASK.form(EXAMPLES) == ("part", "tokens", "text", "gold")
    assert ("part", "text", "gold") in TASK.forms


@pytest.mark.parametrize(
    ("sampling", "temperature", "counts"),
    [("size", 2.0, {0: 16, 1: 4, 2: 3}), ("temperature", 2.0, {0: 16, 1: 8, 2: 7}),
     ("temperature", 1.0, {0: 16, 1: 4, 2: 3}), ("equal", 2.0, {0: 16, 1: 16, 2: 16})],
)  # fmt: skip
def test_an_epoch_by_hand(sampling, temperature, counts):
    """16 * (4 / 16) ** 0.5 = 8, 16 * (3 / 16) ** 0.5 = 6.93; no row is left out."""
    of_row = [0] * 16 + [1] * 4 + [2] * 3
    chosen = mixed.epoch(of_row, sampling, temperature, 1)
    assert Counter(of_row[i] for i in chosen) == counts
    assert set(chosen) == set(range(23))
    often = Counter(chosen)
    assert all(abs(often[i] - often[j]) <= 1 for i in range(16, 20) for j in range(16, 20))
    draws = {tuple(mixed.epoch([0] * 9 + [1] * 6, "equal", 1.0, seed)) for seed in range(9)}
    assert len(draws) > 3


def test_outputs_of_any_shape_are_packed_and_come_back():
    whole, real = torch.tensor([[1, 2], [3, 40000]]), torch.tensor([0.25, 0.5])
    cube = torch.arange(12).reshape(2, 3, 2) / 7
    first = shared_encoder.pack([whole, real, cube])
    second = shared_encoder.pack([torch.tensor([[5, 6, 7]]), torch.tensor([1.0]), torch.zeros(1, 1, 2)])
    rows = [*first.numpy(), numpy.append(second.numpy()[0], [IGNORED] * 9)]
    ids, numbers, probabilities = shared_encoder.unpack(rows)
    assert ids.dtype.kind == "i" and ids.tolist() == [[1, 2, IGNORED], [3, 40000, IGNORED], [5, 6, 7]]
    assert numbers.tolist() == [0.25, 0.5, 1.0]
    assert probabilities.shape == (3, 3, 2) and probabilities[0].tolist() == cube[0].tolist()
    assert probabilities[2].tolist() == [[0, 0], [IGNORED] * 2, [IGNORED] * 2]
    empty = shared_encoder.unpack(shared_encoder.pack([torch.zeros(2, 0), torch.zeros(2)]).numpy())
    assert [part.shape for part in empty] == [(2, 0), (2,)]


# --- model, batches, loss


@pytest.fixture(scope="module")
def tokenizer(tiny_bert):
    return load_tokenizer(tiny_bert, True)


@pytest.fixture(scope="module")
def network(tiny_bert):
    torch.manual_seed(1)
    names = dict(enumerate(LABELS))
    return load_head(TASK, tiny_bert, id2label=names, label2id={name: i for i, name in names.items()}).eval()


def losses(network, rows, tokenizer):
    """Row losses of one batch."""
    batch = TASK.collator(tokenizer, network)(rows)
    labels = batch.pop("labels")
    context = TASK.loss_context({"part": [r["part"] for r in rows], "row": [r["row"] for r in rows],
                                 "example": [r["example"] for r in rows]}, LABELS, 0.0)  # fmt: skip
    return TASK.loss(network(**batch), labels, context), TASK.items(labels)


def test_each_part_answers_as_its_own_model_would(network, tokenizer, tiny_bert):
    from transformers import BertForSequenceClassification

    alone = BertForSequenceClassification.from_pretrained(tiny_bert, num_labels=2).eval()
    alone.classifier.load_state_dict(network.parts["topic"].classifier.state_dict())
    alone.bert.load_state_dict(network.bert.state_dict())
    rows = mixed_rows(tokenizer)
    outputs = network(**{k: v for k, v in TASK.collator(tokenizer, network)(rows).items() if k != "labels"})
    texts = tokenizer(["good film", "他住在北京"], padding=True, return_tensors="pt")
    assert torch.allclose(outputs["topic"]["logits"], alone(**texts).logits, atol=1e-6)
    assert outputs["ner"]["logits"].shape == (2, 2, 3)


def test_the_encoder_is_there_once(network):
    names = [name for name, _ in network.named_parameters()]
    assert {name.split(".")[0] for name in names} == {"bert", "parts"}
    assert sorted(name for name in names if name.startswith("parts")) == [
        f"parts.{part}.classifier.{kind}" for part in ("ner", "topic") for kind in ("bias", "weight")
    ]
    assert network.parts["ner"].bert is network.parts["topic"].bert is network.bert


def test_the_loss_of_a_row_depends_on_no_other_row(network, tokenizer):
    rows = mixed_rows(tokenizer)
    together, items = losses(network, rows, tokenizer)
    alone = torch.cat([losses(network, [row], tokenizer)[0] for row in rows])
    assert torch.allclose(together, alone, atol=1e-5)
    assert items.tolist() == [1] * 4 and (together > 0).all()
    by_hand = losses(network, [row for row in rows if row["part"] == 0], tokenizer)[0]
    task, batch = TASK.members["ner"], TASK.collator(tokenizer, network)(rows)
    gold = batch["ner/labels"]
    logits = network(**{k: v for k, v in batch.items() if k != "labels"})["ner"]["logits"]
    summed = task.loss({"logits": logits}, gold, task.loss_context({}, (), 0.0))
    assert torch.allclose(by_hand, summed / torch.tensor([2.0, 1.0]), atol=1e-5)


def test_a_row_without_gold_counts_nothing(network, tokenizer):
    rows = mixed_rows(tokenizer)
    blank = [{**rows[0], "labels": IGNORED}, rows[2]]
    found, items = losses(network, blank, tokenizer)
    assert items.tolist() == [0, 1] and found[0] == 0 and found[1] > 0
    unknown = {**EXAMPLES, "label": ["new", None, "b", None]}
    assert [row["labels"] for row in mixed_rows(tokenizer, unknown)] == [0, 0, IGNORED, 1]
