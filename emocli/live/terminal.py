"""The view of a live session in the terminal: captions roll by, and below them stands what is not final yet,
a bar a class and the state of the session (rich's Live).  Elsewhere a caption is a plain line."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from emocli.live import captions
from emocli.live.events import Event, Load, Notice, Partial, Tagged

if TYPE_CHECKING:
    import numpy as np
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.text import Text

    from emocli.timeline.types import Utterance

#: Lines that one utterance that is not final may take, of the end of it, and such utterances that are shown.
UNFINISHED_LINES, UNFINISHED_SHOWN = 3, 3
#: A terminal with fewer lines shows no bars.
ROOM_FOR_BARS = 16


def _covers(final: Utterance, other: Utterance) -> bool:
    """Whether `other` became `final`, or a part of it; what comes next may begin a little before its end."""
    return other.start < _middle(final) or _middle(other) < final.end


def _middle(utterance: Utterance) -> float:
    return (utterance.start + utterance.end) / 2


class Below:
    """What stands below the captions, drawn for the size that the terminal has at that moment."""

    def __init__(self, lang: str) -> None:
        self._lang = lang
        self._going_on: Partial | None = None
        self._waiting: list[Tagged] = []
        self._scores: np.ndarray | None = None
        self._scored = 0.0  # when the utterance that they are of began
        self._load: Load | None = None

    def update(self, event: Event) -> None:
        """Take in an event; some change nothing."""
        match event:
            case Load():
                self._load = event
            case Partial():
                self._going_on = event
            case Tagged():
                self._tagged(event)

    def _tagged(self, event: Tagged) -> None:
        utterance = event.row.utterance or event.utterance if event.row else event.utterance
        words = utterance.text
        if self._going_on and _covers(utterance, self._going_on.utterance):
            words = words or self._going_on.utterance.text
            self._going_on = None
        self._waiting = [one for one in self._waiting if not _covers(utterance, one.utterance)]
        if event.row is None:
            self._waiting.append(replace(event, utterance=replace(utterance, text=words)))
        scores = event.row.scores if event.row else event.voice.scores
        if scores is not None and utterance.start >= self._scored:
            self._scores, self._scored = scores, utterance.start

    @property
    def state(self) -> Text | None:
        """How the session keeps up, once that is known."""
        return captions.state(self._load) if self._load else None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The lines from top to bottom, none wider than the terminal."""
        width = options.max_width
        unfinished = [captions.waiting(one, self._lang) for one in self._waiting[-UNFINISHED_SHOWN:]]
        if self._going_on:
            unfinished.append(captions.partial(self._going_on.utterance))
        for text in unfinished:
            yield from text.wrap(console, width)[-UNFINISHED_LINES:]
        for line in self._bars(console.height, width):
            line.truncate(width, overflow="ellipsis")
            yield line
        yield from (self.state or captions.getting_ready()).wrap(console, width)

    def _bars(self, height: int, width: int) -> list[Text]:
        if self._scores is None:
            return []
        if height < ROOM_FOR_BARS:
            return [captions.in_one_line(self._scores)]
        return captions.bars(self._scores, self._lang, width)


class Terminal:
    """A sink for who sits before the terminal; a context manager, called from one thread.  Emotions are named
    in `lang`; captions go to `console` (standard output), notices to `errors` (standard error)."""

    def __init__(self, lang: str = "en", *, console: Console | None = None,
                 errors: Console | None = None) -> None:
        from rich.console import Console
        from rich.live import Live

        self._lang, self._below = lang, Below(lang)
        self._console = console or Console(highlight=False)
        self._errors = errors or Console(stderr=True, highlight=False)
        self._live = Live(self._below, console=self._console, auto_refresh=False, transient=True,
                          redirect_stdout=False, redirect_stderr=self._errors.is_terminal)

    def __enter__(self) -> Terminal:
        if self._console.is_interactive:
            self._live.start(refresh=True)
        return self

    def __exit__(self, *_: Any) -> None:
        was_shown = self._live.is_started
        self._live.stop()
        if was_shown and self._below.state:
            self._console.print(self._below.state)

    def __call__(self, event: Event) -> None:
        """Show an event."""
        if isinstance(event, Notice):
            self._notice(event)
            return
        self._below.update(event)
        if isinstance(event, Tagged) and event.row:
            # Only a terminal has a width to break lines at.
            self._console.print(captions.caption(event.row, self._lang), soft_wrap=not self._live.is_started)
        elif self._live.is_started:
            self._live.refresh()

    def _notice(self, event: Notice) -> None:
        # On the same terminal it must not be written into what stands below.
        shared = self._live.is_started and self._errors.is_terminal
        (self._console if shared else self._errors).print("emocli:", captions.notice(event),
                                                                soft_wrap=not shared)
