"""Smoothing keeps probabilities."""

import numpy as np
import pytest

from emocli.timeline.smoothing import smooth


def test_smoothing_is_light_and_sums_to_one() -> None:
    scores = np.eye(7)[[0, 0, 6, 0]]
    mixed = smooth(scores, np.array([0.0, 1, 2, 3]), np.array([1.0, 2, 3, 4]))
    assert mixed.sum(1) == pytest.approx(1)
    assert mixed[2].argmax() == 6
    assert 0.7 < mixed[2, 6] < 1
    far = smooth(scores, np.array([0.0, 100, 200, 300]), np.array([1.0, 101, 201, 301]))
    assert far == pytest.approx(scores, abs=1e-9)
