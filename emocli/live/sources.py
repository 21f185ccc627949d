"""Where live sound and pictures come from, by what the user calls it: a file, `-`, an address, a device."""

from __future__ import annotations

import heapq
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from emocli.errors import UsageError
from emocli.live.intake import Block, Item
from emocli.media.audio import AT_ONCE, SAMPLE_RATE, Sound, decode
from emocli.media.frames import FrameStream
from emocli.media.probe import probe
from emocli.timeline.types import MediaInfo

#: Seconds of sound in one block: two decisions of the speech activity.
BLOCK = 0.064
#: Seconds of a file's sound that are kept while they are handed on: what is decoded at once, at the lowest
#: rate, and the longest gap that a clock lets through.
KEPT = 2 * AT_ONCE / 4000 + 60.0
#: What a file and raw sound are not: `rtsp://`, `webcam:0`.
ADDRESS, WEBCAM = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE), re.compile(r"webcam:(\d{1,3})")


@dataclass
class Source:
    """`items` come as they are heard and seen, and are taken in a thread of their own.  `waits` says that
    they can be taken at any time, `followed` that somebody follows them as they come, `pictures` that there
    are some."""

    items: Iterator[Item]
    waits: bool = False
    followed: bool = True
    pictures: bool = False


def source_of(name: str, stdin: BinaryIO, *, realtime: bool = True, face_fps: float = 3.0) -> Source:
    """The source that a user calls `name`; with a `face_fps` of 0 pictures are left alone.

    Raises `UsageError` when there is no such thing, `InputError` when it cannot be read.
    """
    from emocli.live import devices, streams

    if name == "-":
        return Source(from_pcm(stdin), waits=True)
    if name == "mic":
        return Source(devices.microphone())
    if webcam := WEBCAM.fullmatch(name):
        return Source(devices.webcam(int(webcam[1]), face_fps), pictures=face_fps > 0)
    if ADDRESS.match(name):
        return Source(streams.from_address(name, face_fps), pictures=face_fps > 0)
    if not Path(name).exists():
        raise UsageError(name, "no such file",
                         "give a file, an address as rtsp://..., mic, webcam:0, or - for standard input")
    info = probe(Path(name))
    items = from_file(info, face_fps)
    return Source((item for _, item in (paced(items) if realtime else items)), waits=not realtime,
                  followed=realtime, pictures=info.has_video and face_fps > 0)


def from_file(info: MediaInfo, face_fps: float = 0.0) -> Iterator[tuple[float, Item]]:
    """The sound of a file and its pictures, so many a second, on the file's clock, each with the time at
    which all of it has been heard or seen.  They are those that an analysis reads."""
    sounds = _sound_of(info) if info.has_audio else iter(())
    pictures = ((sample.time, sample) for sample in FrameStream(info, face_fps)) \
        if info.has_video and face_fps else iter(())
    return heapq.merge(sounds, pictures, key=lambda pair: pair[0])


def _sound_of(info: MediaInfo) -> Iterator[tuple[float, Item]]:
    at = 0.0
    with Sound.recent(KEPT) as sound:
        for _ in decode(info, BLOCK, sound):
            while sound.duration - at >= BLOCK:
                yield at + BLOCK, _block(sound.read(at, at + BLOCK))
                at += BLOCK
        if sound.duration > at:
            yield sound.duration, _block(sound.read(at, sound.duration))


def _block(samples: np.ndarray) -> Block:
    return Block((samples * 32768).astype(np.int16))


def from_pcm(stream: BinaryIO) -> Iterator[Block]:
    """Raw samples: mono int16, little endian, 16 kHz."""
    left = b""
    while data := stream.read(int(BLOCK * SAMPLE_RATE) * 2):
        whole = left + data
        left = whole[len(whole) // 2 * 2:]
        yield Block(np.frombuffer(whole[:len(whole) // 2 * 2], "<i2"))


def paced(items: Iterator[tuple[float, Item]], now: Callable[[], float] = time.monotonic,
          sleep: Callable[[float], None] = time.sleep) -> Iterator[tuple[float, Item]]:
    """The same, none sooner than it would have been heard or seen."""
    began = now()
    for at, item in items:
        if (early := began + at - now()) > 0:
            sleep(early)
        yield at, item
