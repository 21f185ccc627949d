"""From a stretch of speech to a spectrogram, log-mel bands and pitch, standardised by its speaker.

16 kHz mono in.  Ends quieter than 30 dB below the loudest frame are
cut, the middle is left alone.  Loudness is kept: a speaker's own mean tells what is loud for them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emocli.voice.spectrum import decibels, frames, mel_power, rms, yin

#: Hz; everything that hears in emocli runs at this rate.
SAMPLE_RATE = 16_000
#: Mel bands between 50 and 8000 Hz.
BANDS = 64
#: Columns of a spectrogram: the bands and the pitch.
COLUMNS = BANDS + 1
#: Hz between which pitch is looked for; dB below the loudest frame at which there is none; and
#: dB below the loudest band at which a spectrogram's floor lies.
PITCH, VOICED_DB, RANGE_DB = (65.0, 500.0), 25.0, 70.0
#: Samples between frames (16 ms) and under one frame's window (40 ms, zero-padded to 1024).
HOP, WINDOW, FFT = 256, 640, 1024
#: dB below the loudest frame at which leading and trailing sound is cut.
TRIM_DB = 30
#: Frames of the longest stretch read at once (6 s); longer speech is read from its middle.
LONGEST = 375
#: Frames (6 s) that the training speakers' statistics weigh against a speaker's own.
PRIOR_FRAMES = 375

#: Mean and deviation of each column, (COLUMNS,) each.
Statistics = tuple[np.ndarray, np.ndarray]


def trim(samples: np.ndarray) -> np.ndarray:
    """Cut both ends below 30 dB, as `librosa.effects.trim` does; samples: (n,) float32."""
    level = rms(frames(samples, FFT, HOP)) if len(samples) else samples
    loud = np.flatnonzero(level > level.max(initial=0) * 10 ** (-TRIM_DB / 20))
    return samples[loud[0] * HOP:(loud[-1] + 1) * HOP] if len(loud) else samples[:0]


def spectrogram(samples: np.ndarray) -> np.ndarray:
    """Log-mel energies in dB, and the pitch in octaves, (frames, COLUMNS) float32; NaN for the pitch
    where the sound is too quiet to have one."""
    windows = frames(samples, FFT, HOP)
    power = mel_power(windows, rate=SAMPLE_RATE, window=WINDOW, bands=BANDS, low=50)
    bands = decibels(power, 1e-9)
    level = decibels(power.sum(1))
    pitch = np.log2(yin(windows, rate=SAMPLE_RATE, low=PITCH[0], high=PITCH[1]))
    pitch[level <= level.max() - VOICED_DB] = np.nan
    return np.asarray(np.concatenate([bands.clip(bands.max() - RANGE_DB), pitch[:, None]], 1), np.float32)


def speaker_statistics(spectrograms: Sequence[np.ndarray], prior: Statistics | None = None) -> Statistics:
    """Mean and deviation of each column, (COLUMNS,) each, over all of a speaker's frames.

    With a `prior`, a little speech is shrunk towards it, as if PRIOR_FRAMES more had been heard
    at the speaker's own level and pitch.
    """
    frames = np.concatenate(spectrograms) if len(spectrograms) else np.zeros((0, COLUMNS), np.float32)
    if not len(frames):
        return prior or (np.zeros(COLUMNS, np.float32), np.ones(COLUMNS, np.float32))
    pitched = frames[:, BANDS][~np.isnan(frames[:, BANDS])]
    mean = np.append(frames[:, :BANDS].mean(0), pitched.mean() if len(pitched) else np.nan)
    deviation = np.append(frames[:, :BANDS].std(0), pitched.std() if len(pitched) else np.nan)
    if prior is None:
        return np.nan_to_num(mean, nan=7.5), np.nan_to_num(deviation, nan=0.5) + 1e-3
    return blend((mean, deviation), prior, len(frames) / (len(frames) + PRIOR_FRAMES))


def blend(own: Statistics, prior: Statistics, share: float) -> Statistics:
    """Statistics with `share` of the speaker's own; level and pitch are always the speaker's."""
    level = own[0][:BANDS].mean() - prior[0][:BANDS].mean()
    usual = np.append(prior[0][:BANDS] + level, own[0][BANDS])
    mean, deviation = share * own[0] + (1 - share) * usual, share * own[1] + (1 - share) * prior[1]
    return np.where(np.isnan(mean), prior[0], mean), np.where(np.isnan(deviation), prior[1], deviation) + 1e-3


def normalise(spectrogram: np.ndarray, statistics: Statistics) -> np.ndarray:
    """Standardise each column by a speaker's statistics, cut to the middle LONGEST frames; 0
    where there is no pitch."""
    spare = max(0, len(spectrogram) - LONGEST) // 2
    mean, deviation = statistics
    standard = (spectrogram[spare:spare + LONGEST] - mean) / deviation
    return np.nan_to_num(standard).clip(-6, 6).astype(np.float32)
