"""Opening a media file: only files, only formats that are media, and errors that are ours.

What a file says is a claim: a playlist may name addresses to fetch, a header a picture of gigabytes, a colon
in a name another protocol.  So libavformat may open nothing but this one file, as one of DEMUXERS, and
libavcodec may allocate no picture of more than MAX_PIXELS.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from emocli.errors import EmocliError, InputError
from emocli.media.clock import Clock

#: ffmpeg's names of the formats that hold pictures or sound themselves: no playlist, no list of files, no
#: pattern.
DEMUXERS = tuple("mov matroska mpegts mpeg mpegvideo avi flv asf ogg wav w64 flac mp3 aac ac3 eac3 aiff caf "
                 "au amr ape wv tta tak mpc mpc8 dsf mxf gxf rm dv nut ivf wtv".split())
#: What ffmpeg, as a library or a program, is told to keep it to one file.
ONE_FILE = {"protocol_whitelist": "file", "format_whitelist": ",".join(DEMUXERS)}
#: Pixels of the largest picture, somewhat more than those of 8K; each takes the decoder some bytes, several
#: times. And of its longer side, which is as much as encoders take.
MAX_PIXELS, MAX_SIDE = 40_000_000, 16_384
#: Hz.  At a lower rate (of a header; nobody records it) a small file would last for days.
LEAST_SAMPLE_RATE = 4_000

NEXT = "check that it plays in a media player, or convert it to mp4"


def file_url(path: Path) -> str:
    """A path as ffmpeg takes it for nothing else: `12:30 talk.mp4` has no protocol, `-y.mp4` is no option."""
    return "file:" + os.path.abspath(path)  # noqa: PTH100  (no links are followed)


def check_regular(path: Path) -> None:
    """Raises `InputError` for all but a file with something in it, without opening it (a pipe would
    block)."""
    try:
        status = path.stat()
    except FileNotFoundError as error:
        raise InputError(path, "no such file", "check the path") from error
    except PermissionError as error:
        raise InputError(path, "may not be read", "check its permissions") from error
    except (OSError, ValueError) as error:
        raise InputError(path, f"cannot be opened ({_short(error)})", "check the path") from error
    if stat.S_ISDIR(status.st_mode):
        raise InputError(path, "is a folder", "give a media file")
    if not stat.S_ISREG(status.st_mode):
        raise InputError(path, "is a pipe, a socket or a device", "save it as a media file first")
    if not os.access(path, os.R_OK):
        raise InputError(path, "may not be read", "check its permissions")
    if not status.st_size:
        raise InputError(path, "the file is empty", "copy or record it again")


@contextmanager
def third_party(path: Path, cause: str, step: str, kind: type[EmocliError] = InputError) -> Iterator[None]:
    """Errors of PyAV and OpenCV within become one of ours about `path`."""
    try:
        yield
    except Exception as error:
        if type(error).__module__.split(".")[0] not in ("av", "cv2") and not _raised_by_av(error):
            raise
        raise kind(path, f"{cause} ({_short(error)})", step) from error


def _raised_by_av(error: Exception) -> bool:
    """PyAV raises some built-in errors, too."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and "/av/" in "/" + trace.tb_frame.f_code.co_filename.replace("\\", "/")


def _short(error: Exception) -> str:
    return str(getattr(error, "strerror", "") or error)


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """A PyAV input container; third-party errors, while open, become `InputError`."""
    import av

    check_regular(path)
    with third_party(path, "is not a media file that can be read", NEXT):
        container = av.open(file_url(path), options={**ONE_FILE, "max_pixels": str(MAX_PIXELS)},
                            metadata_errors="replace")
    with third_party(path, "cannot be read", NEXT):
        try:
            yield container
        finally:
            container.close()


def is_cover(stream: Any) -> bool:
    """Whether a video stream is but a picture of the cover."""
    import av.stream

    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def video_stream(container: Any) -> Any | None:
    """The first real video stream: cover art and streams without a decoder do not count.

    Raises `InputError` for larger pictures than MAX_PIXELS.
    """
    for stream in container.streams.video:
        context = stream.codec_context
        if not is_cover(stream) and context is not None and context.width:
            if context.width * context.height > MAX_PIXELS or max(context.width, context.height) > MAX_SIDE:
                raise InputError(container.name.removeprefix("file:"),
                                 f"its pictures of {context.width}x{context.height} px are too large",
                                 "make it smaller: ffmpeg -i FILE -vf scale=1920:-2 smaller.mp4")
            context.options = {"max_pixels": str(MAX_PIXELS)}
            return stream
    return None


def audio_stream(container: Any) -> Any | None:
    """The first audio stream that has a decoder and a rate that sound can have."""
    return next((s for s in container.streams.audio if s.codec_context is not None
                 and s.codec_context.sample_rate >= LEAST_SAMPLE_RATE), None)


class PacketReader:
    """Iterate to get the packets of streams with their stamps on the clock, from the file's start on (or, of
    a file whose stamps need no correction, from wherever it was sought to).  `broken` counts the packets that
    could not be read or decoded; one costs only itself, but where the container itself cannot be followed the
    end is."""

    def __init__(self, container: Any, streams: Sequence[Any], clock: Clock) -> None:
        self._container, self._streams, self._clock = container, streams, clock
        self.broken = 0

    def __iter__(self) -> Iterator[Any]:
        import av

        numbers = dict.fromkeys((s.index for s in self._streams), 0)
        packets = self._container.demux(self._streams)
        while True:
            try:
                packet = next(packets, None)
            except av.FFmpegError:
                self.broken += 1
                return
            if packet is None:
                return
            if self._clock.corrections:
                index = packet.stream.index  # `packet.stream_index` is 0 for the marks of the end
                self._clock.correct(packet, index, numbers[index])
                numbers[index] += 1
            yield packet

    def decode(self, packet: Any) -> list[Any]:
        """The frames that come out of a packet; none of a broken one."""
        import av

        try:
            return list(packet.decode())
        except av.FFmpegError:
            self.broken += 1
            return []
