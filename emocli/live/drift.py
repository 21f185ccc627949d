"""Keeping a device's sound on the wall clock that its pictures are stamped by.

A sound card's 16,000 samples a second are some hundred millionths more or less: 200 of them are 0.7 s after
an hour.  Blocks arrive late by chance, but never early, so the least lateness of some seconds tells the
drift; it is taken back by a few samples of a block, which nobody hears.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from emocli.media.audio import SAMPLE_RATE

#: Blocks over which the least lateness is sought, and seconds of it that are left alone.
BLOCKS, TOLERANCE = 100, 0.005
#: Samples of a block for each that may be added or left out (0.3 %, a twentieth of a semitone).
SPARE = 320


class DriftCorrector:
    """Hand it every block with its time of arrival, s; it answers with the block a little longer or
    shorter."""

    def __init__(self) -> None:
        self._late: deque[float] = deque(maxlen=BLOCKS)
        self._usual: float | None = None
        self._samples = 0

    def take(self, block: np.ndarray, arrived: float) -> np.ndarray:
        """The block (n,) int16 as it is to be placed on the wall clock."""
        self._late.append(arrived - (self._samples + len(block)) / SAMPLE_RATE)
        if len(self._late) == BLOCKS and self._usual is None:
            self._usual = min(self._late)
        wanted = 0
        if self._usual is not None:
            drift = min(self._late) - self._usual
            if abs(drift) > TOLERANCE:
                most = max(1, len(block) // SPARE)
                wanted = int(np.clip(round(drift * SAMPLE_RATE), -most, most))
                self._late = deque((late - wanted / SAMPLE_RATE for late in self._late), BLOCKS)
        self._samples += len(block) + wanted
        return stretched(block, len(block) + wanted) if wanted else block


def stretched(block: np.ndarray, length: int) -> np.ndarray:
    """A block (n,) int16 with another number of samples, interpolated between its own."""
    places = np.linspace(0, len(block) - 1, length)
    return np.round(np.interp(places, np.arange(len(block)), block)).astype(np.int16)
