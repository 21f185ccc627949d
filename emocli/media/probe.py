"""Opening a media file and saying what is in it, on the container's clock.

The clock starts at the container's first stamp (never before 0 of a file whose audio is primed
with negative stamps), so that an m2ts that begins at an hour still starts at 0 and a stream that
begins late stays late.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from emocli.errors import InputError
from emocli.timeline.types import MediaInfo

#: File endings that a folder is searched for.
VIDEO_ENDINGS = frozenset(".mp4 .m4v .mkv .webm .mov .avi .m2ts .mts .flv .ts .mpg .mpeg .3gp .wmv".split())
AUDIO_ENDINGS = frozenset(".wav .flac .mp3 .m4a .aac .ogg .opus .wma".split())

_NEXT = "check that it plays in a media player, or convert it to mp4"


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """A PyAV input container; its errors, while open, become `InputError`."""
    import av

    if not path.exists():
        raise InputError(path, "no such file", "check the path")
    if path.is_dir():
        raise InputError(path, "is a folder", "give a media file")
    if path.stat().st_size == 0:
        raise InputError(path, "the file is empty", "copy or record it again")
    try:
        container = av.open(str(path), metadata_errors="replace")
    except PermissionError as error:
        raise InputError(path, "may not be read", "check its permissions") from error
    except (av.FFmpegError, ValueError) as error:
        raise InputError(path, f"is not a media file that can be read ({_short(error)})", _NEXT) from error
    try:
        yield container
    finally:
        container.close()


def _short(error: Exception) -> str:
    return str(getattr(error, "strerror", "") or error)


def origin(container: Any) -> float:
    """Seconds of the container's own stamps at which our clock shows 0."""
    return max(0.0, (container.start_time or 0) / 1e6)


def picture_stream(container: Any) -> Any | None:
    """The first real video stream: cover art and streams without a decoder do not count."""
    import av.stream

    for stream in container.streams.video:
        cover = stream.disposition & av.stream.Disposition.attached_pic
        if not cover and stream.codec_context is not None and stream.codec_context.width:
            return stream
    return None


def sound_stream(container: Any) -> Any | None:
    """The first audio stream that has a decoder."""
    return next((s for s in container.streams.audio if s.codec_context is not None), None)


def probe(path: Path) -> MediaInfo:
    """Read the headers; raises `InputError` when there is neither picture nor sound."""
    with opened(path) as container:
        zero = origin(container)
        video, audio = picture_stream(container), sound_stream(container)
        if video is None and audio is None:
            raise InputError(path, "holds neither video nor audio", _NEXT)
        duration = max(0.0, (container.duration or 0) / 1e6)
        info: dict[str, Any] = {}
        if video is not None:
            rotation = _rotation(path) if container.format.name else 0
            width, height = displayed_size(video, rotation)
            base, average = video.base_rate, video.average_rate
            info = {"width": width, "height": height, "rotation": rotation,
                    "frame_rate": float(average or base or 0),
                    "variable_rate": bool(base and average and abs(base - average) / average > 0.01),
                    "video_start": _start(video, zero)}
        return MediaInfo(path=path, duration=duration, has_video=video is not None,
                         has_audio=audio is not None,
                         audio_start=_start(audio, zero) if audio is not None else 0.0,
                         container=container.format.name, **info)


def _start(stream: Any, zero: float) -> float:
    if stream.start_time is None:
        return 0.0
    return float(stream.start_time * stream.time_base) - zero


def displayed_size(stream: Any, rotation: int) -> tuple[int, int]:
    """Width and height in px after pixel shape and rotation."""
    context = stream.codec_context
    aspect = stream.sample_aspect_ratio or 1
    width, height = round(context.width * float(aspect)), context.height
    return (height, width) if rotation in (90, 270) else (width, height)


def _rotation(path: Path) -> int:
    """Clockwise degrees by which the picture must be turned, read off the first frame."""
    import av

    with opened(path) as container:
        stream = picture_stream(container)
        try:
            for frame in container.decode(stream):
                return int(-frame.rotation) % 360
        except av.FFmpegError:
            return 0
    return 0
