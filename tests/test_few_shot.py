"""Few-shot classification on literals: prompts and verbalizers, sentence pairs and centroids, label names alone."""

import json
from collections import Counter

import pytest
import torch
from run_files import predicted

from stages.prediction import load_model
from tasks.contract import IGNORED, LossContext
from tasks.few_shot import FewShot
from tasks.texts import sentence_pairs, verbalizers

CONTRASTIVE = FewShot("few_shot", "accuracy")
PROMPT = FewShot("few_shot", "accuracy", way="prompt", template="{text} it is {mask} .", words={"neg": "bad"})
QUICK = ("data.per_class=4", "data.limit=40", "training.max_steps=4", "training.eval_strategy=steps",
         "training.eval_steps=2", "training.save_strategy=steps", "batch_size=8", "task.pairs=2")  # fmt: skip


# --- choices and words


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"way": "setfit"}, "task.way=setfit is not known. Choose one of: contrastive, prompt, zero_shot."),
        ({"pairs": 0}, "task.pairs=0 is not a number of pairs"),
        ({"best": "f1"}, "task.best=f1 is not a score of few_shot"),
        ({"template": "{text} is"}, "holds {mask} 0 times"),
        ({"template": "{mask} {mask} {text}"}, "holds {mask} 2 times"),
        ({"template": "it is {mask}"}, "holds {text} 0 times"),
    ],
)
def test_choices_that_do_not_exist(choice, expected):
    with pytest.raises(ValueError) as caught:
        FewShot(**{"name": "few_shot", "best": "accuracy", **choice})
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("label", "words"),
    [("card_arrival", "card arrival"), ("cardArrival", "card arrival"), ("Sci/Tech", "sci tech"), ("体育", "体育"),
     ("ENTY", "enty"), ("0", "0"), ("?", "?")],
)  # fmt: skip
def test_words_of_a_labels_name(label, words):
    assert verbalizers.words_of_name(label) == words


def test_words_that_are_given_and_those_that_fit_nothing():
    assert verbalizers.label_words(("neg", "pos"), {"neg": "bad"}) == {"neg": "bad", "pos": "pos"}
    with pytest.raises(ValueError, match=r"task\.words\.bad: no label is called so\. There are: neg, pos\."):
        verbalizers.label_words(("neg", "pos"), {"bad": "neg"})
    with pytest.raises(ValueError, match="a-b and a_b have the same words, 'a b'"):
        FewShot("few_shot", "accuracy").labels({"label": ["a_b", "a-b"]}, None)


def test_names_that_are_no_words_are_said_where_words_count():
    splits = {"train": {"text": ["a", "b"], "label": ["0", "1"]}}
    for way, count in (("contrastive", 0), ("prompt", 1), ("zero_shot", 1)):
        assert len(FewShot("few_shot", "accuracy", way=way).prepare(splits)[1]) == count
    named = FewShot("few_shot", "accuracy", way="prompt", words={0: "bad", 1: "good"})
    assert named.prepare(splits)[1] == []
    assert verbalizers.label_words(("0", "1"), named.words) == {"0": "bad", "1": "good"}


def test_words_can_be_typed(compose_config):
    typed = compose_config("task=few_shot", "data=sample", "task.words={0: bad, pos: very good}")
    assert typed["task"]["words"] == {0: "bad", "pos": "very good"}


# --- prompts


def test_a_prompt_holds_text_template_and_one_mask(tokenizer):
    rows = PROMPT.encode({"text": ["good film", "a [MASK] b"], "label": ["pos", "neg"]}, tokenizer, ("neg", "pos"))
    shown = [tokenizer.convert_ids_to_tokens(ids) for ids in rows["input_ids"]]
    assert shown[0] == ["[CLS]", "good", "film", "it", "is", "[MASK]", ".", "[SEP]"]
    assert shown[1].count("[MASK]") == 1 and shown[1][-3] == "[MASK]"
    assert rows["labels"] == [1, 0] and rows["cut"] == [False, False]


