"""The video with boxes, scores and captions burnt in, or with faces made unrecognisable.

PyAV rather than moviepy, which would put every frame on an even rate: stamps stay as they are on the file's
clock, also of videos of a varying rate, and sound that the container may hold is copied.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from emocli.errors import EmocliError, InputError, UsageError
from emocli.media.clock import Clock
from emocli.media.container import (
    NEXT,
    PacketReader,
    audio_stream,
    file_url,
    opened,
    third_party,
    video_stream,
)
from emocli.media.probe import clock_of, probe
from emocli.render.overlay import Drawing, FrameOverlay
from emocli.storage import atomic
from emocli.timeline.types import MediaInfo, Timeline

__all__ = ["Drawing", "annotate"]

#: Codecs of sound that mp4 holds as they are.
COPIED = frozenset(("aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"))
#: Stamps of the frames written, a second.
TICKS = 90_000


def annotate(timeline: Timeline, target: Path, drawing: Drawing, *, seconds: float | None = None,
             progress: Callable[[float], None] = lambda share: None) -> None:
    """Write `timeline.media.path` as an mp4 (or what `target` ends in) with `drawing` on it, its first
    `seconds` only if given.

    Raises `InputError` when the video cannot be read, `UsageError` when the container cannot hold it.
    """
    import av

    info = probe(timeline.media.path)
    if not info.has_video:
        raise InputError(info.path, "has no frames to draw on", "give a video")
    until = min(info.duration, seconds or info.duration)
    overlay = FrameOverlay(timeline, drawing)
    with opened(info.path) as source, atomic(target) as part:
        with third_party(target, "no such container", "give a name that ends in .mp4 or .mkv", UsageError):
            sink = av.open(file_url(part), "w")
        with third_party(target, "cannot be encoded", "try another container, as .mkv", EmocliError), sink:
            _transcode(source, sink, info, overlay, until, progress)


def _transcode(source: Any, sink: Any, info: MediaInfo, overlay: FrameOverlay, until: float,
               progress: Callable[[float], None]) -> None:
    clock, video, audio = clock_of(info.path), video_stream(source), audio_stream(source)
    assert video is not None
    video.codec_context.thread_type = "AUTO"
    frames = _FrameWriter(sink, info, overlay, clock, until)
    writers: dict[int, _FrameWriter | _SoundWriter] = {video.index: frames}
    if audio is not None:
        writers[audio.index] = _SoundWriter(sink, audio, clock, until)
    streams, unfinished = [s for s in (video, audio) if s is not None], set(writers)
    packets = PacketReader(source, streams, clock)
    for packet in packets:
        index = packet.stream.index
        if index in unfinished and not writers[index].write(packet, packets):
            unfinished.discard(index)
        if not unfinished:
            break
        progress(frames.share)
    if not frames.written:
        raise InputError(info.path, "has no frame that can be decoded", NEXT)
    for writer in writers.values():
        writer.close()


class _FrameWriter:
    """Decodes packets, draws on the frames and encodes them as H.264."""

    def __init__(self, sink: Any, info: MediaInfo, overlay: FrameOverlay, clock: Clock, until: float) -> None:
        from av.video.reformatter import VideoReformatter

        self._sink, self._overlay, self._clock, self._until = sink, overlay, clock, until
        self._reader, self._writer = VideoReformatter(), VideoReformatter()  # a frame's own would be new
        self._turns, self._last = info.rotation // 90, -1
        self.written, self.share = 0, 0.0
        self._size = (info.height, info.width) if self._turns % 2 else (info.width, info.height)
        rate = info.frame_rate if 0 < info.frame_rate <= 1000 else 25
        self._stream = sink.add_stream("libx264", rate=Fraction(rate).limit_denominator(1001),
                                       options={"preset": "superfast", "crf": "20"})
        self._stream.width, self._stream.height = max(2, info.width // 2 * 2), max(2, info.height // 2 * 2)
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = Fraction(1, TICKS)
        for name in ("colorspace", "color_primaries", "color_trc"):
            setattr(self._stream.codec_context, name, 1)  # BT.709

    def write(self, packet: Any, packets: PacketReader) -> bool:
        """Write the frames of a packet; whether more are wanted."""
        for frame in packets.decode(packet):
            time = float(frame.pts * frame.time_base) - self._clock.zero if frame.pts is not None else 0.0
            if time >= self._until + 1e-6:
                return False
            ticks = round(time * TICKS)
            if time >= -1e-6 and ticks > self._last:
                self._last, self.share = ticks, min(1.0, time / self._until)
                self._encode(frame, max(0.0, time), ticks)
                self.written += 1
        return True

    def _encode(self, frame: Any, time: float, ticks: int) -> None:
        import av
        from av.video.reformatter import Colorspace

        image: np.ndarray = self._reader.reformat(frame, *self._size, "bgr24").to_ndarray()
        if self._turns:
            image = np.ascontiguousarray(np.rot90(image, -self._turns))
        self._overlay.draw(image, time)
        width, height = self._stream.width, self._stream.height
        missing = max(0, height - image.shape[0]), max(0, width - image.shape[1])
        image = np.pad(image, ((0, missing[0]), (0, missing[1]), (0, 0)), "edge") if any(missing) else image
        drawn = av.VideoFrame.from_ndarray(np.ascontiguousarray(image[:height, :width]), "bgr24")
        out = self._writer.reformat(drawn, format="yuv420p", dst_colorspace=Colorspace.ITU709,
                                    interpolation="FAST_BILINEAR")
        out.pts, out.time_base = ticks, Fraction(1, TICKS)
        self._sink.mux(self._stream.encode(out))

    def close(self) -> None:
        """Write what the encoder still holds."""
        self._sink.mux(self._stream.encode(None))


class _SoundWriter:
    """The sound of the result: copied packets, or AAC where the container cannot hold them."""

    def __init__(self, sink: Any, source: Any, clock: Clock, until: float) -> None:
        self._sink, self._zero, self._until, self._last = sink, clock.zero, until, -2**62
        name = source.codec_context.name.removesuffix("float")
        self._copied = name in COPIED or sink.format.name == "matroska"
        self._stream = sink.add_stream_from_template(source) if self._copied else sink.add_stream(
            "aac", rate=source.codec_context.sample_rate)

    def write(self, packet: Any, packets: PacketReader) -> bool:
        """Add a packet; whether more are wanted."""
        import av

        if packet.pts is None:
            return True
        if float(packet.pts * packet.time_base) - self._zero >= self._until:
            return False
        shift = round(self._zero / packet.time_base)
        if self._copied:
            pts, dts = packet.pts - shift, (packet.pts if packet.dts is None else packet.dts) - shift
            if dts > self._last:  # a repeated one would be refused
                packet.pts, packet.dts, packet.stream, self._last = pts, dts, self._stream, dts
                try:
                    self._sink.mux(packet)
                except (av.error.InvalidDataError, av.error.ArgumentError):
                    packets.broken += 1  # costs only itself
            return True
        for frame in packets.decode(packet):
            if frame.pts is not None:
                frame.pts -= shift
                if frame.pts <= self._last:
                    continue
                self._last = frame.pts
            self._sink.mux(self._stream.encode(frame))
        return True

    def close(self) -> None:
        """Write what the encoder still holds."""
        if not self._copied:
            self._sink.mux(self._stream.encode(None))
