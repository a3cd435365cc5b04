"""The bag of words: classification, regression and several labels against scikit-learn; a run."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from datasets import Dataset
from run_files import predicted
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from transformers import AutoTokenizer
from word_texts import TEXTS, tokenizer

from stages.scratch.bag_of_words import BagOfWordsConfig, BagOfWordsForSequenceClassification
from tasks.contract import IGNORED


def fitted(labels, texts=TEXTS, class_weights=None, **choices):
    """-> (the fitted model, a function from texts to its logits)."""
    words = tokenizer(texts, min_frequency=choices.get("min_frequency", 1))
    model = BagOfWordsForSequenceClassification(BagOfWordsConfig(vocab_size=len(words), **choices))
    model.fit(Dataset.from_dict({**words(texts), "labels": labels}), class_weights)

    def logits(new):
        batch = words(new, padding=True, return_tensors="pt")
        return model.eval()(**batch).logits.detach()

    return model, logits


def vectorizer(**choices):
    return TfidfVectorizer(tokenizer=str.split, token_pattern=None, **{"ngram_range": (1, 2), **choices})


NEW = ["the good film", "unheard words", "bad bad river , the best", ""]


@pytest.mark.parametrize("ngrams", [1, 2])
@pytest.mark.parametrize("labels", [[0, 1, 0, 1, 2, 2], [1, 0, 1, 0, 1, 0]], ids=["three", "two"])
def test_classification_equals_that_of_scikit_learn(labels, ngrams):
    _, logits = fitted(labels, num_labels=max(labels) + 1, ngrams=ngrams, C=3.0)
    theirs = vectorizer(ngram_range=(1, ngrams))
    expected = LogisticRegression(C=3.0, max_iter=1000).fit(theirs.fit_transform(TEXTS), labels)
    ours = logits(TEXTS + NEW).softmax(dim=-1).numpy()
    assert ours == pytest.approx(expected.predict_proba(theirs.transform(TEXTS + NEW)), abs=1e-5)


def test_class_weights_are_those_of_scikit_learn():
    labels = [0, 1, 1, 1, 1, 1]
    _, logits = fitted(labels, class_weights=(3.0, 0.6), num_labels=2, C=1.0)
    theirs = vectorizer()
    expected = LogisticRegression(class_weight={0: 3.0, 1: 0.6}, max_iter=1000)
    expected.fit(theirs.fit_transform(TEXTS), labels)
    assert logits(NEW).softmax(dim=-1).numpy() == pytest.approx(expected.predict_proba(theirs.transform(NEW)), abs=1e-5)


def test_class_weights_of_several_labels_weigh_their_presence():
    labels = [[0, 1], [1, 1], [0, 0], [0, 1], [1, 0], [0, 0]]
    _, logits = fitted(labels, class_weights=(2.0, 5.0), num_labels=2, C=1.0, problem_type="multi_label_classification")
    theirs, found = vectorizer(), logits(NEW).sigmoid().numpy()
    values = theirs.fit_transform(TEXTS)
    for i, weight in enumerate((2.0, 5.0)):
        expected = LogisticRegression(class_weight={0: 1.0, 1: weight}, max_iter=1000)
        expected.fit(values, [row[i] for row in labels])
        assert found[:, i] == pytest.approx(expected.predict_proba(theirs.transform(NEW))[:, 1], abs=1e-5)


@pytest.mark.parametrize(
    "labels", [[[1.5], [0], [2], [-1], [1], [0]], [[1, 0], [0, 1], [2, 3], [-1, 0], [1, 1], [0, 2]]]
)
def test_regression_equals_the_ridge_regression_of_scikit_learn(labels):
    _, logits = fitted(labels, num_labels=len(labels[0]), problem_type="regression", C=2.0)
    theirs = vectorizer()
    expected = Ridge(alpha=0.5).fit(theirs.fit_transform(TEXTS), np.array(labels))
    found = logits(NEW).numpy()
    assert found == pytest.approx(expected.predict(theirs.transform(NEW)).reshape(found.shape), abs=1e-5)


def test_targets_in_a_scale_of_the_config_and_marked_as_known():
    """The head multiplies its scores by target_std and adds target_mean (tasks/texts/text_heads.py)."""
    labels = [[1.5, 1.0], [0.0, 1.0], [2.0, 1.0], [-1.0, 1.0], [1.0, 1.0], [0.5, 1.0]]
    _, logits = fitted(labels, num_labels=1, problem_type="regression", C=2.0, target_mean=[3.0], target_std=[0.5])
    theirs = vectorizer()
    expected = Ridge(alpha=0.5).fit(theirs.fit_transform(TEXTS), [label for label, _ in labels])
    assert logits(NEW).numpy()[:, 0] * 0.5 + 3.0 == pytest.approx(expected.predict(theirs.transform(NEW)), abs=1e-5)


def test_groups_of_texts_cannot_be_fitted():
    model = BagOfWordsForSequenceClassification(BagOfWordsConfig(vocab_size=9))
    with pytest.raises(ValueError, match="is fitted to texts one by one, not in groups"):
        model.fit(Dataset.from_dict({"input_ids": [[[4], [5]]], "labels": [[1, 0]]}))


def test_several_labels_are_as_many_logistic_regressions():
    labels = [[1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 0], [1, 0, 0], [0, 0, 0]]
    _, logits = fitted(labels, num_labels=3, problem_type="multi_label_classification", C=5.0)
    theirs, found = vectorizer(), logits(NEW).sigmoid().numpy()
    values = theirs.fit_transform(TEXTS)
    for column in (0, 1):
        expected = LogisticRegression(C=5.0, max_iter=1000).fit(values, [row[column] for row in labels])
        assert found[:, column] == pytest.approx(expected.predict_proba(theirs.transform(NEW))[:, 1], abs=1e-5)
    assert found[:, 2].max() < 1e-10, "nothing has the third label"


def test_a_label_without_examples_is_never_predicted_and_unlabelled_rows_teach_nothing():
    _, logits = fitted([0, 2, 0, 2, IGNORED, IGNORED], num_labels=4)
    _, fewer = fitted([0, 2, 0, 2], texts=TEXTS[:4], num_labels=4)
    assert logits(NEW).softmax(dim=-1)[:, [1, 3]].max() < 1e-9
    assert torch.allclose(logits(TEXTS[:1]), fewer(TEXTS[:1]), atol=1e-4)


def test_words_and_pairs_below_the_least_frequency_are_left_out():
    """As scikit-learn's vocabulary would be, cut to what occurs twice in all."""
    model, logits = fitted([0, 1, 0, 1, 0, 1], num_labels=2, min_frequency=2, C=1.0)
    words = [w for w in dict.fromkeys(" ".join(TEXTS).lower().split()) if " ".join(TEXTS).lower().split().count(w) > 1]
    pairs = ["was the", "the best", "a good", "good river", "river ,", "in a", "the film"]
    pairs = [p for p in pairs if sum(f" {text.lower()} ".count(f" {p} ") for text in TEXTS) > 1]
    assert len(model.idf) == len(words) + len(model.keys) and set(pairs) == {"the best", "the film", "a good"}
    theirs = vectorizer(vocabulary=[*words, *pairs])
    expected = LogisticRegression(max_iter=1000).fit(theirs.fit_transform(TEXTS), [0, 1, 0, 1, 0, 1])
    assert logits(NEW[:2]).softmax(dim=-1).numpy() == pytest.approx(
        expected.predict_proba(theirs.transform(NEW[:2])), abs=1e-5
    )


