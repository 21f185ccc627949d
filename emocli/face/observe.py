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

import numpy as np

from emocli.errors import EmocliError
from emocli.face.align import crop
from emocli.face.detect import AdaptiveScaleDetector, Detection, Detector
from emocli.face.process import FaceProcess, FaceRequestError
from emocli.face.track import Tracker, appearance_embedding
from emocli.media.frames import FrameStream, Sample, full_range
from emocli.media.prefetch import Prefetch
from emocli.timeline.run import Run, StoppedError
from emocli.timeline.types import FaceObservations

#: Crops of one call to Keras.
BATCH = 64
#: Calls that may wait for Keras before the pictures do.
WAITING = 8
#: Pictures of an undivided video that are decoded before they are searched.
DECODED = 8
#: Pictures of a chunk that are searched before they are wanted, and chunks read at once.
SEARCHED, MOST_WORKERS = 256, 4


class ProcessDetector:
    """MTCNN in the face process, as a `Detector`."""

    name = "mtcnn"

    def __init__(self, run: Run, process: FaceProcess) -> None:
        self._run, self._process = run, process

    def find(self, image: np.ndarray) -> list[Detection]:
        """Faces of one picture, the largest first."""
        return self._run.wait(self._process.detect(image))


@dataclass
class Unread:
    """Faces and pictures that something choked on, each of which costs only itself."""

    errors: list[str] = field(default_factory=list)

    def add(self, error: Exception) -> None:
        """Count one."""
        self.errors.append(error.cause if isinstance(error, EmocliError) else f"{type(error).__name__}: {error}")

    def note(self, run: Run, what: str) -> None:
        """Tell the user, if there are any."""
        if self.errors:
            run.note(f"{len(self.errors)} {what} ({self.errors[0][:200]})")


@dataclass(frozen=True)
class _Searched:
    """What the faces of one sample are followed and read by; `scale` leads to full-size px."""

    time: float
    scale: tuple[float, float]
    detections: list[Detection] = field(default_factory=list)
    appearances: list[np.ndarray] = field(default_factory=list)
    crops: list[np.ndarray] = field(default_factory=list)


def _search(samples: Iterable[Sample], detector: Detector, unread: Unread) -> Iterator[_Searched]:
    adaptive = AdaptiveScaleDetector(detector)
    for sample in samples:
        small, grey = sample.small, sample.grey
        scale = grey.shape[1] / small.shape[1], grey.shape[0] / small.shape[0]
        try:
            faces = adaptive.find(small)
            crops = [full_range(crop(grey, d.landmarks * scale), sample.narrow) for d in faces]
            appearances = [appearance_embedding(small, d.box, piece) for d, piece in zip(faces, crops, strict=True)]
        except Exception as error:  # of any library
            if isinstance(error, StoppedError | EmocliError) and not isinstance(error, FaceRequestError):
                raise
            unread.add(error)
            faces, appearances, crops = [], [], []
        yield _Searched(sample.time, scale, faces, appearances, crops)


@contextmanager
def _chunks(streams: Sequence[FrameStream], detector: Detector, unread: Unread) -> Iterator[Iterator[_Searched]]:
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
            running.append(Prefetch(_search(samples, detector, unread), SEARCHED))

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


class _Network:
    """Reads crops in batches, some of them ahead; `features`, `logits` in the order of the crops without `lost`."""

    def __init__(self, run: Run, process: FaceProcess, unread: Unread) -> None:
        self._run, self._process, self._unread = run, process, unread
        self._crops: list[np.ndarray] = []
        self._calls: deque[tuple[np.ndarray, Future[list[np.ndarray]]]] = deque()
        self._taken = 0
        self.features: list[np.ndarray] = []
        self.logits: list[np.ndarray] = []
        self.lost: list[int] = []

    def add(self, piece: np.ndarray) -> None:
        self._crops.append(piece)

    def read(self, least: int = BATCH) -> None:
        """Send what waits in batches, the last of at least so many; take answers when too many are on their way."""
        while len(self._crops) >= least:
            batch = np.stack(self._crops[:BATCH])
            del self._crops[:BATCH]
            self._calls.append((batch, self._process.classify(batch)))
            if len(self._calls) > WAITING:
                self._take()

    def finish(self) -> None:
        if self._crops:
            self.read(1)
        while self._calls:
            self._take()

    def cancel(self) -> None:
        for _, call in self._calls:
            call.cancel()

    def _take(self) -> None:
        batch, call = self._calls.popleft()
        try:
            self._keep(self._run.wait(call))
        except FaceRequestError:  # one by one, to lose only those that it is about
            for i, piece in enumerate(batch):
                try:
                    self._keep(self._run.wait(self._process.classify(piece[None])))
                except FaceRequestError as error:
                    self._unread.add(error)
                    self.lost.append(self._taken + i)
        self._taken += len(batch)

    def _keep(self, answer: list[np.ndarray]) -> None:
        self.features.append(answer[0].astype(np.float16))
        self.logits.append(answer[1])


def observe(run: Run, streams: Sequence[FrameStream], detector: Detector, process: FaceProcess, *,
            temperature: float = 1.0) -> FaceObservations:
    """Find, follow and read every face of a video, in time order; `streams` are its chunks.

    Pictures are decoded and searched in threads, faces followed here, and the network reads earlier
    crops in its own process.  Every other picture of a person is read mirrored: a segment's mean is over
    both views, as the network was evaluated, for half the work.  What a picture or a crop does to a library costs
    only that, with a note.
    """
    tracker, geometry, sightings = Tracker(), array("d"), Counter[int]()
    pictures, faces = Unread(), Unread()
    network = _Network(run, process, faces)
    try:
        with _chunks(streams, detector, pictures) as searched:
            for sample in searched:
                ids = tracker.update(sample.time, sample.detections, sample.appearances)
                for d, face_id, piece in zip(sample.detections, ids, sample.crops, strict=True):
                    (x, y, w, h), scale = d.box, sample.scale
                    geometry.extend((sample.time, x * scale[0], y * scale[1], w * scale[0], h * scale[1],
                                   *(d.landmarks * scale).ravel().tolist(), d.score, face_id))
                    network.add(piece[:, ::-1] if sightings[face_id] % 2 else piece)
                    sightings[face_id] += 1
                network.read()
                run.progress("faces", sample.time)
        network.finish()
    finally:
        network.cancel()
    pictures.note(run, "pictures could not be searched for faces")
    faces.note(run, "faces could not be read")
    if not network.features:
        return FaceObservations(*(np.zeros((0, columns)) for columns in (17, 0, 7, 7)))
    features, logits = np.concatenate(network.features), np.concatenate(network.logits) / temperature
    scores = np.exp(logits - logits.max(1, keepdims=True))
    return FaceObservations(np.delete(np.frombuffer(geometry).reshape(-1, 17), network.lost, axis=0), features, logits,
                            scores / scores.sum(1, keepdims=True))