def test_a_long_text_loses_its_end_and_the_template_nothing(tokenizer):
    """Six sub-words beside the text, so 57 and 58 fit."""
    texts = ["a " * 57, "a " * 58, "a " * 59, "ab " * 500, ""]
    batch, cut = verbalizers.fill(PROMPT.template, texts, tokenizer)
    assert cut == [False, False, True, True, False]
    assert [len(ids) for ids in batch["input_ids"]] == [63, 64, 64, 64, 6]
    for ids in batch["input_ids"]:
        assert tokenizer.convert_ids_to_tokens(ids)[-5:] == ["it", "is", "[MASK]", ".", "[SEP]"]
    with pytest.raises(ValueError, match="alone is longer than the 64 sub-words"):
        verbalizers.fill("a " * 70 + "{text} {mask}", ["b"], tokenizer)


class ByCharacter:
    unk_token_id, mask_token, model_max_length = 1, "[MASK]", 20

    def __call__(self, text, **options):
        return {"input_ids": [ord(c) for c in text]}


def test_chinese_words_have_no_space_before_them():
    tokenizer = ByCharacter()
    words = {"体育": "体育", "财经": "财经"}
    assert verbalizers.word_ids(words, "{text}这是{mask}新闻", tokenizer) == [[ord(c) for c in w] for w in words]
    assert verbalizers.word_ids({"a": "b"}, "{text} is {mask}", tokenizer) == [[ord(" "), ord("b")]]


def test_words_that_the_vocabulary_lacks(tokenizer):
    with pytest.raises(ValueError, match=r"task\.words\.体育='体育' is not in the model's vocabulary"):
        verbalizers.word_ids({"体育": "体育"}, PROMPT.template, tokenizer)


def test_a_labels_score_is_the_mean_over_its_sub_words_at_the_mask(tiny_bert, tokenizer):
    from transformers import BertForMaskedLM

    texts = ["good film", "the city of a river"]
    words = {"neg": "bad", "pos": "good city"}
    ids = verbalizers.word_ids(words, PROMPT.template, tokenizer)
    rows = PROMPT.encode({"text": texts, "label": ["pos", "neg"]}, tokenizer, ("neg", "pos"))
    names = ("input_ids", "attention_mask", "token_type_ids", "labels")
    batch = verbalizers.PromptCollator(tokenizer, ids)([{n: rows[n][i] for n in names} for i in (0, 1)])
    labels = batch.pop("labels")
    with torch.no_grad():
        found = verbalizers.verbalizer(BertForMaskedLM).from_pretrained(tiny_bert).eval()(**batch)["logits"]
        plain = BertForMaskedLM.from_pretrained(tiny_bert).eval()
        for row, text, scores in zip((0, 1), texts, found, strict=True):
            one = tokenizer(f"{text} it is [MASK] .", return_tensors="pt")
            at = plain(**one).logits[0, one["input_ids"][0].tolist().index(tokenizer.mask_token_id)]
            bad, good, city = (at[tokenizer.convert_tokens_to_ids(word)] for word in ("bad", "good", "city"))
            assert scores.tolist() == pytest.approx([float(bad), float(good + city) / 2], abs=1e-5), row
    assert labels.tolist() == [1, 0]
    loss = PROMPT.loss({"logits": found}, labels, LossContext())
    assert loss.tolist() == pytest.approx([-float(f.log_softmax(0)[i]) for f, i in zip(found, (1, 0), strict=True)])


# --- sentence pairs


def test_pairs_have_as_many_of_each_kind_and_the_seed_decides():
    labels = [0, 0, 0, 1, 1, IGNORED, 2]
    found = sentence_pairs.pairs(labels, 3, 1)
    assert all(i != j and same == (labels[i] == labels[j]) for i, j, same in found)
    assert Counter(same for *_, same in found) == {1: 5 * 3, 0: 6 * 3}  # the one of class 2 has nobody
    assert 5 not in {i for pair in found for i in pair[:2]}
    assert found == sentence_pairs.pairs(labels, 3, 1) != sentence_pairs.pairs(labels, 3, 2)
    assert sentence_pairs.pairs([0, 0], 1, 1) == [(0, 1, 1), (1, 0, 1)]


def test_the_loss_of_pairs_by_hand():
    """Cosines 0.6, 1 and 0 against 1, 0 and an ignored one: 0.4 squared, 1, nothing."""
    first, second = [[1.0, 0.0]] * 3, [[0.6, 0.8], [1.0, 0.0], [0.0, 1.0]]
    same = torch.tensor([1, 0, IGNORED])
    outputs = {"logits": torch.zeros(6, 2), "embeddings": torch.tensor([*first, *second])}
    assert CONTRASTIVE.loss(outputs, same, LossContext()).tolist() == pytest.approx([0.16, 1.0, 0.0])
    assert CONTRASTIVE.items(same).tolist() == [1, 1, 0]


