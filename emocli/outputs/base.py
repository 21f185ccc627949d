"""What every writer shares: a name, an ending, and a file that appears whole or not at all."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from emocli.emotions import LANGUAGES
from emocli.errors import OutputError, UsageError
from emocli.timeline.types import Timeline

#: How subtitles show an emotion: `text 😊`, `text [happiness]`, `text 😊 [happiness]`, `text`, `[happily] text`.
SRT_STYLES = ("emoji", "tag", "both", "plain", "hi")


@dataclass(frozen=True)
class OutputOptions:
    """Options of the writers.  `gaps` adds rows without words to subtitles, `srt_style` is one of SRT_STYLES,
    `lang` a language of `emotions.LANGUAGES`; `embed` puts the video into the report; `folder` is where the
    file will lie, for links that lead from there.

    Raises `UsageError` for others."""

    gaps: bool = False
    srt_style: str = "both"
    lang: str = "en"
    embed: bool = False
    folder: str = ""

    def __post_init__(self) -> None:
        for option, given, known in (("--srt-style", self.srt_style, SRT_STYLES), ("--lang", self.lang, LANGUAGES)):
            if given not in known:
                raise UsageError(option, f"{given} is unknown", f"give one of {', '.join(known)}")


#: A writer renders a timeline as text.
Render = Callable[[Timeline, OutputOptions], str]


def write_atomic(path: Path, text: str) -> None:
    """Write UTF-8 to a temporary file beside `path`, then rename; raises `OutputError`."""
    with parts_of(path) as stream:
        stream.write(text)


@contextmanager
def parts_of(path: Path) -> Iterator[TextIO]:
    """The same for a text that is written piece by piece; a fault in between leaves nothing."""
    part = path.with_name(f".emocli-{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8", newline="") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except BaseException as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise OutputError(path, f"cannot be written ({error.strerror})",
                          "free some space or give another folder with -o") from error


def width(text: str) -> int:
    """Columns of a text in a terminal or a subtitle: wide East Asian characters count two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