def test_padding_and_saving_change_nothing_in_a_bag_of_words(tmp_path):
    model, logits = fitted([0, 1, 0, 1, 2, 2], num_labels=3)
    assert torch.allclose(logits(TEXTS)[1], logits(TEXTS[1:2])[0])
    model.save_pretrained(tmp_path)
    again = BagOfWordsForSequenceClassification.from_pretrained(tmp_path)
    for name, values in model.state_dict().items():
        assert torch.equal(values, again.state_dict()[name]), name


# --- whole runs


def test_numbers_are_predicted_in_their_own_units(run_here):
    """Over the words of its own tokenizer, the run is scikit-learn's pipeline."""
    from tasks.samples.regression import generate

    folder, train = run_here("task=regression", "model=bag_of_words", "data=sample"), generate()["train"]
    words = AutoTokenizer.from_pretrained(folder / "model")
    theirs = TfidfVectorizer(analyzer=lambda text: _words_and_pairs(words.tokenize(text)))
    targets = np.array([list(target.values()) for target in train["target"]])
    expected = Ridge(alpha=0.1).fit(theirs.fit_transform(train["text"]), targets)
    rows = predicted(folder)
    found = np.array([[row["prediction"][name] for name in train["target"][0]] for row in rows])
    assert found == pytest.approx(expected.predict(theirs.transform([row["text"] for row in rows])), abs=1e-4)


def _words_and_pairs(words):
    known = [f"{a} {b}" for a, b in pairwise(words) if "[UNK]" not in (a, b)]
    return [word for word in words if word != "[UNK]"] + known
