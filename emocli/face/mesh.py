"""MediaPipe's Face Landmarker on LiteRT: meshes and blendshapes of crops.  It lives in the face process.

The weights are a zip of LiteRT files.  The crops are grey: on three clips the mouth's opening correlated
with that of colour crops at 0.97 to 0.998, and the decoder has grey pictures ready.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from emocli.face.landmarks import CROP, POINTS
from emocli.timeline.blendshapes import BLENDSHAPES

#: Threads of a network: two take half as much work again, and are no quicker beside a decoder.
THREADS = 1
#: The points of a mesh that the blendshapes are made of, as MediaPipe's `face_blendshapes_graph` lists them.
SUBSET = (
    0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66, 67, 70,
    78, 80, 81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149,
    150, 152, 153, 154, 155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195,
    197, 234, 246, 249, 251, 263, 267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300,
    308, 310, 311, 312, 314, 317, 318, 321, 323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375,
    377, 378, 379, 380, 381, 382, 384, 385, 386, 387, 388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454,
    466, *range(468, 478))


class Landmarker:
    """The networks of one `.task` file."""

    def __init__(self, path: Path) -> None:
        with zipfile.ZipFile(path) as bundle:
            self._mesh, self._shapes = (_Net(bundle.read(f"{name}.tflite"))
                                        for name in ("face_landmarks_detector", "face_blendshapes"))

    def find(self, crops: np.ndarray) -> list[np.ndarray]:
        """Crops (n, 256, 256) uint8 grey -> meshes (n, 478, 3) float32, px of the crop, z towards the back;
        and how sure it is that a face is there (n,), 0..1."""
        meshes, presence = np.zeros((len(crops), POINTS, 3), np.float32), np.zeros(len(crops), np.float32)
        for i, crop in enumerate(crops):
            colours = np.repeat(crop.astype(np.float32)[None, ..., None] / 255, 3, 3)
            points, logit, _ = self._mesh(colours.reshape(1, CROP, CROP, 3))
            meshes[i], presence[i] = points.reshape(POINTS, 3), 1 / (1 + np.exp(-logit.item()))
        return [meshes, presence]

    def blendshapes(self, meshes: np.ndarray) -> np.ndarray:
        """Meshes (n, 478, 3) float32 in px of the picture -> their scores (n, 52) float32, in the order of
        `timeline.blendshapes`."""
        points = np.ascontiguousarray(meshes[:, list(SUBSET), :2])
        return np.array([self._shapes(one[None])[0].reshape(-1) for one in points],
                        np.float32).reshape(-1, len(BLENDSHAPES))


class _Net:
    """A LiteRT network of one input."""

    def __init__(self, content: bytes) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._run: Any = Interpreter(model_content=content,
                                     num_threads=THREADS)
        self._run.allocate_tensors()
        self._into = self._run.get_input_details()[0]["index"]
        self._out = [detail["index"] for detail in self._run.get_output_details()]

    def __call__(self, value: np.ndarray) -> list[np.ndarray]:
        self._run.set_tensor(self._into, value)
        self._run.invoke()
        return [self._run.get_tensor(index) for index in self._out]
