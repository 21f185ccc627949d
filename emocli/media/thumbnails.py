"""Single frames of a video as small JPEG files."""

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


def thumbnails(info: MediaInfo, times: Sequence[float], side: int) -> list[Thumbnail | None]:
    """Of each time, s, ascending: the JPEG of the frame shown then, as displayed, its longest side at most
    `side` px, with its width and height; None where none can be decoded."""
    with opened(info.path) as container:
        stream = video_stream(container)
        if stream is None:
            return [None] * len(times)
        info, clock = probe(info.path), clock_of(info.path)  # a document's sizes are a claim
        stream.codec_context.thread_type = "AUTO"
        stream.codec_context.skip_frame = "NONREF"  # a thumbnail may be a frame or two early
        find = _sought if clock.seekable else _passed
        return [_jpeg(frame, info, side) for frame in find(container, stream, times, clock)]


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


def _jpeg(frame: Any | None, info: MediaInfo, side: int) -> Thumbnail | None:
    import cv2

    if frame is None:
        return None
    turns = info.rotation // 90
    size = (info.height, info.width) if turns % 2 else (info.width, info.height)
    image = frame.reformat(*scaled(*size, side, 2), "bgr24").to_ndarray()
    if turns:
        image = np.ascontiguousarray(np.rot90(image, -turns))
    done, packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 70])
    return (packed.tobytes(), image.shape[1], image.shape[0]) if done else None
