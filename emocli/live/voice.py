"""The voice of utterances as they end, each against those before it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

import numpy as np
from scipy.special import softmax

from emocli.timeline.run import UNHEARD
from emocli.timeline.types import Reading
from emocli.voice.described import VoiceModel
from emocli.voice.features import SAMPLE_RATE
from emocli.voice.small_model import BESIDE, UNSURE

#: Utterances that tell how the speaker usually talks, the small model and the large one: the small one works
#: each of them out anew, in 3 ms.
REMEMBERED_SMALL, REMEMBERED = 8, 200


@dataclass(frozen=True)
class Heard:
    """The reading of an utterance, its `samples` (n,), and what the models that were asked keep of it."""

    reading: Reading
    samples: np.ndarray
    described: tuple[np.ndarray, ...] = ()


class LiveVoice:
    """Reads with `small`, and asks `large` where that is unsure and there is headroom; without a small one
    always `large`.  Unlike `Cascade`, which has all utterances at hand, it describes each once.  For several
    threads."""

    def __init__(self, small: VoiceModel | None, large: VoiceModel, *,
                 headroom: Callable[[], bool] = lambda: True) -> None:
        self._models = [model for model in (small, large) if model]
        self._known = [deque[np.ndarray](maxlen=REMEMBERED_SMALL if model is small else REMEMBERED)
                       for model in self._models]
        self._headroom, self._lock = headroom, Lock()

    def warm_up(self) -> None:
        """Have the libraries do what they do at their first call, on a second of noise."""
        noise = np.random.default_rng(0).normal(0, 0.1, SAMPLE_RATE).astype(np.float32)
        for model in self._models:
            model.answer([model.describe(noise)])

    def read(self, samples: np.ndarray) -> Heard:
        """A reading of one utterance's sound (n,) at 16 kHz, absent where it is silent, against the others
        that were remembered."""
        if not len(samples):
            return Heard(Reading("voice", reason=UNHEARD), samples)
        described: list[np.ndarray] = []
        with self._lock:
            for model, known in zip(self._models, self._known, strict=True):
                described.append(model.describe(samples))
                others = [one for one in known if not np.array_equal(one, described[-1])]
                features, logits = model.answer([described[-1]], others)
                scores = softmax(logits[0])
                if scores.max() >= UNSURE or not self._headroom():
                    break
        return Heard(Reading("voice", features[0], logits[0], scores, quality=1.0), samples, tuple(described))

    def remember(self, heard: Heard) -> None:
        """Have an utterance tell how the speaker usually talks; the large model, too, hears it where it was
        not asked, until it knows enough."""
        if not heard.described:
            return
        with self._lock:
            for known, described in zip(self._known, heard.described, strict=False):
                known.append(described)
            if len(heard.described) < len(self._models) and len(self._known[1]) < BESIDE and self._headroom():
                self._known[1].append(self._models[1].describe(heard.samples))
