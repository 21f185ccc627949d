"""What is given up when a session does not keep up, in which order, and when it is taken on again.

A policy over numbers: it knows no clock and no models, and is told once a second how the session fares.
"""

from __future__ import annotations

from collections.abc import Sequence

#: What can be given up, the first first: words of an utterance that goes on, more than one picture a second,
#: the large voice model, a larger Whisper than "tiny", all words.
PARTIALS, PICTURES, LARGE_VOICE, LARGE_WHISPER, WORDS = (
    "partials", "most pictures", "large voice model", "large Whisper", "words")
ORDER = (PARTIALS, PICTURES, LARGE_VOICE, LARGE_WHISPER, WORDS)
#: Share of the last factor in the smoothed one.
SHARE = 0.3
#: Smoothed factor and seconds of backlog from which something is given up, and below which it is taken on
#: again: between the two nothing changes.
HIGH, LATE = 0.9, 4.0
LOW, EARLY = 0.6, 1.5
#: Updates after a change before the next (its effect must show first), and updates of good fortune before
#: something is taken on again; each time that proves wrong, twice as many, at most PATIENCE.
SETTLE, CALM, PATIENCE = 4, 10, 320


class LoadShedder:
    """Sheds the steps that a session has, in ORDER, and takes them on again in reverse."""

    def __init__(self, steps: Sequence[str] = ORDER) -> None:
        self._steps = [step for step in ORDER if step in steps]
        self._count, self._smoothed = 0, 0.0
        self._since, self._calm, self._needed, self._tried = 0, 0, CALM, False

    @property
    def shed(self) -> tuple[str, ...]:
        """What is given up, in order."""
        return tuple(self._steps[:self._count])

    def allows(self, step: str) -> bool:
        """Whether something is there to be done and not given up."""
        return step in self._steps[self._count:]

    def update(self, factor: float, backlog: float) -> str:
        """Take in the real-time factor of the last second and the seconds of backlog; says what was changed,
        or ""."""
        self._smoothed += SHARE * (factor - self._smoothed)
        self._since += 1
        if self._since <= SETTLE:
            return ""
        if (self._smoothed >= HIGH or backlog >= LATE) and self._count < len(self._steps):
            return self._give_up(backlog)
        calm = self._smoothed <= LOW and backlog <= EARLY
        self._calm = self._calm + 1 if calm else 0
        if self._count and self._calm >= self._needed:
            return self._take_on()
        return ""

    def _give_up(self, backlog: float) -> str:
        if self._tried:  # what was taken on last was too much
            self._needed = min(PATIENCE, 2 * self._needed)
        self._since, self._calm, self._tried = 0, 0, False
        self._count += 1
        return (f"without {self._steps[self._count - 1]} for now: real-time factor {self._smoothed:.2f}, "
                f"{backlog:.1f} s behind")

    def _take_on(self) -> str:
        self._since, self._calm, self._tried = 0, 0, True
        self._count -= 1
        return f"with {self._steps[self._count]} again: real-time factor {self._smoothed:.2f}"
