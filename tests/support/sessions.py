"""Made-up events of live sessions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from support.media import sound_of
from support.paths import SHARED
from support.timelines import scores

from emocli.live.events import Partial, Tagged
from emocli.live.intake import Block
from emocli.live.rows import Said
from emocli.timeline.types import Reading, Row, Utterance


def voice(index: int) -> Reading:
    """A voice that sounds most like class `index`."""
    return Reading("voice", scores=scores(index), quality=1.0)


def partial(text: str = "", start: float = 0.0, speaker: str = "") -> Partial:
    """An utterance that goes on."""
    return Partial(Utterance(start, start + 1.0, text, (), "ko", "whisper", speaker))


def tagged(index: int = 0, text: str = "", start: float = 0.0, speaker: str = "") -> Tagged:
    """An utterance of two seconds whose voice is read."""
    return Tagged(Utterance(start, start + 2.0, text, (), "ko", "whisper", speaker), voice(index))


def captioned(index: int = 0, text: str = "", start: float = 0.0, speaker: str = "",
              length: float = 2.0) -> Tagged:
    """The same with its row, of `length` s."""
    utterance = Utterance(start, start + length, text, (), "ko", "whisper", speaker)
    row = Row(start, start + length, utterance, scores(index), {"voice": voice(index)})
    return Tagged(utterance, voice(index), row)


def speech() -> np.ndarray:
    """Eleven seconds of a speech, (n,) int16 at 16 kHz, with several pauses."""
    return (sound_of(SHARED / "data" / "clips" / "jfk.flac") * 32767).astype(np.int16)


def quiet(seconds: float) -> np.ndarray:
    """Silence."""
    return np.zeros(round(seconds * 16_000), np.int16)


def block(*parts: np.ndarray) -> Iterator[Block]:
    """Sound as a source hands it over."""
    whole = np.concatenate(parts)
    for first in range(0, len(whole), 1_024):
        yield Block(whole[first:first + 1_024])


class Voice:
    """A voice model that finds whatever is loud angry."""

    temperature = 1.0

    def __init__(self, sure: bool = True) -> None:
        self.sure, self.described = sure, 0

    def describe(self, samples: np.ndarray) -> np.ndarray:
        self.described += 1
        return np.array([np.abs(samples).mean()])

    def answer(self, described: Sequence[np.ndarray],
               enrolled: Sequence[np.ndarray] = ()) -> tuple[np.ndarray, np.ndarray]:
        logits = np.zeros((len(described), 7))
        logits[:, 4] = 9.0 if self.sure else 0.1
        return np.stack(list(described)), logits


def said_rows(said: Said, with_words: bool) -> Iterator[Tagged]:
    """A row an utterance, in place of models."""
    for utterance, own in zip(said.utterances, said.voices, strict=True):
        row = Row(utterance.start, utterance.end, utterance, scores(0), {"voice": own})
        yield Tagged(utterance, own, row, said.spoken)
