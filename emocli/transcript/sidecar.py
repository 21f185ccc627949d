"""Utterances from a subtitle file beside the video (pysubs2).

The file may be a stranger's: size, number and length of cues have bounds, and every expression that runs over
its text takes time in proportion to it.  pysubs2's own ones do not, so it is given text without tags and runs
of empty lines.
"""

from __future__ import annotations

import glob
import re
from pathlib import Path
from typing import Any

from emocli.errors import InputError
from emocli.plaintext import printable
from emocli.timeline.types import Utterance

ENDINGS = (".srt", ".vtt")
#: The most that is read: bytes of a file (twice the subtitles of a whole day), cues, characters of a cue.
LARGEST, MOST_CUES, LONGEST_CUE = 5_000_000, 100_000, 5_000
#: No piece of it can stand before another "<" or "{", so that each character is looked at once.
_TAG = re.compile(r"<[^<>]*>|\{\\[^{}]*\}")
_EMPTY_LINES = re.compile(r"\n[ \t\n]*\n")
_BREAK = re.compile(r"\\[Nnh]")
_SOUND_ONLY = re.compile(r"[\s♪♫]*(?:[\[(][^\])]*[\])][\s♪♫]*)*")
_NEXT = "repair or remove it, or pass --transcript none"


def find_beside(video: Path) -> tuple[Path, str] | None:
    """The subtitle of the same stem (`a.srt`, `a.en.srt`) and the language its name gives."""
    for ending in ENDINGS:
        plain = video.with_suffix(ending)
        if plain.is_file():
            return plain, ""
        for path in sorted(video.parent.glob(f"{glob.escape(video.stem)}.*{ending}")):
            tag = path.name[len(video.stem) + 1:-len(ending)]
            if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z]+)?", tag):
                return path, language_code(tag)
    return None


def language_code(tag: str) -> str:
    """ISO 639-1 code of a language tag, as `eng`, `ger`, `pt-BR`; "" where there is none."""
    from langcodes import Language, LanguageTagError

    try:
        language = Language.get(tag)
    except LanguageTagError:
        return ""
    code = language.language or ""
    return code if len(code) == 2 and language.is_valid() else ""


def read(path: Path, language: str = "") -> list[Utterance]:
    """Utterances of an .srt or .vtt; raises `InputError` when it holds no cue, or is beyond the bounds."""
    import pysubs2

    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})",
                         "check the file and its permissions") from error
    if len(raw) > LARGEST:
        raise InputError(path, f"is larger than {LARGEST // 1_000_000} MB, which no subtitle file is", _NEXT)
    lines = decode(raw).replace("\r\n", "\n").replace("\r", "\n")
    text = _EMPTY_LINES.sub("\n\n", _TAG.sub("", lines))
    try:
        cues = pysubs2.SSAFile.from_string(text, format_=path.suffix.lower().lstrip("."), keep_html_tags=True)
    except (pysubs2.exceptions.Pysubs2Error, ValueError, IndexError) as error:
        raise InputError(path, f"is not a subtitle file ({error})", _NEXT) from error
    if len(cues) > MOST_CUES or any(len(cue.text) > LONGEST_CUE for cue in cues):
        raise InputError(path, f"has more than {MOST_CUES:,} cues, or one longer than "
                               f"{LONGEST_CUE:,} characters", _NEXT)
    utterances = [u for cue in cues if (u := utterance(cue, "sidecar", language))]
    if not utterances:
        raise InputError(path, "holds no subtitle with a time and a text", _NEXT)
    return utterances


def decode(raw: bytes) -> str:
    """The text of a file in UTF-8 or UTF-16, or else Korean (cp949), or else Latin-1."""
    marked = raw[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ("utf-8-sig", "utf-16" if marked else "cp949"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def utterance(cue: Any, source: str, language: str) -> Utterance | None:
    """What a cue says, without tags and control characters; None when that is only sounds, or at no time."""
    text = " ".join(printable(_TAG.sub("", _BREAK.sub(" ", cue.text))).split())
    if cue.is_comment or not text or cue.end <= cue.start or _SOUND_ONLY.fullmatch(text):
        return None
    return Utterance(cue.start / 1000, cue.end / 1000, text, (), language, source)
