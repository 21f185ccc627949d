"""Subtitle cues: one an utterance, long ones split at word times; SRT and WebVTT (pysubs2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from emocli.emotions import CLASSES, INDEX
from emocli.outputs.base import OutputOptions, width
from emocli.timeline.types import Row, Timeline, Utterance, Word

#: What a viewer can read: lines of a cue, columns of a line, seconds of a cue.
LINES, COLUMNS, LONGEST = 2, 42, 7.0


@dataclass(frozen=True)
class Cue:
    """Seconds, and one or two lines of text."""

    start: float
    end: float
    lines: tuple[str, ...]


def tag(emotion: str) -> str:
    """`😊 [happiness]`."""
    return f"{CLASSES[INDEX[emotion]].emoji} [{emotion}]"


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
    piece = ""
    for character in word:
        if width(piece + character) > COLUMNS:
            yield piece
            piece = ""
        piece += character
    yield piece


def spread(utterance: Utterance) -> list[Word]:
    """Words with times: the utterance's own, or shared out by length.  A word that alone would
    not fit a cue is cut into several."""
    known = list(utterance.words) or [Word(utterance.start, utterance.end, utterance.text)]
    spread_out: list[Word] = []
    for word in known:
        pieces = [p for part in word.text.split() for p in _cut(part)]
        total, clock = sum(map(width, pieces)) or 1, word.start
        for piece in pieces:
            lasts = (word.end - word.start) * width(piece) / total
            spread_out.append(Word(clock, clock + lasts, piece))
            clock += lasts
    return spread_out


def split(row: Row) -> list[Cue]:
    """The cues of a spoken row; each ends in the row's tag and keeps within the limits."""
    utterance = row.utterance
    assert utterance
    mark = tag(row.emotion)
    words = spread(utterance)
    if not words:
        return [Cue(utterance.start, utterance.end, (mark,))]
    groups: list[list[Word]] = [[]]
    for word in words:
        group = groups[-1]
        longer = [*(w.text for w in group), word.text, *mark.split()]
        if group and (len(wrap(longer)) > LINES or word.end - group[0].start > LONGEST):
            groups.append([])
        groups[-1].append(word)
    starts = [utterance.start, *(g[0].start for g in groups[1:])]
    # A cue lasts until the next begins, the last until the speech ends, none longer than LONGEST.
    ends = [*starts[1:], utterance.end]
    return [Cue(start, min(end, start + LONGEST), tuple(wrap([*(w.text for w in group), *mark.split()])))
            for start, end, group in zip(starts, ends, groups, strict=True)]


def cues(timeline: Timeline, options: OutputOptions) -> list[Cue]:
    """All cues in order, times as they are written (whole milliseconds)."""
    found: list[Cue] = []
    for row in timeline.rows:
        if row.utterance:
            found += split(row)
        elif options.gaps:
            found.append(Cue(row.start, row.end, (tag(row.emotion),)))
    return found


def _render(timeline: Timeline, options: OutputOptions, kind: str) -> str:
    import pysubs2

    subtitles = pysubs2.SSAFile()
    for cue in cues(timeline, options):
        event = pysubs2.SSAEvent(start=round(cue.start * 1000), end=round(cue.end * 1000))
        event.plaintext = "\n".join(line.replace("-->", "→") for line in cue.lines)
        subtitles.append(event)
    return subtitles.to_string(kind, keep_html_tags=True) if kind == "srt" else subtitles.to_string(kind)


def srt(timeline: Timeline, options: OutputOptions) -> str:
    """`<stem>.emotions.srt`."""
    return _render(timeline, options, "srt")


def vtt(timeline: Timeline, options: OutputOptions) -> str:
    """`<stem>.emotions.vtt`."""
    return _render(timeline, options, "vtt")
