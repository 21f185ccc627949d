"""Saying what is in a media file, from one pass over its packets."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from emocli.errors import InputError
from emocli.media.clock import Clock, PacketLog, make_clock
from emocli.media.container import (
    LEAST_SAMPLE_RATE,
    MAX_PIXELS,
    MAX_SIDE,
    NEXT,
    audio_stream,
    check_regular,
    is_cover,
    opened,
    video_stream,
)
from emocli.timeline.types import MediaInfo

#: File endings that a folder is searched for.
VIDEO_ENDINGS = frozenset(".mp4 .m4v .mkv .webm .mov .avi .m2ts .mts .flv .ts .mpg .mpeg .3gp .wmv".split())
AUDIO_ENDINGS = frozenset(".wav .flac .mp3 .m4a .aac .ogg .opus .wma".split())
#: Pixels are no more oblong than this; a header that says more is not believed.
MOST_OBLONG = 10
#: What video and audio must be.
_BOUNDS = (f"that can be decoded (of at most {MAX_PIXELS / 1e6:.0f} million px a frame, of at least "
           f"{LEAST_SAMPLE_RATE} samples a second)")
#: Packets of pictures in which the first picture, which says how it is turned, must come.
FIRST_PACKETS = 50


def probe(path: Path) -> MediaInfo:
    """What is in a file; its duration is the one that the packets bear out.

    Raises `InputError` when it cannot be read or there is neither picture nor sound.
    """
    return _scanned(path)[0]


def clock_of(path: Path) -> Clock:
    """The clock that all readers of a file share."""
    return _scanned(path)[1]


def _scanned(path: Path) -> tuple[MediaInfo, Clock]:
    check_regular(path)
    status = path.stat()
    return _scan(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=4)
def _scan(path: Path, size: int, changed: int) -> tuple[MediaInfo, Clock]:
    """One pass over a file as it was of that size at that time, ns; kept for the readers that follow."""
    with opened(path) as container:
        video, audio = video_stream(container), audio_stream(container)
        if video is None and audio is None:
            raise InputError(path, f"holds neither video nor audio {_BOUNDS}", NEXT)
        start, length = ((time or 0) / 1e6 for time in (container.start_time, container.duration))
        logs, keys, rotation = _pass(container, video, audio)
        try:
            clock = make_clock(logs, container.format.name, start, length, keys=keys,
                               video=video.index if video is not None else None)
        except ValueError as error:
            raise InputError(path, str(error), NEXT) from error
        info: dict[str, Any] = {}
        notes = list(clock.notes)
        if video is None and any(not is_cover(stream) for stream in container.streams.video):
            notes.append(f"it holds no video {_BOUNDS}")
        if video is not None:
            width, height = displayed_size(video, rotation)
            base, average = video.base_rate, video.average_rate
            info = {"width": width, "height": height, "rotation": rotation,
                    "frame_rate": logs[video.index].rate(float(average or base or 0)),
                    "video_start": _start(video, clock),
                    "variable_rate": bool(base and average and abs(base - average) / average > 0.01)}
        if audio is not None:
            info["audio_start"] = _start(audio, clock)
        return MediaInfo(path, clock.duration, video is not None, audio is not None, notes=tuple(notes),
                         container=container.format.name, **info), clock


def _pass(container: Any, video: Any | None,
          audio: Any | None) -> tuple[dict[int, PacketLog], list[int], int]:
    """The logs of all streams by index, the numbers of the video's key packets, and its rotation."""
    import av

    only_shown = container.format.name.startswith("matroska")  # its dts are ffmpeg's own guess
    logs = {s.index: PacketLog(float(s.time_base), steady=s in (video, audio),
                               reorders=only_shown and s is video and video.codec_context.has_b_frames,
                               sound=s is audio, byte_rate=_byte_rate(s) if s is audio else 0.0)
            for s in container.streams if s.time_base and s.codec_context is not None}
    keys, rotation, undecoded = list[int](), 0, FIRST_PACKETS
    packets = container.demux([container.streams[index] for index in logs])
    place = 0
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError:
            break
        if packet is None:
            break
        index = packet.stream.index
        log = logs[index]
        if packet.stream is video:
            if undecoded:
                rotation, undecoded = _rotation(packet, undecoded)
            if packet.is_keyframe and packet.pts is not None:
                keys.append(len(log.stamps))
        log.add(packet, place)
        place += 1
    return logs, keys, rotation


def _byte_rate(stream: Any) -> float:
    """Bytes a second of sound that is kept as samples, or 0."""
    context = stream.codec_context
    return float(context.bit_rate or 0) / 8 if context.name.startswith("pcm_") else 0.0


def _rotation(packet: Any, undecoded: int) -> tuple[int, int]:
    """Clockwise degrees by which pictures must be turned, read off the first, and how many packets to try
    yet."""
    import av

    try:
        for frame in packet.decode():
            return int(-frame.rotation) % 360, 0
    except av.FFmpegError:
        pass
    return 0, undecoded - 1


def _start(stream: Any, clock: Clock) -> float:
    if stream.start_time is None:
        return 0.0
    return min(max(-clock.gap, float(stream.start_time * stream.time_base) - clock.zero), clock.duration)


def displayed_size(stream: Any, rotation: int) -> tuple[int, int]:
    """Width and height in px after pixel shape and rotation."""
    context = stream.codec_context
    aspect = float(stream.sample_aspect_ratio or 1)
    if not 1 / MOST_OBLONG <= aspect <= MOST_OBLONG or context.width * context.height * aspect > MAX_PIXELS \
            or context.width * aspect > MAX_SIDE:
        aspect = 1.0
    width, height = max(1, round(context.width * aspect)), context.height
    return (height, width) if rotation in (90, 270) else (width, height)
