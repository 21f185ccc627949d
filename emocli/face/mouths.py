"""How mouths move while somebody speaks: a second look at short stretches, 12.5 pictures a second."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import numpy as np

from emocli.face.landmarks import mesh_crop, mouth
from emocli.face.process import FaceProcess, FaceRequestError
from emocli.media.frames import Chunk, ContainerPool, FrameStream, chunk_of, full_range
from emocli.timeline.run import Run
from emocli.timeline.types import FaceObservations

#: Pictures a second, crops of one call, and calls that may wait.
RATE, BATCH, WAITING = 12.5, 16, 4
#: Presence from which a mesh is one of a face; pictures that a mouth must be seen in for its movement; faces
#: of one stretch that are measured.
PRESENT, NEEDED, MOST_MEASURED = 0.5, 5, 4
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
    waiting = deque[tuple[list[tuple[Track, float]], Future[list[np.ndarray]]]]()
    asked: list[tuple[Track, float]] = []
    crops: list[np.ndarray] = []

    def ask(least: int, most_waiting: int) -> None:
        while len(crops) >= least:
            waiting.append((asked[:BATCH], process.find_meshes(np.stack(crops[:BATCH]), model)))
            del asked[:BATCH], crops[:BATCH]
        while len(waiting) > most_waiting:
            _take(run, *waiting.popleft())

    whereabouts = _Whereabouts(faces)
    for at, time, grey, narrow in _pictures(run, stretches):
        for number, track in found[at].items():
            place = whereabouts.at(number, time)
            if place is not None:
                crops.append(full_range(mesh_crop(grey, place[:4], place[4:].reshape(2, 2))[0], narrow))
                asked.append((track, time))
        ask(BATCH, WAITING)
        run.check()
    ask(1, 0)
    return found


def _take(run: Run, asked: list[tuple[Track, float]], answer: Future[list[np.ndarray]]) -> None:
    try:
        meshes, presence = run.wait(answer)
    except FaceRequestError:
        return  # what is not measured is not known
    for (track, time), shape, sure in zip(asked, mouth(meshes), presence, strict=True):
        if sure >= PRESENT:
            track.times.append(time)
            track.shapes.append(shape)


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


class _Whereabouts:
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
