"""The files of an analysis written again, after something of it was changed: each as it was written before.

With which options a file was written stands nowhere, so it is found out: those that make the same of the
analysis as it was.  Where none do, somebody has edited the file, and their work is not thrown away.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

from emocli.emotions import LANGUAGES
from emocli.errors import InputError, UsageError
from emocli.outputs import document
from emocli.outputs.base import SRT_STYLES, OutputOptions
from emocli.outputs.formats import ENDINGS, FORMATS
from emocli.timeline.types import Timeline

#: What the writers' options may be, and those that a format heeds.
_CHOICES: dict[str, tuple[Any, ...]] = {"srt_style": SRT_STYLES, "lang": LANGUAGES, "gaps": (False, True),
                                        "safe_csv": (False, True)}
_HEEDED = {"csv": ("safe_csv",), **dict.fromkeys(("srt", "vtt", "ass"), ("lang", "gaps", "srt_style")),
           **dict.fromkeys(("eaf", "textgrid", "audacity"), ("lang",))}
#: Milliseconds by which subtitles may differ: the analysis keeps whole ones, ASS has hundredths.
_ROUNDED = 15
#: When ELAN's file was written.
_DATE = re.compile(r' DATE="[^"]*"')
#: In a page: its language, and where its video lies.
_LANG = re.compile(r'<html lang="([a-z]+)"')
_SOURCE = re.compile(r'<(?:video|audio) id="media"[^>]* src="([^"]*)"')


def renamed(path: Path, before: Timeline, after: Timeline, *, overwrite: bool = False) -> dict[Path, str]:
    """What the files beside the analysis at `path`, read as `before`, and at last itself are to hold once
    persons are named as in `after`; only those that change.  `overwrite` is whether edited files may be
    replaced.  What is written in this order and cut short can be done again.

    Raises `UsageError` where one has been edited, `InputError` where it cannot be read.
    """
    texts: dict[Path, str] = {}
    stem = path.name.removesuffix(".json")
    for kind in FORMATS:
        file = path.with_name(f"{stem}.{ENDINGS.get(kind, kind)}")
        if kind == "json" or not file.is_file() or file.is_symlink():
            continue
        try:
            there = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(file, f"cannot be read ({error})", "move it away") from error
        found = _page_options(there, file, before) if kind == "html" else (
            _options(kind, there, before) or _options(kind, there, after))
        if found is None and not overwrite:
            raise UsageError(file, "has been edited, or was written by another version of emocli",
                             "move it away, or pass --overwrite to write it anew")
        text = FORMATS[kind](after, found or OutputOptions())
        if text != there and not _same(kind, text, there):
            texts[file] = text
    return texts | {path: _document(path, after)}


def _document(path: Path, timeline: Timeline) -> str:
    """The document as it is, with other persons: what a `Timeline` does not hold of it stays."""
    content = json.loads(path.read_text(encoding="utf-8"))
    content.pop("persons", None)
    return document.as_text(content | document.persons(timeline))


def _options(kind: str, there: str, timeline: Timeline) -> OutputOptions | None:
    """The options with which a file was written, None if there are none."""
    names = _HEEDED[kind]
    for values in product(*(_CHOICES[name] for name in names)):
        options = OutputOptions(**dict(zip(names, values, strict=True)))
        if _same(kind, FORMATS[kind](timeline, options), there):
            return options
    return None


def _same(kind: str, made: str, there: str) -> bool:
    """Whether two files of a format differ in nothing but what is written anew each time, or rounded."""
    if kind == "eaf":
        return _DATE.sub("", made) == _DATE.sub("", there)
    if kind not in ("srt", "vtt", "ass") or made == there:
        return made == there
    ours, theirs = list(_events(kind, made)), list(_events(kind, there))
    return len(ours) == len(theirs) and all(
        own[2:] == other[2:] and max(abs(own[0] - other[0]), abs(own[1] - other[1])) <= _ROUNDED
        for own, other in zip(ours, theirs, strict=True))


def _events(kind: str, text: str) -> Iterator[tuple[int, int, str, str]]:
    import pysubs2

    for event in pysubs2.SSAFile.from_string(text, format_=kind, keep_ssa_tags=True):
        yield event.start, event.end, event.text, event.style


def _page_options(page: str, file: Path, timeline: Timeline) -> OutputOptions:
    """The options of a report page, which nobody edits.  It plays the video from where it did, unless that
    is at hand."""
    lang, source = _LANG.search(page), _SOURCE.search(page)
    address = html.unescape(source[1]) if source else ""
    options = OutputOptions(lang=lang[1] if lang and lang[1] in LANGUAGES else "en", folder=str(file.parent))
    if address.startswith("data:"):
        return replace(options, embed=True)
    at_hand = timeline.media.path.is_file() and "://" not in address
    return options if at_hand else replace(options, address=address)
