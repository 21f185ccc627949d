"""Films of people side by side, put together from the clips, of whom the test knows who speaks when.

GRID's man speaks once in 3 s; where he is to listen, the pictures after he ends go to and fro.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np
import pysubs2
from support.media import sound_of, write
from support.paths import SHARED

from emocli.timeline.types import Row, Timeline

CLIPS = SHARED / "data" / "clips"
#: Pictures a second; size of one person's half, px; seconds of one turn.
RATE, WIDTH, HEIGHT, TURN = 25, 320, 360, 3.0
_PICTURES = round(TURN * RATE)
#: Of GRID's clip: the pictures in which he is silent, and when he speaks, s.
_SILENT, SPOKEN = range(56, 75), (0.9, 2.2)


@dataclass(frozen=True)
class Person:
    """Somebody out of a clip; `mirrored` and in another `tint` he passes for another person, who speaks
    `late` s later."""

    clip: str
    mirrored: bool = False
    tint: tuple[float, float, float] = (1, 1, 1)
    late: float = 0.0

    def picture(self, index: int, speaks: bool) -> np.ndarray:
        """What is seen of one in picture `index`, (HEIGHT, WIDTH, 3) BGR."""
        pictures = pictures_of(self.clip)
        if self.clip == MAN.clip:
            there_and_back = len(_SILENT) - 1 - abs(index % (2 * len(_SILENT) - 2) - (len(_SILENT) - 1))
            index = (index - round(self.late * RATE)) % _PICTURES if speaks else _SILENT[there_and_back]
        image = pictures[index % len(pictures)]
        image = image[:, ::-1] if self.mirrored else image
        return np.clip(image * np.array(self.tint), 0, 255).astype(np.uint8)


MAN = Person("grid_bbaf2n.mpg")
OTHER_MAN = Person("grid_bbaf2n.mpg", mirrored=True, tint=(1.15, 0.7, 0.55))
LATE_MAN = Person("grid_bbaf2n.mpg", mirrored=True, tint=(1.15, 0.7, 0.55), late=1.5)
WOMAN, SMILER = Person("WolfgangLanger_Pexels.mp4"), Person("single_face.mp4")


@cache
def pictures_of(clip: str) -> list[np.ndarray]:
    """All pictures of a clip at RATE, as large as a half."""
    fitting: list[np.ndarray] = []
    with av.open(str(CLIPS / clip)) as container:
        for frame in container.decode(video=0):
            image = frame.to_ndarray(format="bgr24")
            scale = max(WIDTH / image.shape[1], HEIGHT / image.shape[0])
            image = cv2.resize(image, None, fx=scale, fy=scale)
            x, y = (image.shape[1] - WIDTH) // 2, (image.shape[0] - HEIGHT) // 2
            while len(fitting) <= frame.time * RATE:
                fitting.append(image[y:y + HEIGHT, x:x + WIDTH])
    return fitting


@cache
def voice() -> np.ndarray:
    """What GRID's man says, TURN s at 16 kHz."""
    return np.resize(sound_of(CLIPS / MAN.clip), round(TURN * 16000))


def film(path: Path, shots: Sequence[tuple[Sequence[Person], Sequence[Person]]], *,
         late: float = 0.0) -> Path:
    """One turn after another: who is in the picture from left to right, and whose lips speak; GRID's voice is
    heard in every turn, `late` s late.  Its utterances are in a sidecar."""
    def picture(index: int) -> np.ndarray:
        seen, speak = shots[min(index // _PICTURES, len(shots) - 1)]
        return np.hstack([person.picture(index, person in speak) for person in seen])

    times = [i / RATE for i in range(len(shots) * _PICTURES)]
    sound = np.roll(np.tile(voice(), len(shots)), round(late * 16000))
    lines = pysubs2.SSAFile()
    for start in (turn * TURN + late for turn in range(len(shots) - bool(late))):
        first, last = (round(1000 * (start + at)) for at in SPOKEN)
        lines.events.append(pysubs2.SSAEvent(first, last, text="Bin blue."))
    lines.save(str(path.with_suffix(".srt")))
    return write(path, times, pictures=picture, sound=sound)


def face_of(timeline: Timeline, person: Person, row: Row, seen: Sequence[Person]) -> int:
    """The number of the face in a person's part of the picture during a row."""
    left = WIDTH * list(seen).index(person)
    ids = [o.face_id for o in timeline.faces if row.start <= o.time < row.end
           and left <= o.box[0] + o.box[2] / 2 < left + WIDTH]
    return max(set(ids), key=ids.count)
