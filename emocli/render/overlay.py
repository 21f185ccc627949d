"""What is drawn on frames: boxes, scores and captions, or squares where a face was."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from emocli.emotions import CLASSES
from emocli.outputs.base import OutputOptions, shortened
from emocli.outputs.cues import NAME, cues
from emocli.plaintext import printable
from emocli.render.face_positions import Face, FacePositions
from emocli.render.text_overlay import TextOverlay, alpha_blend
from emocli.timeline.types import Timeline

#: A face is hidden with this share of its size around it, as so many squares, for so many seconds before it
#: is first and after it is last seen, and while it is not seen for so long.
MARGIN, SQUARES, HIDDEN, UNSEEN = 0.35, 7, 1.0, 3.0


@dataclass(frozen=True)
class Drawing:
    """What is drawn: `faces` (boxes and scores), `captions`, and `blur`, faces hidden but for those of
    `keep`; `lang` as in `OutputOptions`."""

    faces: bool = True
    captions: bool = True
    blur: bool = False
    keep: frozenset[int] = frozenset()
    lang: str = "en"
    text_overlay: TextOverlay = field(default_factory=TextOverlay)


class FrameOverlay:
    """Draws on the frames of one timeline's video what a `Drawing` asks for."""

    def __init__(self, timeline: Timeline, drawing: Drawing) -> None:
        self._faces, self._drawing = FacePositions(timeline), drawing
        self._cues = cues(timeline, OutputOptions(lang=drawing.lang)) if drawing.captions else []
        self._names = {number: shortened(printable(person.name), NAME) for person in timeline.persons
                       for number in person.face_ids}
        self._starts = [cue.start for cue in self._cues]

    def draw(self, image: np.ndarray, time: float) -> None:
        """Draw on a BGR frame (H, W, 3), in place, as it is shown at `time`, s."""
        if self._drawing.blur:
            for face in self._faces.at(time, stays=HIDDEN, joined=UNSEEN):
                if face.face_id not in self._drawing.keep:
                    pixelate(image, face.box)
        if self._drawing.faces:
            for face in self._faces.at(time):
                self._draw_face(image, face)
        at = bisect_right(self._starts, time) - 1
        if at >= 0 and time < self._cues[at].end:
            size = max(12, image.shape[0] // 24)
            sprite = self._drawing.text_overlay.sprite(self._cues[at].lines, size, centred=True)
            left, top = (image.shape[1] - sprite.shape[1]) // 2, image.shape[0] - sprite.shape[0] - size
            alpha_blend(image, sprite, left, top)

    def _draw_face(self, image: np.ndarray, face: Face) -> None:
        import cv2

        x, y, width, height = map(round, face.box.tolist())
        line = max(2, image.shape[0] // 300)
        if face.scores is None:
            cv2.rectangle(image, (x, y), (x + width, y + height), (200, 200, 200), line)
            return
        top = int(face.scores.argmax())
        own, size = CLASSES[top], max(11, image.shape[0] // 34)
        cv2.rectangle(image, (x, y), (x + width, y + height), _bgr(own.colour), line)
        name = self._names.get(face.face_id, face.face_id)
        text = f"{name} {own.emoji} {own.label(self._drawing.lang)} {face.scores[top]:.0%}"
        label = self._drawing.text_overlay.sprite((text,), size)
        alpha_blend(image, label, x, y - label.shape[0] if y >= label.shape[0] else y + height)
        self._draw_bars(image, face.scores, (x, y, width), size)

    def _draw_bars(self, image: np.ndarray, scores: np.ndarray, box: tuple[int, int, int], size: int) -> None:
        import cv2

        x, y, width = box
        step, long = round(size * 0.9), size * 4
        left = x + width + size // 2
        if left + long + size > image.shape[1]:
            left = x - long - size - size // 2
        for number, (own, score) in enumerate(zip(CLASSES, scores, strict=True)):
            top = y + number * step
            emoji = self._drawing.text_overlay.sprite((own.emoji,), step - 4, back=(0, 0, 0, 0))
            alpha_blend(image, emoji, left, top)
            start = left + size + 2
            cv2.rectangle(image, (start, top + 2), (start + long, top + step - 2), (40, 40, 40), -1)
            filled = start + max(1, round(long * float(score)))
            cv2.rectangle(image, (start, top + 2), (filled, top + step - 2), _bgr(own.colour), -1)


def pixelate(image: np.ndarray, box: Sequence[float] | np.ndarray) -> None:
    """Make what lies in a box (x, y, width, height) and around it unrecognisable, in place."""
    import cv2

    x, y, width, height = (float(v) for v in box)
    left, top = max(0, int(x - MARGIN * width)), max(0, int(y - MARGIN * height))
    right = min(image.shape[1], int(x + (1 + MARGIN) * width) + 1)
    bottom = min(image.shape[0], int(y + (1 + MARGIN) * height) + 1)
    if right - left < 1 or bottom - top < 1:
        return
    part = image[top:bottom, left:right]
    squares = cv2.resize(part, (SQUARES, SQUARES), interpolation=cv2.INTER_AREA)
    size = right - left, bottom - top
    image[top:bottom, left:right] = cv2.resize(squares, size, interpolation=cv2.INTER_LINEAR)


def _bgr(colour: str) -> tuple[int, int, int]:
    return int(colour[5:7], 16), int(colour[3:5], 16), int(colour[1:3], 16)
