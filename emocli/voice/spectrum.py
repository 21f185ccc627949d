"""Level, mel bands and pitch of sound, as librosa 0.11 gives them (a test holds the two together).

librosa itself stays in training: with numba and scipy.signal it takes 2.4 processor seconds to
import, a tenth of the work of a whole run over two minutes of video.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft

#: Where Slaney's mel scale turns from linear to logarithmic: Hz, mel, and the ratio of a mel above.
_BREAK_HZ, _BREAK_MEL, _STEP = 1000.0, 15.0, 6.4 ** (1 / 27)


def frames(samples: np.ndarray, length: int, hop: int) -> np.ndarray:
    """(n, length) windows every `hop` samples, the first centred on the first sample; zeros beyond the
    ends."""
    padded = np.pad(samples, length // 2)
    return np.lib.stride_tricks.sliding_window_view(padded, length)[::hop]


def rms(windows: np.ndarray) -> np.ndarray:
    """(n,) root mean square of each window."""
    return np.asarray(np.sqrt(np.mean(np.square(windows), axis=1)))


def decibels(power: np.ndarray, floor: float = 1e-10) -> np.ndarray:
    """Power in dB of 1, from `floor` up."""
    return np.asarray(10 * np.log10(np.maximum(power, floor)))


def mel_power(windows: np.ndarray, *, rate: int, window: int, bands: int, low: float) -> np.ndarray:
    """(n, bands) energies of mel bands from `low` Hz to half the `rate`, under a Hann window of `window`
    samples in the middle of each of `windows`."""
    length = windows.shape[1]
    edge = (length - window) // 2
    hann = np.zeros(length, np.float32)
    hann[edge:edge + window] = np.hanning(window + 1)[:-1]
    spectrum = rfft(windows * hann, axis=1)
    return np.asarray((spectrum.real**2 + spectrum.imag**2) @ _mel_filters(rate, length, bands, low))


@cache
def _mel_filters(rate: int, length: int, bands: int, low: float) -> np.ndarray:
    """(length / 2 + 1, bands) triangles of equal area (Slaney's Auditory Toolbox, 1998)."""
    def hertz(mel: np.ndarray) -> np.ndarray:
        linear = mel * _BREAK_HZ / _BREAK_MEL
        return np.where(mel < _BREAK_MEL, linear, _BREAK_HZ * _STEP ** (mel - _BREAK_MEL))

    def mel(hertz: float) -> float:
        linear = hertz * _BREAK_MEL / _BREAK_HZ
        return linear if hertz < _BREAK_HZ else _BREAK_MEL + float(np.log(hertz / _BREAK_HZ) / np.log(_STEP))

    edges = hertz(np.linspace(mel(low), mel(rate / 2), bands + 2))
    bins = np.fft.rfftfreq(length, 1 / rate)[:, None]
    rising = (bins - edges[:-2]) / np.diff(edges)[:-1]
    falling = (edges[2:] - bins) / np.diff(edges)[1:]
    return np.asarray(np.maximum(0, np.minimum(rising, falling)) * 2 / (edges[2:] - edges[:-2]), np.float32)


def yin(windows: np.ndarray, *, rate: int, low: float, high: float, trough: float = 0.1) -> np.ndarray:
    """(n,) pitch in Hz between `low` and `high` (de Cheveigne & Kawahara 2002): the first period whose
    normalised difference dips below `trough`, or else the deepest."""
    length = windows.shape[1]
    shortest, longest = int(rate // high), min(int(np.ceil(rate / low)), length - 1)
    # longer shifts may wrap around
    spectrum = rfft(windows, next_fast_len(length + longest, real=True), axis=1)
    alike = irfft(spectrum.real**2 + spectrum.imag**2, axis=1)[:, :longest + 1]
    energy = np.cumsum(np.square(windows[:, :longest]), axis=1)
    apart = 2 * (alike[:, :1] - alike[:, 1:]) - energy
    usual = np.cumsum(apart, axis=1) / np.arange(1, longest + 1, dtype=apart.dtype)
    usual = usual[:, shortest - 1:]
    depth = apart[:, shortest - 1:] / (usual + np.finfo(usual.dtype).tiny)
    before, here, after = depth[:, :-2], depth[:, 1:-1], depth[:, 2:]
    curve, slope = after + before - 2 * here, (after - before) / 2
    shift = np.zeros_like(depth)
    np.divide(-slope, curve, out=shift[:, 1:-1], where=np.abs(slope) < np.abs(curve))
    dips = np.zeros(depth.shape, bool)
    dips[:, 0], dips[:, -1] = depth[:, 0] < depth[:, 1], depth[:, -1] < depth[:, -2]
    dips[:, 1:-1] = (here < before) & (here <= after)
    dips &= depth < trough
    at = np.where(dips.any(1), dips.argmax(1), depth.argmin(1))
    return np.asarray(rate / (shortest + at + shift[np.arange(len(at)), at]))
