"""Observations in arrays."""

import numpy as np

from emocli.timeline.types import FaceObservations


def test_observations_in_arrays_are_a_sequence() -> None:
    geometry = np.arange(34.0).reshape(2, 17)
    seen = FaceObservations(geometry, np.ones((2, 4)), np.zeros((2, 7)), np.full((2, 7), 1 / 7))
    assert len(seen) == 2
    first, last = seen
    assert (first.time, first.box, first.detection, first.face_id) == (0, (1, 2, 3, 4), 15, 16)
    assert first.landmarks.tolist() == np.arange(5.0, 15).reshape(5, 2).tolist()
    assert [o.time for o in seen[1:]] == [last.time] == [17]
    assert seen[-1].face_id == last.face_id
