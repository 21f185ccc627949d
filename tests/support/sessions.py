"""Made-up events of live sessions."""

from __future__ import annotations

from support.timelines import scores

from emocli.live.events import Partial, Tagged
from emocli.timeline.types import Reading, Row, Utterance


def voice(index: int) -> Reading:
    """A voice that sounds most like class `index`."""
    return Reading("voice", scores=scores(index), quality=1.0)


def partial(text: str = "", start: float = 0.0, speaker: str = "") -> Partial:
    """An utterance that goes on."""
    return Partial(Utterance(start, start + 1.0, text, (), "ko", "whisper", speaker))


def tagged(index: int = 0, text: str = "", start: float = 0.0, speaker: str = "") -> Tagged:
    """An utterance of two seconds whose voice is read."""
    return Tagged(Utterance(start, start + 2.0, text, (), "ko", "whisper", speaker), voice(index))


def captioned(index: int = 0, text: str = "", start: float = 0.0, speaker: str = "") -> Tagged:
    """The same with its row."""
    event = tagged(index, text, start, speaker)
    row = Row(start, start + 2.0, event.utterance, scores(index), {"voice": event.voice})
    return Tagged(event.utterance, event.voice, row)
