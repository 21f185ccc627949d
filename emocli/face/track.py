"""One `face_id` a person: overlap and motion within a shot, appearance across cuts.

A light relative of SORT (Bewley et al. 2016): constant velocity instead of a Kalman filter, and
a colour-and-shape appearance embedding to join a track that comes back after a cut or a look away.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from emocli.face.detect import Detection

#: Overlap with the predicted box from which a face continues a track.
MIN_IOU = 0.25
#: Seconds after which a lost track is only joined again by its appearance.
LOST_AFTER = 1.0
#: Pixels a side that are enough to tell colours by.
COLOUR_SIDE = 64
#: People that are kept in mind, so that a session without end does not slow down.
MOST_TRACKS = 1000
#: Cosine of two appearance embeddings from which they are of the same person.
SAME_PERSON = 0.80


def iou(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of two boxes x, y, width, height."""
    left, top = np.maximum(a[:2], b[:2])
    right, bottom = np.minimum(a[:2] + a[2:], b[:2] + b[2:])
    shared = max(0.0, right - left) * max(0.0, bottom - top)
    return float(shared / max(1e-9, a[2] * a[3] + b[2] * b[3] - shared))


def appearance_embedding(image: np.ndarray, box: tuple[float, float, float, float],
                         crop: np.ndarray) -> np.ndarray:
    """Unit vector (n,) of how a face looks: hue and saturation of head and clothes from the BGR
    picture, and the coarse shape of its aligned grey crop."""
    import cv2

    x, y, w, h = box
    top, bottom = int(max(0, y - 0.3 * h)), int(min(image.shape[0], y + 1.6 * h))
    left, right = int(max(0, x - 0.3 * w)), int(min(image.shape[1], x + 1.3 * w))
    shape = cv2.resize(crop, (12, 12), interpolation=cv2.INTER_AREA).astype(np.float32).reshape(-1)
    shape = (shape - shape.mean()) / (np.linalg.norm(shape - shape.mean()) + 1e-6)
    step = max(1, min(bottom - top, right - left) // COLOUR_SIDE)
    patch = image[top:bottom:step, left:right:step]
    if not patch.size:
        return np.concatenate([shape, np.zeros(64, np.float32)])
    colours = cv2.calcHist([cv2.cvtColor(patch, cv2.COLOR_BGR2HSV)], [0, 1], None, [8, 8], [0, 180, 0, 256])
    colour = np.sqrt(colours.reshape(-1) / max(1.0, float(colours.sum())))
    return np.asarray(np.concatenate([shape, colour]) / np.sqrt(2), np.float32)


def _pairs(gain: np.ndarray) -> list[tuple[int, int]]:
    """The (row, column) pairs with the greatest gain in all, each row and column once at most."""
    if 1 in gain.shape:  # most pictures, and they need not wait half a second for the import
        return [(int(i), int(j)) for i, j in [np.unravel_index(gain.argmax(), gain.shape)]]
    from scipy.optimize import linear_sum_assignment

    return list(zip(*linear_sum_assignment(-gain), strict=True))


@dataclass
class _Track:
    face_id: int
    box: np.ndarray
    time: float
    appearance: np.ndarray
    velocity: np.ndarray = field(default_factory=lambda: np.zeros(4))

    def predicted(self, time: float) -> np.ndarray:
        return self.box + self.velocity * min(time - self.time, LOST_AFTER)


class Tracker:
    """Give it each frame's faces in time order; it answers with their ids, from 1 upwards."""

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._people = 0

    def update(self, time: float, detections: list[Detection], appearances: list[np.ndarray]) -> list[int]:
        """Ids of one frame's `detections`, in order; `appearances` are their embeddings."""
        ids = [0] * len(detections)
        boxes = [np.array(d.box) for d in detections]
        fresh = [t for t in self._tracks if time - t.time <= LOST_AFTER]
        if fresh and detections:
            overlap = np.array([[iou(t.predicted(time), b) for b in boxes] for t in fresh])
            alike = np.array([[float(t.appearance @ appearance) for appearance in appearances]
                              for t in fresh])
            for row, column in _pairs(overlap + 0.3 * alike):
                # A cut puts another person in the same place: overlap alone must not join them.
                if overlap[row, column] >= MIN_IOU and alike[row, column] > 0.5:
                    ids[column] = self._follow(fresh[row], time, boxes[column], appearances[column])
        for i, box in enumerate(boxes):
            if not ids[i]:
                ids[i] = self._recall(time, box, appearances[i], set(ids))
        return ids

    def _recall(self, time: float, box: np.ndarray, appearance: np.ndarray, taken: set[int]) -> int:
        away = [t for t in self._tracks if t.face_id not in taken and t.time < time]
        best = max(away, key=lambda t: float(t.appearance @ appearance), default=None)
        if best is not None and float(best.appearance @ appearance) >= SAME_PERSON:
            best.velocity = np.zeros(4)
            best.box, best.time = box, time
            return best.face_id
        self._people += 1
        if len(self._tracks) >= MOST_TRACKS:
            del self._tracks[min(range(MOST_TRACKS), key=lambda i: self._tracks[i].time)]
        self._tracks.append(_Track(self._people, box, time, appearance))
        return self._people

    @staticmethod
    def _follow(track: _Track, time: float, box: np.ndarray, appearance: np.ndarray) -> int:
        passed = max(time - track.time, 1e-3)
        track.velocity = 0.5 * track.velocity + 0.5 * (box - track.box) / passed
        mixed = 0.8 * track.appearance + 0.2 * appearance
        track.appearance = mixed / np.linalg.norm(mixed)
        track.box, track.time = box, time
        return track.face_id
