"""Pictures sampled by time: a small colour copy for detection, full-size grey for crops.

Only what is needed is decoded: where the rate allows, frames that no other frame refers to are
skipped inside the decoder, and only the sampled frames are converted.  Stamps stay exact.  A long
video can be read in stretches that begin at key frames, several at a time, with the same samples.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from emocli.media.probe import opened, origin, picture_stream
from emocli.timeline.types import MediaInfo

#: Longest side, px, of the colour copy that faces are looked for in.
DETECTION_SIDE = 512
#: Frames of one second at which skipping is safe: this many times the sampling rate.
SKIP_FROM = 4.0
#: Shorter side, px, from which the decoder leaves the edges of blocks as they are: about a ninth of its
#: work.  On an enlarged 1080p clip 99.8 % of 596 faces kept their class, but a score moved by up to 0.19.
UNSMOOTHED_FROM = 1080
#: Seconds of a stretch, and the containers (ffmpeg's names) whose index leads to every key frame.
STRETCH, INDEXED = 10.0, ("mov", "matroska")
_FULL_RANGE = 2  # AVCOL_RANGE_JPEG
_PLANAR_LUMA = frozenset("yuv420p yuvj420p yuv422p yuvj422p yuv444p yuvj444p nv12 gray".split())


@dataclass(frozen=True)
class Sample:
    """A sampled picture: `time` in seconds, `small` (h, w, 3) uint8 BGR with its longest side at
    most DETECTION_SIDE, `grey` (H, W) uint8 of the displayed size.  `narrow` says that the grey
    levels are broadcast ones (16..235), which `full_range` spreads once a crop is cut out."""

    time: float
    small: np.ndarray
    grey: np.ndarray
    narrow: bool = False


@dataclass(frozen=True)
class Chunk:
    """The samples from number `first` up to `beyond`, a sample being the first frame of each
    1/rate s; read from the key frame that lies before `seek`, s."""

    seek: float = 0.0
    first: int = 0
    beyond: float = math.inf


def chunks(info: MediaInfo, rate: float) -> list[Chunk]:
    """A video in parts of about STRETCH s; the whole as one where key frames cannot be found."""
    import av

    if not info.container.startswith(INDEXED):
        return [Chunk()]
    begins = [(0.0, 0)]
    with opened(info.path) as container:
        stream = picture_stream(container)
        if stream is None:
            return [Chunk()]
        zero = origin(container)
        for seek in np.arange(STRETCH, info.duration - STRETCH / 2, STRETCH).tolist():
            try:
                _seek(container, stream, seek + zero)
                packet = next(container.demux(stream))
            except (av.FFmpegError, StopIteration):
                break
            if packet.is_keyframe and packet.pts is not None:
                first = math.ceil((float(packet.pts * packet.time_base) - zero) * rate - 1e-6)
                if first > begins[-1][1]:
                    begins.append((seek, first))
    beyond = [*(float(first) for _, first in begins[1:]), math.inf]
    return [Chunk(seek, first, end) for (seek, first), end in zip(begins, beyond, strict=True)]


def _seek(container: Any, stream: Any, seconds: float) -> None:
    container.seek(round(seconds / float(stream.time_base)), stream=stream)


class Source:
    """A video's open containers, handed on from stretch to stretch: for two hours of mp4 opening one takes a
    tenth of a second and its index 27 MB.  A context manager; for several threads."""

    def __init__(self, info: MediaInfo, rate: float) -> None:
        self._info, self._rate = info, rate
        self._free: deque[Any] = deque()
        self._opened = ExitStack()

    @contextmanager
    def container(self) -> Iterator[Any]:
        """One that is free, or else is opened now."""
        try:
            one = self._free.pop()
        except IndexError:
            one = self._open()
        yield one
        self._free.append(one)  # after a fault it is not used again

    def _open(self) -> Any:
        container = self._opened.enter_context(opened(self._info.path))
        if stream := picture_stream(container):
            context = stream.codec_context
            context.thread_count = 1  # other cores have faces to read, and slice threads hide what is broken
            if self._info.frame_rate >= SKIP_FROM * self._rate:
                context.skip_frame = "NONREF"
            if min(self._info.width, self._info.height) >= UNSMOOTHED_FROM:
                context.options = {"skip_loop_filter": "nokey"}
        return container

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *error: object) -> None:
        self._opened.close()


@dataclass
class FrameStream:
    """Iterate to get samples; afterwards `end` is the last frame's end and `broken` counts the
    packets that could not be decoded.  Use it once.  Stretches of a video share a `source`."""

    info: MediaInfo
    rate: float
    stretch: Chunk = Chunk()
    source: Source | None = None
    end: float = 0.0
    broken: int = 0
    decoded: int = 0
    last: float = 0.0

    def __iter__(self) -> Iterator[Sample]:
        from av.video.reformatter import VideoReformatter

        self._scaler = VideoReformatter()  # a frame's own would be set up anew for each
        with ExitStack() as stack:
            source = self.source or stack.enter_context(Source(self.info, self.rate))
            container = stack.enter_context(source.container())
            stream = picture_stream(container)
            if stream is None:
                return
            zero = origin(container)
            if self.stretch.first:
                _seek(container, stream, self.stretch.seek + zero)
            due = self.stretch.first
            for frame in self._frames(container, stream, zero):
                number = self._number(self.last)
                if number >= self.stretch.beyond:
                    return
                if self.last >= -1e-6 and number >= due:
                    due = number + 1
                    yield self._sample(frame, max(0.0, self.last))

    def _number(self, time: float) -> int:
        return math.floor(time * self.rate + 1e-6)

    def _within(self, time: float) -> bool:
        return self.stretch.first <= max(0, self._number(time)) < self.stretch.beyond

    def _frames(self, container: Any, stream: Any, zero: float) -> Iterator[Any]:
        """Decode packet by packet, so that one broken packet costs only itself."""
        import av

        usual = 1 / self.info.frame_rate if self.info.frame_rate else 0.04
        unit = float(stream.time_base)  # a Fraction a packet costs as much as a tenth of finding faces
        packets = container.demux(stream)
        while True:
            inside = True
            try:
                packet = next(packets, None)
            except av.FFmpegError:
                self.broken += 1
                return
            if packet is None:
                return
            if packet.pts is not None:
                begins = packet.pts * unit - zero
                lasts = packet.duration * unit if packet.duration else usual
                self.end = max(self.end, begins + lasts)
                inside = self._within(begins)
            self.broken += packet.is_corrupt and inside
            try:
                frames = packet.decode()
            except av.FFmpegError:
                self.broken += inside
                continue
            for frame in frames:
                self.decoded += 1
                if frame.pts is not None:
                    self.last = frame.pts * unit - zero
                    self.broken += frame.is_corrupt and self._within(self.last)
                    yield frame

    def _sample(self, frame: Any, time: float) -> Sample:
        turns = self.info.rotation // 90
        width, height = self.info.width, self.info.height
        if turns % 2:
            width, height = height, width
        shrink = min(1.0, DETECTION_SIDE / max(width, height))
        small = _small(frame, max(2, round(width * shrink)), max(2, round(height * shrink)), self._scaler)
        grey, narrow = _luma(frame, width, height, self._scaler)
        if turns:
            small = np.ascontiguousarray(np.rot90(small, -turns))
            grey = np.ascontiguousarray(np.rot90(grey, -turns))
        return Sample(time, small, grey, narrow)


def full_range(grey: np.ndarray, narrow: bool) -> np.ndarray:
    """Grey levels 0..255 of a picture or a crop of it."""
    return _STRETCH[grey] if narrow else grey


def _small(frame: Any, width: int, height: int, scaler: Any) -> np.ndarray:
    """A frame as (height, width, 3) uint8 BGR.  OpenCV scales the planes of the usual format faster than
    swscale, whose fast way also shifts the picture; other formats and odd sizes are left to swscale."""
    if frame.format.name != "yuv420p" or int(frame.color_range or 0) == _FULL_RANGE or width % 4 or height % 4:
        return np.asarray(scaler.reformat(frame, width, height, "bgr24", interpolation="BILINEAR").to_ndarray())
    import cv2

    planes = np.empty((height * 3 // 2, width), np.uint8)
    sizes = (width, height), (width // 2, height // 2), (width // 2, height // 2)
    edges = height, height * 5 // 4
    for plane, size, part in zip(frame.planes, sizes, np.split(planes, edges), strict=True):
        rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[:plane.height, :plane.width]
        cv2.resize(rows, size, dst=part.reshape(size[::-1]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_I420))


def _luma(frame: Any, width: int, height: int, scaler: Any) -> tuple[np.ndarray, bool]:
    """Grey levels and whether they are broadcast ones; the luma plane as it lies in the decoder's
    memory when that is exact (the array keeps the frame alive), else through swscale."""
    if frame.format.name not in _PLANAR_LUMA or (frame.width, frame.height) != (width, height):
        return np.asarray(scaler.reformat(frame, width, height, "gray").to_ndarray()), False
    plane = frame.planes[0]
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[:height, :width]
    full = int(frame.color_range or 0) == _FULL_RANGE or "j4" in frame.format.name or frame.format.name == "gray"
    return rows, not full


#: Broadcast range 16..235 to 0..255.
_STRETCH = np.clip((np.arange(256) - 16) * 255 / 219 + 0.5, 0, 255).astype(np.uint8)
