"""From a video's pictures to face observations, and from those to one reading a segment."""

from __future__ import annotations

import os
import sys
from array import array
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from emocli.face.align import crop
from emocli.face.detect import AdaptiveScaleDetector, Detection, Detector
from emocli.face.process import FaceProcess
from emocli.face.track import Tracker, appearance_embedding
from emocli.media.frames import FrameStream, Sample, full_range
from emocli.media.prefetch import Prefetch
from emocli.timeline.types import FaceObservation, FaceObservations, Reading, Segment

#: Crops of one call to Keras.
BATCH = 64
#: Calls that may wait for Keras before the pictures do.
WAITING = 8
#: Pictures of an undivided video that are decoded before they are searched.
DECODED = 8
#: Pictures of a stretch that are searched before they are wanted, and stretches read at once.
SEARCHED, MOST_WORKERS = 256, 4
#: A second person counts in a segment from this share of its pictures.
SECOND_FACE = 0.3


class ProcessDetector:
    """MTCNN in the face process, as a `Detector`."""

    name = "mtcnn"

    def __init__(self, process: FaceProcess) -> None:
        self._process = process

    def find(self, image: np.ndarray) -> list[Detection]:
        """Faces of one picture, the largest first."""
        return self._process.detect(image)


@dataclass(frozen=True)
class _Searched:
    """What the faces of one sample are followed and read by; `scale` leads to full-size px."""

    time: float
    scale: tuple[float, float]
    found: list[Detection]
    looks: list[np.ndarray]
    pieces: list[np.ndarray]


def _search(samples: Iterable[Sample], detector: Detector) -> Iterator[_Searched]:
    search = AdaptiveScaleDetector(detector)
    for sample in samples:
        found = search.find(sample.small)
        scale = sample.grey.shape[1] / sample.small.shape[1], sample.grey.shape[0] / sample.small.shape[0]
        pieces = [full_range(crop(sample.grey, d.landmarks * scale), sample.narrow) for d in found]
        looks = [appearance_embedding(sample.small, d.box, piece) for d, piece in zip(found, pieces, strict=True)]
        yield _Searched(sample.time, scale, found, looks, pieces)


@contextmanager
def _parts(streams: Sequence[FrameStream], detector: Detector) -> Iterator[Iterator[_Searched]]:
    """Every sample searched, in order: stretch after stretch, as many at once as there are cores.

    OpenCV is kept to one thread a stretch meanwhile: splitting pictures this small costs half as
    much again.
    """
    import cv2

    workers, threads = min(os.cpu_count() or 1, MOST_WORKERS), cv2.getNumThreads()
    left, running = deque(streams), deque[Prefetch[_Searched]]()

    def keep_going() -> None:
        while left and len(running) <= workers and sum(one.alive for one in running) < workers:
            samples: Iterable[Sample] = left.popleft()
            if len(streams) == 1:
                samples = Prefetch(samples, DECODED)
            running.append(Prefetch(_search(samples, detector), SEARCHED))

    def searched() -> Iterator[_Searched]:
        keep_going()
        while running:
            for one in running[0]:
                yield one
                keep_going()
            running.popleft()
            keep_going()

    interval = sys.getswitchinterval()
    cv2.setNumThreads(1)
    sys.setswitchinterval(0.0005)  # imports elsewhere would hold up every packet for 5 ms
    try:
        yield searched()
    finally:
        for one in running:
            one.close()
        cv2.setNumThreads(threads)
        sys.setswitchinterval(interval)


def observe(streams: Sequence[FrameStream], detector: Detector, process: FaceProcess, *, temperature: float = 1.0,
            progress: Callable[[float], None] = lambda seconds: None) -> FaceObservations:
    """Find, follow and read every face of a video, in time order; `streams` are its stretches.

    Pictures are decoded and searched in threads, faces followed here, and the network reads earlier
    crops in its own process.  Every other picture of a person is read mirrored: a segment's mean is over
    both views, as the network was evaluated, for half the work.
    """
    tracker, geometry, crops = Tracker(), array("d"), []
    sightings: Counter[int] = Counter()
    calls: deque[Future[list[np.ndarray]]] = deque()
    answers: list[tuple[np.ndarray, np.ndarray]] = []

    def take() -> None:
        features, logits = calls.popleft().result()[:2]
        answers.append((features.astype(np.float16), logits / temperature))

    with _parts(streams, detector) as searched:
        for one in searched:
            ids = tracker.update(one.time, one.found, one.looks)
            for d, face_id, piece in zip(one.found, ids, one.pieces, strict=True):
                (x, y, w, h), scale = d.box, one.scale
                geometry.extend((one.time, x * scale[0], y * scale[1], w * scale[0], h * scale[1],
                               *(d.landmarks * scale).ravel().tolist(), d.score, face_id))
                crops.append(piece[:, ::-1] if sightings[face_id] % 2 else piece)
                sightings[face_id] += 1
            while len(crops) >= BATCH:
                calls.append(process.classify(np.stack(crops[:BATCH])))
                del crops[:BATCH]
                if len(calls) > WAITING:
                    take()
            progress(one.time)
    if crops:
        calls.append(process.classify(np.stack(crops)))
    while calls:
        take()
    if not answers:
        return FaceObservations(*(np.zeros((0, columns)) for columns in (17, 0, 7, 7)))
    features, logits = map(np.concatenate, zip(*answers, strict=True))
    scores = np.exp(logits - logits.max(1, keepdims=True))
    return FaceObservations(np.frombuffer(geometry).reshape(-1, 17), features, logits,
                            scores / scores.sum(1, keepdims=True))


class FaceReader:
    """Reads segments off the observations of a video sampled at `rate` pictures a second."""

    def __init__(self, observations: Sequence[FaceObservation], *, rate: float, has_video: bool = True) -> None:
        self._observations = observations
        self._times = np.array([o.time for o in observations])
        self._rate, self._has_video = rate, has_video

    def within(self, segment: Segment) -> Sequence[FaceObservation]:
        """The observations of a segment."""
        first, last = np.searchsorted(self._times, [segment.start, segment.end])
        return self._observations[first:last]

    def many(self, segment: Segment) -> bool:
        """Whether more than one person is in a good part of the segment."""
        inside = self.within(segment)
        pictures = len({o.time for o in inside}) or 1
        counts = Counter(o.face_id for o in inside)
        return sum(n >= SECOND_FACE * pictures for n in counts.values()) > 1

    def read(self, segments: Sequence[Segment]) -> list[Reading]:
        """One reading a segment, of the person who fills most of it (by area and time)."""
        return [self._read(s) for s in segments]

    def _read(self, segment: Segment) -> Reading:
        inside = self.within(segment)
        if not inside:
            reason = "no face was found" if self._has_video else "the file has no pictures"
            return Reading("face", reason=reason)
        weight: Counter[int] = Counter()
        for o in inside:
            weight[o.face_id] += o.box[2] * o.box[3] * o.detection  # type: ignore[assignment]
        main = weight.most_common(1)[0][0]
        own = [o for o in inside if o.face_id == main]
        features, logits, scores = (np.stack([getattr(o, part) for o in own]).astype(np.float32)
                                    for part in ("features", "logits", "scores"))
        expected = max(1.0, (segment.end - segment.start) * self._rate)
        return Reading(
            "face", features=features.mean(0), logits=logits.mean(0), scores=scores.mean(0),
            quality=min(1.0, len(own) / expected), face_id=main)
