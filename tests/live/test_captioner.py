"""Rows are read in a thread of their own."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import numpy as np
from support.sessions import said_rows, voice

from emocli.live.captioner import MOST_WAITING, Captioner
from emocli.live.events import Partial, Tagged
from emocli.live.rows import Clip, Said
from emocli.timeline.types import Utterance

SOUND = np.zeros(16_000, np.float32)


def said(start: float) -> Said:
    return Said((Utterance(start, start + 1),), (voice(0),), Clip(start, SOUND), 0.0)


class Slow:
    """Reads rows once it is let."""

    def __init__(self) -> None:
        self.begun, self.go, self.asked = Event(), Event(), list[bool]()

    def __call__(self, work: Said, with_words: bool) -> Iterator[Tagged]:
        self.begun.set()
        assert self.go.wait(60)
        self.asked.append(with_words)
        yield from said_rows(work, with_words)


def test_what_waits_too_long_has_rows_without_words() -> None:
    slow, told = Slow(), []
    captioner = Captioner(slow, told.append)
    for number in range(MOST_WAITING + 4):
        captioner.put(said(2.0 * number))
        assert slow.begun.wait(60)
    assert captioner.waiting == MOST_WAITING + 4
    assert captioner.behind(11.0) == 10.0
    slow.go.set()
    captioner.end()
    captioner.join()
    assert [event.utterance.start for event in told] == [2.0 * n for n in range(MOST_WAITING + 4)]
    assert slow.asked == [True, *[False] * 3, *[True] * MOST_WAITING]
    assert captioner.lost == slow.asked.count(False) == 3
    assert (captioner.waiting, captioner.behind(99.0)) == (0, 0.0)


def test_in_a_hurry_rows_have_no_words() -> None:
    slow = Slow()
    captioner = Captioner(slow, lambda event: None)
    captioner.put(said(0.0))
    captioner.put(said(2.0))
    assert slow.begun.wait(60)
    captioner.hurry()
    slow.go.set()
    captioner.end()
    captioner.join()
    assert slow.asked == [True, False]


def test_a_draft_that_comes_too_late_is_not_told() -> None:
    begun, go, told = Event(), Event(), []

    def draft(samples: np.ndarray) -> tuple[str, str]:
        begun.set()
        assert go.wait(60)
        return "so far", "en"

    captioner = Captioner(said_rows, told.append, draft=draft)
    captioner.put_partial(Utterance(0, 1), SOUND)
    assert begun.wait(60)
    captioner.put(said(0.0))
    go.set()
    captioner.end()
    captioner.join()
    assert not [event for event in told if isinstance(event, Partial)]
    assert len(told) == 1


def test_drafts_are_a_second_apart_or_twice_as_long_as_they_take() -> None:
    """A draft takes four seconds here."""
    clock, drafted, told = [0.0], [], []
    done = Event()

    def draft(samples: np.ndarray) -> tuple[str, str]:
        drafted.append(clock[0])
        clock[0] += 4.0
        return "so far", "en"

    def emit(event: object) -> None:
        told.append(event)
        done.set()

    captioner = Captioner(said_rows, emit, draft=draft, now=lambda: clock[0])
    captioner.put_partial(Utterance(0, 1), SOUND)
    assert done.wait(60)
    for clock[0] in (5.0, 7.9, 8.0):
        done.clear()
        captioner.put_partial(Utterance(0, clock[0]), SOUND)
    assert done.wait(60)
    captioner.end()
    captioner.join()
    assert drafted == [0.0, 8.0]
    assert [event.utterance.text for event in told] == ["so far"] * 2
