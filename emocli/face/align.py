"""From a detected face to the grey crop that the network takes."""

from __future__ import annotations

import numpy as np

from emocli.face.network import INPUT_SIZE

#: Where the five landmarks lie in a FER2013 picture of 48x48 px: the median over training faces
#: as YuNet finds them (`bench/crop_geometry.py`), so that crops look like what the network learnt.
TEMPLATE = np.array([[15.0, 18.1], [32.5, 18.2], [23.3, 28.6], [16.7, 35.9], [30.9, 35.9]], np.float64)


def similarity(points: np.ndarray, template: np.ndarray) -> np.ndarray:
    """Least-squares similarity (2, 3) that takes `points` (n, 2) to `template` (n, 2)
    (Umeyama 1991, without reflection: in two dimensions a complex linear fit)."""
    source = points[:, 0] + 1j * points[:, 1]
    target = template[:, 0] + 1j * template[:, 1]
    centred = source - source.mean()
    turn = np.vdot(centred, target - target.mean()) / max(1e-9, float(np.vdot(centred, centred).real))
    shift = target.mean() - turn * source.mean()
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def crop(picture: np.ndarray, landmarks: np.ndarray, size: int = INPUT_SIZE) -> np.ndarray:
    """Aligned crop (size, size) uint8 of a grey picture, (size, size, 3) of one in colour; landmarks (5, 2)
    px in it.

    Large faces are first averaged down, so that no pattern of the sampling gets into the crop.
    """
    import cv2

    matrix = similarity(landmarks, TEMPLATE * (size / INPUT_SIZE))
    shrink = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    steps = int(np.clip(np.floor(np.log2(1 / max(shrink, 1e-6))), 0, 4))
    if steps:
        low = np.maximum(landmarks.min(0) - np.ptp(landmarks, axis=0).max() * 1.5, 0).astype(int)
        high = (landmarks.max(0) + np.ptp(landmarks, axis=0).max() * 1.5).astype(int)
        patch = picture[low[1]:high[1], low[0]:high[0]]
        if patch.size:
            factor = 2**steps
            height, width = (max(1, n // factor) for n in patch.shape[:2])
            picture = cv2.resize(patch[:height * factor, :width * factor], (width, height),
                                 interpolation=cv2.INTER_AREA)
            matrix = similarity((landmarks - low + 0.5) / factor - 0.5, TEMPLATE * (size / INPUT_SIZE))
    return np.asarray(cv2.warpAffine(picture, matrix, (size, size), flags=cv2.INTER_LINEAR,
                                     borderMode=cv2.BORDER_REPLICATE))
