"""The seven classes: their order, names, the labels other data sets give them, emoji and colour.

The order is the one that every array of scores, every file and every confusion matrix uses.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Emotion:
    """One class of expression.

    `name` and `korean` are what people read, `manner` and `korean_manner` how something is said, as
    captions for deaf viewers put it (nothing for neutral), `aliases` what other label sets call it
    (lower case), `emoji` what a subtitle shows, `colour` an sRGB hex value.  The colours are
    Okabe and Ito's (2008), which stay apart for colour-blind readers.
    """

    name: str
    korean: str
    manner: str
    korean_manner: str
    emoji: str
    colour: str
    aliases: tuple[str, ...]

    def label(self, language: str) -> str:
        """The name in a language of LANGUAGES."""
        return self.korean if language == "ko" else self.name


#: Languages that names, subtitles and reports are written in.
LANGUAGES = ("en", "ko")

CLASSES: tuple[Emotion, ...] = (
    Emotion("happiness", "기쁨", "happily", "기쁘게", "😊", "#e69f00", ("happy", "joy", "joyful", "행복")),
    Emotion("surprise", "놀람", "surprised", "놀라며", "😮", "#56b4e9",
            ("surprised", "pleasant_surprise", "ps", "당황")),
    Emotion("neutral", "중립", "", "", "😐", "#999999", ("calm", "none")),
    Emotion("fear", "두려움", "fearfully", "두려워하며", "😨", "#cc79a7",
            ("fearful", "scared", "afraid", "불안", "공포")),
    Emotion("disgust", "혐오", "disgusted", "역겨워하며", "🤢", "#009e73", ("disgusted",)),
    Emotion("anger", "분노", "angrily", "화내며", "😠", "#d55e00", ("angry", "mad")),
    Emotion("sadness", "슬픔", "sadly", "슬프게", "😢", "#0072b2", ("sad", "sorrow")),
)

EMOTIONS: tuple[str, ...] = tuple(c.name for c in CLASSES)
INDEX: dict[str, int] = {c.name: i for i, c in enumerate(CLASSES)}
NEUTRAL = INDEX["neutral"]

_LABELS = INDEX | {a: i for i, c in enumerate(CLASSES) for a in (*c.aliases, c.korean)}


def index_of(label: str) -> int | None:
    """Class index of a label of ours or of another set (any case), or None if it is unknown."""
    return _LABELS.get(label.strip().lower())
