"""What a whole stretch of speech is like, as numbers: functionals of its standardised spectrogram.

As in openSMILE (Eyben et al. 2010): statistics over the voiced frames of cepstrum, bands, pitch and
their slopes, their course from beginning to end, the unvoiced frames, and the rhythm of the level.
Each number is read twice, as it is and against what is usual for the speaker.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.fft import dct

from emocli.voice.features import BANDS, HOP, SAMPLE_RATE, Statistics

#: Cepstral coefficients, and bands averaged together, that the functionals are taken of.
CEPSTRUM, GROUP = 24, 4
#: Frames with a pitch from which only those are spoken of as voiced.
FEW = 8
#: Edges in Hz of the bands of the level's modulation.
MODULATION = (0, 1, 2, 4, 8, 16, 31)
#: Utterances that the training speakers' usual functionals weigh against a speaker's own.
PRIOR_UTTERANCES = 4.0
#: What statistics over the frames are called, in order.
_STATISTICS = ("mean", "deviation", "quantile 0.1", "median", "quantile 0.9")
#: Cepstral coefficients, and groups of mel bands, from low to high.
_CEPSTRUM = tuple(f"cepstrum {i}" for i in range(CEPSTRUM))
_COURSE = (*_CEPSTRUM, *(f"bands {i} to {i + GROUP - 1}" for i in range(0, BANDS, GROUP)))
#: The name of each number that `functionals` gives.
NAMES = (
    *(f"{column}, {statistic}" for statistic in _STATISTICS for column in _COURSE),
    *(f"slope of {column}, {statistic}" for statistic in _STATISTICS for column in _COURSE),
    *(f"{column}, {part} third against the whole" for part in ("first", "last") for column in _CEPSTRUM),
    *(f"{column}, {moment}" for moment in ("skewness", "excess kurtosis") for column in _CEPSTRUM),
    *(f"{column}, unvoiced {statistic}" for statistic in ("mean", "deviation") for column in _CEPSTRUM),
    "pitch, mean", "pitch, deviation", "pitch, quantile 0.05", "pitch, quantile 0.2", "pitch, median",
    "pitch, quantile 0.8", "pitch, quantile 0.95", "pitch, range", "pitch, mean step",
    "pitch, mean step of the step",
    "pitch, skewness", "pitch, first third against the mean", "pitch, middle third against the mean",
    "pitch, last third against the mean", "pitch, end against the mean", "pitch, trend",
    *(f"level, modulation from {low} to {high} Hz" for low, high in pairwise(MODULATION)),
    "frames, logarithm", "voiced runs in 60 frames", "voiced runs, logarithm of the mean length",
    "voiced runs, logarithm of the longest", "voiced share", "pitch and level, correlation",
    "level of the voiced",
    "level, deviation", "level, loud against the median", "level, median against quiet", "level, mean rise")
#: How many they are.
FUNCTIONALS = len(NAMES)


def functionals(mel: np.ndarray) -> np.ndarray:
    """(FUNCTIONALS,) float32, as NAMES calls them, of a standardised spectrogram (frames, COLUMNS), whose
    pitch is 0 where there is none."""
    bands, pitch = mel[:, :BANDS].astype(np.float64), mel[:, BANDS].astype(np.float64)
    voiced = pitch != 0
    spoken = voiced if voiced.sum() > FEW else np.ones(len(mel), bool)
    level = bands.mean(1)
    cepstrum = dct(bands, axis=1, norm="ortho")[:, :CEPSTRUM]
    course = np.concatenate([cepstrum, bands.reshape(len(mel), -1, GROUP).mean(2)], 1)
    slope = np.zeros_like(course)
    slope[1:-1] = (course[2:] - course[:-2]) / 2
    spoken_cepstrum = cepstrum[spoken]
    rest = cepstrum[~voiced & (level > np.quantile(level, 0.2))]
    first, _, last = np.array_split(spoken_cepstrum, 3)
    with np.errstate(all="ignore"):
        numbers = np.concatenate([
            _five(course[spoken]), _five(slope[spoken]),
            *(_mean(part) - spoken_cepstrum.mean(0) for part in (first, last)),
            _moment(spoken_cepstrum, 3), (_moment(spoken_cepstrum, 4) - 3).clip(-3, 10),
            _mean(rest), rest.std(0) if len(rest) else np.zeros(CEPSTRUM),
            _melody(pitch[voiced] if voiced.sum() > FEW else np.zeros(FEW + 1)),
            _rhythm(level, voiced, pitch)])
    return np.nan_to_num(numbers, posinf=0, neginf=0).clip(-20, 20).astype(np.float32)


def relative(plain: np.ndarray, usual: Statistics, share: float | None = None) -> np.ndarray:
    """(n, FUNCTIONALS) of one speaker against that speaker's own mean and deviation, shrunk towards
    the `usual` of the training speakers as far as n is small, or by `share` of the speaker's own."""
    own = len(plain) / (len(plain) + PRIOR_UTTERANCES) if share is None else share
    mean, deviation = usual
    scale = own * plain.std(0) + (1 - own) * deviation + 1e-3
    return (plain - own * plain.mean(0) - (1 - own) * mean) / scale


