"""Readings from the words of each utterance."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

from emocli import weights
from emocli.text.tokens import words
from emocli.timeline.run import Read, Run, of_utterances
from emocli.timeline.types import Reading, Utterance

if TYPE_CHECKING:
    from emocli.text.model import TextModel

#: Languages that the network was trained on.
SUPPORTED = ("en", "ko")


class TextReader:
    """Reads what is said.  Raises `WeightsError` when its weights are missing or damaged."""

    modality = "text"

    def __init__(self) -> None:
        self._path = weights.resolve("text")
        self._model: TextModel | None = None

    def observe(self, run: Run) -> Read:
        """Read every utterance, beside the pictures."""
        speech = run.speech
        readings = self.read(speech.utterances, speech.language)
        if any(r.present for r in readings):
            run.uses("numpy", "torch", weights=weights.record("text"))
        return of_utterances(readings, [u.end - u.start for u in speech.utterances],
                             Reading("text", reason="no words"))

    def read(self, utterances: Sequence[Utterance], language: str = "en") -> list[Reading]:
        """One reading an utterance, in its own language or else in `language`; absent without words or in a
        language that was not learnt."""
        return [self._read(u.text, u.language or language or ("ko" if _has_hangul(u.text) else "en"))
                for u in utterances]

    def close(self) -> None:
        """Nothing runs."""

    def _read(self, text: str, language: str) -> Reading:
        if not words(text):
            return Reading("text", reason="no words")
        if language not in SUPPORTED:
            return Reading("text",
                           reason=f"the words are in {language}; emocli reads {' and '.join(SUPPORTED)}")
        if self._model is None:
            from emocli.text.model import TextModel

            self._model = TextModel(self._path, temperature=weights.manifest()["text"].temperature)
        return Reading("text", *self._model.read(text, language))


def _has_hangul(text: str) -> bool:
    return any(unicodedata.name(c, "").startswith("HANGUL") for c in text)
