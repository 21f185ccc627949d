"""Utterances of sound that is still coming: each ends after a short silence, or when it has become long."""

from __future__ import annotations

import numpy as np

from emocli.media.audio import SAMPLE_RATE
from emocli.timeline.types import Utterance
from emocli.transcript.activity import OFF, ON, PAD, SHORTEST, STEP, SpeechStream

#: Seconds: silence that ends an utterance, and the longest utterance.
SILENCE, LONGEST = 0.3, 12.0
#: Seconds of one decision.
_STEP = STEP / SAMPLE_RATE


class Segmenter:
    """Turns blocks of sound at 16 kHz into utterances as soon as they have ended; `speaking_since` is where
    the one begins that has not, s, or None.  The rules are those of `transcript.activity`, step by step."""

    def __init__(self, *, silence: float = SILENCE, longest: float = LONGEST) -> None:
        self._stream, self._silence = SpeechStream(), round(silence / _STEP)
        self._longest = round(longest / _STEP)
        self._steps, self._first, self._last, self._end = 0, None, 0, 0.0  # steps; s
        self._probabilities: list[float] = []

    _first: int | None

    @property
    def speaking_since(self) -> float | None:
        """See the class."""
        return None if self._first is None else self._first * _STEP

    def feed(self, block: np.ndarray) -> list[Utterance]:
        """The utterances (n,) float32 more of sound have ended, without words."""
        ended = []
        for probability in self._stream.feed(block):
            ended += self._step(float(probability))
        return ended

    def finish(self, duration: float) -> list[Utterance]:
        """What was being said when the sound ended at `duration`, s."""
        return self._close(self._last, duration)

    def _step(self, probability: float) -> list[Utterance]:
        self._steps += 1
        if self._first is None:
            if probability < ON:
                return []
            self._first, self._probabilities = self._steps - 1, []
        self._probabilities.append(probability)
        if probability >= OFF:
            self._last = self._steps
        elif self._steps - self._last >= self._silence:
            return self._close(self._last, self._steps * _STEP)
        if len(self._probabilities) < self._longest:
            return []
        half, first, last = self._longest // 2, self._first, self._last
        quietest = half + int(np.argmin(self._probabilities[half:]))
        going_on = self._probabilities[quietest:]
        ended = self._close(first + quietest, self._steps * _STEP)
        self._first, self._last, self._probabilities = first + quietest, last, going_on
        return ended

    def _close(self, last: int, duration: float) -> list[Utterance]:
        first, self._first = self._first, None
        if first is None or (last - first) * _STEP < SHORTEST:
            return []
        start, end = max(self._end, first * _STEP - PAD), min(duration, last * _STEP + PAD)
        self._end = end
        return [Utterance(start, end, source="speech")]
