"""Who speaks, told as each utterance ends: the nearest of those who have spoken, or somebody new.

An analysis goes over all windows of a recording at once; here each utterance is decided for good, by the same
encoder and the same PLDA, so that somebody's first short words may be given to another.
"""

from __future__ import annotations

import numpy as np

from emocli import weights
from emocli.options import MOST_SPEAKERS
from emocli.speakers.clustering import APART, Likeness
from emocli.speakers.diarizer import ENCODER, LIKENESS, SECONDS
from emocli.speakers.encoder import SAMPLE_RATE, SpeakerEncoder


class LiveSpeakers:
    """Keeps a mean a speaker.  Raises `WeightsError` when weights are missing or damaged."""

    def __init__(self) -> None:
        self._encoder = SpeakerEncoder(weights.resolve(ENCODER))
        self._likeness = Likeness.load(weights.resolve(LIKENESS))
        self._sums: list[np.ndarray] = []

    def who(self, samples: np.ndarray) -> str:
        """S1, S2, ... in order of speech, of the sound (n,) of an utterance; "" where it is silent.  A new
        speaker needs as much speech as a window has."""
        if not len(samples):
            return ""
        windows = self._likeness.project(self._encoder.embed(e for _, e in self._encoder.windows(samples)))
        own = windows.sum(0)
        nearest, ratio = self._nearest(own)
        new = ratio < APART and len(samples) >= SECONDS * SAMPLE_RATE and len(self._sums) < MOST_SPEAKERS
        if new or not self._sums:
            self._sums.append(own)
            return f"S{len(self._sums)}"
        if ratio >= APART:
            self._sums[nearest] = self._sums[nearest] + own
        return f"S{nearest + 1}"

    def _nearest(self, own: np.ndarray) -> tuple[int, float]:
        """The number of the likeliest speaker so far, and the log likelihood ratio of being that one."""
        if not self._sums:
            return 0, -np.inf
        vectors = np.stack([own, *self._sums])
        ratios = self._likeness.ratios(self._likeness.means(vectors, np.arange(len(vectors))))[0, 1:]
        return int(ratios.argmax()), float(ratios.max())
