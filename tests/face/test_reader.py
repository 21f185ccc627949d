"""From observations to readings, and what a run is told."""

import numpy as np
import pytest

from emocli.face.reader import read
from emocli.timeline.types import FaceObservation, Segment, Utterance


def observation(time: float, face_id: int, index: int, size: float = 40) -> FaceObservation:
    scores = np.full(7, 0.05)
    scores[index] = 0.7
    return FaceObservation(time, (0, 0, size, size), np.zeros((5, 2)), 0.9, face_id, np.ones(4),
                           np.log(scores), scores)


def test_reading_is_of_the_largest_face() -> None:
    seen = [o for i in range(10) for o in (observation(i / 5, 1, 0, 80), observation(i / 5, 2, 6, 30))]
    reading, absent = read(seen, [Segment(0, 2), Segment(2, 4)], rate=5)
    assert (reading.face_id, reading.emotion, reading.quality) == (1, "happiness", 1.0)
    assert reading.many_faces
    assert not absent.present
    assert absent.reason == "no face was found"


def test_a_passer_by_does_not_count() -> None:
    seen = [observation(i / 5, 1, 0) for i in range(10)] + [observation(2.0, 2, 6)]
    (reading,) = read(seen, [Segment(0, 4)], rate=5)
    assert not reading.many_faces
    assert reading.quality == 0.5


def test_an_utterance_is_divided_where_its_face_changes() -> None:
    seen = [observation(i / 5, 1, 6 if i < 15 else 0) for i in range(30)]
    others = [observation(i / 5, 2, 3, 20) for i in range(10, 20)]
    both = sorted(seen + others, key=lambda o: o.time)
    said = Segment(0, 6, Utterance(0, 6, "so"))
    (reading,) = read(both, [said], rate=5)
    assert [(part.start, part.end, part.emotion) for part in reading.parts] == [
        (0, pytest.approx(2.9), "sadness"), (pytest.approx(2.9), 6, "happiness")]
    assert reading.parts[1].confidence == pytest.approx(0.7)
    silent, unchanged = read(both, [Segment(0, 2.8), Segment(3, 6, said.utterance)], rate=5)
    assert silent.parts == unchanged.parts == ()
    assert read(both, [Segment(0, 6)], rate=5)[0].parts == ()  # such a row is divided itself


def test_quality_is_the_share_of_the_time_with_the_face() -> None:
    (reading,) = read([observation(i / 5, 1, 0) for i in range(5)], [Segment(0, 4)], rate=5)
    assert reading.quality == 0.25
