"""Meshes of many crops, asked of the face process in batches, some of which are always on their way."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np

from emocli.face.process import FaceProcess, FaceRequestError
from emocli.timeline.run import Run

#: Crops of one call, calls that may wait, and presence from which a mesh is one of a face.
BATCH, WAITING, PRESENT = 16, 4, 0.5
K = TypeVar("K")


def meshes(run: Run, process: FaceProcess, model: Path,
           crops: Iterable[tuple[K, np.ndarray]]) -> Iterator[tuple[list[K], np.ndarray]]:
    """Batches of keys and meshes (n, 478, 3) of the crops (256, 256) in which there is a face; `model` holds
    the landmarker.  What cannot be measured is left out."""
    waiting = deque[tuple[list[K], Future[list[np.ndarray]]]]()
    coming = iter(crops)
    while batch := list(islice(coming, BATCH)):
        waiting.append(([key for key, _ in batch],
                        process.find_meshes(np.stack([crop for _, crop in batch]), model)))
        if len(waiting) > WAITING:
            yield from _answered(run, *waiting.popleft())
    for keys, answer in waiting:
        yield from _answered(run, keys, answer)


def _answered(run: Run, keys: list[K],
              answer: Future[list[np.ndarray]]) -> Iterator[tuple[list[K], np.ndarray]]:
    try:
        found, presence = run.wait(answer)
    except FaceRequestError:
        return
    sure = np.flatnonzero(presence >= PRESENT)
    if len(sure):
        yield [keys[i] for i in sure], found[sure]
