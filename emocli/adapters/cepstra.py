"""What foreign networks of the voice take: cepstra and mel spectrograms, as their authors computed them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

#: Samples a second of all of these, Hz.
RATE = 16_000
#: Frames of the wide cepstrum, and of the diary app's.
FRAMES, DIARY_FRAMES = 128, 100


def mfcc(samples: np.ndarray, count: int, frames: int | None = None, hop: int = 512) -> np.ndarray:
    """(count, frames) float32 cepstrum of a sound at RATE, cut, or padded with zeros at its end; of all
    frames where `frames` is None."""
    import librosa

    cepstrum = librosa.feature.mfcc(y=samples, sr=RATE, n_mfcc=count, hop_length=hop)
    if frames is None:
        return np.asarray(cepstrum, np.float32)
    cepstrum = cepstrum[:, :frames]
    return np.pad(cepstrum, ((0, 0), (0, frames - cepstrum.shape[1]))).astype(np.float32)


def mfcc_mean(samples: np.ndarray) -> np.ndarray:
    """(40,) means over time of 40 MFCC, as Kaggle's networks on RAVDESS take them."""
    return np.asarray(mfcc(samples, 40).mean(1))


def mfcc_wide(samples: np.ndarray) -> np.ndarray:
    """(40, 128) MFCC, each standardised over the clip."""
    wide = mfcc(samples, 40, FRAMES, 256)
    return np.asarray((wide - wide.mean(1, keepdims=True)) / (wide.std(1, keepdims=True) + 1e-3))


def log_mel(samples: np.ndarray) -> np.ndarray:
    """(128, 128) mel spectrogram in dB below its loudest point."""
    import librosa

    mel = librosa.power_to_db(librosa.feature.melspectrogram(y=samples, sr=RATE, n_mels=128, hop_length=256),
                              ref=np.max)[:, :FRAMES]
    return np.pad(mel, ((0, 0), (0, FRAMES - mel.shape[1])), constant_values=-80.0).astype(np.float32)


#: What `--features` can name.
KINDS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mfcc40-mean": mfcc_mean, "mfcc40x128": mfcc_wide, "logmel": log_mel}
