"""The linear-chain CRF against all label sequences written out; decoding that knows only what IOB2 allows."""

import itertools

import numpy as np
import pytest
import torch

from tasks.contract import IGNORED
from tasks.words.decoding import best_sequence, followers, sequences
from tasks.words.heads import Transitions, average, crf_loss, log_partition, marginals
from tasks.words.tags import invalid_transitions

LABELS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")


@pytest.fixture
def batch():
    """Scores of 3 rows of 4, 2 and 0 words over 3 labels, and transitions."""
    torch.manual_seed(0)
    transitions = Transitions(3)
    for parameter in transitions.parameters():
        torch.nn.init.normal_(parameter)
    return torch.randn(3, 4, 3), torch.tensor([4, 2, 0]), transitions


def score(scores, path, transitions):
    between, first, last = transitions()
    total = first[path[0]] + last[path[-1]] + sum(scores[i, label] for i, label in enumerate(path))
    return total + sum(between[a, b] for a, b in itertools.pairwise(path))


def all_paths(count):
    return list(itertools.product(range(3), repeat=count))


def test_the_partition_sums_over_all_sequences(batch):
    scores, counts, transitions = batch
    found = log_partition(scores, counts, transitions())
    for row, count in enumerate([4, 2]):
        every = torch.stack([score(scores[row], path, transitions) for path in all_paths(count)])
        assert found[row].item() == pytest.approx(every.logsumexp(0).item(), abs=1e-4)
    assert found[2].item() == 0


def test_the_loss_is_the_negative_log_probability_of_the_labels(batch):
    scores, counts, transitions = batch
    labels = torch.tensor([[0, 2, 1, 1], [2, 0, IGNORED, IGNORED], [IGNORED] * 4])
    loss = crf_loss(scores, counts, labels, transitions())
    for row, path in enumerate([(0, 2, 1, 1), (2, 0)]):
        total = torch.stack([score(scores[row], p, transitions) for p in all_paths(len(path))]).logsumexp(0)
        assert loss[row].item() == pytest.approx((total - score(scores[row], path, transitions)).item(), abs=1e-4)
    assert loss[2].item() == 0


def test_an_unknown_label_is_summed_out(batch):
    scores, counts, transitions = batch
    loss = crf_loss(scores[:1], counts[:1], torch.tensor([[0, IGNORED, 1, 1]]), transitions())
    every = torch.stack([score(scores[0], p, transitions) for p in all_paths(4)]).logsumexp(0)
    fitting = torch.stack([score(scores[0], (0, b, 1, 1), transitions) for b in range(3)]).logsumexp(0)
    assert loss.item() == pytest.approx((every - fitting).item(), abs=1e-4)


def test_the_loss_learns_scores_and_transitions(batch):
    scores, counts, transitions = batch
    scores.requires_grad_()
    labels = torch.tensor([[0, 2, 1, 1], [2, 0, IGNORED, IGNORED], [IGNORED] * 4])
    crf_loss(scores, counts, labels, transitions()).sum().backward()
    assert all(p.grad.isfinite().all() and p.grad.abs().sum() > 0 for p in transitions.parameters())
    assert scores.grad[1, 2:].abs().sum() == 0 and scores.grad[2].abs().sum() == 0  # padding learns nothing


def test_marginals_are_summed_probabilities(batch):
    scores, counts, transitions = batch
    with torch.no_grad():
        found = marginals(scores, counts, transitions())
        every = torch.stack([score(scores[0], p, transitions) for p in all_paths(4)])
    for word, label in itertools.product(range(4), range(3)):
        fitting = torch.stack([s for s, p in zip(every, all_paths(4), strict=True) if p[word] == label])
        expected = (fitting.logsumexp(0) - every.logsumexp(0)).exp()
        assert found[0, word, label].item() == pytest.approx(expected.item(), abs=1e-4)
    assert found[1, 2:].abs().sum() == 0 and found[2].abs().sum() == 0


def test_neutral_transitions_are_the_linear_head(batch):
    scores, counts, _ = batch
    assert marginals(scores, counts, Transitions(3)())[0].numpy() == pytest.approx(
        scores[0].softmax(-1).numpy(), abs=1e-5
    )


def test_a_word_is_the_average_of_its_sub_words():
    logits = torch.arange(10.0).view(1, 5, 2)
    words = torch.tensor([[[0, 1], [1, 4], [0, 0]]])
    assert average(logits, words).tolist() == [[[0, 1], [4, 5], [0, 0]]]


def test_followers_of_iob2():
    first, between = followers(LABELS)
    assert first.tolist() == [True, True, False, True, False]
    expected = [[b[0] != "I" or a[1:] == b[1:] for b in LABELS] for a in LABELS]
    assert between.tolist() == expected


@pytest.mark.parametrize("seed", range(5))
def test_the_best_sequence_is_the_best_of_all_valid_ones(seed):
    generator = np.random.default_rng(seed)
    probabilities = generator.dirichlet(np.full(5, 0.3), size=4)
    valid = [
        p for p in itertools.product(range(5), repeat=4) if not invalid_transitions([LABELS[i] for i in p], "IOB2")
    ]
    best = max(valid, key=lambda path: sum(np.log(probabilities[i, label]) for i, label in enumerate(path)))
    assert best_sequence(probabilities, *followers(LABELS)).tolist() == list(best)


def test_windows_are_decoded_as_one_sentence():
    """The second window alone would begin with I-PER, which only the first window's B-PER allows."""
    sure = {label: [0.96 if other == label else 0.01 for other in LABELS] for label in LABELS}
    reduced = (np.array([[sure["O"], sure["B-PER"]], [sure["I-PER"], sure["O"]]]),)
    rows = {"example": [0, 0], "positions": [[0, 1], [2]]}
    best, confidence = sequences(reduced, rows, LABELS, [3])
    assert [LABELS[i] for i in best] == ["O", "B-PER", "I-PER"]
    assert confidence.tolist() == [0.96, 0.96, 0.96]
    cut = (np.array([[sure["O"], sure["O"]], [sure["I-PER"], sure["O"]]]),)  # O O I-PER is not allowed
    assert not invalid_transitions([LABELS[i] for i in sequences(cut, rows, LABELS, [3])[0]], "IOB2")
