"""How a voice is read in two steps: each utterance is described by itself, and all of one speaker's are
answered together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np

#: Seconds; shorter speech tells nothing.
SHORTEST = 0.2
#: Root mean square below which sound is silence (-60 dB of full scale).
SILENT = 1e-3
#: Features (n, d) and calibrated logits (n, 7).
Answer = tuple[np.ndarray, np.ndarray]


class VoiceModel(Protocol):
    """What reads voices in two steps: `describe` each utterance, and `answer` for all of one speaker."""

    @property
    def temperature(self) -> float:
        """What calibrates its scores."""

    def describe(self, samples: np.ndarray) -> np.ndarray:
        """What is kept of the sound (n,) of one utterance."""

    def answer(self, described: Sequence[np.ndarray], enrolled: Sequence[np.ndarray] = (), *,
               one_speaker: bool = True) -> Answer:
        """Of one speaker's utterances, described; `enrolled` only tell how the speaker usually talks.  Where
        it is not sure that all are of `one_speaker`, what is alike among them tells nothing."""


class Described(Sequence[np.ndarray]):
    """Descriptions that are made when they are asked for, because the sound of ten hours fits no memory."""

    def __init__(self, describe: Callable[[int], np.ndarray], count: int) -> None:
        self._describe, self._count = describe, count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, at: int) -> np.ndarray:  # type: ignore[override]
        if not 0 <= at < self._count:
            raise IndexError(at)
        return self._describe(at)

    def __iter__(self) -> Iterator[np.ndarray]:
        return map(self._describe, range(self._count))
