"""What a speech recognizer offers, whichever library runs Whisper: phrases of windows of half a minute."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from emocli.timeline.types import Word

#: Seconds of Whisper's own window.
WINDOW = 30.0


@dataclass(frozen=True)
class Phrase:
    """A segment as Whisper divides speech; times are seconds from the window's start.  `no_speech` is the
    probability that nobody speaks, `log_probability` the mean over the tokens."""

    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()
    language: str = ""
    no_speech: float = 0.0
    log_probability: float = 0.0

    @property
    def compression(self) -> float:
        """How much zlib makes of the text; one that repeats itself reaches 2.4 (Radford et al. 2022)."""
        return compression(self.text)


def compression(text: str) -> float:
    """How many times shorter zlib makes a text."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 0.0


class Recognizer(Protocol):
    """One library with one set of weights.  `distributions` are the packages that take part, and `batch` is
    how many windows it likes at once."""

    distributions: tuple[str, ...]
    batch: int

    def recognize(self, windows: Sequence[np.ndarray], language: str,
                  check: Callable[[], None]) -> list[list[Phrase]]:
        """The phrases of each window, (n,) float32 at 16 kHz, at most WINDOW s long.

        `language` is an ISO 639-1 code, or "auto" for each window's own; `check` is called now and then and
        may raise.
        """
        ...


@runtime_checkable
class Drafter(Protocol):
    """A recognizer that has a quick way, too."""

    def draft(self, samples: np.ndarray, language: str) -> tuple[str, str]:
        """The words of one window without their times, the likeliest at each step, and their language."""
        ...
