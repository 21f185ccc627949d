"""Blendshapes and head pose of every face that was observed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import numpy as np

from emocli.face.landmarks import head_pose, mesh_crop, to_picture
from emocli.face.mouths import BATCH, PRESENT, WAITING
from emocli.face.process import FaceProcess, FaceRequestError
from emocli.media.frames import FrameStream, full_range
from emocli.timeline.blendshapes import BLENDSHAPES, POSE
from emocli.timeline.run import Run
from emocli.timeline.types import FaceObservations

#: Crops on their way to the face process: numbers of their observations, what leads back to the picture,
#: and later the meshes.
_Batch = tuple[list[int], list[np.ndarray], Future[list[np.ndarray]]]


def describe(run: Run, process: FaceProcess, model: Path, faces: FaceObservations,
             rate: float) -> FaceObservations:
    """The same observations with blendshapes and pose, NaN where no mesh was found; they were made at `rate`
    pictures a second, which are read again; `model` holds the landmarker."""
    shapes = np.full((len(faces), len(BLENDSHAPES)), np.nan, np.float16)
    pose = np.full((len(faces), len(POSE)), np.nan, np.float32)
    waiting, numbers, crops, backs = deque[_Batch](), list[int](), list[np.ndarray](), list[np.ndarray]()

    def ask(least: int, most_waiting: int) -> None:
        while len(crops) >= least:
            call = process.find_meshes(np.stack(crops[:BATCH]), model)
            waiting.append((numbers[:BATCH], backs[:BATCH], call))
            del numbers[:BATCH], crops[:BATCH], backs[:BATCH]
        while len(waiting) > most_waiting:
            take(*waiting.popleft())

    def take(asked: list[int], matrices: list[np.ndarray], call: Future[list[np.ndarray]]) -> None:
        try:
            meshes, presence = run.wait(call)
            found = [i for i, sure in enumerate(presence) if sure >= PRESENT]
            if not found:
                return
            whole = np.stack([to_picture(meshes[i], matrices[i]) for i in found])
            (scores,) = run.wait(process.find_blendshapes(whole, model))
        except FaceRequestError:
            return  # what cannot be measured is left out
        at = [asked[i] for i in found]
        shapes[at] = scores
        pose[at] = [head_pose(mesh, (run.info.width, run.info.height)) for mesh in whole]

    for number, crop, back in _crops(run, faces, rate):
        numbers.append(number)
        crops.append(crop)
        backs.append(back)
        ask(BATCH, WAITING)
    ask(1, 0)
    return replace(faces, blendshapes=shapes, pose=pose)


def _crops(run: Run, faces: FaceObservations, rate: float) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Number, crop and the matrix back of each observation."""
    times = faces.geometry[:, 0]
    for sample in FrameStream(run.info, rate, colour=False):
        first, last = np.searchsorted(times, [sample.time - 1e-6, sample.time + 1e-6])
        for number in range(first, last):
            box, eyes = faces.geometry[number, 1:5], faces.geometry[number, 5:9].reshape(2, 2)
            crop, back = mesh_crop(sample.grey, box, eyes)
            yield number, full_range(crop, sample.narrow), back
        run.check()
