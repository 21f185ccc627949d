"""Where a stretch without words is cut into rows: where the face changes, comes or goes, else evenly."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from emocli.timeline.changes import SHORTEST, STEP, change_points, resample
from emocli.timeline.types import FaceObservation, FaceObservations

#: Seconds that a row without words lasts at most, with a face and without one.
LONGEST_SEEN, LONGEST_UNSEEN = 8.0, 4.0
#: A face is gone where its samples are so many of their usual distances apart, and `SHORTEST` s or more.
GONE = 2.5

#: From the start and end of a stretch, s, to its edges in order, both of these included.
Cut = Callable[[float, float], list[float]]


def evenly(start: float, end: float, longest: float = LONGEST_UNSEEN) -> list[float]:
    """Edges of equal parts of at most `longest` s."""
    parts = max(1, math.ceil((end - start) / longest - 1e-9))
    return [start + (end - start) * i / parts for i in range(parts)] + [end]


def at_changes(faces: Sequence[FaceObservation]) -> Cut:
    """Cuts where what the faces of a video show changes, each weighed by its area, and evenly where there are
    none; parts are at least `SHORTEST` s long, if the whole stretch is.
    """
    if not isinstance(faces, FaceObservations) or not len(faces):
        return evenly
    geometry = faces.geometry
    weights = np.maximum(geometry[:, 3] * geometry[:, 4] * geometry[:, 15], 1e-6)
    times, scores = resample(geometry[:, 0], faces.scores, weights)

    def cut(start: float, end: float) -> list[float]:
        first, last = np.searchsorted(times, [start, end])
        edges = [start]
        for begins, ends, seen in _stretches(times[first:last], start, end):
            inside = slice(*np.searchsorted(times, [begins, ends])) if seen else slice(0)
            changes = [begins, *change_points(times[inside], scores[inside], begins, ends), ends]
            for part in pairwise(changes):
                edges += evenly(*part, LONGEST_SEEN if seen else LONGEST_UNSEEN)[1:]
        return edges

    return cut


def _stretches(times: np.ndarray, start: float, end: float) -> list[tuple[float, float, bool]]:
    """Start and end of stretches that follow one another from `start` to `end`, and whether a face is seen in
    each: at `times`, of which there may be none."""
    if not len(times):
        return [(start, end, False)]
    space = max(STEP, float(np.median(np.diff(times)))) if len(times) > 1 else STEP
    gone = max(SHORTEST + space, GONE * space)
    stretches = [(start, start, False)]
    for seen in np.split(times, np.flatnonzero(np.diff(times) >= gone) + 1):
        begins, ends = float(seen[0]) - space / 2, float(seen[-1]) + space / 2
        begins = begins if begins - stretches[-1][1] >= SHORTEST else stretches[-1][1]
        ends = ends if end - ends >= SHORTEST else end
        if ends - begins >= SHORTEST:
            stretches += [(stretches[-1][1], begins, False), (begins, ends, True)]
    stretches.append((stretches[-1][1], end, False))
    return [stretch for stretch in stretches if stretch[1] > stretch[0]] or [(start, end, True)]
