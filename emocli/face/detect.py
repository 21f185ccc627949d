"""Where faces are: YuNet through OpenCV, or, when its file cannot be had, MTCNN from its wheel.

YuNet: Wu, Peng & Yu 2023.  MTCNN: Zhang et al. 2016, the `mtcnn` package.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from threading import local
from typing import Any, Protocol

import numpy as np

#: Faces with a smaller detection score are left out.
MIN_SCORE = 0.7
#: Smallest face, as a share of the picture's shorter side, and in px of the detection copy.
MIN_SHARE, MIN_PIXELS = 0.03, 12
#: Pixels that a face must keep in a smaller picture for that to be searched instead; every so many
#: pictures the whole is searched all the same.
ENOUGH, FULL_EVERY = 32, 10
#: Faces of one picture that are followed at most, the largest first.
MOST_FACES = 12


@dataclass(frozen=True)
class Detection:
    """`box` x, y, width, height and `landmarks` (5, 2), in px of the picture searched; `score`."""

    box: tuple[float, float, float, float]
    landmarks: np.ndarray
    score: float

    @classmethod
    def of_row(cls, row: np.ndarray) -> Detection:
        """From fifteen numbers: box, five points, score (YuNet's own order)."""
        x, y, w, h = map(float, row[:4])
        return cls((x, y, w, h), np.asarray(row[4:14], float).reshape(5, 2), float(row[14]))

    def row(self) -> list[float]:
        """The fifteen numbers."""
        return [*self.box, *self.landmarks.reshape(-1).tolist(), self.score]


class Detector(Protocol):
    """Finds faces in a BGR uint8 picture."""

    name: str

    def find(self, image: np.ndarray) -> list[Detection]:
        """Faces of one picture, the largest first."""
        ...


class YuNet:
    """`cv2.FaceDetectorYN` over the opencv_zoo file of March 2023; each thread has its own."""

    name = "yunet"

    def __init__(self, model: Path) -> None:
        import cv2

        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        self._model, self._own = str(model), local()

    def find(self, image: np.ndarray) -> list[Detection]:
        """Faces of one picture, the largest first."""
        import cv2

        size = (image.shape[1], image.shape[0])
        if not hasattr(self._own, "net"):
            self._own.net = cv2.FaceDetectorYN.create(self._model, "", size, MIN_SCORE, 0.3, 200)
        self._own.net.setInputSize(size)
        found = self._own.net.detect(image)[1]
        return _sensible([] if found is None else [Detection.of_row(row) for row in found], size)


class Mtcnn:
    """The `mtcnn` package.  Its networks run on TensorFlow, so this lives in the child process."""

    name = "mtcnn"

    def __init__(self) -> None:
        from mtcnn import MTCNN

        self._net: Any = MTCNN()

    def find(self, image: np.ndarray) -> list[Detection]:
        """Faces of one picture, the largest first."""
        rgb = np.ascontiguousarray(image[..., ::-1])
        try:
            faces = self._net.detect_faces(rgb) or []
        except ValueError:  # the package stumbles when its first stage finds nothing
            faces = []
        order = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
        rows = [np.array([*f["box"], *(v for k in order for v in f["keypoints"][k]), f["confidence"]]) for f in faces]
        return _sensible([Detection.of_row(row) for row in rows], (image.shape[1], image.shape[0]))


class Sparing:
    """A detector that searches most pictures of one video at a half or a quarter of their size, as long
    as all faces stay large there.

    Every FULL_EVERY pictures, and whenever the smaller one shows nobody, the whole is searched; a small
    face that comes to join large ones is therefore seen a few pictures late.
    """

    def __init__(self, detector: Detector) -> None:
        self.name, self._detector, self._left, self._shrink = detector.name, detector, 0, 1

    def find(self, image: np.ndarray) -> list[Detection]:
        """Faces of one picture, the largest first."""
        import cv2

        if self._left:
            self._left -= 1
            size = image.shape[1] // self._shrink, image.shape[0] // self._shrink
            small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
            scale = image.shape[1] / small.shape[1]
            if found := self._detector.find(small):
                return [Detection((d.box[0] * scale, d.box[1] * scale, d.box[2] * scale, d.box[3] * scale),
                                  d.landmarks * scale, d.score) for d in found]
        found = self._detector.find(image)
        least = min((min(d.box[2:]) for d in found), default=0.0)
        self._shrink = next((n for n in (4, 2) if least >= n * ENOUGH), 1)
        self._left = FULL_EVERY - 1 if self._shrink > 1 else 0
        return found


def _sensible(found: list[Detection], size: tuple[int, int]) -> list[Detection]:
    least = max(MIN_PIXELS, MIN_SHARE * min(size))
    kept = [d for d in found if d.score >= MIN_SCORE and min(d.box[2:]) >= least
            and np.ptp(d.landmarks[:, 1]) > 1]
    return sorted(kept, key=lambda d: -d.box[2] * d.box[3])[:MOST_FACES]
