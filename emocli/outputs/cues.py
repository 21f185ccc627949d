"""Subtitle cues: one an utterance, long ones split at word times; SRT, WebVTT and ASS (pysubs2)."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from emocli import markup
from emocli.emotions import CLASSES, INDEX
from emocli.outputs.base import OutputOptions, shortened, width
from emocli.plaintext import printable
from emocli.timeline.records import face_id, person_of, speakers
from emocli.timeline.types import Person, Row, Timeline, Utterance, Word

#: What a viewer can read: lines of a cue, columns of a line, seconds of a cue.
LINES, COLUMNS, LONGEST = 2, 42, 7.0
#: Columns of a name in front of words.
NAME = 24
#: Outlines that tell the speakers of an ASS file apart, sRGB.
OUTLINES = ("#000000", "#10306b", "#4b1d52", "#174a2a", "#5a2a0a")


@dataclass(frozen=True)
class Cue:
    """Seconds, one or two lines of text, the emotion's class, whose face was read (0 for nobody's), who
    speaks, where several do, and the name of whose it is, where it has one."""

    start: float
    end: float
    lines: tuple[str, ...]
    emotion: str = "neutral"
    face_id: int = 0
    speaker: str = ""
    name: str = ""


def marks(emotion: str, options: OutputOptions) -> tuple[str, str]:
    """What stands before the words and after them: `("", "😊 [happiness]")`, `("[happily]", "")`."""
    own = CLASSES[INDEX[emotion]]
    manner = own.korean_manner if options.lang == "ko" else own.manner
    tag = f"[{own.label(options.lang)}]"
    return {"emoji": ("", own.emoji), "tag": ("", tag), "both": ("", f"{own.emoji} {tag}"), "plain": ("", ""),
            "hi": (f"[{manner}]" if manner else "", "")}[options.srt_style]


def wrap(words: list[str]) -> list[str]:
    """Lines of at most COLUMNS; a longer word is cut."""
    lines: list[str] = []
    for word in words:
        for piece in _cut(word):
            if lines and width(lines[-1]) + 1 + width(piece) <= COLUMNS:
                lines[-1] += f" {piece}"
            else:
                lines.append(piece)
    return lines


def _cut(word: str) -> Iterator[str]:
    piece, wide = "", 0
    for character in word:
        if wide + width(character) > COLUMNS:
            yield piece
            piece, wide = "", 0
        piece, wide = piece + character, wide + width(character)
    yield piece


def spread(utterance: Utterance) -> list[Word]:
    """Words with times: the utterance's own, or shared out by length.  A word that alone would
    not fit a cue is cut into several."""
    known = list(utterance.words) or [Word(utterance.start, utterance.end, utterance.text)]
    spread_out: list[Word] = []
    for word in known:
        pieces = [p for part in printable(word.text).split() for p in _cut(part)]
        total, time = sum(map(width, pieces)) or 1, word.start
        for piece in pieces:
            lasts = (word.end - word.start) * width(piece) / total
            spread_out.append(Word(time, time + lasts, piece))
            time += lasts
    return spread_out


def split(row: Row, options: OutputOptions, name: str = "") -> list[Cue]:
    """The cues of a spoken row, marked as `options` say, within the limits; the first begins with the `name`
    of who speaks."""
    utterance = row.utterance
    assert utterance
    before, after = (mark.split() for mark in marks(row.emotion, options))
    if name and utterance.text:
        before = [*f"{shortened(name, NAME)}:".split(), *before]
    words = [*(Word(utterance.start, utterance.start, mark) for mark in before), *spread(utterance)]
    face = face_id(row) or 0
    if not words:
        return [Cue(utterance.start, utterance.end, (" ".join(after),), row.emotion, face)] if after else []
    groups: list[list[Word]] = [[]]
    for word in words:
        group = groups[-1]
        longer = [*(w.text for w in group), word.text, *after]
        if group and (len(wrap(longer)) > LINES or word.end - group[0].start > LONGEST):
            groups.append([])
        groups[-1].append(word)
    starts = [utterance.start, *(g[0].start for g in groups[1:])]
    # A cue lasts until the next begins, the last until the speech ends, none longer than LONGEST.
    ends = [*starts[1:], utterance.end]
    return [Cue(start, min(end, start + LONGEST), tuple(wrap([*(w.text for w in group), *after])),
                row.emotion, face)
            for start, end, group in zip(starts, ends, groups, strict=True)]


def cues(timeline: Timeline, options: OutputOptions) -> list[Cue]:
    """All cues in order, times as they are written (whole milliseconds)."""
    in_order: list[Cue] = []
    several = len(speakers(timeline)) > 1
    for row in timeline.rows:
        person = person_of(row, timeline.persons)
        name = printable(person.name) if person else ""
        if row.utterance:
            who = row.utterance.speaker if several else ""
            in_order += [replace(cue, speaker=who, name=name) for cue in split(row, options, name)]
        elif options.gaps and any(shown := marks(row.emotion, options)):
            in_order.append(Cue(row.start, row.end, ("".join(shown),), row.emotion, face_id(row) or 0,
                                name=name))
    return in_order


def _event(cue: Cue, written: Callable[[str], str]) -> Any:
    import pysubs2

    return pysubs2.SSAEvent(start=round(cue.start * 1000), end=round(cue.end * 1000),
                            text=written("\n".join(cue.lines)).replace("\n", r"\N"))


def srt(timeline: Timeline, options: OutputOptions) -> str:
    """`<stem>.emotions.srt`."""
    import pysubs2

    subtitles = pysubs2.SSAFile()
    subtitles.events = [_event(cue, markup.written) for cue in cues(timeline, options)]
    return subtitles.to_string("srt", keep_ssa_tags=True)


def vtt(timeline: Timeline, options: OutputOptions) -> str:
    """`<stem>.emotions.vtt`: a class an emotion, a voice a speaker or a face, and a style sheet in front."""
    import pysubs2

    subtitles = pysubs2.SSAFile()
    for cue in cues(timeline, options):
        event = _event(cue, markup.written_vtt)
        event.text = f"<c.{cue.emotion}>{event.text}</c>"
        if said_by := voice(cue, options):
            event.text = f"<v {html.escape(said_by, quote=False)}>{event.text}</v>"
        subtitles.append(event)
    sheet = "\n".join(f"::cue(.{own.name}) {{ color: {light(own.colour)}; }}" for own in CLASSES)
    header, _, rest = subtitles.to_string("vtt", keep_ssa_tags=True).partition("\n")
    return f"{header}\n\nSTYLE\n{sheet}\n{rest}"


def ass(timeline: Timeline, options: OutputOptions) -> str:
    """`<stem>.emotions.ass`: a colour an emotion, a style a speaker or a face."""
    import pysubs2

    subtitles, shown = pysubs2.SSAFile(), cues(timeline, options)
    subtitles.info |= {"Title": printable(timeline.media.path.stem),
                       "PlayResX": str(timeline.media.width or 1280),
                       "PlayResY": str(timeline.media.height or 720), "ScaledBorderAndShadow": "yes"}
    size = (timeline.media.height or 720) / 18
    numbers = {(int(cue.speaker[1:] or 0) or cue.face_id, _style(cue, options)) for cue in shown}
    for number, name in sorted({(0, "Default"), *numbers}):
        outline = pysubs2.Color(*_rgb(OUTLINES[number % len(OUTLINES)]))
        subtitles.styles[name] = pysubs2.SSAStyle(
            fontname="Arial", fontsize=size, outlinecolor=outline, outline=max(1.0, size / 16), shadow=0,
            marginv=round(size * 0.8))
    for cue in shown:
        event = _event(cue, markup.written_ass)
        red, green, blue = _rgb(light(CLASSES[INDEX[cue.emotion]].colour))
        event.text = f"{{\\c&H{blue:02X}{green:02X}{red:02X}&}}{event.text}"
        event.style = event.name = _style(cue, options)
        subtitles.append(event)
    return subtitles.to_string("ass")


def voice(cue: Cue, options: OutputOptions) -> str:
    """Who says a cue: a name, `S1` where several speak, else `Face 1`, whose face was read in the row, or
    ""."""
    face = Person("", (cue.face_id,)).label(options.lang) if cue.face_id else ""
    return cue.name or cue.speaker or face


def _style(cue: Cue, options: OutputOptions) -> str:
    """What ASS calls the style of who says a cue; a comma would end it."""
    return voice(cue, options).replace(",", ";") or "Default"


def light(colour: str) -> str:
    """A colour mixed with white half and half, to be read on dark video."""
    return "#" + "".join(f"{(part + 255) // 2:02x}" for part in _rgb(colour))


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
