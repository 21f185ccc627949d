"""From a stretch of speech to what the voice network reads: log-mel bands, and their slopes.

16 kHz mono in; librosa does the transform.  Ends quieter than 30 dB below the loudest frame are
cut, the middle is left alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

#: Hz; everything that hears in emocli runs at this rate.
SAMPLE_RATE = 16_000
#: Mel bands between 50 and 8000 Hz.
BANDS = 64
#: Samples between frames (16 ms) and under one frame's window (40 ms, zero-padded to 1024).
HOP, WINDOW, FFT = 256, 640, 1024
#: dB below the loudest frame at which leading and trailing sound is cut.
TRIM_DB = 30
#: Frames of the longest stretch read at once (6 s); longer speech is read from its middle.
LONGEST = 375
#: Frames (6 s) that the training speakers' statistics weigh against a speaker's own.
PRIOR_FRAMES = 375

#: Mean and deviation of each band, (BANDS,) each.
Statistics = tuple[np.ndarray, np.ndarray]


def trim(samples: np.ndarray) -> np.ndarray:
    """Cut both ends below 30 dB; samples: (n,) float32."""
    import librosa

    if not len(samples) or not np.any(samples):
        return samples[:0]
    return np.asarray(librosa.effects.trim(samples, top_db=TRIM_DB, frame_length=FFT,
                                           hop_length=HOP)[0])


def log_mel(samples: np.ndarray) -> np.ndarray:
    """Log-mel energies in dB of a waveform scaled to unit RMS, (frames, BANDS) float32."""
    import librosa

    level = float(np.sqrt(np.mean(samples**2))) or 1.0
    power = librosa.feature.melspectrogram(
        y=samples / level, sr=SAMPLE_RATE, n_fft=FFT, win_length=WINDOW, hop_length=HOP,
        n_mels=BANDS, fmin=50, fmax=SAMPLE_RATE / 2)
    return np.asarray(librosa.power_to_db(power, ref=1.0, amin=1e-5, top_db=None).T, np.float32)


def speaker_statistics(mels: Sequence[np.ndarray], prior: Statistics | None = None) -> Statistics:
    """Mean and deviation of each band, (BANDS,) each, over all of a speaker's frames.

    With a `prior`, a little speech is shrunk towards it: it weighs as much as PRIOR_FRAMES.
    """
    counts = sum(len(m) for m in mels)
    if prior is None:
        frames = np.concatenate(mels)
        return frames.mean(0), frames.std(0) + 1e-3
    first = sum((m.sum(0) for m in mels), prior[0] * PRIOR_FRAMES) / (counts + PRIOR_FRAMES)
    second = sum(((m**2).sum(0) for m in mels), (prior[0] ** 2 + prior[1] ** 2) * PRIOR_FRAMES)
    return first, np.sqrt(np.maximum(second / (counts + PRIOR_FRAMES) - first**2, 1e-3))


def normalise(mel: np.ndarray, statistics: Statistics) -> np.ndarray:
    """Standardise each band by a speaker's statistics, cut to the middle LONGEST frames."""
    spare = max(0, len(mel) - LONGEST) // 2
    mean, deviation = statistics
    return (mel[spare:spare + LONGEST] - mean) / deviation


def pad(mels: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Batch (n, frames, BANDS) float32 padded with zeros to a multiple of 8, and lengths (n,)."""
    lengths = np.array([len(m) for m in mels])
    batch = np.zeros((len(mels), -(-int(lengths.max()) // 8) * 8, BANDS), np.float32)
    for row, mel in zip(batch, mels, strict=True):
        row[:len(mel)] = mel
    return batch, lengths
