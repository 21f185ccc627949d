"""How mouths move while somebody speaks: a second look at short stretches, 12.5 pictures a second."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import numpy as np

from emocli.face.landmarks import mesh_crop, mouth
from emocli.face.mesh_batches import meshes
from emocli.face.process import FaceProcess
from emocli.media.frames import Chunk, ContainerPool, FrameStream, chunk_of, full_range
from emocli.timeline.run import Run
from emocli.timeline.types import FaceObservations

#: Pictures a second; pictures that a mouth must be seen in for its movement; faces of one stretch that are
#: measured.
RATE, NEEDED, MOST_MEASURED = 12.5, 5, 4
#: Columns of `FaceObservations.geometry`: box, the eyes among the landmarks, the face's number.
_BOX, _EYES, _ID = slice(1, 5), slice(5, 9), 16


@dataclass(frozen=True)
class Stretch:
    """What is to be looked at: from `start` to `end`, s, the faces with these numbers, in one of `every` so
    many pictures."""

    start: float
    end: float
    face_ids: tuple[int, ...]
    every: int = 1


@dataclass
class Track:
    """What is known of one mouth in one stretch: at `times` (s) it was `shapes` (open, wide; in distances of
    the eyes)."""

    times: list[float] = field(default_factory=list)
    shapes: list[np.ndarray] = field(default_factory=list)


#: One dictionary a stretch, from face ids to their mouths.
Mouths = list[dict[int, Track]]


def measure(run: Run, process: FaceProcess, model: Path, faces: FaceObservations,
            stretches: Sequence[Stretch]) -> Mouths:
    """Look at the mouths of `faces` in `stretches`, which are in order and apart; `model` holds the
    landmarker.

    Faces are not searched again: they are where the observations around say.  A face without a mesh (tiny,
    turned away) at a time is left out there.
    """
    found: Mouths = [{number: Track() for number in stretch.face_ids} for stretch in stretches]
    for keys, shapes in meshes(run, process, model, _crops(run, found, faces, stretches)):
        for (track, time), shape in zip(keys, mouth(shapes), strict=True):
            track.times.append(time)
            track.shapes.append(shape)
    return found


def _crops(run: Run, mouths: Mouths, faces: FaceObservations,
           stretches: Sequence[Stretch]) -> Iterator[tuple[tuple[Track, float], np.ndarray]]:
    """The crop of each face in each picture, with the mouth and the time that it tells of."""
    positions = _Positions(faces)
    for at, time, grey, narrow in _pictures(run, stretches):
        for number, track in mouths[at].items():
            position = positions.at(number, time)
            if position is not None:
                crop, _ = mesh_crop(grey, position[:4], position[4:].reshape(2, 2))
                yield (track, time), full_range(crop, narrow)
        run.check()


def _pictures(run: Run, stretches: Sequence[Stretch]) -> Iterator[tuple[int, float, np.ndarray, bool]]:
    """The number of a stretch, and time, grey levels and range of each of its pictures; stretches that are
    read from the same key frame are read together."""
    chunks = [chunk_of(run.info, RATE, stretch.start, stretch.end) for stretch in stretches]
    with ContainerPool(run.info, RATE) as pool:
        for seek, group in groupby(range(len(chunks)), key=lambda i: chunks[i].seek):
            numbers = list(group)
            whole = Chunk(seek, chunks[numbers[0]].first, chunks[numbers[-1]].beyond)
            for sample in FrameStream(run.info, RATE, whole, pool, colour=False):
                while len(numbers) > 1 and sample.time > stretches[numbers[0]].end:
                    numbers.pop(0)
                stretch = stretches[numbers[0]]
                due = int(sample.time * RATE + 1e-6) % stretch.every == 0
                if due and stretch.start <= sample.time <= stretch.end:
                    yield numbers[0], sample.time, sample.grey, sample.narrow


class _Positions:
    """Where a face is between its observations."""

    def __init__(self, faces: FaceObservations) -> None:
        ids = faces.geometry[:, _ID]
        self._tracks = {int(n): faces.geometry[ids == n] for n in np.unique(ids)}
        steps = np.diff(np.unique(faces.geometry[:, 0]))
        self._apart = 1.5 * (float(np.median(steps)) if len(steps) else 0.2)

    def at(self, number: int, time: float) -> np.ndarray | None:
        """Box and eyes (8,) in px; None where the face has not been seen just before or after."""
        track = self._tracks[number]
        after = int(np.searchsorted(track[:, 0], time))
        around = [track[i] for i in (after - 1, after) if 0 <= i < len(track)
                  and abs(track[i, 0] - time) <= self._apart]
        if not around:
            return None
        first, last = around[0], around[-1]
        share = (time - first[0]) / (last[0] - first[0]) if last[0] > first[0] else 0.0
        mixed = first + share * (last - first)
        return np.asarray(np.concatenate([mixed[_BOX], mixed[_EYES]]))
