"""The voice of utterances as they end: which model is asked, and what it remembers."""

from __future__ import annotations

import numpy as np
import pytest
from support.sessions import Voice

from emocli.live.voice import LiveVoice

SOUND = np.full(16_000, 0.5, np.float32)


@pytest.mark.parametrize(("sure", "headroom", "asked"), [
    (True, True, 0), (False, True, 1), (False, False, 0)])
def test_the_large_model_is_asked_where_the_small_one_is_unsure(sure: bool, headroom: bool,
                                                                asked: int) -> None:
    small, large = Voice(sure=sure), Voice()
    reading = LiveVoice(small, large, headroom=lambda: headroom).read(SOUND).reading
    assert (small.described, large.described) == (1, asked)
    assert reading.emotion == "disgust"
    assert reading.confidence > 0.9 or not asked


def test_silence_is_not_read() -> None:
    voice = LiveVoice(Voice(), Voice())
    heard = voice.read(SOUND[:0])
    voice.remember(heard)
    assert not heard.reading.present
    assert heard.reading.reason


class Counting(Voice):
    """Tells how many utterances it was given besides the one that it reads."""

    def __init__(self, *, sure: bool = True) -> None:
        super().__init__(sure=sure)
        self.beside: list[int] = []

    def answer(self, described: list[np.ndarray], enrolled: list[np.ndarray] = ()) -> tuple[np.ndarray, ...]:
        self.beside.append(len(enrolled))
        return super().answer(described, enrolled)


def test_each_is_read_against_those_before() -> None:
    model = Counting()
    voice = LiveVoice(None, model)
    for number in range(1, 4):
        voice.remember(voice.read(SOUND / number))
    voice.read(SOUND / 4)
    voice.read(SOUND / 3)  # once more, against the other two
    assert model.beside == [0, 1, 2, 3, 2]


def test_the_large_model_gets_to_know_who_speaks() -> None:
    small, large = Counting(), Counting()
    voice = LiveVoice(small, large)
    for number in range(1, 21):
        voice.remember(voice.read(SOUND / number))
    assert (small.described, large.described, large.beside) == (20, 16, [])
    assert small.beside == [*range(8), *[8] * 12]
    small.sure = False
    voice.read(SOUND / 21)
    assert large.beside == [16]
