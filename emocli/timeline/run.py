"""One analysis of one file: what its stages and readers share, and the protocol that every modality keeps to.

A run begins with nothing and is thrown away at the end, so nothing of one video gets into the next.  Its
stages work in threads of their own, and look at its one stop signal whenever they report or wait.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from emocli.timeline.segments import shared
from emocli.timeline.types import FaceObservation, MediaInfo, Reading, Segment, Utterance

if TYPE_CHECKING:
    from emocli.media.audio import Sound

log = logging.getLogger("emocli")
log.addHandler(logging.NullHandler())  # what is to be heard is the program's choice
T = TypeVar("T")

#: Seconds of speech from which somebody speaks in a stretch; in a shorter one half of it is enough.
LEAST_SPEECH = 0.2

#: Why no voice is read: of words over no speech, between utterances, and where a moment of speech is left.
UNHEARD, SILENCE = "nobody is heard under these words", "nobody speaks"
TOO_SHORT = "too little speech to read"

#: Told the stage (faces, sound, transcript, speakers, voice, or download) and the share of it that is done,
#: 0..1.
Progress = Callable[[str, float], None]


class StoppedError(Exception):
    """Raised inside a stage when another has failed or the user has interrupted."""


@dataclass(frozen=True)
class Speech:
    """What is said: utterances in order, without overlaps, their language or "", the sound itself, and its
    speech activity, whatever the words come from (None where that was not looked for)."""

    utterances: Sequence[Utterance]
    language: str
    sound: Sound
    activity: Sequence[Utterance] | None = None

    def speaks(self, start: float, end: float) -> bool:
        """Whether there is speech between two times."""
        return self.activity is None or spoken(start, end, self.activity)


def spoken(start: float, end: float, activity: Sequence[Utterance]) -> bool:
    """Whether enough of a stretch is speech for a voice to be read there."""
    return shared(start, end, activity) >= min(LEAST_SPEECH, (end - start) / 2)


class Run:
    """What readers are given.  `duration` (s) is how far any stream has been read, `broken` counts packets
    that could not be; `faces` are the observations once a reader has made them; `libraries`, `weights` and
    `details` say what took part."""

    def __init__(self, info: MediaInfo, progress: Progress = lambda stage, share: None) -> None:
        self.info, self.notes = info, list(info.notes)
        self.duration, self.broken = 0.0, 0
        self.faces: Sequence[FaceObservation] = ()
        self.libraries: dict[str, str] = {}
        self.details = {"detector": "none", "transcript": ""}
        self.weights: dict[str, Mapping[str, str]] = {}
        self.failure: BaseException | None = None
        self._progress, self._lock = progress, Lock()
        self._stopped: Future[None] = Future()
        self._speech: Future[Speech] = Future()

    @property
    def speech(self) -> Speech:
        """What is said; waits until it is known."""
        return self.wait(self._speech)

    @speech.setter
    def speech(self, speech: Speech) -> None:
        self._speech.set_result(speech)

    def stop(self, failure: BaseException) -> None:
        """Stop every stage; the first failure is the one to be reported."""
        with self._lock:
            if self.failure is None:
                self.failure = failure
                self._stopped.set_result(None)

    def check(self) -> None:
        """Raise `StoppedError` if the run has been stopped."""
        if self._stopped.done():
            raise StoppedError

    def wait(self, future: Future[T]) -> T:
        """The result of a future, or `StoppedError` at once when the run is stopped."""
        either: list[Future[Any]] = [future, self._stopped]
        wait(either, return_when=FIRST_COMPLETED)
        self.check()
        return future.result()

    def progress(self, stage: str, seconds: float) -> None:
        """Say how far a stage has come on the video's clock; raises `StoppedError` after a stop."""
        self.report(stage, min(1.0, seconds / self.info.duration) if self.info.duration else 1.0)

    def report(self, stage: str, share: float) -> None:
        """The same, of a stage that has no clock."""
        self.check()
        self._progress(stage, share)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Log when a stage begins and ends, and how long it took."""
        log.debug("%s: %s begins", self.info.path.name, name)
        began = time.perf_counter()
        yield
        log.info("%s: %s took %.2f s", self.info.path.name, name, time.perf_counter() - began)

    def note(self, text: str) -> None:
        """Tell the user something; what was survived is logged as a warning."""
        log.warning("%s: %s", self.info.path.name, text)
        self.notes.append(text)

    def reached(self, seconds: float, broken: int = 0) -> None:
        """A stream has been read up to there, with so many broken packets."""
        with self._lock:
            self.duration, self.broken = max(self.duration, seconds), self.broken + broken

    def uses(self, *libraries: str, weights: Mapping[str, Mapping[str, str]] | None = None) -> None:
        """Put distributions, and weights (name -> file, sha256, licence), into the provenance."""
        for name in libraries:
            try:
                self.libraries[name] = version(name)
            except PackageNotFoundError:
                self.libraries[name] = "unknown"  # another build of the same library
        self.weights |= weights or {}


#: One reading a segment, in order, of segments that tile the whole file.
Read = Callable[[Sequence[Segment]], list[Reading]]


class Reader(Protocol):
    """A modality.  Kept for many videos, so what it learns of one belongs into `Read` or the run."""

    modality: str

    def observe(self, run: Run) -> Read:
        """Take in one file, in a thread of its own, before it is known what the rows are."""
        ...

    def close(self) -> None:
        """End what it has started; it may be used again."""
        ...


def of_utterances(readings: Sequence[Reading], seconds: Sequence[float], silence: Reading) -> Read:
    """Hand readings of a run's utterances, each resting on so many seconds, to the segments with them."""

    def over(segment: Segment, reading: Reading, lasting: float) -> Reading:
        quality = min(1.0, lasting / max(1e-6, segment.end - segment.start))
        return replace(reading, quality=quality) if reading.present else reading

    known = list(zip(readings, seconds, strict=True))

    def read(segments: Sequence[Segment]) -> list[Reading]:
        left = iter(known)
        return [over(segment, *next(left)) if segment.utterance else silence for segment in segments]

    return read


def between_utterances(speech: Speech, read: Read) -> Read:
    """The same, where a stretch between utterances has no voice with the reason that is true of it."""
    def explained(segment: Segment, reading: Reading) -> Reading:
        if reading.present or reading.reason:
            return reading
        spoken = speech.activity and speech.speaks(segment.start, segment.end)
        return replace(reading, reason=TOO_SHORT if spoken else SILENCE)

    return lambda segments: [explained(*pair) for pair in zip(segments, read(segments), strict=True)]
