"""Whisper in a live session: the words of utterances, and of one that goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from emocli.errors import WeightsError
from emocli.media.audio import Readable
from emocli.options import AnalyzeOptions
from emocli.timeline.run import Run
from emocli.timeline.types import Utterance
from emocli.transcript import whisper_weights
from emocli.transcript.asr import Transcriber

#: The size that is used under load.
SMALLEST = "tiny"
T = TypeVar("T")


def has_smaller(options: AnalyzeOptions) -> bool:
    """Whether a smaller Whisper than the options name lies here."""
    return options.asr_model != SMALLEST and whisper_weights.cached_folder(SMALLEST) is not None


class LiveWords:
    """Whisper of the size that the options name, or a smaller one while `small` says so.  Without weights
    there are no words, and the run is told why, once.  `brief` as of `Transcriber`."""

    def __init__(self, run: Run, options: AnalyzeOptions, *, brief: bool = False,
                 small: Callable[[], bool] = lambda: False) -> None:
        self._run, self._small = run, small
        self._usual = Transcriber(options, brief=brief)
        self._smaller = Transcriber(replace(options, asr_model=SMALLEST),
                                    brief=brief) if has_smaller(options) else None
        self._missing = False

    def load(self) -> None:
        """Load the usual size, so that the first utterance need not wait for it."""
        self._asked(lambda: self._usual.load(self._run))

    def read(self, sound: Readable, speech: Sequence[Utterance]) -> list[Utterance]:
        """The sentences that are heard in some speech, with words and their times."""
        return self._asked(lambda: self._transcriber().transcribe(self._run, sound, speech)) or []

    def draft(self, samples: np.ndarray) -> tuple[str, str] | None:
        """The words so far, (n,) float32 at 16 kHz, and their language; None where they cannot be had
        quickly."""
        return self._asked(lambda: self._transcriber().draft(self._run, samples))

    def _transcriber(self) -> Transcriber:
        return self._smaller if self._smaller and self._small() else self._usual

    def _asked(self, ask: Callable[[], T]) -> T | None:
        if self._missing:
            return None
        try:
            return ask()
        except WeightsError as error:
            self._missing = True
            self._run.note(f"no words: {error}")
            return None
