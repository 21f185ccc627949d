"""From a video's pictures to face observations."""

from __future__ import annotations

import os
import sys
from array import array
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from emocli.emotions import EMOTIONS
from emocli.errors import EmocliError
from emocli.face.align import crop
from emocli.face.detect import AdaptiveScaleDetector, Detection, Detector
from emocli.face.process import GREY, FaceProcess, FaceRequestError
from emocli.face.track import Tracker, appearance_embedding
from emocli.media.frames import FrameStream, Sample, full_range
from emocli.media.prefetch import Prefetch
from emocli.timeline.run import Run, StoppedError, log
from emocli.timeline.types import FaceObservations

#: Crops of one call to Keras.
BATCH = 64
#: Calls that may wait for Keras before the pictures do.
WAITING = 8
#: Pictures of an undivided video that are decoded before they are searched.
DECODED = 8
#: Pictures of a chunk that are searched before they are wanted, and chunks read at once.
SEARCHED, MOST_WORKERS = 256, 4
#: What notes say of pictures and crops that a library chokes on.
UNSEARCHED, UNREAD = "pictures could not be searched for faces", "faces could not be read"
#: The crops of one face, one a view, or of a batch of faces.
_Crops = tuple[np.ndarray, ...]


class ProcessDetector:
    """MTCNN in the face process, as a `Detector`."""

    name = "mtcnn"

    def __init__(self, run: Run, process: FaceProcess) -> None:
        self._run, self._process = run, process

    def find(self, image: np.ndarray) -> list[Detection]:
        """Faces of one picture, the largest first."""
        return self._run.wait(self._process.detect(image))


class FaceNetwork(Protocol):
    """What reads crops of faces: of each a crop a view, which is a side in px and whether it is RGB or grey;
    `width` is that of the features."""

    views: tuple[tuple[int, bool], ...]
    width: int

    def classify(self, *crops: np.ndarray) -> Future[list[np.ndarray]]:
        """A stack (n, side, side) or (n, side, side, 3) uint8 a view -> later, features (n, width) and
        logits (n, 7), which are NaN of a face of which there is nothing to say."""
        ...


@dataclass(frozen=True)
class _Searched:
    """What the faces of one sample are followed and read by; `scale` leads to full-size px."""

    time: float
    scale: tuple[float, float]
    detections: list[Detection] = field(default_factory=list)
    appearances: list[np.ndarray] = field(default_factory=list)
    crops: list[_Crops] = field(default_factory=list)


def _search(samples: Iterable[Sample], detector: Detector, choked: list[str],
            views: Sequence[tuple[int, bool]]) -> Iterator[_Searched]:
    adaptive = AdaptiveScaleDetector(detector)
    for sample in samples:
        small, grey = sample.small, sample.grey
        scale = grey.shape[1] / small.shape[1], grey.shape[0] / small.shape[0]
        searched = _Searched(sample.time, scale)
        try:
            faces = adaptive.find(small)
            crops = [full_range(crop(grey, d.landmarks * scale), sample.narrow) for d in faces]
            appearances = [appearance_embedding(small, d.box, c) for d, c in zip(faces, crops, strict=True)]
            seen = [tuple(c if view == GREY else _cut(sample, d.landmarks, scale, *view) for view in views)
                    for d, c in zip(faces, crops, strict=True)]
            searched = _Searched(sample.time, scale, faces, appearances, seen)
        except Exception as error:  # of any library
            if isinstance(error, StoppedError | EmocliError) and not isinstance(error, FaceRequestError):
                raise
            choked.append(_reason(error))
        yield searched


def _cut(sample: Sample, landmarks: np.ndarray, scale: tuple[float, float], side: int,
         colour: bool) -> np.ndarray:
    """A crop of another size, grey from the whole picture or RGB from its small copy."""
    if colour:
        return crop(sample.small, landmarks, side)[..., ::-1]
    return full_range(crop(sample.grey, landmarks * scale, side), sample.narrow)


@contextmanager
def _chunks(streams: Sequence[FrameStream], detector: Detector, choked: list[str],
            views: Sequence[tuple[int, bool]]) -> Iterator[Iterator[_Searched]]:
    """Every sample searched, in order: chunk after chunk, as many at once as there are cores.

    OpenCV is kept to one thread a chunk meanwhile: splitting pictures this small costs half as
    much again.
    """
    import cv2

    workers, threads = min(os.cpu_count() or 1, MOST_WORKERS), cv2.getNumThreads()
    left, running = deque(streams), deque[Prefetch[_Searched]]()

    def keep_going() -> None:
        while left and len(running) <= workers and sum(chunk.alive for chunk in running) < workers:
            samples: Iterable[Sample] = left.popleft()
            if len(streams) == 1:
                samples = Prefetch(samples, DECODED)
            running.append(Prefetch(_search(samples, detector, choked, views), SEARCHED))

    def searched() -> Iterator[_Searched]:
        keep_going()
        while running:
            for sample in running[0]:
                yield sample
                keep_going()
            running.popleft()
            keep_going()

    interval = sys.getswitchinterval()
    cv2.setNumThreads(1)
    sys.setswitchinterval(0.0005)  # imports elsewhere would hold up every packet for 5 ms
    try:
        yield searched()
    finally:
        for chunk in running:
            chunk.close()
        cv2.setNumThreads(threads)
        sys.setswitchinterval(interval)


