"""The video with boxes, scores and captions burnt in, or with faces made unrecognisable.

PyAV rather than moviepy, which would put every picture on an even rate: stamps stay as they are, also of videos of
a varying rate, and sound that the container may hold is copied.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from emocli.emotions import CLASSES
from emocli.errors import InputError, UsageError
from emocli.media.probe import opened, origin, picture_stream, probe, sound_stream
from emocli.outputs.base import OutputOptions
from emocli.outputs.cues import cues
from emocli.render.people import Face, People
from emocli.render.text_overlay import TextOverlay, lay
from emocli.storage import atomic
from emocli.timeline.types import MediaInfo, Timeline

#: Codecs of sound that mp4 holds as they are.
COPIED = frozenset(("aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"))
#: Stamps of the pictures, a second.
TICKS = 90_000
#: A face is hidden with this share of its size around it, as so many squares, for so many seconds before it is first
#: and after it is last seen, and while it is not seen for so long.
MARGIN, SQUARES, HIDDEN, UNSEEN = 0.35, 7, 1.0, 3.0


@dataclass(frozen=True)
class Drawing:
    """What is drawn: `faces` (boxes and scores), `captions`, and `blur`, faces hidden but for those of `keep`;
    `lang` as in `OutputOptions`."""

    faces: bool = True
    captions: bool = True
    blur: bool = False
    keep: frozenset[int] = frozenset()
    lang: str = "en"
    text_overlay: TextOverlay = field(default_factory=TextOverlay)


def annotate(timeline: Timeline, target: Path, drawing: Drawing, *, seconds: float | None = None,
             progress: Callable[[float], None] = lambda share: None) -> None:
    """Write `timeline.media.path` as an mp4 (or what `target` ends in) with `drawing` on it, its first `seconds` only
    if given.

    Raises `InputError` when the video cannot be read, `UsageError` when the container cannot hold it.
    """
    import av

    info = probe(timeline.media.path)
    if not info.has_video:
        raise InputError(info.path, "has no pictures to draw on", "give a video")
    until = min(info.duration, seconds or info.duration) or 1.0
    painter = _Painter(timeline, drawing)
    with opened(info.path) as source, atomic(target) as part:
        try:
            sink = av.open(str(part), "w")
        except (av.FFmpegError, ValueError) as error:
            raise UsageError(target, f"no such container ({error})", "give a name that ends in .mp4 or .mkv") from error
        with sink:
            _transcode(source, sink, info, painter, until, progress)


def _transcode(source: Any, sink: Any, info: MediaInfo, painter: _Painter, until: float,
               progress: Callable[[float], None]) -> None:
    import av
    from av.video.reformatter import Colorspace, VideoReformatter

    reader, writer = VideoReformatter(), VideoReformatter()  # a frame's own would be set up anew for each
    pictures, sound, zero = picture_stream(source), sound_stream(source), origin(source)
    assert pictures is not None
    pictures.codec_context.thread_type = "AUTO"
    turned = info.rotation // 90 % 2
    size = (info.height, info.width) if turned else (info.width, info.height)
    written = sink.add_stream("libx264", rate=Fraction(info.frame_rate or 25).limit_denominator(1001),
                              options={"preset": "superfast", "crf": "20"})
    written.width, written.height = (info.width // 2 * 2, info.height // 2 * 2)
    written.pix_fmt = "yuv420p"
    written.codec_context.time_base = Fraction(1, TICKS)
    for name in ("colorspace", "color_primaries", "color_trc"):
        setattr(written.codec_context, name, 1)  # BT.709
    track = _Track(sink, sound, zero, until) if sound is not None else None
    read: list[Any] = [pictures, *([sound] if track else [])]
    left = {one.index for one in read}
    for packet in source.demux(read):
        index = packet.stream.index
        if index not in left:
            continue
        if track and packet.stream is sound:
            if not track.take(packet):
                left.discard(index)
            continue
        for frame in _decoded(packet):
            time = float(frame.pts * frame.time_base) - zero if frame.pts is not None else 0.0
            if time >= until + 1e-6:
                left.discard(index)
                break
            if time < -1e-6:
                continue
            image: np.ndarray = reader.reformat(frame, *size, "bgr24").to_ndarray()
            if info.rotation:
                image = np.ascontiguousarray(np.rot90(image, -(info.rotation // 90)))
            painter.paint(image, time)
            image = np.ascontiguousarray(image[:written.height, :written.width])
            out = writer.reformat(av.VideoFrame.from_ndarray(image, format="bgr24"), format="yuv420p",
                                  dst_colorspace=Colorspace.ITU709, interpolation="FAST_BILINEAR")
            out.pts, out.time_base = round(time * TICKS), Fraction(1, TICKS)
            sink.mux(written.encode(out))
            progress(min(1.0, time / until))
        if not left:
            break
    sink.mux(written.encode(None))
    if track:
        track.close()


def _decoded(packet: Any) -> Iterator[Any]:
    import av

    try:
        yield from packet.decode()
    except av.FFmpegError:
        return  # one broken packet costs only itself


class _Track:
    """The sound of the result: copied packets, or AAC where the container cannot hold them."""

    def __init__(self, sink: Any, sound: Any, zero: float, until: float) -> None:
        self._sink, self._zero, self._until = sink, zero, until
        self._copied = sound.codec_context.name.removesuffix("float") in COPIED or sink.format.name == "matroska"
        self._stream = sink.add_stream_from_template(sound) if self._copied else sink.add_stream(
            "aac", rate=sound.codec_context.sample_rate)

    def take(self, packet: Any) -> bool:
        """Add a packet; whether more are wanted."""
        if packet.pts is None:
            return True
        if float(packet.pts * packet.time_base) - self._zero >= self._until:
            return False
        shift = round(self._zero / packet.time_base)
        if self._copied:
            packet.pts, packet.dts = packet.pts - shift, (packet.dts or packet.pts) - shift
            packet.stream = self._stream
            self._sink.mux(packet)
            return True
        for frame in _decoded(packet):
            if frame.pts is not None:
                frame.pts -= shift
            self._sink.mux(self._stream.encode(frame))
        return True

    def close(self) -> None:
        """Write what the encoder still holds."""
        if not self._copied:
            self._sink.mux(self._stream.encode(None))


class _Painter:
    def __init__(self, timeline: Timeline, drawing: Drawing) -> None:
        self._people, self._drawing = People(timeline), drawing
        self._cues = cues(timeline, OutputOptions(lang=drawing.lang)) if drawing.captions else []
        self._starts = [cue.start for cue in self._cues]

    def paint(self, image: np.ndarray, time: float) -> None:
        """Draw on a BGR picture."""
        if self._drawing.blur:
            for face in self._people.at(time, stays=HIDDEN, joined=UNSEEN):
                if face.face_id not in self._drawing.keep:
                    hide(image, face.box)
        if self._drawing.faces:
            for face in self._people.at(time):
                self._mark(image, face)
        at = bisect_right(self._starts, time) - 1
        if at >= 0 and time < self._cues[at].end:
            size = max(12, image.shape[0] // 24)
            sprite = self._drawing.text_overlay.sprite(self._cues[at].lines, size, centred=True)
            lay(image, sprite, (image.shape[1] - sprite.shape[1]) // 2, image.shape[0] - sprite.shape[0] - size)

    def _mark(self, image: np.ndarray, face: Face) -> None:
        import cv2

        x, y, width, height = map(round, face.box.tolist())
        line = max(2, image.shape[0] // 300)
        if face.scores is None:
            cv2.rectangle(image, (x, y), (x + width, y + height), (200, 200, 200), line)
            return
        top = int(face.scores.argmax())
        own, size = CLASSES[top], max(11, image.shape[0] // 34)
        cv2.rectangle(image, (x, y), (x + width, y + height), _bgr(own.colour), line)
        text = f"{face.face_id} {own.emoji} {own.label(self._drawing.lang)} {face.scores[top]:.0%}"
        label = self._drawing.text_overlay.sprite((text,), size)
        lay(image, label, x, y - label.shape[0] if y >= label.shape[0] else y + height)
        self._bars(image, face.scores, (x, y, width), size)

    def _bars(self, image: np.ndarray, scores: np.ndarray, box: tuple[int, int, int], size: int) -> None:
        import cv2

        x, y, width = box
        step, long = round(size * 0.9), size * 4
        left = x + width + size // 2
        if left + long + size > image.shape[1]:
            left = x - long - size - size // 2
        for number, (own, score) in enumerate(zip(CLASSES, scores, strict=True)):
            top = y + number * step
            lay(image, self._drawing.text_overlay.sprite((own.emoji,), step - 4, back=(0, 0, 0, 0)), left, top)
            start = left + size + 2
            cv2.rectangle(image, (start, top + 2), (start + long, top + step - 2), (40, 40, 40), -1)
            cv2.rectangle(image, (start, top + 2), (start + max(1, round(long * float(score))), top + step - 2),
                          _bgr(own.colour), -1)


def hide(image: np.ndarray, box: Sequence[float] | np.ndarray) -> None:
    """Make what lies in a box (x, y, width, height) and around it unrecognisable, in place."""
    import cv2

    x, y, width, height = (float(v) for v in box)
    left, top = max(0, int(x - MARGIN * width)), max(0, int(y - MARGIN * height))
    right = min(image.shape[1], int(x + (1 + MARGIN) * width) + 1)
    bottom = min(image.shape[0], int(y + (1 + MARGIN) * height) + 1)
    if right - left < 1 or bottom - top < 1:
        return
    part = image[top:bottom, left:right]
    squares = cv2.resize(part, (SQUARES, SQUARES), interpolation=cv2.INTER_AREA)
    image[top:bottom, left:right] = cv2.resize(squares, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)


def _bgr(colour: str) -> tuple[int, int, int]:
    return int(colour[5:7], 16), int(colour[3:5], 16), int(colour[1:3], 16)
