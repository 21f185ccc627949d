"""Utterances from subtitles: a file beside the video, or a text track inside it (pysubs2)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from emocli.errors import InputError
from emocli.media.container import PacketReader, opened
from emocli.media.probe import clock_of
from emocli.timeline.types import Utterance, Word

ENDINGS = (".srt", ".vtt")
#: Codecs whose subtitles are text (the others are pictures).
TEXT_CODECS = frozenset("subrip srt mov_text webvtt ass ssa text".split())
_TAG = re.compile(r"<[^>]*>|\{\\[^}]*\}")
_STAMP = re.compile(r"<(\d+:)?(\d+):(\d+[.,]\d+)>")
_SOUND_ONLY = re.compile(r"^[\s♪♫]*([\[(][^\])]*[\])][\s♪♫]*)*$")


def find_beside(video: Path) -> tuple[Path, str] | None:
    """The subtitle of the same stem (`a.srt`, `a.en.srt`) and the language its name gives."""
    for ending in ENDINGS:
        plain = video.with_suffix(ending)
        if plain.is_file():
            return plain, ""
        for path in sorted(video.parent.glob(f"{_escape(video.stem)}.*{ending}")):
            code = path.name[len(video.stem) + 1:-len(ending)]
            if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z]+)?", code):
                return path, code[:2].lower()
    return None


def _escape(stem: str) -> str:
    import glob

    return glob.escape(stem)


def read(path: Path, language: str = "") -> list[Utterance]:
    """Utterances of an .srt or .vtt; raises `InputError` when it holds no cue."""
    import pysubs2

    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "check the file and its permissions") from error
    text = _decode(raw)
    try:
        cues = pysubs2.SSAFile.from_string(text, format_=path.suffix.lower().lstrip("."))
    except (pysubs2.exceptions.Pysubs2Error, ValueError, IndexError) as error:
        raise InputError(path, f"is not a subtitle file ({error})", _NEXT) from error
    found = [u for cue in cues if (u := _utterance(cue, "sidecar", language))]
    if not found:
        raise InputError(path, "holds no subtitle with a time and a text", _NEXT)
    return found


_NEXT = "repair or remove it, or pass --transcript none"


def _decode(raw: bytes) -> str:
    for encoding in ("utf-8-sig", "utf-16") if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp949"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def _utterance(cue: Any, source: str, language: str) -> Utterance | None:
    text = " ".join(_TAG.sub("", cue.text.replace("\\N", " ").replace("\\n", " ").replace("\\h", " ")).split())
    if cue.is_comment or not text or cue.end <= cue.start or _SOUND_ONLY.match(text):
        return None
    return Utterance(cue.start / 1000, cue.end / 1000, text, (), language, source)


def embedded(video: Path) -> list[Utterance]:
    """Utterances of the first text subtitle track inside a container, empty without one."""
    import av
    import pysubs2

    found: list[Utterance] = []
    with opened(video) as container:
        stream = next((s for s in container.streams.subtitles
                       if s.codec_context is not None and s.codec_context.name in TEXT_CODECS), None)
        if stream is None:
            return []
        clock, language = clock_of(video), _iso(stream.language or "")
        for packet in PacketReader(container, [stream], clock):
            if packet.pts is None or not packet.size:
                continue
            start = float(packet.pts * packet.time_base) - clock.zero
            end = min(start + float((packet.duration or 0) * packet.time_base), clock.duration)
            try:
                lines = [_dialogue(s) for s in packet.decode()]
            except av.FFmpegError:
                continue
            cue = pysubs2.SSAEvent(start=round(start * 1000), end=round(end * 1000), text=" ".join(filter(None, lines)))
            utterance = _utterance(cue, "embedded", language)
            if utterance:
                found.append(utterance)
    return found


def _dialogue(subtitle: Any) -> str:
    """The text of a decoded subtitle: libavcodec gives ASS events with eight fields before it."""
    raw = getattr(subtitle, "dialogue", None)
    if raw is None:
        raw = getattr(subtitle, "ass", b"")
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
    return text.split(",", 8)[-1] if text.count(",") >= 8 and text[:1].isdigit() else text


def _iso(code: str) -> str:
    return {"eng": "en", "kor": "ko"}.get(code, "" if code in ("und", "") else code[:2])


def spread_words(utterance: Utterance) -> tuple[Word, ...]:
    """The utterance's own word times, or else times in proportion to the words' lengths."""
    if utterance.words:
        return utterance.words
    pieces = utterance.text.split()
    total = sum(len(p) + 1 for p in pieces) or 1
    clock, words = utterance.start, []
    for piece in pieces:
        lasts = (utterance.end - utterance.start) * (len(piece) + 1) / total
        words.append(Word(clock, clock + lasts, piece))
        clock += lasts
    return tuple(words)
