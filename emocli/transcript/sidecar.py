"""Utterances from a subtitle file beside the video (pysubs2).

The file may be a stranger's: size, number and length of cues have bounds, and every expression that runs
over its text takes time in proportion to it.  pysubs2's own ones do not, so it is given no runs of empty
lines, and of an ASS file only the lines of its cues.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from emocli import markup
from emocli.errors import InputError
from emocli.language_codes import code_of
from emocli.plaintext import printable
from emocli.timeline.types import Utterance

#: What subtitle files end in, those that are taken first before the others, and how their cues give words.
ENDINGS = {".srt": markup.words_of, ".vtt": markup.words_of_vtt, ".ass": markup.words_of_ass,
           ".ssa": markup.words_of_ass}
#: The most that is read: bytes of a file (twice the subtitles of a whole day), cues, characters of a cue.
LARGEST, MOST_CUES, LONGEST_CUE = 5_000_000, 100_000, 5_000
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
#: Parts of a name that mark subtitles of foreign parts and signs alone, and those for deaf viewers.
_FORCED, _IMPAIRED = frozenset(("forced", "foreign")), frozenset(("sdh", "cc", "hi"))
_MARKS = _FORCED | _IMPAIRED | {"default", "full"}
_EMPTY_LINES = re.compile(r"\n[ \t\n]*\n")
#: A line that is a number and no cue's: pysubs2 would take the last one of a cue for the next one's number.
_NUMBER = re.compile(r"^( *\d+) *$(?!\n[^\n]*-->)", re.MULTILINE)
_SOUND_ONLY = re.compile(r"[\s♪♫]*(?:[\[(][^\])]*[\])][\s♪♫]*)*")
_NEXT = "repair or remove it, or pass --transcript none"


@dataclass(frozen=True)
class Beside:
    """A subtitle file and what its name says: the language (or ""), whether it has only foreign parts and
    signs, and whether it is for deaf viewers."""

    path: Path
    language: str = ""
    forced: bool = False
    hearing_impaired: bool = False


def all_beside(video: Path) -> list[Beside]:
    """Subtitles of the same stem (`a.srt`, `a.en.vtt`, `a.pt-BR.sdh.SRT`), those of a plain name first."""
    try:
        names = [path.name for path in video.parent.iterdir() if path.name.startswith(f"{video.stem}.")]
    except OSError:
        return []
    found = [(name, named(video.with_name(name), video.stem)) for name in names]
    rank = list(ENDINGS).index
    return [beside for name, beside in sorted(
        ((name, beside) for name, beside in found if beside),
        key=lambda pair: (pair[0].count("."), rank(pair[1].path.suffix.lower()), pair[0]))]


def named(path: Path, stem: str) -> Beside | None:
    """What the name of a subtitle file says beside the stem; None for another file."""
    if path.suffix.lower() not in ENDINGS:
        return None
    language, marks = "", set[str]()
    parts = path.name[len(stem):-len(path.suffix)].split(".")[1:]
    for part in parts:
        mark = part.lower()
        if mark in _MARKS and (mark != "hi" or part is not parts[0]):  # alone it is Hindi
            marks.add(mark)
        elif not language and _LANGUAGE.fullmatch(part):
            language = code_of(part) or "und"
        else:
            return None
    return Beside(path, language.replace("und", ""), bool(marks & _FORCED), bool(marks & _IMPAIRED))


def read(path: Path, language: str = "") -> list[Utterance]:
    """Utterances of an .srt, .vtt, .ass or .ssa; raises `InputError` when it holds no cue, or is beyond the
    bounds."""
    import pysubs2

    ending = path.suffix.lower()
    words_of = ENDINGS.get(ending, markup.words_of)
    text = _prepared(decode(_bytes(path)).replace("\r\n", "\n").replace("\r", "\n"), ending)
    try:
        cues = pysubs2.SSAFile.from_string(text, format_=ending.lstrip("."), keep_html_tags=True)
    except (pysubs2.exceptions.Pysubs2Error, ValueError, IndexError, TypeError) as error:
        raise InputError(path, f"is not a subtitle file ({error})", _NEXT) from error
    if len(cues) > MOST_CUES or any(len(cue.text) > LONGEST_CUE for cue in cues):
        raise InputError(path, f"has more than {MOST_CUES:,} cues, or one longer than "
                               f"{LONGEST_CUE:,} characters", _NEXT)
    said = (utterance(cue.start / 1000, cue.end / 1000, words_of(cue.text), "sidecar", language)
            for cue in cues)
    utterances = list(filter(None, said))
    if not utterances:
        raise InputError(path, "holds no subtitle with a time and a text", _NEXT)
    return utterances


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})",
                         "check the file and its permissions") from error
    if len(raw) > LARGEST:
        raise InputError(path, f"is larger than {LARGEST // 1_000_000} MB, which no subtitle file is", _NEXT)
    return raw


def _prepared(text: str, ending: str) -> str:
    """The cues of a file in a form that pysubs2 reads whole, and in no time."""
    if ending in (".ass", ".ssa"):
        return "[Events]\n" + "\n".join(line for line in text.split("\n") if line.startswith("Dialogue:"))
    if ending == ".vtt":
        text = "\n".join(_cues_of_vtt(text))
    return _NUMBER.sub(rf"\1{markup.JOINER}", _EMPTY_LINES.sub("\n\n", text))


def _cues_of_vtt(text: str) -> Iterator[str]:
    """The lines of cues: their times and what follows up to an empty line.  Styles, notes and names go."""
    inside = False
    yield "WEBVTT\n"
    for line in text.split("\n"):
        if "-->" in line:
            inside = True
            yield ""
        inside = inside and bool(line.strip())
        if inside:
            yield line
    yield ""


def decode(raw: bytes) -> str:
    """The text of a file in UTF-8 or UTF-16, or else Korean (cp949), or else Latin-1."""
    marked = raw[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ("utf-8-sig", "utf-16" if marked else "cp949"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def utterance(start: float, end: float, words: str, source: str, language: str) -> Utterance | None:
    """What a cue says, without control characters; None when that is only sounds, or at no time."""
    text = " ".join(printable(words).split())
    if not text or end <= start or _SOUND_ONLY.fullmatch(text):
        return None
    return Utterance(start, end, text, (), language, source)
