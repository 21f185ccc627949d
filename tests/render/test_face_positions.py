"""Faces between the frames that were sampled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.timelines import made_up

from emocli.render.face_positions import FacePositions
from emocli.timeline.types import FaceObservation


def test_people_between_sightings() -> None:
    scores = np.eye(7)
    faces = tuple(FaceObservation(t, (x, 0, 10, 10), np.zeros((5, 2)), 0.9, 1, scores=scores[c])
                  for t, x, c in ((1.0, 0.0, 0), (1.4, 40.0, 0), (9.0, 0.0, 5)))
    people = FacePositions(replace(made_up(), faces=faces))
    (face,) = people.at(1.1)
    assert face.box[0] == pytest.approx(10)
    assert face.scores is not None
    assert face.scores.argmax() == 0
    assert [len(list(people.at(t))) for t in (0.7, 0.9, 1.5, 2.0, 8.9)] == [0, 1, 1, 0, 1]
    assert len(list(people.at(5.0, joined=10))) == 1
