"""Single pictures of a video as small JPEG files."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emocli.media.probe import opened, origin, picture_stream
from emocli.timeline.types import MediaInfo


def thumbnails(info: MediaInfo, times: Sequence[float], side: int) -> list[tuple[bytes, int, int] | None]:
    """Of each time, s, ascending: the JPEG of the picture shown then, as displayed, its longest side at most `side`
    px, with its width and height; None where none can be decoded."""
    with opened(info.path) as container:
        stream = picture_stream(container)
        if stream is None:
            return [None] * len(times)
        stream.codec_context.thread_type = "AUTO"
        stream.codec_context.skip_frame = "NONREF"  # a still may be a picture or two early
        return [_still(container, stream, info, time + origin(container), side) for time in times]


def _still(container: object, stream: object, info: MediaInfo, time: float, side: int) -> tuple[bytes, int, int] | None:
    import av
    import cv2

    shown = None
    try:
        container.seek(round(time / float(stream.time_base)), stream=stream)  # type: ignore[attr-defined]
        for frame in container.decode(stream):  # type: ignore[attr-defined]
            if shown is not None and frame.time is not None and frame.time > time:
                break
            shown = frame
    except av.FFmpegError:
        pass
    if shown is None:
        return None
    turns = info.rotation // 90
    width, height = (info.height, info.width) if turns % 2 else (info.width, info.height)
    shrink = min(1.0, side / max(width, height))
    image = shown.reformat(max(2, round(width * shrink)), max(2, round(height * shrink)), "bgr24").to_ndarray()
    if turns:
        image = np.ascontiguousarray(np.rot90(image, -turns))
    done, packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 70])
    return (packed.tobytes(), image.shape[1], image.shape[0]) if done else None
