"""Which of the heads over words are believed."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import log_softmax

from emocli.text.encoder import Answers, Belief
from emocli.text.model import JointModel, mixture

RANDOM = np.random.default_rng(0)
SCORES = log_softmax(RANDOM.normal(size=(4, 3, 7)), -1)
SMALL = log_softmax(RANDOM.normal(size=(4, 7)), -1)


def answers(alike: list[float]) -> Answers:
    return Answers(np.zeros((4, 2)), SCORES, np.tile(alike, (4, 1)))


def test_the_corpus_that_a_sentence_is_like_counts_more() -> None:
    belief = Belief(np.array([0.5, 0.3, 0.2]), 0.4, {})
    mixed = mixture(answers([0, 50, 0]), {0: 0.6 * SMALL, 2: SMALL}, belief, [True, True, True])
    weights = np.array([0.6 * 0.5, 0.6 * 0.3 + 0.4, 0.6 * 0.2])
    expected = (weights[:, None] * SCORES).sum(1) + (0.6 * weights[0] + weights[2]) * SMALL
    assert mixed == pytest.approx(expected)


def test_what_is_not_learnt_does_not_count() -> None:
    belief = Belief(np.array([0.8, 0.1, 0.1]), 0.3, {})
    mixed = mixture(answers([9, 1, 1]), {0: SMALL}, belief, [False, True, True])
    assert mixed == pytest.approx(SCORES[:, 1:].mean(1))
    mixed = mixture(answers([9, 1, 1]), {0: SMALL}, belief, [False, False, True])
    assert mixed == pytest.approx(SCORES[:, 2])


def test_each_head_is_helped_by_that_of_its_own_corpus() -> None:
    small = {head: log_softmax(RANDOM.normal(size=(4, 7)), -1) for head in ("ko", "kote")}
    belief = Belief(np.array([0.5, 0.5]), 0.0, {"ko": 0.8, "kote": 0.3})
    encoder = SimpleNamespace(corpora=["ko", "kote"], belief=belief, answers=lambda texts: Answers(
        np.zeros((4, 2)), SCORES[:, :2], np.zeros((4, 2))))
    model = JointModel({"ko": encoder}, SimpleNamespace(logits=lambda texts, head: (None, small[head])))
    ko, kote = SCORES[:, 0] + 0.8 * small["ko"], SCORES[:, 1] + 0.3 * small["kote"]
    assert model.logits([""] * 4, "ko")[1] == pytest.approx((ko + kote) / 2)
    assert model.logits([""] * 4, "ko", without="kote")[1] == pytest.approx(ko)
