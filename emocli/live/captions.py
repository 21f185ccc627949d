"""Captions as lines of a terminal: `S1: text 😊 [happiness]`, coloured by emotion, what is not final in grey,
a bar a class, and how the session keeps up.  What was recognised is text that acts on nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emocli.emotions import CLASSES, EMOTIONS, INDEX
from emocli.plaintext import printable

if TYPE_CHECKING:
    import numpy as np
    from rich.text import Text

    from emocli.live.events import Load, Notice, Tagged
    from emocli.timeline.types import Row, Utterance

#: Columns of the longest bar.
LONGEST_BAR = 24
#: What stands for words that nobody has read (yet).
NO_WORDS = "…"
UNFINISHED = "grey50"
#: Real-time factors from which the session is pressed, and behind.
PRESSED, BEHIND = 0.8, 1.0
_LOST = {"sound": "{:.1f} s of sound", "frames": "{:.0f} pictures", "words": "words of {:.0f} utterances"}
_STYLES = {"lost": "bold red", "stalled": "yellow", "resumed": "green", "mode": "cyan"}


def caption(row: Row, lang: str = "en") -> Text:
    """The line of an utterance, its emotion named in `lang`."""
    from rich.text import Text

    own = CLASSES[INDEX[row.emotion]]
    return Text.assemble(*_said(row.utterance), (f" {own.emoji} [{own.label(lang)}]", f"bold {own.colour}"))


def waiting(tagged: Tagged, lang: str = "en") -> Text:
    """An utterance whose voice is read and whose words are not."""
    from rich.text import Text

    line = Text.assemble(*_said(tagged.utterance), style=UNFINISHED)
    if tagged.voice.present:
        own = CLASSES[INDEX[tagged.voice.emotion]]
        line.append(f" {own.emoji} [{own.label(lang)}]")
    return line


def partial(utterance: Utterance) -> Text:
    """An utterance that goes on."""
    from rich.text import Text

    line = Text.assemble(*_said(utterance), style=f"italic {UNFINISHED}")
    return line if not utterance.text else line.append(f" {NO_WORDS}")


def _said(utterance: Utterance | None) -> list[str | tuple[str, str]]:
    speaker, text = (utterance.speaker, utterance.text) if utterance else ("", "")
    named = [(f"{printable(speaker)}: ", "bold")] if speaker else []
    return [*named, printable(text) or NO_WORDS]


def bars(scores: np.ndarray, lang: str, width: int) -> list[Text]:
    """A line a class of `scores` (7,), of at most `width` columns."""
    from rich.cells import cell_len, set_cell_size
    from rich.text import Text

    labels = [own.label(lang) for own in CLASSES]
    widest = max(map(cell_len, labels))
    longest = max(0, min(LONGEST_BAR, width - widest - len("  0.00")))
    lengths = [round(longest * float(score)) for score in scores]
    return [Text(f"{set_cell_size(label, widest)} {'━' * length:{longest}} {score:.2f}", style=own.colour)
            for own, label, length, score in zip(CLASSES, labels, lengths, scores, strict=True)]


def in_one_line(scores: np.ndarray) -> Text:
    """The likeliest three of `scores` (7,), for a terminal of few lines."""
    from rich.text import Text

    best = sorted(range(len(EMOTIONS)), key=lambda i: -float(scores[i]))[:3]
    return Text("  ").join(Text(f"{CLASSES[i].emoji} {scores[i]:.2f}", style=CLASSES[i].colour) for i in best)


def state(load: Load) -> Text:
    """How the session keeps up: real-time factor, what waits to be heard, what is shed, what was lost."""
    from rich.text import Text

    factor = load.real_time_factor
    parts = [Text(f"{load.time:.0f} s"),
             Text(f"real-time factor {factor:.2f}",
                  style="red" if factor >= BEHIND else "yellow" if factor >= PRESSED else "")]
    if load.shed:
        parts.append(Text(f"without {', '.join(map(printable, load.shed))}", style="yellow"))
    lost = [_LOST[name].format(amount) if name in _LOST else f"{amount:.0f} {printable(name)}"
            for name, amount in load.lost.items() if amount > 0]
    if lost:
        parts.append(Text(f"lost: {', '.join(lost)}", style="bold red"))
    return Text(" · ").join(parts)


def getting_ready() -> Text:
    """What stands there until the models are loaded."""
    from rich.text import Text

    return Text(f"getting ready {NO_WORDS}", style=UNFINISHED)


def notice(event: Notice) -> Text:
    """A line for a notice."""
    from rich.text import Text

    return Text(f"{event.time:.1f} s: {printable(event.text)}", style=_STYLES.get(event.kind, ""))
