"""Level, mel bands and pitch beside librosa's."""

import numpy as np
import pytest

from emocli.voice.spectrum import decibels, frames, mel_power, rms, yin


@pytest.mark.slow
def test_spectra_are_librosas() -> None:
    import librosa

    random, time = np.random.default_rng(0), np.arange(48000) / 16000
    sound = sum(np.sin(2 * np.pi * k * (120 * time + 30 * time**2)) / k
                for k in range(1, 9)) * np.sin(3 * time)
    sound = (0.2 * sound + 0.003 * random.standard_normal(48000)).astype(np.float32)
    windows = frames(sound, 1024, 256)
    ours = mel_power(windows, rate=16000, window=640, bands=64, low=50)
    theirs = librosa.feature.melspectrogram(y=sound, sr=16000, n_fft=1024, win_length=640, hop_length=256,
                                            n_mels=64, fmin=50, fmax=8000)
    assert decibels(ours) == pytest.approx(librosa.power_to_db(theirs, top_db=None).T, abs=1e-2)
    assert rms(windows) == pytest.approx(librosa.feature.rms(y=sound, frame_length=1024, hop_length=256)[0],
                                         rel=1e-5)
    pitch = librosa.yin(sound, fmin=65, fmax=500, sr=16000, frame_length=1024, hop_length=256)
    assert np.median(np.abs(pitch - 120 - 60 * np.arange(len(pitch)) * 0.016)) < 3  # it has a pitch
    assert yin(windows, rate=16000, low=65, high=500) == pytest.approx(pitch, rel=1e-3)
