"""Files of every kind that the clock must get right, and files that claim too much; made by `make(name,
folder)`.

Frame k of a file shows the level 20 + 10 (k % 20); the sound is a tone.  What a file should come to stands
beside it.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from support.media import even, ramp, tone, write


@dataclass(frozen=True)
class Specimen:
    """How a file is made and what it should be read as: `seconds` long, of so many `frames`, with the tone
    from `sound` s on (None: none) for `loud` s, with that many `notes` of joins, and the frames shown at some
    times, s."""

    make: Callable[[Path], Path]
    seconds: float
    frames: int = 0
    sound: float | None = 0.0
    loud: float = 2.93
    notes: int = 0
    shown: tuple[tuple[float, int], ...] = ()
    within: float = 0.1


def _plain(path: Path, seconds: float = 3.0, **options: Any) -> Path:
    return write(path, even(seconds), sound=tone(seconds), options={"g": "12"}, **options)


def restamp(source: Path, target: Path, stamp: Callable[[str, float], float]) -> Path:
    """Copy packets with other stamps: `stamp` of the kind of stream and the time, s, that was."""
    with av.open(str(source)) as before, av.open(str(target), "w") as after:
        streams = {s.index: after.add_stream_from_template(s) for s in before.streams}
        for packet in before.demux():
            if packet.dts is None:
                continue
            unit, kind = float(packet.time_base), packet.stream.type
            shift = round((stamp(kind, packet.dts * unit) - packet.dts * unit) / unit)
            packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
            packet.stream = streams[packet.stream_index]
            after.mux(packet)
    return target


def joined(path: Path, *, parts: int = 2, ending: str = ".ts") -> Path:
    """Parts of a stream that each begin at the same stamps, one after another."""
    part = _plain(path.with_name(".part" + ending))
    path.write_bytes(part.read_bytes() * parts)
    return path


def jump(path: Path, seconds: float, kinds: tuple[str, ...] = ("video", "audio"), at: float = 1.5) -> Path:
    """Stamps of some streams that jump ahead (or back) in the middle."""
    ending = ".ts" if path.suffix == ".ts" else ".mp4"
    source = _plain(path.with_name(".plain" + ending), codec="libx264", audio_codec="aac")
    return restamp(source, path, lambda kind, time: time + seconds * (kind in kinds and time >= at))


def live(path: Path) -> Path:
    """A webm as a browser records it: without a duration and without an index."""
    with path.open("wb") as pipe:
        _write_live(pipe, 4.0)
    return path


def _write_live(pipe: Any, seconds: float) -> None:
    class Unseekable:
        def write(self, data: bytes) -> int:
            return int(pipe.write(data))

    with av.open(Unseekable(), "w", format="webm", options={"live": "1"}) as out:
        quick = {"g": "12", "deadline": "realtime", "cpu-used": "8"}
        video = out.add_stream("libvpx", rate=25, options=quick)
        video.width, video.height, video.pix_fmt = 160, 120, "yuv420p"
        audio = out.add_stream("libopus", rate=48000, layout="mono")
        for index in range(round(seconds * 25)):
            frame = av.VideoFrame.from_ndarray(ramp(index), format="bgr24")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            out.mux(video.encode(frame))
            sound = av.AudioFrame.from_ndarray(
                (np.sin(np.arange(1920) * 0.06) * 9000).astype(np.int16)[None], "s16", "mono")
            sound.sample_rate, sound.pts, sound.time_base = 48000, index * 1920, Fraction(1, 48000)
            out.mux(audio.encode(sound))
        out.mux(video.encode(None))
        out.mux(audio.encode(None))


def still(path: Path, width: int, height: int, aspect: Fraction | None = None) -> Path:
    """Ten frames of a size, of one grey level each."""
    kind: dict[str, Any] = {"codec": "ffv1", "pixels": "gray"}  # H.264 has no odd sizes
    if width > 1:
        kind = {"options": {"preset": "ultrafast"}}
    return write(path, even(0.4), aspect=aspect, **kind,
                 pictures=lambda index: np.full((height, width, 3), 20 + 10 * index, np.uint8))


def channels(path: Path, count: int) -> Path:
    """A WAV of many channels without places, the tone in all."""
    samples = np.repeat((tone(2) * 32767).astype("<i2")[:, None], count, 1).tobytes()
    return wav(path, samples, count, 16000)


def wav(path: Path, samples: bytes, count: int, rate: int) -> Path:
    """A WAV with its header made by hand."""
    form = struct.pack("<HHIIHH", 1, count, rate, min(2**32 - 1, rate * 2 * count), 2 * count, 16)
    body = b"".join((b"WAVEfmt ", struct.pack("<I", len(form)), form,
                     b"data", struct.pack("<I", len(samples)), samples))
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    return path


def patched(path: Path, mark: bytes, change: Callable[[bytearray, int], None], which: int = 0) -> Path:
    """A small file of the ending with a change where a mark stands in it."""
    raw = bytearray(_plain(path).read_bytes())
    at = -1
    for _ in range(which + 1):
        at = raw.index(mark, at + 1)
    change(raw, at)
    path.write_bytes(raw)
    return path


def _long_mkv(raw: bytearray, at: int) -> None:
    assert raw[at + 2] == 0x88
    raw[at + 3:at + 11] = struct.pack(">d", 1e12)  # ms


def _endless(raw: bytearray, at: int) -> None:
    count = struct.unpack(">I", raw[at + 8:at + 12])[0]
    for entry in range(count):
        raw[at + 16 + 8 * entry:at + 20 + 8 * entry] = b"\x7f\xff\xff\xff"


def flipped(path: Path, seed: int, count: int = 4) -> Path:
    """A .mov with some random bytes changed in its index."""
    raw, chance = bytearray(_plain(path, codec="libx264").read_bytes()), random.Random(seed)
    start = raw.rindex(b"moov") + 4
    for _ in range(count):
        raw[chance.randrange(start, len(raw))] = chance.randrange(256)
    path.write_bytes(raw)
    return path


def _samples(raw: bytearray, at: int) -> None:
    raw[at + 8:at + 16] = struct.pack(">II", 1, 0x07ffffff)  # each of one byte


def huge(path: Path, width: int, height: int, claims: tuple[int, int] | None = None) -> Path:
    """A frame of a size that takes gigabytes to decode, in a header that may claim less."""
    with av.open(str(path), "w") as out:
        video = out.add_stream("png", rate=25)
        video.width, video.height, video.pix_fmt = width, height, "gray"
        frame = av.VideoFrame.from_ndarray(np.zeros((height, width), np.uint8), format="gray")
        frame.pts, frame.time_base = 0, Fraction(1, 25)
        out.mux(video.encode(frame))
        out.mux(video.encode(None))
    if claims:
        raw = bytearray(path.read_bytes())
        at = raw.index(b"png ", raw.rindex(b"stsd")) + 28
        raw[at:at + 4] = struct.pack(">HH", *claims)
        path.write_bytes(raw)
    return path


def crumbs(path: Path, count: int, stamp: Callable[[int], int]) -> Path:
    """Sound of one sample a packet, each at a stamp, ms: Matroska by hand, since no muxer would."""
    def element(name: str, content: bytes) -> bytes:
        length = (len(content) | 0x80).to_bytes(1) if len(content) < 0x7f else (
            len(content) | 1 << 56).to_bytes(8)
        return bytes.fromhex(name) + length + content

    def number(name: str, value: int) -> bytes:
        return element(name, value.to_bytes(4))

    audio = element("b5", struct.pack(">d", 16000.0)) + number("9f", 1) + number("6264", 16)
    track = number("d7", 1) + number("73c5", 1) + number("83", 2) + element("86", b"A_PCM/INT/LIT")
    blocks = (number("e7", stamp(index)) + element("a3", b"\x81\0\0\x80\0\x40") for index in range(count))
    path.write_bytes(
        element("1a45dfa3", element("4282", b"matroska"))
        + element("18538067", element("1549a966", number("2ad7b1", 1_000_000))
                  + element("1654ae6b", element("ae", track + element("e1", audio)))
                  + b"".join(element("1f43b675", block) for block in blocks)))
    return path


#: Times of frames of a varying rate, s.
UNEVEN = (0, 0.04, 0.08, 0.5, 1.3, 1.34, 1.38, 2.9, 2.96)

HEALTHY = {
    "plain.mp4": Specimen(_plain, 3, 75, shown=((0.5, 12), (2.5, 62))),
    "12:30 talk.mp4": Specimen(_plain, 3, 75, shown=((1.0, 25),)),
    "-y.mp4": Specimen(_plain, 3, 75),
    "live.webm": Specimen(live, 4, 100, loud=3.9, shown=((0.5, 12), (3.5, 87))),
    "joined.ts": Specimen(joined, 6.14, 150, loud=5.85, notes=1, shown=((1.0, 25), (4.0, 23), (5.0, 48))),
    "joined5.ts": Specimen(lambda p: joined(p, parts=5), 15.36, 375, loud=14.6, notes=4, within=0.5),
    "ahead.ts": Specimen(lambda p: jump(p, 1e4), 3, 75, notes=1, shown=((1.0, 25), (2.0, 50))),
    "ahead.mkv": Specimen(lambda p: jump(p, 1e6), 3, 75, notes=1, shown=((1.0, 25), (2.0, 50))),
    "sound-ahead.mkv": Specimen(lambda p: jump(p, 1e6, ("audio",)), 3, 75, notes=1),
    "sound-ahead.ts": Specimen(lambda p: jump(p, 1e4, ("audio",)), 3, 75, notes=1),
    "frames-ahead.mkv": Specimen(lambda p: jump(p, 1e6, ("video",)), 3, 75, notes=1,
                                 shown=((1.0, 25), (2.0, 50))),
    "pause.mkv": Specimen(lambda p: jump(p, 5.0), 8, 75, shown=((1.0, 25), (7.0, 50))),
    "first-1e12.mkv": Specimen(lambda p: jump(p, 1e12, at=-1), 3, 75, shown=((2.0, 50),)),
    "first-of-sound-1e12.mkv": Specimen(lambda p: jump(p, 1e12, ("audio",), at=-1), 3, 75,
                                        notes=1, shown=((2.0, 50),)),
    "late-sound.mkv": Specimen(lambda p: write(p, even(3), sound=tone(1), sound_start=1.5), 3, 75,
                               sound=1.5, loud=0.98, within=0.6),
    "very-late-sound.mkv": Specimen(
        lambda p: write(p, [i * 2.0 for i in range(60)], sound=tone(1), sound_start=100), 120,
        60, sound=100.0, loud=0.98, within=20),
    "uneven.mkv": Specimen(lambda p: write(p, UNEVEN, sound=tone(3)), 3, 9, shown=((0.3, 2), (2.0, 6))),
    "slides.mp4": Specimen(lambda p: write(p, [0, 30.0, 55.0, 100.0]), 125, 4, sound=None,
                           shown=((10.0, 0), (60.0, 2)), within=5.0),
    "one.mkv": Specimen(lambda p: write(p, [0.0], sound=tone(0.5)), 0.5, 1, loud=0.488, within=0.5),
    "two.mkv": Specimen(lambda p: write(p, [0.0, 0.04], sound=tone(0.5)), 0.5, 2, loud=0.488, within=0.5),
    "short.mkv": Specimen(lambda p: write(p, even(1), sound=tone(1)), 1, 25, loud=0.976, shown=((0.5, 12),)),
    "1x1.mkv": Specimen(lambda p: still(p, 1, 1), 0.4, 10, sound=None),
    "2x2.mp4": Specimen(lambda p: still(p, 2, 2), 0.4, 10, sound=None, shown=((0.2, 5),)),
    "wide.mp4": Specimen(lambda p: still(p, 8192, 16), 0.4, 10, sound=None, shown=((0.2, 5),)),
    "high.mp4": Specimen(lambda p: still(p, 16, 4096), 0.4, 10, sound=None, shown=((0.2, 5),)),
    "aspect.mp4": Specimen(lambda p: still(p, 160, 120, Fraction(2000, 1)), 0.4, 10, sound=None),
    "flat.mkv": Specimen(lambda p: still(p, 160, 120, Fraction(1, 32767)), 0.4, 10, sound=None),
    "64-channels.wav": Specimen(lambda p: channels(p, 64), 2, loud=1.95),
    "3-channels.wav": Specimen(lambda p: channels(p, 3), 2, loud=1.95),
    "claims-1e9.mkv": Specimen(lambda p: patched(p, b"\x44\x89", _long_mkv), 3, 75,
                               shown=((1.0, 25),)),
}

#: Files that claim what no clock can set right; they end in time, with a result or an error that says why.
HOSTILE: dict[str, Callable[[Path], Path]] = {
    "endless-frames.mp4": lambda p: patched(p, b"stts", _endless),
    "endless-sound.mp4": lambda p: patched(p, b"stts", _endless, 1),
    "many-samples.mov": lambda p: patched(p, b"stsz", _samples),
    "many-sounds.mov": lambda p: patched(p, b"stsz", _samples, 1),
    "gaps.mkv": lambda p: restamp(_plain(p.with_name(".plain.mp4")), p, lambda kind, time: time * 1400),
    "crumbs.mkv": lambda p: crumbs(p, 100_000, lambda index: index * 7_368_787 % 864_000_000),
    "fewer-crumbs.mkv": lambda p: crumbs(p, 15_000, lambda index: index * 7_368_787 % 864_000_000),
    "even-crumbs.mkv": lambda p: crumbs(p, 150_000, lambda index: index * 50),
    "slow.wav": lambda p: wav(p, b"\0\1" * 40_000, 1, 1),
    "huge.mov": lambda p: huge(p, 12288, 12288),
    "unlike.mov": lambda p: huge(p, 12288, 12288, claims=(160, 120)),
    **{f"flips-{seed}.mov": (lambda p, seed=seed: flipped(p, seed)) for seed in range(12)},
}
