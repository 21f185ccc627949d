"""Which stretches are looked at: within bounds, loud ones of every voice, and pauses."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from emocli.face.sampling import SHARE, SOME, loudness, plan, visible_faces
from emocli.timeline.types import FaceObservations, Utterance


def faces_of(seconds: float, *seen: tuple[int, float, float]) -> FaceObservations:
    """Faces by number, each seen from one time to another, five times a second."""
    rows = [[t, 0, 0, 50, 50, *[0] * 10, 0.9, number] for t in np.arange(0, seconds, 0.2)
            for number, start, end in seen if start <= t < end]
    geometry = np.array(rows)
    return FaceObservations(geometry, *(np.zeros((len(rows), n)) for n in (4, 7, 7)))


def talk(count: int, speakers: Sequence[str] = ("",), lasts: float = 2.0) -> list[Utterance]:
    return [Utterance(3 * i + 0.5, 3 * i + 0.5 + lasts, speaker=speakers[i % len(speakers)])
            for i in range(count)]


def flat(times: np.ndarray) -> np.ndarray:
    return np.zeros(len(times))


def meshes(looks: list) -> int:
    return sum(len(part.face_ids) * round((part.end - part.start) * 12.5 / part.every) for _, part in looks)


def test_who_is_seen() -> None:
    (one,) = visible_faces([Utterance(2, 4)], faces_of(10, (1, 0, 10), (2, 3, 10), (3, 3.7, 10)))
    assert one.share == pytest.approx({1: 1, 2: 0.5, 3: 0.15}, abs=0.06)
    assert one.visible == [1, 2]
    assert visible_faces([Utterance(5, 6)], faces_of(3, (1, 0, 3)))[0].visible == []


@pytest.mark.parametrize("count", [3, 40, 400])
def test_the_second_look_is_bounded(count: int) -> None:
    faces = faces_of(3 * count, (1, 0, 1e9), (2, 0, 1e9))
    looks = plan(visible_faces(talk(count), faces), faces, flat)
    assert 0 < meshes(looks) <= max(SOME, SHARE * len(faces)) * 1.05
    starts = [part.start for _, part in looks]
    assert starts == sorted(starts)
    assert all(a.end <= b.start for (_, a), (_, b) in pairwise(looks))
    numbers = [number for number, _ in looks if number is not None]
    assert max(numbers) - min(numbers) >= 0.6 * (count - 1)  # from all over the video
    assert any(number is None for number, _ in looks)


def test_every_voice_gets_its_turn() -> None:
    said = [*talk(100, ["S1"]), *(Utterance(300.5 + 3 * i, 302.5 + 3 * i, speaker="S2") for i in range(4))]
    faces = faces_of(320, (1, 0, 1e9), (2, 0, 1e9))
    looks = plan(visible_faces(said, faces), faces, flat)
    assert {number for number, _ in looks} >= {100, 101, 102, 103}


def test_it_looks_where_it_is_loud_and_at_pauses_where_it_is_quiet() -> None:
    faces = faces_of(20, (1, 0, 20))
    looks = plan(visible_faces([Utterance(2, 12)], faces), faces, lambda times: -np.abs(times - 9.0))
    (spoken,) = (part for number, part in looks if number == 0)
    assert spoken.start < 9 < spoken.end
    pauses = [part for number, part in looks if number is None]
    assert pauses
    assert all(part.end <= 2.01 or part.start >= 12 for part in pauses)


def test_short_cries_and_endless_cues() -> None:
    faces = faces_of(4000, (1, 0, 4000))
    asked = []

    def envelope(times: np.ndarray) -> np.ndarray:
        asked.append(len(times))
        return np.zeros(len(times))

    looks = plan(visible_faces([Utterance(1, 1.1), Utterance(2, 3990)], faces), faces, envelope)
    assert [number for number, _ in looks if number is not None] == [1]
    assert max(asked) < 500
    assert plan(visible_faces([], faces), faces, envelope)[0][0] is None


def test_loudness_is_in_decibels_around_each_time() -> None:
    sound = np.concatenate([np.zeros(16000), 0.1 * np.ones(16000), 0.01 * np.ones(16000)])
    envelope = loudness(lambda a, b: sound[max(0, round(a * 16000)):round(b * 16000)], 16000)
    assert envelope(np.array([0.0, 0.5, 1.5, 2.5, 2.98, 3.5])) == pytest.approx(
        [-90, -90, -20, -40, -40, -90], abs=0.5)
