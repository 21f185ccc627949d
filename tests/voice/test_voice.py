"""Voice features."""

from pathlib import Path

import numpy as np
import pytest
from support.media import tone

from emocli.voice import store
from emocli.voice.features import BANDS, COLUMNS, LONGEST, normalise, speaker_statistics, spectrogram, trim
from emocli.voice.functionals import FUNCTIONALS, functionals, relative
from emocli.voice.network import VoiceNetwork
from emocli.voice.spectrum import decibels, frames, mel_power, rms, yin


def test_quiet_ends_are_cut_and_the_middle_left() -> None:
    loud, quiet = tone(1), 1e-4 * tone(0.5, 300)
    found = trim(np.concatenate([quiet, loud, quiet, loud, quiet]))
    assert len(found) / 16000 == pytest.approx(2.5, abs=0.15)
    assert len(trim(np.zeros(16000, np.float32))) == 0
    assert len(trim(np.zeros(0, np.float32))) == 0


def test_spectrogram_shows_pitch_and_level() -> None:
    low, high = spectrogram(tone(1, 200)), spectrogram(tone(1, 400))
    assert low.shape[1] == COLUMNS
    assert np.nanmedian(high[:, BANDS]) - np.nanmedian(low[:, BANDS]) == pytest.approx(1, abs=0.05)  # an octave
    assert spectrogram(0.1 * tone(1, 200))[:, :BANDS].max() == pytest.approx(low[:, :BANDS].max() - 20, abs=0.5)


@pytest.mark.slow
def test_spectra_are_librosas() -> None:
    import librosa

    random, time = np.random.default_rng(0), np.arange(48000) / 16000
    sound = sum(np.sin(2 * np.pi * k * (120 * time + 30 * time**2)) / k for k in range(1, 9)) * np.sin(3 * time)
    sound = (0.2 * sound + 0.003 * random.standard_normal(48000)).astype(np.float32)
    windows = frames(sound, 1024, 256)
    ours = mel_power(windows, rate=16000, window=640, bands=64, low=50)
    theirs = librosa.feature.melspectrogram(y=sound, sr=16000, n_fft=1024, win_length=640, hop_length=256,
                                            n_mels=64, fmin=50, fmax=8000)
    assert decibels(ours) == pytest.approx(librosa.power_to_db(theirs, top_db=None).T, abs=1e-2)
    assert rms(windows) == pytest.approx(librosa.feature.rms(y=sound, frame_length=1024, hop_length=256)[0], rel=1e-5)
    pitch = librosa.yin(sound, fmin=65, fmax=500, sr=16000, frame_length=1024, hop_length=256)
    assert np.median(np.abs(pitch - 120 - 60 * np.arange(len(pitch)) * 0.016)) < 3  # so it is a voice with a pitch
    assert yin(windows, rate=16000, low=65, high=500) == pytest.approx(pitch, rel=1e-3)


def test_a_speakers_gain_is_taken_out() -> None:
    random = np.random.default_rng(0)
    speech = [tone(1, f) * random.uniform(0.5, 1) for f in (180, 220, 260)]
    prior = speaker_statistics([spectrogram(s) for s in speech])
    one, half = ([spectrogram(g * s) for s in speech] for g in (1.0, 0.5))
    a, b = (normalise(m[0], speaker_statistics(m, prior)) for m in (one, half))
    assert a == pytest.approx(b, abs=0.05)


def test_statistics_without_speech_are_the_prior() -> None:
    prior = (np.arange(COLUMNS, dtype=np.float32), np.ones(COLUMNS, np.float32))
    assert speaker_statistics([], prior)[0] is prior[0]


def test_long_speech_is_read_from_its_middle() -> None:
    long = np.arange(LONGEST + 100, dtype=np.float32)[:, None].repeat(COLUMNS, 1)
    kept = normalise(long, (np.zeros(COLUMNS), np.full(COLUMNS, 1e3)))
    assert len(kept) == LONGEST
    assert kept[0, 0] == pytest.approx(0.05)


@pytest.mark.parametrize("frames", [1, 2, 5, 12, 300])
def test_functionals_of_any_length_are_numbers(frames: int) -> None:
    random = np.random.default_rng(frames)
    mel = random.normal(size=(frames, COLUMNS)).astype(np.float32)
    for pitch in (0.0, 1.0, mel[:, BANDS]):
        mel[:, BANDS] = pitch
        found = functionals(mel)
        assert found.shape == (FUNCTIONALS,)
        assert np.isfinite(found).all()


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
    left = [np.abs(relative(habit + random.normal(size=(n, FUNCTIONALS)), usual).mean(0)).mean() for n in (1, 8, 64)]
    assert left[0] > left[1] > left[2]
    assert left[2] < 0.2


def test_a_lonely_utterance_is_read_against_the_training_speakers() -> None:
    usual = (np.full(FUNCTIONALS, 2.0), np.ones(FUNCTIONALS))
    one = np.full((1, FUNCTIONALS), 4.0)
    assert relative(one, usual) == pytest.approx((4 - 0.2 * 4 - 0.8 * 2) / 0.801)


def test_int8_rows_come_back_within_half_a_step(tmp_path: Path) -> None:
    network = VoiceNetwork(members=4, wide=16, view=8)
    store.write(tmp_path / "small.safetensors", network.beginning(), int8=True)
    store.write(tmp_path / "whole.safetensors", network.state_dict())
    small, whole = store.read(tmp_path / "small.safetensors"), network.state_dict()
    assert len(VoiceNetwork.like(small).bodies) == 3
    for name, tensor in small.items():
        step = whole[name].abs().amax() / 127 if name.endswith(".weight") else 1e-3
        assert (tensor - whole[name]).abs().amax() <= 0.51 * step, name
    assert (tmp_path / "small.safetensors").stat().st_size < 0.6 * (tmp_path / "whole.safetensors").stat().st_size
