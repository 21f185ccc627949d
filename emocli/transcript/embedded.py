"""Utterances from a text subtitle track inside the video (PyAV, pysubs2)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from emocli.errors import InputError
from emocli.media.container import PacketReader, opened
from emocli.media.probe import clock_of
from emocli.timeline.types import Utterance
from emocli.transcript.sidecar import LONGEST_CUE, MOST_CUES, language_code, utterance

#: Codecs whose subtitles are text (the others are pictures).
TEXT_CODECS = frozenset("subrip srt mov_text webvtt ass ssa text".split())


def read(video: Path) -> list[Utterance]:
    """Utterances of the first text subtitle track inside a container, empty without one.

    Raises `InputError` when the track holds more than a subtitle track can.
    """
    import av
    import pysubs2

    utterances: list[Utterance] = []
    with opened(video) as container:
        stream = next((s for s in container.streams.subtitles
                       if s.codec_context is not None and s.codec_context.name in TEXT_CODECS), None)
        if stream is None:
            return []
        clock, language = clock_of(video), language_code(stream.language or "")
        for packet in PacketReader(container, [stream], clock):
            if packet.pts is None or not packet.size:
                continue
            if len(utterances) >= MOST_CUES or packet.size > 8 * LONGEST_CUE:
                raise InputError(video, f"has a subtitle track of more than {MOST_CUES:,} cues, or one "
                                        f"longer than {LONGEST_CUE:,} characters", "pass --transcript none")
            start = float(packet.pts * packet.time_base) - clock.zero
            end = min(start + float((packet.duration or 0) * packet.time_base), clock.duration)
            try:
                lines = [_dialogue(s) for s in packet.decode()]
            except av.FFmpegError:
                continue
            cue = pysubs2.SSAEvent(start=round(start * 1000), end=round(end * 1000),
                                   text=" ".join(filter(None, lines)))
            if said := utterance(cue, "embedded", language):
                utterances.append(said)
    return utterances


def _dialogue(subtitle: Any) -> str:
    """The text of a decoded subtitle: libavcodec gives ASS events with eight fields before it."""
    raw = getattr(subtitle, "dialogue", None)
    if raw is None:
        raw = getattr(subtitle, "ass", b"")
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
    return text.split(",", 8)[-1] if text.count(",") >= 8 and text[:1].isdigit() else text