class _Observer:
    """Follows and reads faces picture by picture; `answered` observations are handed out once.

    Every other picture of a person is read mirrored: a segment's mean is over both views, as the network was
    evaluated, for half the work.  A crop that the network chokes on costs only itself (`unread` says why).
    """

    def __init__(self, run: Run, network: FaceNetwork, temperature: float) -> None:
        self._run, self._network, self._temperature = run, network, temperature
        self._tracker, self._geometry = Tracker(), array("d")
        self.sightings, self.unread = Counter[int](), list[str]()
        self._crops, self._calls = list[_Crops](), deque[tuple[_Crops, Future[list[np.ndarray]]]]()
        self._answers: list[tuple[np.ndarray, np.ndarray]] = []

    def take(self, sample: _Searched) -> None:
        """Follow the faces of a picture; they wait to be read."""
        ids = self._tracker.update(sample.time, sample.detections, sample.appearances)
        for d, face_id, piece in zip(sample.detections, ids, sample.crops, strict=True):
            (x, y, w, h), scale = d.box, sample.scale
            self._geometry.extend((sample.time, x * scale[0], y * scale[1], w * scale[0], h * scale[1],
                                   *(d.landmarks * scale).ravel().tolist(), d.score, face_id))
            self._crops.append(tuple(c[:, ::-1] for c in piece) if self.sightings[face_id] % 2 else piece)
            self.sightings[face_id] += 1

    def ask(self, least: int, waiting: int) -> None:
        """Hand on what is at least so much, and take answers until only so many are on their way."""
        while len(self._crops) >= least:
            batch = tuple(map(np.stack, zip(*self._crops[:BATCH], strict=True)))
            self._calls.append((batch, self._network.classify(*batch)))
            del self._crops[:BATCH]
        while len(self._calls) > waiting:
            batch, call = self._calls.popleft()
            try:
                features, logits = self._run.wait(call)[:2]
            except FaceRequestError as error:
                if len(batch[0]) > 1:  # one by one, to lose only those that it is about
                    alone = [tuple(part[None] for part in piece) for piece in zip(*batch, strict=True)]
                    self._calls.extendleft([(piece, self._network.classify(*piece)) for piece in alone][::-1])
                    continue
                self.unread.append(_reason(error))
                features = np.full((1, self._network.width), np.nan)
                logits = np.full((1, len(EMOTIONS)), np.nan)
            self._answers.append((features.astype(np.float16), logits / self._temperature))

    def answered(self) -> FaceObservations:
        """The observations since the last call; all that wait are read first."""
        self.ask(1, 0)
        observations = _joined(np.array(self._geometry).reshape(-1, 17), self._answers)
        del self._geometry[:]
        self._answers.clear()
        return observations


def observe(run: Run, streams: Sequence[FrameStream], detector: Detector, network: FaceNetwork,
            *, temperature: float = 1.0) -> FaceObservations:
    """Find, follow and read every face of a video, in time order; `streams` are its chunks.

    Pictures are decoded and searched in threads, faces followed here, and the network reads earlier
    crops in its own process.  A picture or a crop that a library chokes on costs only itself, with a note.
    """
    observer, unsearched = _Observer(run, network, temperature), list[str]()
    with _chunks(streams, detector, unsearched, network.views) as searched:
        for sample in searched:
            observer.take(sample)
            observer.ask(BATCH, WAITING)
            run.progress("faces", sample.time)
    observations = observer.answered()
    for what, reasons in ((UNSEARCHED, unsearched), (UNREAD, observer.unread)):
        if reasons:
            run.note(f"{len(reasons)} {what} ({reasons[0][:200]})")
    log.debug("%s: %d observations of %d people", run.info.path.name, len(observations),
              len(observer.sightings))
    return observations


def follow(run: Run, samples: Iterable[Sample], detector: Detector, network: FaceNetwork,
           *, temperature: float = 1.0) -> Iterator[FaceObservations]:
    """The same of pictures that are still coming: after each, what is seen in it.  Only the first picture and
    the first crop that a library chokes on have a note."""
    observer, unsearched, noted = _Observer(run, network, temperature), list[str](), set[str]()
    for sample in _search(samples, detector, unsearched, network.views):
        observer.take(sample)
        yield observer.answered()
        for what, reasons in ((UNSEARCHED, unsearched), (UNREAD, observer.unread)):
            if reasons and what not in noted:
                run.note(f"{what} ({reasons[0][:200]})")
                noted.add(what)
            reasons.clear()


def _reason(error: Exception) -> str:
    return error.cause if isinstance(error, EmocliError) else f"{type(error).__name__}: {error}"


def _joined(geometry: np.ndarray, answers: Sequence[tuple[np.ndarray, np.ndarray]]) -> FaceObservations:
    """The observations of batches of features and logits, without those that could not be read."""
    if not answers:
        return FaceObservations(*(np.zeros((0, columns)) for columns in (17, 0, 7, 7)))
    features, logits = map(np.concatenate, zip(*answers, strict=True))
    scores = np.exp(logits - logits.max(1, keepdims=True))
    scores /= scores.sum(1, keepdims=True)
    read = np.isfinite(logits).all(1)
    return FaceObservations(*(part if read.all() else part[read]
                              for part in (geometry, features, logits, scores)))
