"""From sound to standardised spectrograms."""

import numpy as np
import pytest
from support.media import tone

from emocli.voice.features import BANDS, COLUMNS, LONGEST, normalise, speaker_statistics, spectrogram, trim


def test_quiet_ends_are_cut_and_the_middle_left() -> None:
    loud, quiet = tone(1), 1e-4 * tone(0.5, 300)
    trimmed = trim(np.concatenate([quiet, loud, quiet, loud, quiet]))
    assert len(trimmed) / 16000 == pytest.approx(2.5, abs=0.15)
    assert len(trim(np.zeros(16000, np.float32))) == 0
    assert len(trim(np.zeros(0, np.float32))) == 0


def test_spectrogram_shows_pitch_and_level() -> None:
    low, high = spectrogram(tone(1, 200)), spectrogram(tone(1, 400))
    assert low.shape[1] == COLUMNS
    octaves = np.nanmedian(high[:, BANDS]) - np.nanmedian(low[:, BANDS])
    assert octaves == pytest.approx(1, abs=0.05)
    assert spectrogram(0.1 * tone(1, 200))[:, :BANDS].max() == pytest.approx(low[:, :BANDS].max() - 20,
                                                                             abs=0.5)


def test_a_speakers_gain_is_taken_out() -> None:
    random = np.random.default_rng(0)
    speech = [tone(1, f) * random.uniform(0.5, 1) for f in (180, 220, 260)]
    prior = speaker_statistics([spectrogram(s) for s in speech])
    full, half = ([spectrogram(gain * s) for s in speech] for gain in (1.0, 0.5))
    a, b = (normalise(m[0], speaker_statistics(m, prior)) for m in (full, half))
    assert a == pytest.approx(b, abs=0.05)


def test_statistics_without_speech_are_the_prior() -> None:
    prior = (np.arange(COLUMNS, dtype=np.float32), np.ones(COLUMNS, np.float32))
    assert speaker_statistics([], prior)[0] is prior[0]


def test_long_speech_is_read_from_its_middle() -> None:
    long = np.arange(LONGEST + 100, dtype=np.float32)[:, None].repeat(COLUMNS, 1)
    kept = normalise(long, (np.zeros(COLUMNS), np.full(COLUMNS, 1e3)))
    assert len(kept) == LONGEST
    assert kept[0, 0] == pytest.approx(0.05)
