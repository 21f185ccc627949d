"""Utterances from the text subtitle tracks inside a video (PyAV)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emocli import markup
from emocli.language_codes import code_of
from emocli.media.container import PacketReader, audio_stream, opened
from emocli.media.probe import clock_of
from emocli.plaintext import printable
from emocli.timeline.types import Utterance
from emocli.transcript.sidecar import LARGEST, LONGEST_CUE, MOST_CUES, utterance

#: Codecs whose subtitles are text (the others are pictures), and those whose text is ASS from the start.
TEXT_CODECS = frozenset("subrip srt mov_text webvtt ass ssa text".split())
_ASS = frozenset(("ass", "ssa"))
#: Tracks that are read; a film has at most some forty.
MOST_TRACKS = 64


@dataclass
class Track:
    """A text track, as it is marked: its number (1, ...), its language or "", whether it has only foreign
    parts and signs, is for deaf viewers, is shown unasked.  `problem` says why it cannot be used."""

    number: int
    language: str
    forced: bool
    hearing_impaired: bool
    default: bool
    utterances: list[Utterance] = field(default_factory=list)
    problem: str = ""
    _size: int = 0

    def add(self, start: float, end: float, words: str, size: int) -> None:
        """Take in a cue of so many bytes, unless the track holds more than a subtitle track can."""
        self._size += size
        if size > 8 * LONGEST_CUE or len(words) > LONGEST_CUE:
            self.problem = f"has a cue longer than {LONGEST_CUE:,} characters"
        elif len(self.utterances) >= MOST_CUES or self._size > LARGEST:
            self.problem = f"has more than {MOST_CUES:,} cues or {LARGEST // 1_000_000} MB"
        elif said := utterance(start, end, words, "embedded", self.language):
            self.utterances.append(said)


@dataclass(frozen=True)
class Inside:
    """The text tracks of a video, and the language that its sound is marked with, or ""."""

    tracks: Sequence[Track]
    spoken: str = ""


def read(video: Path) -> Inside:
    """All text subtitle tracks inside a container."""
    import av

    with opened(video) as container:
        streams = [s for s in container.streams.subtitles
                   if s.codec_context is not None and s.codec_context.name in TEXT_CODECS][:MOST_TRACKS]
        if not streams:
            return Inside(())
        audio = audio_stream(container)
        spoken = code_of(getattr(audio, "language", None) or "")
        clock = clock_of(video)
        tracks = {stream.index: _track(number, stream) for number, stream in enumerate(streams, 1)}
        for packet in PacketReader(container, streams, clock):
            track = tracks[packet.stream.index]
            if packet.pts is None or not packet.size or track.problem:
                continue
            start = float(packet.pts * packet.time_base) - clock.zero
            end = min(start + float((packet.duration or 0) * packet.time_base), clock.duration)
            try:
                lines = [_text(s) for s in packet.decode()] if packet.size <= 8 * LONGEST_CUE else []
            except av.FFmpegError:
                continue
            words_of = markup.words_of_ass if packet.stream.codec_context.name in _ASS else markup.words_of
            track.add(start, end, words_of(" ".join(filter(None, lines))), packet.size)
    return Inside(tuple(tracks.values()), spoken)


def _track(number: int, stream: Any) -> Track:
    from av.stream import Disposition

    title = printable(stream.metadata.get("title", "")).lower()
    marks = stream.disposition
    return Track(number, code_of(stream.language or ""),
                 bool(marks & Disposition.forced) or "forced" in title,
                 bool(marks & Disposition.hearing_impaired) or "sdh" in title.split(),
                 bool(marks & Disposition.default))


def _text(subtitle: Any) -> str:
    """The text of a decoded subtitle: libavcodec gives ASS events with eight fields before it.  (PyAV's
    `dialogue` drops words in braces.)"""
    raw = getattr(subtitle, "ass", b"")
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
    return text.split(",", 8)[-1] if text.count(",") >= 8 and text[:1].isdigit() else text
