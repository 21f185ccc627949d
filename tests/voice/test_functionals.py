"""What a stretch of speech is like, as numbers with names."""

import numpy as np
import pytest

from emocli.voice.features import BANDS, COLUMNS
from emocli.voice.functionals import CEPSTRUM, FUNCTIONALS, NAMES, functionals, relative


@pytest.mark.parametrize("frames", [1, 2, 5, 12, 300])
def test_functionals_of_any_length_are_numbers(frames: int) -> None:
    random = np.random.default_rng(frames)
    mel = random.normal(size=(frames, COLUMNS)).astype(np.float32)
    for pitch in (0.0, 1.0, mel[:, BANDS]):
        mel[:, BANDS] = pitch
        numbers = functionals(mel)
        assert numbers.shape == (FUNCTIONALS,)
        assert np.isfinite(numbers).all()


def test_functionals_tell_a_rising_voice_from_a_falling_one() -> None:
    mel = np.zeros((100, COLUMNS), np.float32)
    mel[:, BANDS] = np.linspace(-1, 1, 100) + 1e-3
    up = functionals(mel)
    mel[:, BANDS] *= -1
    changed = np.abs(up - functionals(mel)) > 0.5
    assert changed.sum() >= 4  # slope, thirds and end of the melody
    assert not changed[:-33].any()  # nothing but melody and rhythm


def test_a_speakers_habit_is_taken_out_the_more_the_longer_they_speak() -> None:
    random = np.random.default_rng(0)
    usual = (np.zeros(FUNCTIONALS), np.ones(FUNCTIONALS))
    habit = random.normal(0, 3, FUNCTIONALS)
    left = [np.abs(relative(habit + random.normal(size=(n, FUNCTIONALS)), usual).mean(0)).mean()
            for n in (1, 8, 64)]
    assert left[0] > left[1] > left[2]
    assert left[2] < 0.2


def test_a_lonely_utterance_is_read_against_the_training_speakers() -> None:
    usual = (np.full(FUNCTIONALS, 2.0), np.ones(FUNCTIONALS))
    lonely = np.full((1, FUNCTIONALS), 4.0)
    assert relative(lonely, usual) == pytest.approx((4 - 0.2 * 4 - 0.8 * 2) / 0.801)


@pytest.fixture(scope="module")
def by_name() -> dict[str, float]:
    """The functionals of a spectrogram of 90 frames, of which every third group of ten has no pitch."""
    random = np.random.default_rng(0)
    mel = random.normal(size=(90, COLUMNS)).astype(np.float32)
    mel[:, BANDS] = np.linspace(1, 2, 90)
    mel[np.arange(90) // 10 % 3 == 2, BANDS] = 0
    mel[:, 60:64] += 3
    return dict(zip(NAMES, functionals(mel).tolist(), strict=True))


def test_every_number_has_one_name(by_name: dict[str, float]) -> None:
    assert len(set(NAMES)) == len(NAMES) == len(by_name) == FUNCTIONALS
    assert FUNCTIONALS == 2 * 5 * (CEPSTRUM + BANDS // 4) + 6 * CEPSTRUM + 16 + 17


def test_names_tell_what_the_numbers_are(by_name: dict[str, float]) -> None:
    assert by_name["voiced share"] == pytest.approx(2 / 3)
    assert by_name["frames, logarithm"] == pytest.approx(np.log(90))
    assert by_name["voiced runs, logarithm of the longest"] == pytest.approx(np.log(21))
    assert by_name["voiced runs in 60 frames"] == pytest.approx(3 / 90 * 60)
    assert by_name["pitch, median"] == pytest.approx(1.44, abs=0.05)
    assert by_name["pitch, trend"] > 0.5
    assert by_name["pitch, first third against the mean"] < -0.2
    assert by_name["pitch, end against the mean"] > 0.2
    assert by_name["bands 60 to 63, mean"] - by_name["bands 0 to 3, mean"] == pytest.approx(3, abs=0.3)
    assert by_name["bands 60 to 63, quantile 0.1"] < by_name["bands 60 to 63, median"]
    assert by_name["bands 60 to 63, median"] < by_name["bands 60 to 63, quantile 0.9"]
    assert abs(by_name["slope of bands 60 to 63, mean"]) < 0.1
    assert by_name["level, loud against the median"] > 0
    waves = [value for name, value in by_name.items() if name.startswith("level, modulation")]
    assert len(waves) == 6
