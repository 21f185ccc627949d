"""Captions in the terminal: `text 😊 [happiness]`, coloured by emotion, and a bar a class below them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emocli.emotions import CLASSES, EMOTIONS
from emocli.plaintext import printable

if TYPE_CHECKING:
    from rich.console import Group
    from rich.text import Text

    from emocli.live.events import Tagged
    from emocli.timeline.types import Row

#: Columns of a bar.
WIDTH = 24


def caption(row: Row, lang: str = "en") -> Text:
    """The line of an utterance, its emotion named in `lang`."""
    from rich.text import Text

    said = row.utterance.text if row.utterance and row.utterance.text else "…"
    own = CLASSES[EMOTIONS.index(row.emotion)]
    return Text.assemble(f"{printable(said)} ", (f"{own.emoji} [{own.label(lang)}]", f"bold {own.colour}"))


def status(tagged: Tagged) -> Group:
    """What is known now: an utterance whose words are not read yet in grey, or the scores of one that is."""
    from rich.console import Group
    from rich.text import Text

    if tagged.row is None:
        return Group(Text(f"… {tagged.voice.emotion or 'nobody is heard'}", style="grey50"))
    return Group(*(Text(f"{own.name:9} {'━' * round(WIDTH * float(score)):{WIDTH}} {score:.2f}",
                        style=own.colour)
                   for own, score in zip(CLASSES, tagged.row.scores, strict=True)))
