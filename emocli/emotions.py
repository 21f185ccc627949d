"""The seven classes: their order, names, the labels other data sets give them, emoji and colour.

The order is the one that every array of scores, every file and every confusion matrix uses.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Emotion:
    """One class of expression.

    `name` and `korean` are what people read, `aliases` what other label sets call it
    (lower case), `emoji` what a subtitle shows, `colour` an sRGB hex value.  The colours are
    Okabe and Ito's (2008), which stay apart for colour-blind readers.
    """

    name: str
    korean: str
    emoji: str
    colour: str
    aliases: tuple[str, ...]


CLASSES: tuple[Emotion, ...] = (
    Emotion("happiness", "기쁨", "😊", "#e69f00", ("happy", "joy", "joyful", "행복")),
    Emotion("surprise", "놀람", "😮", "#56b4e9", ("surprised", "pleasant_surprise", "ps", "당황")),
    Emotion("neutral", "중립", "😐", "#999999", ("calm", "none")),
    Emotion("fear", "두려움", "😨", "#cc79a7", ("fearful", "scared", "afraid", "불안", "공포")),
    Emotion("disgust", "혐오", "🤢", "#009e73", ("disgusted",)),
    Emotion("anger", "분노", "😠", "#d55e00", ("angry", "mad")),
    Emotion("sadness", "슬픔", "😢", "#0072b2", ("sad", "sorrow")),
)

EMOTIONS: tuple[str, ...] = tuple(c.name for c in CLASSES)
INDEX: dict[str, int] = {c.name: i for i, c in enumerate(CLASSES)}
NEUTRAL = INDEX["neutral"]

_LABELS = INDEX | {a: i for i, c in enumerate(CLASSES) for a in (*c.aliases, c.korean)}


def index_of(label: str) -> int | None:
    """Class index of a label of ours or of another set (any case), or None if it is unknown."""
    return _LABELS.get(label.strip().lower())
