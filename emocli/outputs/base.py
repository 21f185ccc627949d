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

#: How the file of an analysis ends that can be read back.
ENDING = ".emotions.json"
#: How subtitles show an emotion: `text 😊 [happiness]`, `text 😊`, `text [happiness]`, `text`, or
#: `[happily] text`.
SRT_STYLES = ("both", "emoji", "tag", "plain", "hi")


@dataclass(frozen=True)
class OutputOptions:
    """Options of the writers.  `gaps` adds rows without words to subtitles, `srt_style` is one of SRT_STYLES,
    `lang` a language of `emotions.LANGUAGES`; `safe_csv` keeps spreadsheets from running words as formulas;
    `embed` puts the video into the report, and `address` is where the report plays it from instead of a file;
    `folder` is where the file will lie, for links that lead from there.

    Raises `UsageError` for others."""

    gaps: bool = False
    srt_style: str = "both"
    lang: str = "en"
    safe_csv: bool = False
    embed: bool = False
    address: str = ""
    folder: str = ""

    def __post_init__(self) -> None:
        for option, value, known in (("--srt-style", self.srt_style, SRT_STYLES),
                                     ("--lang", self.lang, LANGUAGES)):
            if value not in known:
                raise UsageError(option, f"{value} is unknown", f"give one of {', '.join(known)}")


#: A writer renders a timeline as text.
Render = Callable[["Timeline", OutputOptions], str]


def width(text: str) -> int:
    """Columns of a text in a terminal or a subtitle: wide East Asian characters count two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def shortened(text: str, columns: int) -> str:
    """A text of at most so many columns, cut with an ellipsis."""
    if width(text) <= columns:
        return text
    while width(text) >= columns:
        text = text[:-1]
    return f"{text.rstrip()}…"
