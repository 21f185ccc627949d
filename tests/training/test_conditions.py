"""Recording conditions that are made up."""

import numpy as np
import pytest
from support.media import tone

from emocli.training.conditions import CODECS, Condition, draw, echo, record

RATE = 16_000
SOUND = np.asarray(0.3 * tone(1, 440), np.float32)


def recorded(**how: object) -> np.ndarray:
    """The tone in one condition."""
    return record(SOUND, Condition(**how), np.random.default_rng(0), [SOUND[::-1]])  # type: ignore[arg-type]


def test_nothing_made_up_leaves_the_sound_alone() -> None:
    assert recorded() == pytest.approx(SOUND, abs=1e-6)


def test_speed_changes_length_and_pitch() -> None:
    fast = recorded(speed=1.1)
    assert len(fast) == pytest.approx(RATE / 1.1, abs=2)
    assert np.abs(np.fft.rfft(fast)).argmax() * RATE / len(fast) == pytest.approx(484, abs=3)


@pytest.mark.parametrize("noise", ["white", "pink", "babble", "hum"])
def test_noise_is_as_loud_as_it_says(noise: str) -> None:
    added = recorded(noise=noise, noise_db=10.0) - SOUND
    assert 10 * np.log10(np.mean(SOUND**2) / np.mean(added**2)) == pytest.approx(10, abs=0.3)


def test_a_telephone_passes_no_bass() -> None:
    low = np.asarray(0.3 * tone(1, 100), np.float32)
    through = record(low, Condition(band=(300.0, 3400.0)), np.random.default_rng(0), [])
    assert np.mean(through**2) < 0.01 * np.mean(low**2)


def test_a_room_goes_on_after_the_sound_and_dies_away() -> None:
    response = echo(np.random.default_rng(3))
    assert response[0] == 1
    assert np.mean(response[-800:]**2) < 0.01 * np.mean(response[400:1200]**2)
    assert len(recorded(room=response)) > len(SOUND)


@pytest.mark.parametrize("codec", CODECS)
def test_codecs_give_the_sound_back_nearly(codec: tuple[str, str]) -> None:
    coded = recorded(codec=codec)
    assert len(coded) == pytest.approx(len(SOUND), abs=3000)
    assert np.abs(np.fft.rfft(coded, RATE)).argmax() == pytest.approx(440, abs=3)


def test_every_condition_gives_sound() -> None:
    parts = set()
    for seed in range(40):
        how, random = draw(np.random.default_rng(seed)), np.random.default_rng(seed)
        sound = record(SOUND, how, random, [SOUND])
        assert sound.dtype == np.float32
        assert np.isfinite(sound).all()
        assert sound.any()
        parts |= {how.noise, how.codec, how.room is not None}
    assert {"white", "pink", "babble", "hum", *CODECS, True, False} <= parts
