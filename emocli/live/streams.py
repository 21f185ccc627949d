"""Sound and pictures of a network stream, on one clock that survives stamps that jump and connections that
break: RTSP, HTTP and UDP by PyAV.

Playlists (HLS, DASH) are not followed: they may name any address.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from emocli.errors import InputError, UsageError
from emocli.live.events import Notice
from emocli.live.intake import Block, Item, Missed
from emocli.media.audio import SAMPLE_RATE, Sound, StampAligner
from emocli.media.clock import Clock
from emocli.media.container import (
    DEMUXERS,
    MAX_PIXELS,
    PacketReader,
    audio_stream,
    video_stream,
)
from emocli.media.frames import Sampler
from emocli.media.probe import displayed_size
from emocli.plaintext import printable

#: The kinds of address that are opened, and the protocols that ffmpeg may use for each.
PROTOCOLS = {"rtsp": "rtsp,rtp,udp,tcp", "http": "http,tcp", "https": "https,http,tls,tcp", "udp": "udp"}
#: Seconds to connect, and seconds without anything after which a stream has stalled.
CONNECT, STALL = 10.0, 5.0
#: Seconds between attempts to reach a stream again; after the last it has ended.
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0)
#: Seconds by which a stream's stamps may jump, ahead and back, without beginning anew; and by which those of
#: sound and pictures may be apart.
JUMP, BACK, APART = 10.0, 0.5, 2.0
#: Seconds of sound that is missing between packets from which it counts as lost.
LOST = 0.1
#: Seconds that are taken before their time at most: what a server has kept comes in one go.
AHEAD = 10.0
#: Seconds of sound kept while it is handed on, and a length that no session reaches.
KEPT, FOREVER = 60.0, 1e8
#: Samples that are resampled together, 20 to 60 ms.
AT_ONCE = 1024


def from_address(url: str, face_fps: float = 0.0, *, stall: float = STALL,
                 now: Callable[[], float] = time.monotonic,
                 sleep: Callable[[float], None] = time.sleep) -> Iterator[Item]:
    """What comes from an address, until a file there has ended or a stream does not come back.

    Raises `UsageError` for other kinds of address; iterating, `InputError` when it cannot be opened at first.
    """
    if urlsplit(url).scheme.lower() not in PROTOCOLS:
        raise UsageError(shown(url), "is no address that can be heard",
                         f"give one of {', '.join(PROTOCOLS)}, or pipe it: ffmpeg -i ADDRESS -f s16le -ac 1 "
                         "-ar 16000 - | emocli live -")
    return _Stream(url, face_fps, stall, now, sleep).items()


def shown(url: str) -> str:
    """An address without what may be secret in it."""
    parts = urlsplit(url)
    return printable(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}")


@dataclass
class StampClock:
    """Leads the stamps of several streams, s, to one clock: they keep together, and one that jumps goes on
    where the others are, or at the time that it is."""

    offsets: dict[int, float] = field(default_factory=dict)
    last: dict[int, float] = field(default_factory=dict)

    def time(self, stream: int, stamp: float, expected: float) -> float:
        """The time of a stamp, where about `expected` would be right."""
        at = stamp + self.offsets.get(stream, expected - stamp)
        last = self.last.get(stream)
        if last is None or not last - BACK <= at <= last + JUMP:
            near = [own for own in self.offsets.values() if abs(stamp + own - expected) <= APART]
            self.offsets[stream] = near[0] if near else expected - stamp
            at = stamp + self.offsets[stream]
        self.last[stream] = at
        return at


class _Stream:
    """One stream, whose clock shows 0 when its first packet comes."""

    def __init__(self, url: str, face_fps: float, stall: float, now: Callable[[], float],
                 sleep: Callable[[float], None]) -> None:
        self._url, self._fps, self._stall, self._now, self._sleep = url, face_fps, stall, now, sleep
        self._sound, self._handed, self._picture = Sound.recent(KEPT), 0, -1
        self._began: float | None = None
        self._lead = 0.0  # by which what came was ahead of the time since then
        self._stalled, self._size = False, (0, 0)
        self._sampler: Sampler | None = None
        self._placing: StampAligner

    def items(self) -> Iterator[Item]:
        failures = 0
        while True:
            try:
                with _opened(self._url, self._stall) as container:
                    for item in self._connection(container):
                        failures = 0
                        yield item
                    if self._over(container):
                        return
                reason = "the connection ended"
            except InputError as error:
                if self._began is None:
                    raise
                reason = error.cause
            if not self._stalled:
                yield Notice("stalled", self._sound.duration, f"nothing comes from {shown(self._url)} "
                                                              f"({reason})")
            self._stalled = True
            if failures == len(PAUSES):
                yield Notice("note", self._sound.duration, f"{shown(self._url)} does not come back")
                return
            self._sleep(PAUSES[failures])
            failures += 1

    def _over(self, container: Any) -> bool:
        """Whether all of what has an end was heard."""
        return bool(container.duration) and self._sound.duration >= container.duration / 1e6 - 1.0

    def _due(self) -> float:
        """The time of what should be coming now."""
        return self._now() - (self._began or 0.0) + self._lead

    def _connection(self, container: Any) -> Iterator[Item]:
        """What comes until the connection ends."""
        audio, video = audio_stream(container), video_stream(container) if self._fps else None
        streams = [stream for stream in (audio, video) if stream is not None]
        if not streams:
            raise InputError(shown(self._url), "holds no sound that can be decoded", "check the address")
        clock, packets, came = StampClock(), PacketReader(container, streams, Clock()), False
        self._placing = StampAligner(self._sound, 0.0, FOREVER, at_once=AT_ONCE)
        for packet in packets:
            for frame in packets.decode(packet):
                if not came:
                    came = True
                    yield from self._begin()
                at = None if frame.pts is None else clock.time(
                    packet.stream.index, float(frame.pts * frame.time_base), self._due())
                yield from self._heard(frame, at) if packet.stream is audio else self._seen(video, frame, at)
        self._placing.finish()
        yield from self._hand_on()

    def _begin(self) -> Iterator[Item]:
        """The clock of a connection: where the time is by now."""
        if self._began is None:
            self._began = self._now()
        missed = self._due() - self._sound.duration
        if self._stalled:
            self._stalled = False
            if missed > 0:
                yield self._missed(missed)
            yield Notice("resumed", self._sound.duration, f"after {max(0.0, missed):.1f} s")

    def _missed(self, seconds: float) -> Missed:
        self._sound.append_silence(max(1, round(seconds * SAMPLE_RATE)))
        self._handed = self._sound.samples
        return Missed(seconds)

    def _heard(self, frame: Any, at: float | None) -> Iterator[Item]:
        """Sound, after what was lost before it."""
        if at is not None:
            gap = at - self._placing.end
            if gap > LOST and self._handed:
                self._placing.finish()
                yield from self._hand_on()
                yield self._missed(gap)
                self._placing = StampAligner(self._sound, 0.0, FOREVER, at_once=AT_ONCE)
            frame.pts = round(at / frame.time_base)
        self._placing.take(frame)
        yield from self._hand_on()

    def _hand_on(self) -> Iterator[Block]:
        """What has been placed; waits where it comes much too early."""
        first, self._handed = self._handed / SAMPLE_RATE, self._sound.samples
        if self._handed / SAMPLE_RATE > first:
            yield Block((self._sound.read(first, self._sound.duration) * 32768).astype(np.int16))
        early = self._sound.duration - self._due()
        if early > 0:
            self._lead += min(early, AHEAD - self._lead)
            self._sleep(max(0.0, self._sound.duration - self._due()))

    def _seen(self, stream: Any, frame: Any, at: float | None) -> Iterator[Item]:
        """One picture of each 1/fps s."""
        if at is None or int(at * self._fps) <= self._picture:
            return
        self._picture = int(at * self._fps)
        if self._sampler is None or self._size != (frame.width, frame.height):
            self._size = frame.width, frame.height
            self._sampler = Sampler(*displayed_size(stream, 0))
        yield self._sampler.sample(frame, max(0.0, at))


@contextmanager
def _opened(url: str, stall: float) -> Iterator[Any]:
    """A PyAV container of an address; third-party errors, while open, become `InputError`."""
    import av

    scheme = urlsplit(url).scheme.lower()
    options = {"protocol_whitelist": PROTOCOLS[scheme], "max_pixels": str(MAX_PIXELS),
               "format_whitelist": ",".join((*DEMUXERS, "rtsp", "rtp", "sdp"))}
    if scheme == "rtsp":
        options["rtsp_transport"] = "tcp"
        stall /= 2  # ffmpeg waits twice there
    try:
        with av.open(url, options=options, timeout=(CONNECT, stall), metadata_errors="replace") as container:
            yield container
    except (av.FFmpegError, OSError) as error:
        raise InputError(shown(url), f"cannot be heard ({error.strerror or error})",
                         "check the address and that the stream is running") from error
