"""Where somebody speaks, while it is heard."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from emocli.media.audio import SAMPLE_RATE
from emocli.timeline.types import Utterance
from emocli.transcript.activity import Segmenter, SpeechStream


class Ear:
    """Utterances as they end, after `silence` s or when they are `longest` s long; what is missed between two
    blocks ends one, too."""

    def __init__(self, silence: float, longest: float) -> None:
        self._settings = silence, longest
        self._heard = 0  # samples
        self._begin()

    def _begin(self) -> None:
        self._stream, self._segmenter = SpeechStream(), Segmenter(*self._settings)
        self._base = self._heard / SAMPLE_RATE

    @property
    def heard(self) -> float:
        """Seconds so far."""
        return self._heard / SAMPLE_RATE

    @property
    def going_on(self) -> tuple[Utterance, float] | None:
        """The utterance that goes on, as it would be if it had ended, and the seconds of silence after it;
        None where nobody speaks."""
        if self._segmenter.going_on is None:
            return None
        utterance, silence = self._segmenter.going_on
        return self._placed([utterance])[0], silence

    def feed(self, block: np.ndarray) -> list[Utterance]:
        """Those that end within a block (n,) float32 at 16 kHz."""
        self._heard += len(block)
        return self._placed(self._segmenter.feed(self._stream.feed(block)))

    def skip(self, samples: int) -> list[Utterance]:
        """What was being said before so many samples were missed."""
        ended = self.finish()
        self._heard += samples
        self._begin()
        return ended

    def finish(self) -> list[Utterance]:
        """What is being said at the end."""
        return self._placed(self._segmenter.finish(self.heard - self._base))

    def _placed(self, utterances: list[Utterance]) -> list[Utterance]:
        return [replace(u, start=u.start + self._base, end=u.end + self._base) for u in utterances]