def test_pairs_become_one_batch_of_both_texts(tokenizer):
    rows = [
        {"input_ids": [2, 5, 3], "other": [2, 3], "labels": 1},
        {"input_ids": [2, 3], "other": [2, 6, 7, 3], "labels": 0},
    ]
    batch = sentence_pairs.PairCollator(tokenizer)(rows)
    assert batch["input_ids"].tolist() == [[2, 5, 3, 0], [2, 3, 0, 0], [2, 3, 0, 0], [2, 6, 7, 3]]
    assert batch["labels"].tolist() == [1, 0]
    alone = sentence_pairs.PairCollator(tokenizer)([{"input_ids": [2, 3], "labels": 5}])
    assert alone["input_ids"].tolist() == [[2, 3]] and alone["labels"].tolist() == [5]


@pytest.fixture(scope="module")
def encoder(tiny_bert):
    from transformers import BertModel

    return sentence_pairs.sentence_encoder(BertModel).from_pretrained(tiny_bert, num_labels=3)


def test_embeddings_are_means_of_length_one_whatever_the_batch(encoder, tokenizer):
    encoded = tokenizer(["good film", "the city of a river", "he"])["input_ids"]
    together = sentence_pairs.embed(encoder, encoded, tokenizer)
    alone = torch.cat([sentence_pairs.embed(encoder, [ids], tokenizer) for ids in encoded])
    assert torch.allclose(together, alone, atol=1e-6)
    assert together.norm(dim=1).tolist() == pytest.approx([1.0] * 3, abs=1e-5)


def test_centroids_by_hand(encoder):
    """Class 0: the mean of (1, 0, ..) and (0, 1, ..), of length 1; class 1 itself; class 2 has no example."""
    embeddings = torch.eye(32)[:4]
    sentence_pairs.set_centroids(encoder, embeddings, [0, 0, 1, IGNORED])
    weight = encoder.centroids.weight
    assert weight[0, :3].tolist() == pytest.approx([0.5**0.5, 0.5**0.5, 0.0])
    assert weight[1, 2] == 1 and weight[2].abs().sum() == 0 and weight[1].abs().sum() == 1


# --- whole runs


def metrics(place):
    return json.loads((place / "metrics.json").read_text())


@pytest.mark.parametrize("way", ["contrastive", "prompt"])
def test_a_run_learns_from_few_and_its_model_answers_the_same(way, run_here, tiny_bert):
    place = run_here("task=few_shot", "data=sample", f"task.way={way}", f"model.path={tiny_bert}", *QUICK)
    rows = predicted(place)
    again = load_model(place, {"use_cpu": True}).predict({"text": [row["text"] for row in rows]})
    assert [p["prediction"] for p in again] == [row["prediction"] for row in rows]
    assert [p["confidence"] for p in again] == pytest.approx([row["confidence"] for row in rows], abs=2e-4)
    assert metrics(place)["baseline"]["name"] == "most frequent label"
    assert len((place / "history.jsonl").read_text().splitlines()) >= 2


def test_zero_shot_takes_no_step_and_compares_with_label_names(run_here, tiny_bert):
    place = run_here("task=few_shot", "data=sample", "task.way=zero_shot", f"model.path={tiny_bert}", "data.limit=40")
    model = load_model(place, {"use_cpu": True})
    names = list(model.labels)
    assert [p["prediction"] for p in model.predict({"text": names})] == names  # the centroids are the names
    weights = {k: v for k, v in model.network.state_dict().items() if k != "centroids.weight"}
    from transformers import BertModel

    for name, value in BertModel.from_pretrained(tiny_bert, add_pooling_layer=False).state_dict().items():
        assert torch.equal(weights[name], value), name


def test_prompts_without_a_step(run_here, tiny_bert):
    place = run_here(
        "task=few_shot",
        "data=sample",
        "task.way=prompt",
        f"model.path={tiny_bert}",
        "data.limit=20",
        "training.max_steps=0",
    )
    assert 0 <= metrics(place)["test"]["accuracy"] <= 1


def test_a_model_without_the_head_for_prompts_is_refused(run_here):
    with pytest.raises(ValueError, match=r"the weights lack its head .* Take a model that has it"):
        run_here("experiment=quickstart/few_shot", "task.way=prompt")
