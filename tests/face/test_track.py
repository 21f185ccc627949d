"""Who is who from picture to picture."""

import numpy as np
import pytest

from emocli.face.detect import Detection
from emocli.face.track import Tracker, iou


def test_iou() -> None:
    assert iou(np.array([0, 0, 10, 10]), np.array([0, 0, 10, 10])) == 1
    assert iou(np.array([0, 0, 10, 10]), np.array([5, 0, 10, 10])) == pytest.approx(1 / 3)
    assert iou(np.array([0, 0, 1, 1]), np.array([5, 5, 1, 1])) == 0


def face(x: float, y: float = 0) -> Detection:
    return Detection((x, y, 40, 40), np.zeros((5, 2)), 0.9)


def appearance(kind: int) -> np.ndarray:
    return np.eye(4, dtype=np.float32)[kind]


def test_two_people_who_cross_keep_their_ids() -> None:
    tracker = Tracker()
    people = [appearance(0), appearance(1)]
    seen = [tracker.update(i / 5, [face(10 * i), face(200 - 10 * i, 20)], people) for i in range(20)]
    assert all(ids == [1, 2] for ids in seen)


def test_a_face_is_found_again_after_a_cut() -> None:
    tracker = Tracker()
    assert tracker.update(0.0, [face(0)], [appearance(0)]) == [1]
    assert tracker.update(0.2, [face(0)], [appearance(1)]) == [2]  # another person in the same place
    assert tracker.update(9.0, [face(300)], [appearance(0)]) == [1]
    assert tracker.update(9.2, [face(300), face(0)], [appearance(0), appearance(2)]) == [1, 3]
