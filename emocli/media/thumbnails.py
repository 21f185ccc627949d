"""Single frames of a video, and parts of them, as small JPEG files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from emocli.media.clock import Clock
from emocli.media.container import PacketReader, opened, video_stream
from emocli.media.frames import scaled
from emocli.media.probe import clock_of, probe
from emocli.timeline.types import MediaInfo

#: A JPEG with its width and height, px.
Thumbnail = tuple[bytes, int, int]
#: x, y, width, height, px.
Box = tuple[float, float, float, float]


def thumbnails(info: MediaInfo, times: Sequence[float], side: int) -> list[Thumbnail | None]:
    """Of each time, s, ascending: the JPEG of the frame shown then, as displayed, its longest side at most
    `side` px, with its width and height; None where none can be decoded."""
    return [None if frame is None else _jpeg(_image(frame, shown, side))
            for frame, shown in _frames(info, times)]


def crops(info: MediaInfo, parts: Sequence[tuple[float, Box]], side: int) -> list[Thumbnail | None]:
    """Of each time, s, ascending, and box, px as displayed: the JPEG of that part of the frame shown then,
    its longest side at most `side` px; None where there is no such part."""
    return [None if frame is None else _part(_image(frame, shown), box, side)
            for (frame, shown), (_, box) in zip(_frames(info, [time for time, _ in parts]), parts,
                                                strict=True)]


def _frames(info: MediaInfo, times: Sequence[float]) -> Iterator[tuple[Any | None, MediaInfo]]:
    """The frame shown at each time, or None, with what the file is found to be: a document's sizes are a
    claim."""
    with opened(info.path) as container:
        stream = video_stream(container)
        if stream is None:
            yield from ((None, info) for _ in times)
            return
        found, clock = probe(info.path), clock_of(info.path)
        stream.codec_context.thread_type = "AUTO"
        stream.codec_context.skip_frame = "NONREF"  # a thumbnail may be a frame or two early
        find = _sought if clock.seekable else _passed
        yield from ((frame, found) for frame in find(container, stream, times, clock))


def _sought(container: Any, stream: Any, times: Sequence[float], clock: Clock) -> Iterator[Any | None]:
    import av

    for time in times:
        try:
            container.seek(round((time + clock.zero) / float(stream.time_base)), stream=stream)
        except av.FFmpegError:
            yield None
        else:
            yield from _passed(container, stream, [time], clock)


def _passed(container: Any, stream: Any, times: Sequence[float], clock: Clock) -> Iterator[Any | None]:
    """The frames shown at some times of what follows; the same one again as long as it is shown."""
    unit, shown, packets = float(stream.time_base), None, PacketReader(container, [stream], clock)
    frames = (frame for packet in packets for frame in packets.decode(packet) if frame.pts is not None)
    coming = next(frames, None)
    for time in times:
        while coming is not None and (shown is None or coming.pts * unit - clock.zero <= time):
            shown, coming = coming, next(frames, None)
        yield shown


def _image(frame: Any, info: MediaInfo, side: int = 0) -> np.ndarray:
    """The frame as displayed, BGR, its longest side at most `side` px, if any."""
    turns = info.rotation // 90
    size = (info.height, info.width) if turns % 2 else (info.width, info.height)
    image = frame.reformat(*scaled(*size, side or max(size), 2), "bgr24").to_ndarray()
    return np.ascontiguousarray(np.rot90(image, -turns)) if turns else image


def _part(image: np.ndarray, box: Box, side: int) -> Thumbnail | None:
    import cv2

    height, width = image.shape[:2]
    left, right = (round(min(max(x, 0.0), width)) for x in (box[0], box[0] + box[2]))
    top, bottom = (round(min(max(y, 0.0), height)) for y in (box[1], box[1] + box[3]))
    if right - left < 2 or bottom - top < 2:
        return None
    size = scaled(right - left, bottom - top, side, 1)
    return _jpeg(cv2.resize(image[top:bottom, left:right], size, interpolation=cv2.INTER_AREA))


def _jpeg(image: np.ndarray) -> Thumbnail | None:
    import cv2

    done, packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 70])
    return (packed.tobytes(), image.shape[1], image.shape[0]) if done else None
