"""Where faces are: YuNet through OpenCV, or, when its file cannot be had, MTCNN from its wheel.

YuNet: Wu, Peng & Yu 2023.  MTCNN: Zhang et al. 2016, the `mtcnn` package.
"""

from __future__ import annotations

from collections.abc import Sequence
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
#: pictures at least the half, or the whole, is searched all the same.
ENOUGH, HALF_EVERY, WHOLE_EVERY = 32, 10, 30
#: Mean difference of grey levels from the picture before, from which it may be another shot.
CUT = 15.0
#: OpenCV's LOG_LEVEL_ERROR, whose name moved between its versions.
ERRORS_ONLY = 2
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

    def scaled(self, scale: float) -> Detection:
        """The same in a picture of that many times the size."""
        x, y, width, height = self.box
        return Detection((x * scale, y * scale, width * scale, height * scale), self.landmarks * scale,
                         self.score)

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

        set_level = cv2.setLogLevel if hasattr(cv2, "setLogLevel") else cv2.utils.logging.setLogLevel
        set_level(ERRORS_ONLY)
        self._model, self._own = str(model), local()

    def find(self, image: np.ndarray) -> list[Detection]:
        """Faces of one picture, the largest first."""
        import cv2

        size = (image.shape[1], image.shape[0])
        if not hasattr(self._own, "net"):
            self._own.net = cv2.FaceDetectorYN.create(self._model, "", size, MIN_SCORE, 0.3, 200)
        self._own.net.setInputSize(size)
        rows = self._own.net.detect(image)[1]
        return _sensible([] if rows is None else [Detection.of_row(row) for row in rows], size)


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
        rows = [np.array([*f["box"], *(v for k in order for v in f["keypoints"][k]), f["confidence"]])
                for f in faces]
        return _sensible([Detection.of_row(row) for row in rows], (image.shape[1], image.shape[0]))


class AdaptiveScaleDetector:
    """A detector that searches most pictures of one video at a half or a quarter of their size, as long
    as all faces stay large there.

    The whole is searched after a cut, whenever the smaller one shows nobody, and every WHOLE_EVERY
    pictures, a half every HALF_EVERY; a small face that comes to join large ones is therefore seen
    some pictures late.
    """

    def __init__(self, detector: Detector) -> None:
        self.name, self._detector, self._shrink = detector.name, detector, 1
        self._last: np.ndarray | None = None
        self._searched = 0

    def find(self, image: np.ndarray) -> list[Detection]:
        """Faces of one picture, the largest first."""
        half = _halved(image)
        smaller = {2: half, 4: _halved(half)}
        cut, self._last = self._differs(smaller[4]), smaller[4]
        self._searched += 1
        if self._shrink > 1 and not cut and self._searched < WHOLE_EVERY:
            check = self._searched % HALF_EVERY == 0
            small = smaller[2 if check else self._shrink]
            if faces := [d.scaled(image.shape[1] / small.shape[1]) for d in self._detector.find(small)]:
                if check:
                    self._shrink = _fitting(faces)
                return faces
        faces = self._detector.find(image)
        self._shrink, self._searched = _fitting(faces), 0
        return faces

    def _differs(self, small: np.ndarray) -> bool:
        import cv2

        last = self._last
        if last is None or last.shape != small.shape:
            return False
        return cv2.norm(small, last, cv2.NORM_L1) > CUT * small.size


def _halved(image: np.ndarray) -> np.ndarray:
    """Half as wide and high; twice this takes a fifth of the time of a quarter at once."""
    import cv2

    size = max(1, image.shape[1] // 2), max(1, image.shape[0] // 2)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))


def _fitting(faces: Sequence[Detection]) -> int:
    """By how much a picture may be shrunk with all its faces left large enough."""
    least = min((min(d.box[2:]) for d in faces), default=0.0)
    return next((n for n in (4, 2) if least >= n * ENOUGH), 1)


def _sensible(faces: list[Detection], size: tuple[int, int]) -> list[Detection]:
    least = max(MIN_PIXELS, MIN_SHARE * min(size))
    kept = [d for d in faces if d.score >= MIN_SCORE and min(d.box[2:]) >= least
            and np.ptp(d.landmarks[:, 1]) > 1]
    return sorted(kept, key=lambda d: -d.box[2] * d.box[3])[:MOST_FACES]
