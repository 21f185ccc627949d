"""The voice of utterances as they end, each against those before it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Lock

import numpy as np
from scipy.special import softmax

from emocli.timeline.run import UNHEARD
from emocli.timeline.types import Reading
from emocli.voice.described import VoiceModel
from emocli.voice.features import SAMPLE_RATE
from emocli.voice.small_model import BESIDE, UNSURE

#: Utterances that tell how the speaker usually talks.
REMEMBERED = 200


class LiveVoice:
    """Reads with `small`, and asks `large` where that is unsure and there is headroom; without a small one
    always `large`.  Unlike `Cascade`, which has all utterances at hand, it describes each once.  For several
    threads."""

    def __init__(self, small: VoiceModel | None, large: VoiceModel, *,
                 headroom: Callable[[], bool] = lambda: True) -> None:
        self._models = [model for model in (small, large) if model]
        self._heard: list[deque[np.ndarray]] = [deque(maxlen=REMEMBERED) for _ in self._models]
        self._headroom, self._lock = headroom, Lock()

    def warm_up(self) -> None:
        """Have the libraries do what they do at their first call, on a second of noise."""
        noise = np.random.default_rng(0).normal(0, 0.1, SAMPLE_RATE).astype(np.float32)
        for model in self._models:
            model.answer([model.describe(noise)])

    def read(self, samples: np.ndarray, *, remember: bool = True) -> Reading:
        """A reading of one utterance's sound (n,) at 16 kHz; absent where it is silent."""
        if not len(samples):
            return Reading("voice", reason=UNHEARD)
        with self._lock:
            for model, heard in zip(self._models, self._heard, strict=True):
                described = model.describe(samples)
                features, logits = model.answer([described], list(heard))
                if remember:
                    heard.append(described)
                scores = softmax(logits[0])
                if scores.max() >= UNSURE or not self._headroom():
                    break
        return Reading("voice", features[0], logits[0], scores, quality=1.0)

    def get_to_know(self, samples: np.ndarray) -> None:
        """Have the large model hear an utterance that it was not asked about, until it knows how the speaker
        usually talks."""
        if len(self._models) < 2 or not len(samples):
            return
        with self._lock:
            if len(self._heard[1]) < min(BESIDE, len(self._heard[0])) and self._headroom():
                self._heard[1].append(self._models[1].describe(samples))
