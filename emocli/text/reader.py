"""Readings from the words of each utterance."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from emocli import weights
from emocli.options import TEXT_MODES, AnalyzeOptions
from emocli.text.tokens import words
from emocli.timeline.run import Read, Run, of_utterances
from emocli.timeline.types import Reading, Utterance

if TYPE_CHECKING:
    from emocli.text.model import JointModel, TextModel

#: Languages that the networks were trained on.
SUPPORTED = ("en", "ko")


class TextReader:
    """Reads what is said.  Raises `WeightsError` when its weights are missing or damaged."""

    modality = "text"

    def __init__(self, options: AnalyzeOptions | None = None) -> None:
        self.names = TEXT_MODES[(options or AnalyzeOptions()).text_mode]
        for name in self.names:
            weights.resolve(name)
        self._model: TextModel | JointModel | None = None

    def observe(self, run: Run) -> Read:
        """Read every utterance, beside the pictures."""
        speech = run.speech
        with run.stage("reading the words"):
            readings = self.read(speech.utterances, speech.language)
        if any(r.present for r in readings):
            run.uses("numpy", "scipy", "tokenizers", "torch", weights=weights.record(*self.names))
        return of_utterances(readings, [u.end - u.start for u in speech.utterances],
                             Reading("text", reason="no words"))

    def read(self, utterances: Sequence[Utterance], language: str = "en") -> list[Reading]:
        """One reading an utterance, in its own language or else in `language`; absent without words or in a
        language that was not learnt."""
        languages = [u.language or language or language_of(u.text) for u in utterances]
        readings = [Reading("text", reason=_unread(u.text, spoken))
                    for u, spoken in zip(utterances, languages, strict=True)]
        for learnt in SUPPORTED:
            of_it = [i for i, r in enumerate(readings) if not r.reason and languages[i] == learnt]
            if of_it:
                features, logits = self._load().logits([utterances[i].text for i in of_it], learnt)
                for i, f, z in zip(of_it, features, logits, strict=True):
                    powers = np.exp(z - z.max())
                    readings[i] = Reading("text", f, z, powers / powers.sum())
        return readings

    def close(self) -> None:
        """Nothing runs."""

    def _load(self) -> TextModel | JointModel:
        if self._model is None:
            from emocli.text.model import load

            self._model = load(self.names)
        return self._model


def _unread(text: str, language: str) -> str:
    """Why a text is not read, or an empty string."""
    if not words(text):
        return "no words"
    learnt = language in SUPPORTED
    return "" if learnt else f"the words are in {language}; emocli reads {' and '.join(SUPPORTED)}"


def language_of(text: str) -> str:
    """The learnt language that a text is written in, "ko" or "en"."""
    return "ko" if any(unicodedata.name(c, "").startswith("HANGUL") for c in text) else "en"
