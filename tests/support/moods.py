"""Films of one face at a time, of clips and of faces of FER2013, which changes when the test says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import pysubs2
from support.duets import HEIGHT, RATE, WIDTH, pictures_of
from support.media import even, write
from support.paths import SHARED

from emocli.emotions import INDEX
from emocli.training.corpora.faces import load


class Mood(Protocol):
    """A face that shows one thing."""

    @property
    def emotion(self) -> str:
        """What it shows."""

    def picture(self, index: int) -> np.ndarray:
        """Picture `index`, (HEIGHT, WIDTH, 3) BGR."""


@dataclass(frozen=True)
class Stretch:
    """Of a clip, from `start` to `end` s, in which the face does not change; it goes to and fro."""

    emotion: str
    clip: str
    start: float
    end: float

    def picture(self, index: int) -> np.ndarray:
        first, last = round(self.start * RATE), round(self.end * RATE) - 1
        there_and_back = last - first - abs(index % (2 * (last - first)) - (last - first))
        return pictures_of(self.clip)[first + there_and_back]


@dataclass(frozen=True)
class Still:
    """The face of FER2013's private test that is `number` among those whose `emotion` all agree on; it sways
    a little, in changing light."""

    emotion: str
    number: int = 0

    def picture(self, index: int) -> np.ndarray:
        time = index / RATE
        scale = 5 + 0.15 * np.sin(1.3 * time)
        x, y = WIDTH / 2 + 8 * np.sin(1.1 * time), HEIGHT / 2 + 6 * np.cos(0.9 * time)
        matrix = np.array([[scale, 0, x - 24 * scale], [0, scale, y - 24 * scale]])
        image = cv2.warpAffine(_agreed(self.emotion)[self.number], matrix, (WIDTH, HEIGHT),
                               flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        light = 12 * np.sin(0.5 * time) + _grain(index % 8)
        return np.repeat(np.clip(image + light, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


CRYING = Stretch("sadness", "WolfgangLanger_Pexels.mp4", 0.6, 2.8)
LAUGHING = Stretch("happiness", "WolfgangLanger_Pexels.mp4", 12.2, 19.2)
SERIOUS = Stretch("neutral", "grid_bbaf2n.mpg", 2.3, 2.9)


@cache
def _grain(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 4, (HEIGHT, WIDTH))


@cache
def _agreed(emotion: str) -> np.ndarray:
    faces = load(SHARED / "data", "private_test")
    return faces.images[faces.votes[:, INDEX[emotion]] == 1]


def film(path: Path, shots: Sequence[tuple[Mood | None, float]],
         words: Sequence[tuple[float, float, str]] = ()) -> Path:
    """One face after another, each for some seconds, None for nobody; `words` (start s, end s, text) are in a
    sidecar."""
    ends = [round(RATE * end) for end in accumulate(seconds for _, seconds in shots)]

    def picture(index: int) -> np.ndarray:
        mood, _ = shots[int(np.searchsorted(ends, index, side="right"))]
        return mood.picture(index) if mood else np.full((HEIGHT, WIDTH, 3), 90, np.uint8)

    if words:
        lines = pysubs2.SSAFile()
        lines.events = [pysubs2.SSAEvent(round(1000 * a), round(1000 * b), text=text) for a, b, text in words]
        lines.save(str(path.with_suffix(".srt")))
    return write(path, even(ends[-1] / RATE, RATE), pictures=picture, options={"preset": "ultrafast"})
