"""Utterances as they end are those of the whole."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from support.paths import SHARED

from emocli.live.ear import Ear
from emocli.media.audio import decode
from emocli.media.probe import probe
from emocli.transcript import activity

pytestmark = [pytest.mark.slow, pytest.mark.shared]


@pytest.fixture(scope="module")
def whole() -> tuple[np.ndarray, list[tuple[float, float]]]:
    """Eleven seconds of a speech, and its utterances."""
    *_, (_, sound) = decode(probe(SHARED / "data" / "clips" / "jfk.flac"))
    with sound:
        return sound.read(0, sound.duration), [(u.start, u.end) for u in activity.find(sound)]


@pytest.mark.parametrize("size", [160, 1_600, 20_011])
def test_whatever_comes_at_once(whole: tuple[np.ndarray, list[tuple[float, float]]], size: int) -> None:
    samples, utterances = whole
    ear = Ear(activity.SILENCE, activity.LONGEST)
    ended = [u for i in range(0, len(samples), size) for u in ear.feed(samples[i:i + size])] + ear.finish()
    assert len(utterances) > 1
    np.testing.assert_allclose([(u.start, u.end) for u in ended], utterances)


def test_a_long_utterance_is_cut(whole: tuple[np.ndarray, list[tuple[float, float]]]) -> None:
    ear = Ear(silence=30.0, longest=2.0)
    ended = ear.feed(np.tile(whole[0], 2)) + ear.finish()
    assert all(u.end - u.start < 2.2 for u in ended)
    assert sum(u.end - u.start for u in ended) > 12
    assert all(a.start < b.start and a.end <= b.start + 2 * activity.PAD + 1e-6 for a, b in pairwise(ended))


def test_what_is_missed_ends_an_utterance(whole: tuple[np.ndarray, list[tuple[float, float]]]) -> None:
    ear, half = Ear(30.0, 60.0), whole[0][:4 * 16_000]
    assert not ear.feed(half)
    utterance, silence = ear.going_on
    assert utterance.start == pytest.approx(whole[1][0][0], abs=0.01)
    assert utterance.end + silence == pytest.approx(4.0, abs=0.1)
    (first,) = ear.skip(160_000)
    assert ear.going_on is None
    assert ear.heard == 14.0
    ear.feed(half)
    (second,) = ear.finish()
    assert (second.start, second.end) == pytest.approx((first.start + 14, first.end + 14), abs=0.05)
