"""What the shipped readers make of labelled data, for evaluation and for training the fusion head.

Everything goes through the readers' own code: Keras in its process, functionals, n-grams.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast
from zlib import crc32

import numpy as np
from scipy.special import softmax

from emocli.errors import DataError
from emocli.options import EAR, HEARD_BY_EAR, TEXT_MODES, VOICE_MODES
from emocli.training.checkpoint import fingerprint
from emocli.training.corpora import faces, speech, texts
from emocli.weights import manifest, resolve

#: Faces of one call.
FACE_BATCH = 64
#: What this process has read already, by fingerprints: fusion is tested on what its readers are tested on.
_KNOWN: dict[str, Any] = {}
T = TypeVar("T")


def once(make: Callable[[], T], *read: Any) -> T:
    """What `make` returns, made only once of what was `read`, as `fingerprint` takes it."""
    key = fingerprint(*read)
    if key not in _KNOWN:
        _KNOWN[key] = make()
    return cast("T", _KNOWN[key])


@dataclass(frozen=True)
class Predictions:
    """Readings of n labelled items: calibrated `scores` (n, 7), `labels` (n,) and, of voices, `speakers`
    (n,); `items` (n,) are numbers of what was read, the same for a face that is read clean and blurred.
    `seconds` is the time that reading took, features included; `temperature` calibrated the scores;
    `source` is a fingerprint of what was read, and by which weights."""

    scores: np.ndarray
    labels: np.ndarray
    seconds: float = 0.0
    temperature: float = 1.0
    speakers: np.ndarray | None = None
    source: str = ""
    items: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, where: np.ndarray) -> Predictions:
        """The items at these positions, and their share of the time."""
        speakers, items = (None if column is None else column[where]
                           for column in (self.speakers, self.items))
        return replace(self, scores=self.scores[where], labels=self.labels[where], speakers=speakers,
                       items=items, seconds=self.seconds * len(where) / max(1, len(self)))


def join(parts: Iterable[Predictions]) -> Predictions:
    """The predictions of several corpora as those of one."""
    several = list(parts)
    scores, labels = (np.concatenate([getattr(p, name) for p in several]) for name in ("scores", "labels"))
    speakers, items = (_joined([getattr(p, name) for p in several]) for name in ("speakers", "items"))
    return Predictions(scores, labels, sum(p.seconds for p in several), several[0].temperature, speakers,
                       fingerprint([p.source for p in several]), items)


def _joined(columns: Sequence[np.ndarray | None]) -> np.ndarray | None:
    """Columns one after the other; None where one of them is."""
    there = [column for column in columns if column is not None]
    return np.concatenate(there) if len(there) == len(columns) else None


def read_faces(*corpora: faces.Faces) -> Iterator[list[Predictions]]:
    """Read faces in batches through one face process, each as it is and mirrored, as videos are read.

    Of each corpus come the first head's readings, labelled by the voters' majority, -1 where there is none;
    then the second's, labelled by the competition's label.
    """
    from emocli.face.process import FaceProcess

    entry = manifest()["face-litert"]
    with FaceProcess(resolve("face-litert"), device="cpu") as process:
        process.classify(corpora[0].images[:FACE_BATCH]).result()
        for corpus in corpora:
            began = time.perf_counter()
            views = [[process.classify(np.ascontiguousarray(images[i:i + FACE_BATCH]))
                      for i in range(0, len(corpus), FACE_BATCH)]
                     for images in (corpus.images, corpus.images[:, :, ::-1])]
            (_, *heads), (_, *mirrored) = ([np.concatenate(batches) for batches in zip(
                *(call.result() for call in calls), strict=True)] for calls in views)
            seconds = time.perf_counter() - began
            means = [(plain + other) / 2 for plain, other in zip(heads, mirrored, strict=True)]
            labelled = zip(means, (entry.temperature, 1.0), (corpus.majority, corpus.labels), strict=False)
            source = fingerprint(corpus.images, corpus.labels, entry.sha256)
            numbers = np.arange(len(corpus))
            yield [Predictions(softmax(logits / t, 1), labels, seconds, t, None, source, numbers)
                   for logits, t, labels in labelled]


@dataclass(frozen=True)
class DescribedClip:
    """A clip as a voice network's reader describes it, its class and its speaker, and the seconds that this
    took."""

    described: np.ndarray
    label: int
    speaker: str
    seconds: float


def describe_clips(clips: Iterable[speech.Clip],
                   names: Sequence[str] = VOICE_MODES["accurate"]) -> list[DescribedClip]:
    """Descriptions of the clips that are long enough; the costly part of reading a voice, the same for all
    networks that hear alike.  `names` as `emocli.voice.model.load` takes them."""
    several, heard_by = list(clips), [EAR] if set(names) <= set(HEARD_BY_EAR) else list(names)
    return once(lambda: _describe(several, names), heard_by, [(c.label, c.speaker) for c in several],
                *(c.samples for c in several))


def _describe(clips: Sequence[speech.Clip], names: Sequence[str]) -> list[DescribedClip]:
    from emocli.voice.described import SHORTEST
    from emocli.voice.features import SAMPLE_RATE, trim
    from emocli.voice.model import load

    reader, described = load(names), []
    for clip in clips:
        began = time.perf_counter()
        samples = trim(clip.samples)
        if len(samples) >= SHORTEST * SAMPLE_RATE:
            own = reader.describe(samples)
            described.append(DescribedClip(own, clip.label, clip.speaker, time.perf_counter() - began))
    if not described:
        raise DataError("speech", f"no clip of this split is longer than {SHORTEST} s", "check the data")
    return described


def by_video(clips: Iterable[DescribedClip], *, known_speaker: bool = True) -> list[list[DescribedClip]]:
    """Clips that are read together: each speaker's as those of one video, or each as the only one of its
    video."""
    videos = defaultdict(list)
    for number, clip in enumerate(clips):
        videos[clip.speaker if clip.speaker and known_speaker else number].append(clip)
    return list(videos.values())


def read_voices(clips: Sequence[DescribedClip], *, known_speaker: bool = True,
                names: Sequence[str] = VOICE_MODES["accurate"]) -> Predictions:
    """Read clips, each speaker's as those of one video, or each clip as the only one of its video; `names` as
    `emocli.voice.model.load` takes them."""
    from emocli.voice.model import load

    reader = load(names)
    began = time.perf_counter()
    videos = by_video(clips, known_speaker=known_speaker)
    answers = [reader.answer([clip.described for clip in video]) for video in videos]
    seconds = time.perf_counter() - began + sum(clip.seconds for clip in clips)
    logits = np.concatenate([answer[1] for answer in answers])
    labels, speakers = (np.array([getattr(c, name) for video in videos for c in video])
                        for name in ("label", "speaker"))
    source = fingerprint([(c.label, c.speaker, c.described.shape) for c in clips],
                         [manifest()[n].sha256 for n in names])
    return Predictions(softmax(logits, 1), labels, seconds, reader.temperature, speakers, source)


def read_texts(corpus: texts.Texts, language: str = "auto", names: Sequence[str] = TEXT_MODES["accurate"],
               **how: str) -> Predictions:
    """Read sentences in "en" or "ko", or "auto": each in the language that it is written in; `names` as
    `emocli.text.model.load` takes them, `how` as its model's `logits` does."""
    source = fingerprint(corpus.texts, corpus.targets, [manifest()[n].sha256 for n in names])
    return once(lambda: _read_texts(corpus, language, names, source, how), source, language, how)


def _read_texts(corpus: texts.Texts, language: str, names: Sequence[str], source: str,
                how: Mapping[str, str]) -> Predictions:
    from emocli.text.model import load
    from emocli.text.reader import language_of

    reader = load(names)
    began = time.perf_counter()
    spoken = np.array([language_of(t) if language == "auto" else language for t in corpus.texts])
    codes, counts = np.unique(spoken, return_counts=True)
    order, parts = [], []
    for code in codes:
        rows = np.flatnonzero(spoken == code)
        order.append(rows)
        parts.append(reader.logits([corpus.texts[i] for i in rows], str(code), **how)[1])
    back = np.argsort(np.concatenate(order))
    logits = np.concatenate(parts)[back]
    numbers = np.array([crc32(text.encode()) for text in corpus.texts])
    return Predictions(softmax(logits, 1), corpus.targets.argmax(1), time.perf_counter() - began,
                       reader.temperature_of(str(codes[counts.argmax()])), None, source, numbers)
