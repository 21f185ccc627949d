"""Spoilt faces and sound, to measure how much of a figure is left, and to train against."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

#: dB of speech above noise at which voices are tested.
TEST_DB = 10.0
#: Clips that talk at once in babble.
TALKERS = 4


def _blur(face: np.ndarray) -> np.ndarray:
    import cv2

    return np.asarray(cv2.GaussianBlur(face, (0, 0), 1.5))


def _dark(face: np.ndarray) -> np.ndarray:
    return (face * 0.3).astype(np.uint8)


def _small(face: np.ndarray) -> np.ndarray:
    import cv2

    small = cv2.resize(face, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, face.shape[::-1], interpolation=cv2.INTER_LINEAR))


def _rotated(face: np.ndarray) -> np.ndarray:
    import cv2

    middle = (face.shape[1] / 2 - 0.5, face.shape[0] / 2 - 0.5)
    return np.asarray(cv2.warpAffine(face, cv2.getRotationMatrix2D(middle, 20, 1.0), face.shape[::-1],
                                     borderMode=cv2.BORDER_REPLICATE))


#: Blur of 1.5 px; three tenths of the light; half the resolution; turned by 20 degrees.
FACES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "blur": _blur, "dark": _dark, "low-res": _small, "rotated": _rotated}
#: White noise, and the babble of other clips.
NOISES = ("white", "babble")


def spoil_faces(faces: np.ndarray, kind: str) -> np.ndarray:
    """Spoil (n, h, w) uint8 grey faces in one of the ways of FACES."""
    return np.stack([FACES[kind](face) for face in faces])


def add_noise(samples: np.ndarray, kind: str, db: float, random: np.random.Generator,
          others: Sequence[np.ndarray] = ()) -> np.ndarray:
    """Mix (n,) float32 sound with noise of NOISES, `db` below it; `others` are the clips that babble."""
    if kind == "white":
        noise = random.standard_normal(len(samples))
    else:
        noise = np.zeros(len(samples))
        for at in random.integers(len(others), size=TALKERS):
            noise += np.resize(np.roll(others[at], -int(random.integers(max(1, len(others[at]))))),
                               len(samples))
    power = float(np.mean(noise**2)) or 1.0
    gain = np.sqrt(float(np.mean(samples**2)) / power / 10 ** (db / 10))
    return (samples + gain * noise).astype(np.float32)
