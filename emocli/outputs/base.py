"""What every writer shares: its options, and how wide a text is."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emocli.emotions import LANGUAGES
from emocli.errors import UsageError

if TYPE_CHECKING:
    from emocli.timeline.types import Timeline

#: How subtitles show an emotion: `text 😊`, `text [happiness]`, `text 😊 [happiness]`, `text`, `[happily] text`.
SRT_STYLES = ("emoji", "tag", "both", "plain", "hi")


@dataclass(frozen=True)
class OutputOptions:
    """Options of the writers.  `gaps` adds rows without words to subtitles, `srt_style` is one of SRT_STYLES,
    `lang` a language of `emotions.LANGUAGES`; `embed` puts the video into the report; `folder` is where the
    file will lie, for links that lead from there; `address` is the URL of a video of which there is only a copy.

    Raises `UsageError` for others."""

    gaps: bool = False
    srt_style: str = "both"
    lang: str = "en"
    embed: bool = False
    folder: str = ""
    address: str = ""

    def __post_init__(self) -> None:
        for option, given, known in (("--srt-style", self.srt_style, SRT_STYLES), ("--lang", self.lang, LANGUAGES)):
            if given not in known:
                raise UsageError(option, f"{given} is unknown", f"give one of {', '.join(known)}")


#: A writer renders a timeline as text.
Render = Callable[["Timeline", OutputOptions], str]


def width(text: str) -> int:
    """Columns of a text in a terminal or a subtitle: wide East Asian characters count two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
