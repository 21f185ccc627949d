"""What waits between the thread that captures and the one that hears."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from emocli.live.intake import MOST_PICTURES, Block, Intake, Missed
from emocli.media.frames import Sample

SECOND = Block(np.zeros(16_000, np.int16))


def picture(at: float) -> Sample:
    return Sample(at, np.zeros((0, 0, 3), np.uint8), np.zeros((0, 0), np.uint8))


def all_of(intake: Intake) -> list[object]:
    return [got[1] for _ in range(100) if (got := intake.get(0)) is not None]


def test_sound_that_finds_no_room_is_counted_where_it_is_missing() -> None:
    intake = Intake()
    for _ in range(34):
        intake.put(SECOND)
    assert intake.sound == 30.0
    intake.get()
    intake.put(SECOND)
    intake.end()
    came = all_of(intake)
    assert came[-2:] == [Missed(4.0), SECOND]
    assert came[:-2] == [SECOND] * 29
    assert (intake.sound, intake.ended) == (0.0, True)


def test_what_is_missing_at_the_end_is_counted_too() -> None:
    intake = Intake()
    for _ in range(31):
        intake.put(SECOND)
    intake.end()
    assert all_of(intake)[-1] == Missed(1.0)


def test_of_pictures_the_oldest_are_lost() -> None:
    intake = Intake()
    intake.put(SECOND)
    for number in range(MOST_PICTURES + 3):
        intake.put(picture(number))
    first, *pictures = all_of(intake)
    assert first is SECOND
    assert [sample.time for sample in pictures] == list(range(3, MOST_PICTURES + 3))
    assert (intake.lost_frames, intake.pictures) == (3, 0)


def test_a_source_that_waits_loses_nothing() -> None:
    intake = Intake(waits=True)

    def capture() -> None:
        for _ in range(40):
            intake.put(SECOND)
        intake.end()

    thread = threading.Thread(target=capture)
    thread.start()
    came = []
    while not intake.ended:
        got = intake.get()
        came += [got[1]] if got else []
    thread.join()
    assert came == [SECOND] * 40


def test_who_captures_is_let_go_at_the_end() -> None:
    intake = Intake(waits=True)
    thread = threading.Thread(target=lambda: [intake.put(SECOND) for _ in range(40)])
    thread.start()
    intake.end(forget=True)
    thread.join(10)
    assert not thread.is_alive()
    assert intake.get() is None
    assert intake.closed


@pytest.mark.parametrize("error", [None, ValueError("broken")])
def test_the_first_error_is_kept(error: Exception | None) -> None:
    intake = Intake()
    intake.end(error)
    intake.end(KeyError("later"), forget=True)
    assert intake.error is error or error is None
