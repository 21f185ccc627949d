"""Videos with a made-up analysis, and their frames read back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
from support.timelines import made_up, row

from emocli.media.probe import probe
from emocli.timeline.types import FaceObservation, Timeline, Utterance

BOX = (100.0, 60.0, 80.0, 90.0)
RNG = np.random.default_rng(0)
NOISE = RNG.integers(0, 256, (240, 320, 3)).astype(np.uint8)
COARSE = np.kron(RNG.integers(0, 256, (60, 80, 3)), np.ones((4, 4, 1))).astype(np.uint8)


def of_video(path: Path, face_ids: tuple[int, ...] = (1,)) -> Timeline:
    """A made-up analysis of a video: sad faces side by side, sadness, then happiness with words."""
    info = probe(path)
    half = info.duration / 2
    faces = tuple(FaceObservation(t, (BOX[0] - 90 * (i - 1), *BOX[1:]), np.zeros((5, 2)), 0.9, i,
                                  scores=np.eye(7)[6])
                  for t in np.arange(0, info.duration, 0.2) for i in face_ids)
    said = Utterance(half, info.duration, "So happy.", (), "en", "sidecar")
    rows = (row(0, half, 6), row(half, info.duration, 0, said))
    return replace(made_up(), media=info, rows=rows, faces=faces)


def frames_of(path: Path) -> tuple[list[float], list[np.ndarray]]:
    """The times, s, and images (BGR) of all frames."""
    with av.open(str(path)) as container:
        frames = [(frame.time, frame.to_ndarray(format="bgr24")) for frame in container.decode(video=0)]
    return [time for time, _ in frames], [image for _, image in frames]
