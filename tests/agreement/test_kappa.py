"""Kappas against scikit-learn and the example of Fleiss' paper."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from emocli.agreement.kappa import agreement, fleiss


def test_cohens_kappa_is_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    lengths, first = rng.uniform(0.1, 4, 200), rng.integers(0, 7, 200)
    second = np.where(rng.random(200) < 0.6, first, rng.integers(0, 7, 200))
    of_two = agreement(lengths, np.stack([first, second], 1))
    assert of_two.kappa == pytest.approx(cohen_kappa_score(first, second, sample_weight=lengths))
    assert of_two.agree == pytest.approx(lengths[first == second].sum() / lengths.sum())
    assert of_two.confusion.sum() == pytest.approx(lengths.sum())


def test_fleiss_kappa_of_the_known_table() -> None:
    # ten items, fourteen raters, five categories: kappa 0.210 (the usual worked example)
    table = [[0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
             [7, 7, 0, 0, 0],
             [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7]]
    classes = np.array([np.repeat(np.arange(5), counts) for counts in table])
    assert fleiss(np.ones(10), classes) == pytest.approx(0.210, abs=5e-4)
    assert np.isnan(fleiss(np.ones(2), np.zeros((2, 3), int)))
