"""What flows through emocli: frozen values of numpy and the standard library only.

Times are seconds on the video's clock, which starts at its first presented frame or sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

import numpy as np

from emocli.emotions import EMOTIONS

#: Modalities that ship, in the order that fusion and files use.
MODALITIES = ("face", "voice", "text")


@dataclass(frozen=True)
class MediaInfo:
    """A file as it was probed.  Sizes are as displayed (after rotation and pixel shape)."""

    path: Path
    duration: float
    has_video: bool
    has_audio: bool
    width: int = 0
    height: int = 0
    rotation: int = 0
    frame_rate: float = 0.0
    variable_rate: bool = False
    video_start: float = 0.0
    audio_start: float = 0.0
    container: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FaceObservation:
    """One face in one frame: `box` x, y, width, height in px of the displayed frame, five
    `landmarks` (5, 2) in image order left to right (eyes, nose, mouth corners), `detection` 0..1;
    `features`, `logits` and `scores` once the network has read the crop; where they are wanted, `blendshapes`
    (52,) and the head's `pose` (3,): yaw, pitch and roll, degrees, NaN where no mesh was found."""

    time: float
    box: tuple[float, float, float, float]
    landmarks: np.ndarray
    detection: float
    face_id: int = 0
    features: np.ndarray | None = None
    logits: np.ndarray | None = None
    scores: np.ndarray | None = None
    blendshapes: np.ndarray | None = None
    pose: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class FaceObservations(Sequence[FaceObservation]):
    """The n observations of a video in four arrays, a third of the memory of as many objects: `geometry`
    (n, 17) holds time, box, landmarks, detection and face id; `features` is (n, d), `logits` and `scores`
    are (n, 7), `blendshapes` (n, 52) and `pose` (n, 3) where they are wanted."""

    geometry: np.ndarray
    features: np.ndarray
    logits: np.ndarray
    scores: np.ndarray
    blendshapes: np.ndarray | None = None
    pose: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.geometry)

    @overload
    def __getitem__(self, at: int) -> FaceObservation: ...

    @overload
    def __getitem__(self, at: slice) -> FaceObservations: ...

    def __getitem__(self, at: int | slice) -> FaceObservation | FaceObservations:
        extra = (part if part is None else part[at] for part in (self.blendshapes, self.pose))
        if isinstance(at, slice):
            return FaceObservations(self.geometry[at], self.features[at], self.logits[at], self.scores[at],
                                    *extra)
        time, x, y, width, height, *points, detection, face_id = self.geometry[at].tolist()
        return FaceObservation(time, (x, y, width, height), np.reshape(points, (5, 2)), detection,
                               int(face_id), self.features[at], self.logits[at], self.scores[at], *extra)


@dataclass(frozen=True)
class Word:
    """A word with its own times."""

    start: float
    end: float
    text: str


@dataclass(frozen=True)
class Utterance:
    """A stretch of speech.  `source` is whisper, sidecar, embedded or speech (activity only); `speaker` is
    S1, S2, ... in order of speech, or "" where nobody was told apart."""

    start: float
    end: float
    text: str = ""
    words: tuple[Word, ...] = ()
    language: str = ""
    source: str = "speech"
    speaker: str = ""


@dataclass(frozen=True)
class Segment:
    """What becomes a row: a stretch of time, and the utterance in it, if any."""

    start: float
    end: float
    utterance: Utterance | None = None


@dataclass(frozen=True)
class Part:
    """A stretch of a segment in which what is read stays the same, and its `scores` (7,)."""

    start: float
    end: float
    scores: np.ndarray

    @property
    def emotion(self) -> str:
        """The likeliest class."""
        return EMOTIONS[int(self.scores.argmax())]

    @property
    def confidence(self) -> float:
        """The score of the likeliest class."""
        return float(self.scores.max())


@dataclass(frozen=True)
class Reading:
    """What one modality makes of a segment.

    `features` (d,) and `logits` (7,) are None when the modality is absent, and `reason` then
    says why.  `scores` (7,) are calibrated and sum to 1; `quality` 0..1 is the share of the
    segment's time that they rest on: pictures with the face, sound with speech, the time of the words.
    `face_id` is whom a face reading is of, and `many_faces` says that others are there too; `speaking` is
    True where that face is the speaker's, False where the speaker is not seen, None where it is not known.
    `parts` divide the segment where the face changes while somebody speaks; there are none where it does not.
    """

    modality: str
    features: np.ndarray | None = None
    logits: np.ndarray | None = None
    scores: np.ndarray | None = None
    quality: float = 0.0
    reason: str = ""
    face_id: int | None = None
    many_faces: bool = False
    speaking: bool | None = None
    parts: tuple[Part, ...] = ()

    @property
    def present(self) -> bool:
        """Whether there is anything to fuse."""
        return self.scores is not None

    @property
    def emotion(self) -> str:
        """The likeliest class, or an empty string when absent."""
        return "" if self.scores is None else EMOTIONS[int(self.scores.argmax())]

    @property
    def confidence(self) -> float:
        """The score of the likeliest class, 0 when absent."""
        return 0.0 if self.scores is None else float(self.scores.max())


@dataclass(frozen=True)
class Row:
    """One stretch of the video: fused `scores` (7,), and the reading of each modality."""

    start: float
    end: float
    utterance: Utterance | None
    scores: np.ndarray
    readings: dict[str, Reading]
    flags: tuple[str, ...] = ()

    @property
    def emotion(self) -> str:
        """The likeliest class."""
        return EMOTIONS[int(self.scores.argmax())]

    @property
    def confidence(self) -> float:
        """The fused score of the likeliest class."""
        return float(self.scores.max())


@dataclass(frozen=True)
class Person:
    """Somebody in a video: their `name`, "" where nobody gave one, and the faces and speakers that are
    theirs."""

    name: str = ""
    face_ids: tuple[int, ...] = ()
    speakers: tuple[str, ...] = ()

    @property
    def parts(self) -> tuple[int | str, ...]:
        """Faces and speakers."""
        return (*self.face_ids, *self.speakers)

    def label(self, language: str = "en") -> str:
        """The name, or else `S1`, or `Face 2`."""
        if self.name or self.speakers:
            return self.name or self.speakers[0]
        return f"{'얼굴' if language == 'ko' else 'Face'} {self.face_ids[0]}"


@dataclass(frozen=True)
class Timeline:
    """The whole answer for one video; `persons` are those who were given a name."""

    media: MediaInfo
    rows: tuple[Row, ...]
    faces: Sequence[FaceObservation] = ()
    transcript_source: str = "none"
    language: str = ""
    provenance: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    persons: tuple[Person, ...] = ()

    @property
    def modalities(self) -> tuple[str, ...]:
        """Names of the modalities that were read, in the order of their columns."""
        return tuple(self.rows[0].readings) if self.rows else MODALITIES

    def to_dataframe(self) -> Any:
        """The rows as a `pandas.DataFrame` with the columns of the CSV."""
        from emocli.timeline.records import data_frame

        return data_frame(self)

    def shares(self) -> dict[str, float]:
        """Share of the video's time at which each class is the likeliest; sums to 1."""
        return shares(self.rows)


def shares(rows: Sequence[Row]) -> dict[str, float]:
    """Share of the rows' time at which each class is the likeliest; sums to 1."""
    total = sum(r.end - r.start for r in rows) or 1.0
    return {name: sum(r.end - r.start for r in rows if r.emotion == name) / total for name in EMOTIONS}