def _moment(values: np.ndarray, order: int) -> np.ndarray:
    """Skewness (3) or, with 3 taken off, kurtosis (4) along the frames; 0 of what does not vary."""
    spread = values.std(0)
    centred = np.where(spread > 1e-6, values - values.mean(0), 0) / np.maximum(spread, 1e-6)
    return np.asarray((centred**order).mean(0))


def _mean(values: np.ndarray) -> np.ndarray:
    return values.mean(0) if len(values) else np.zeros(values.shape[1])


def _five(values: np.ndarray) -> np.ndarray:
    return np.concatenate([values.mean(0), values.std(0), *np.quantile(values, (0.1, 0.5, 0.9), axis=0)])


def _melody(pitch: np.ndarray) -> np.ndarray:
    """16 numbers of the pitch of the voiced frames."""
    mean, time = pitch.mean(), np.linspace(-0.5, 0.5, len(pitch))
    return np.array([mean, pitch.std(), *np.quantile(pitch, (0.05, 0.2, 0.5, 0.8, 0.95)), np.ptp(pitch),
                     np.abs(np.diff(pitch)).mean(), np.abs(np.diff(pitch, 2)).mean(), _moment(pitch, 3),
                     *(part.mean() - mean for part in np.array_split(pitch, 3)), pitch[-FEW:].mean() - mean,
                     (time * (pitch - mean)).sum() / (time**2).sum()])


def _rhythm(level: np.ndarray, voiced: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """17 numbers of how loudness and voicing come and go."""
    power = np.abs(np.fft.rfft((level - level.mean()) * np.hanning(len(level)), 512)) ** 2
    hertz = np.fft.rfftfreq(512, HOP / SAMPLE_RATE)
    total = power.sum() + 1e-6
    waves = [np.log(power[(hertz >= low) & (hertz < high)].sum() / total + 1e-4)
             for low, high in pairwise(MODULATION)]
    edges = np.diff(np.concatenate([[0], voiced.astype(int), [0]]))
    runs = np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1)
    step = np.diff(level) if len(level) > 1 else np.zeros(1)
    quiet, middle, loud = np.quantile(level, (0.05, 0.5, 0.95))
    together = np.corrcoef(pitch[voiced], level[voiced])[0, 1] if voiced.sum() > FEW else 0.0
    return np.array([*waves, np.log(len(level)), len(runs) / len(level) * 60,
                     np.log(runs.mean() + 1) if len(runs) else 0, np.log(runs.max() + 1) if len(runs) else 0,
                     voiced.mean(), together, level[voiced].mean() if voiced.any() else 0, level.std(),
                     loud - middle, middle - quiet, step.clip(0).mean()])
