"""From an utterance that has ended to its rows, with the words, speaker, face and fusion that an analysis
would give it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

import numpy as np

from emocli.live.events import Quiet, Tagged
from emocli.media.audio import SAMPLE_RATE
from emocli.timeline.flags import flags_of
from emocli.timeline.gaps import evenly
from emocli.timeline.run import SILENCE, UNHEARD, Run, spoken
from emocli.timeline.segments import SHORTEST_GAP, pieces_of_gap
from emocli.timeline.types import Reading, Row, Segment, Utterance
from emocli.transcript.choose import with_wordless, worded_of
from emocli.voice.model import audible

if TYPE_CHECKING:
    from emocli.fusion.head import Fusion
    from emocli.live.faces import LiveFaces
    from emocli.live.voice import LiveVoice
    from emocli.text.reader import TextReader


class Words(Protocol):
    """What reads words: `LiveWords`, or a stand-in."""

    def load(self) -> None:
        """Be ready for the first utterance."""

    def read(self, sound: Clip, speech: Sequence[Utterance]) -> list[Utterance]:
        """Sentences with words."""

    def draft(self, samples: np.ndarray) -> tuple[str, str] | None:
        """The words so far, and their language."""


class Speakers(Protocol):
    """What tells speakers apart: `LiveSpeakers`, or a stand-in."""

    def who(self, samples: np.ndarray) -> str:
        """S1, S2, ..., or "" where that cannot be told."""


#: Seconds of what is left of an utterance at least.
SHORTEST = 0.02


@dataclass(frozen=True)
class Clip:
    """A stretch of sound that begins at `start`, s: `samples` (n,) float32 at 16 kHz."""

    start: float
    samples: np.ndarray

    def read(self, start: float, end: float) -> np.ndarray:
        """As `Sound.read`, of what is there."""
        first, last = (max(0, round((at - self.start) * SAMPLE_RATE)) for at in (start, end))
        return self.samples[first:last]


@dataclass(frozen=True)
class Said:
    """Utterances that are read together, with their voices and the sound around them.  `spoken` is the
    monotonic time of their end, `latency` what `Tagged` tells of the last, `pictures` how many had come by
    then."""

    utterances: tuple[Utterance, ...]
    voices: tuple[Reading, ...]
    sound: Clip
    spoken: float
    pictures: int = 0
    latency: Mapping[str, float] = field(default_factory=dict)


@dataclass
class RowReader:
    """Makes rows.  A voice is read anew for each of several sentences, and with `exactly` for each row, by
    when all that is read together tells how the speaker usually talks, as in an analysis; else a session
    keeps the reading that was shown first.  `spoken_language` is a code or "auto"."""

    run: Run
    text: TextReader
    fusion: Fusion
    voice: LiveVoice
    words: Words | None = None
    faces: LiveFaces | None = None
    speakers: Speakers | None = None
    spoken_language: str = "auto"
    exactly: bool = False
    now: Callable[[], float] = time.monotonic
    end: float = 0.0

    def prepare(self) -> None:
        """Load what the first utterance would wait for."""
        self.text.read([Utterance(0.0, 1.0, "ready", language="en")])
        if self.words:
            self.words.load()

    def draft(self, samples: np.ndarray) -> tuple[str, str] | None:
        """The words so far of an utterance that goes on, and their language."""
        return self.words.draft(samples) if self.words else None

    def rows(self, said: Said, with_words: bool = True) -> Iterator[Tagged | Quiet]:
        """The rows of what was said, and of the silence before it."""
        heard = self.words.read(said.sound, said.utterances) if self.words and with_words else []
        worded = worded_of(self.run, heard, self.spoken_language)
        read = {"words": self.now() - said.spoken} if self.words and with_words else {}
        utterances = with_wordless(said.utterances, worded)
        alone = len(utterances) == 1 and not self.exactly
        for utterance in (_after(self.end, own) for own in utterances):
            if utterance.start - self.end > SHORTEST_GAP:
                yield self._quiet(utterance.start, said.pictures)
            samples = audible(utterance, said.sound)
            if self.speakers:
                utterance = replace(utterance, speaker=self.speakers.who(samples))
            voice = self._voice(utterance, said, samples, alone=alone)
            row = self._row(utterance, voice, said.pictures)
            self.end = max(self.end, utterance.end)
            yield Tagged(utterance, voice, row, said.spoken,
                         {**said.latency, **read, "fused": self.now() - said.spoken})
        if self.faces:
            self.faces.forget(self.end)

    def last(self, until: float, pictures: int) -> Quiet | None:
        """The rows of the silence from the last utterance to the end, unless that is too short for one."""
        return self._quiet(until, pictures) if until - self.end > SHORTEST_GAP else None

    def _quiet(self, until: float, pictures: int) -> Quiet:
        silent, rows = {m: Reading(m, reason=SILENCE) for m in ("voice", "text")}, []
        cut = partial(self.faces.cut, offered=pictures) if self.faces else evenly
        for segment in pieces_of_gap(self.end, until, cut):
            readings = {"face": self._face(segment, pictures), **silent}
            (scores,) = self.fusion.scores([readings])
            rows.append(Row(segment.start, segment.end, None, scores, readings,
                            flags_of(segment, scores, readings)))
        return Quiet(tuple(rows))

    def _voice(self, utterance: Utterance, said: Said, samples: np.ndarray, *, alone: bool) -> Reading:
        if not spoken(utterance.start, utterance.end, said.utterances):
            return Reading("voice", reason=UNHEARD)
        for own, voice in zip(said.utterances, said.voices, strict=True):
            if alone or (not self.exactly and (own.start, own.end) == (utterance.start, utterance.end)):
                return voice
        return self.voice.read(samples).reading

    def _face(self, segment: Segment, pictures: int) -> Reading:
        if self.faces is None:
            return Reading("face", reason="the source has no pictures")
        return self.faces.reading(segment, pictures)

    def _row(self, utterance: Utterance, voice: Reading, pictures: int) -> Row:
        (text,) = self.text.read([utterance], utterance.language)
        segment = Segment(utterance.start, utterance.end, utterance)
        readings = {"face": self._face(segment, pictures), "voice": voice, "text": text}
        (scores,) = self.fusion.scores([readings])
        return Row(segment.start, segment.end, utterance, scores, readings,
                   flags_of(segment, scores, readings))


def _after(end: float, utterance: Utterance) -> Utterance:
    """The part of an utterance after the one before it, whose last words a recognizer may hear once more."""
    if utterance.start >= end:
        return utterance
    words = tuple(replace(w, start=max(w.start, end), end=max(w.end, end)) for w in utterance.words)
    return replace(utterance, start=end, end=max(utterance.end, end + SHORTEST), words=words)
