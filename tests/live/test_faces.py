"""Faces while a source goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from threading import Event

import numpy as np
import pytest
from support.timelines import scores

from emocli.live.faces import MOST_WAITING, LiveFaces
from emocli.media.frames import Sample
from emocli.timeline.types import FaceObservations, Segment


def picture(at: float) -> Sample:
    return Sample(at, np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.uint8))


def one(time: float) -> FaceObservations:
    """A face at a time that looks sad from 5 s on."""
    likely = scores(6 if time >= 5 else 0)[None]
    geometry = np.zeros((1, 17))
    geometry[0, [0, 3, 4, 15, 16]] = time, 50, 50, 0.9, 1
    return FaceObservations(geometry, np.zeros((1, 4)), np.log(likely), likely)


def follow(samples: Iterable[Sample]) -> Iterator[FaceObservations]:
    for sample in samples:
        yield one(sample.time)


@pytest.mark.parametrize("waits", [True, False])
def test_the_reading_of_a_stretch(waits: bool) -> None:
    faces = LiveFaces(follow, usual=2.0, waits=waits)
    for number in range(20):
        faces.offer(picture(number / 2))
        faces.reading(Segment(0.0, 1.0), faces.offered)  # waits for it
    early, late = (faces.reading(Segment(a, b), faces.offered) for a, b in ((1.0, 4.0), (6.0, 9.0)))
    assert (early.emotion, late.emotion) == ("happiness", "sadness")
    assert (early.quality, early.face_id) == (1.0, 1)
    assert faces.cut(1.0, 9.0, faces.offered) == [1.0, 4.75, 9.0]
    faces.forget(5.0)
    assert faces.reading(Segment(1.0, 4.0), faces.offered).reason == "no face was found"
    assert faces.reading(Segment(6.0, 9.0), faces.offered).present
    faces.close()


def blocked(go: Event) -> Callable[[Iterable[Sample]], Iterator[FaceObservations]]:
    def wait(samples: Iterable[Sample]) -> Iterator[FaceObservations]:
        assert go.wait(60)
        yield from follow(samples)

    return wait


def test_pictures_that_find_no_room_are_counted() -> None:
    go = Event()
    faces = LiveFaces(blocked(go), usual=5.0)
    for number in range(MOST_WAITING + 5):
        faces.offer(picture(number / 5))
    assert (faces.lost, faces.waiting) == (5, MOST_WAITING)
    go.set()
    assert faces.reading(Segment(0.0, 5.0), faces.offered).quality == pytest.approx(MOST_WAITING / 25)
    faces.close()


def test_fewer_pictures_under_load() -> None:
    slow = [False]
    faces = LiveFaces(follow, usual=5.0, waits=True, slow_down=lambda: 1.0 if slow[0] else None)
    for number in range(25):
        slow[0] = number >= 10
        faces.offer(picture(number / 5))
    assert faces.offered == 10 + 3
    assert faces.lost == 0
    faces.close()


def test_a_session_goes_on_without_faces() -> None:
    def broken(samples: Iterable[Sample]) -> Iterator[FaceObservations]:
        yield from follow([next(iter(samples))])
        raise ValueError("the face process has died")

    told: list[str] = []
    faces = LiveFaces(broken, usual=5.0, note=told.append)
    faces.offer(picture(0.0))
    faces.offer(picture(0.2))
    assert faces.reading(Segment(1.0, 2.0), 99).reason == "the face process has died"
    assert told == ["faces are not read any more: the face process has died"]
