"""Blendshapes and head pose of every face that was observed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from emocli.face.landmarks import head_pose, mesh_crop, to_picture
from emocli.face.mesh_batches import meshes
from emocli.face.process import FaceProcess, FaceRequestError
from emocli.media.frames import FrameStream, full_range
from emocli.timeline.blendshapes import BLENDSHAPES, POSE
from emocli.timeline.run import Run
from emocli.timeline.types import FaceObservations


def describe(run: Run, process: FaceProcess, model: Path, faces: FaceObservations,
             rate: float) -> FaceObservations:
    """The same observations with blendshapes and pose, NaN where no mesh was found; they were made at `rate`
    pictures a second, which are read again; `model` holds the landmarker."""
    shapes = np.full((len(faces), len(BLENDSHAPES)), np.nan, np.float16)
    pose = np.full((len(faces), len(POSE)), np.nan, np.float32)
    for keys, found in meshes(run, process, model, _crops(run, faces, rate)):
        in_picture = np.stack([to_picture(mesh, back) for (_, back), mesh in zip(keys, found, strict=True)])
        try:
            (scores,) = run.wait(process.find_blendshapes(in_picture, model))
        except FaceRequestError:
            continue  # what cannot be measured is left out
        numbers = [number for number, _ in keys]
        shapes[numbers] = scores
        pose[numbers] = [head_pose(mesh, (run.info.width, run.info.height)) for mesh in in_picture]
    return replace(faces, blendshapes=shapes, pose=pose)


def _crops(run: Run, faces: FaceObservations,
           rate: float) -> Iterator[tuple[tuple[int, np.ndarray], np.ndarray]]:
    """The crop of each observation, with its number and the matrix back to the picture."""
    times = faces.geometry[:, 0]
    for sample in FrameStream(run.info, rate, colour=False):
        first, last = np.searchsorted(times, [sample.time - 1e-6, sample.time + 1e-6])
        for number in range(first, last):
            box, eyes = faces.geometry[number, 1:5], faces.geometry[number, 5:9].reshape(2, 2)
            crop, back = mesh_crop(sample.grey, box, eyes)
            yield (number, back), full_range(crop, sample.narrow)
        run.check()
