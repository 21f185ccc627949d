"""Where each person's face is at any time, between the sampled frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from emocli.timeline.types import Timeline

#: Seconds between two sightings of a face that are joined, and for which it stays before the first and after
#: the last.
JOINED, STAYS = 1.0, 0.2
#: Seconds to either side over which the scores shown are averaged.
STEADY = 0.5


@dataclass(frozen=True)
class Face:
    """A face at one moment: its `box` x, y, width, height, px of the displayed frame, and mean `scores`
    (7,)."""

    face_id: int
    box: np.ndarray
    scores: np.ndarray | None


class FacePositions:
    """Interpolates all faces of a timeline; ask for any time in any order."""

    def __init__(self, timeline: Timeline) -> None:
        self._tracks: dict[int, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}
        for face_id in sorted({o.face_id for o in timeline.faces}):
            own = [o for o in timeline.faces if o.face_id == face_id]
            scores = np.array([np.full(7, np.nan) if o.scores is None else o.scores for o in own], float)
            times, boxes = np.array([o.time for o in own]), np.array([o.box for o in own], float)
            self._tracks[face_id] = times, boxes, scores

    def at(self, time: float, *, stays: float = STAYS, joined: float = JOINED) -> Iterator[Face]:
        """The faces at `time`, s; `stays` and `joined`, s, as the constants."""
        for face_id, (times, boxes, scores) in self._tracks.items():
            after = int(np.searchsorted(times, time))
            before = after - 1
            if before >= 0 and after < len(times) and times[after] - times[before] <= joined:
                share = (time - times[before]) / (times[after] - times[before])
                box = boxes[before] * (1 - share) + boxes[after] * share
            elif before >= 0 and time - times[before] <= stays:
                box = boxes[before]
            elif after < len(times) and times[after] - time <= stays:
                box = boxes[after]
            else:
                continue
            first, last = np.searchsorted(times, [time - STEADY, time + STEADY])
            near = scores[first:last][~np.isnan(scores[first:last, 0])]
            yield Face(face_id, box, near.mean(0) if len(near) else None)
