"""Footage that the benchmarks make: clips looped to a length, talks and films out of single takes."""

from __future__ import annotations

import io
import random
import tarfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

#: Frames a second of what is made, and samples a second of speech.
RATE, SAMPLE_RATE = 30, 16000


def encode(clip: Path, out: Path, size: tuple[int, int]) -> None:
    """A clip there and back (so that it can be looped without a cut), with its sound."""
    import av

    with av.open(str(clip)) as source:
        frames = [f.reformat(*size, format="yuv420p") for f in source.decode(video=0)][:150]
    with av.open(str(clip)) as source:
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=44100)
        parts = [p.to_ndarray() for f in source.decode(audio=0) for p in resampler.resample(f)]
    order = [*range(len(frames)), *range(len(frames) - 2, 0, -1)]
    samples = np.arange(round(len(order) / RATE * 44100))
    sound = np.take(np.concatenate(parts, 1), samples, axis=1, mode="wrap")
    with av.open(str(out), "w") as target:
        video = target.add_stream("libx264", rate=RATE, options={"preset": "medium", "crf": "26"})
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        audio = target.add_stream("aac", rate=44100, layout="mono")
        for i, at in enumerate(order):
            frame = frames[at]
            frame.pts, frame.time_base, frame.pict_type = i, Fraction(1, RATE), 0
            target.mux(video.encode(frame))
        target.mux(video.encode(None))
        for at in range(0, sound.shape[1], 1024):
            block = np.ascontiguousarray(sound[:, at:at + 1024])
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 44100, at, Fraction(1, 44100)
            target.mux(audio.encode(frame))
        target.mux(audio.encode(None))


def loop(base: Path, out: Path, minutes: float, talk: np.ndarray | None = None) -> float:
    """Copy the packets of `base` one after another up to a length, with a sidecar, or with a talk, (n,) at
    16 kHz, as their sound and none; its seconds."""
    import av

    with av.open(str(base)) as source:
        lasts = source.streams.video[0].frames / RATE
    rounds = max(1, round(minutes * 60 / lasts))
    with av.open(str(out), "w") as target:
        streams: dict[int, Any] = {}
        ends: dict[int, int] = {}
        voice = target.add_stream("aac", rate=16000, layout="mono") if talk is not None else None
        for number in range(rounds):
            with av.open(str(base)) as source:
                kept = source.streams.video if voice else source.streams
                for stream in kept if not number else ():
                    streams[stream.index] = target.add_stream_from_template(stream)
                for packet in source.demux(*kept):
                    if packet.dts is None or packet.pts is None:
                        continue
                    index, shift = packet.stream.index, round(number * lasts / packet.time_base)
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    if packet.dts > ends.get(index, -10**9):
                        ends[index] = packet.dts
                        packet.stream = streams[index]
                        target.mux(packet)
            if voice and talk is not None:
                speak(target, voice, talk, round(number * lasts * 16000), round((number + 1) * lasts * 16000))
        if voice:
            target.mux(voice.encode(None))
    if talk is None:
        caption(out.with_suffix(".srt"), rounds * lasts)
    return float(rounds * lasts)


def speak(target: Any, stream: Any, talk: np.ndarray, first: int, last: int) -> None:
    """Encode the samples of a talk from one to another."""
    import av

    for at in range(first, last, 1024):
        block = np.take(talk, np.arange(at, min(at + 1024, last)), mode="wrap")[None]
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 16000, at, Fraction(1, 16000)
        target.mux(stream.encode(frame))


def caption(path: Path, seconds: float) -> None:
    """A sidecar with one sentence over and over."""
    import pysubs2

    cues = pysubs2.SSAFile()
    said = "I think this is how it went that day."
    cues.events = [pysubs2.SSAEvent(start=t * 1000, end=t * 1000 + 4000, text=said)
                   for t in range(1, round(seconds) - 5, 6)]
    cues.save(str(path))


class Film:
    """Sounds one after another, each with its edges in seconds."""

    def __init__(self, seed: int = 0, noise: float = 0.0) -> None:
        self.random, self.noise, self.parts = np.random.default_rng(seed), noise, list[np.ndarray]()
        self.edges: list[tuple[float, float]] = []
        self.seconds = 0.0

    def silence(self, least: float, most: float) -> None:
        """Nothing, or faint noise, for a time between two."""
        samples = round(self.random.uniform(least, most) * SAMPLE_RATE)
        self._append(self.random.normal(0, self.noise, samples) if self.noise else np.zeros(samples))

    def add(self, samples: np.ndarray) -> None:
        """A sound, (n,) at 16 kHz."""
        start = self.seconds
        self._append(samples)
        self.edges.append((start, self.seconds))

    def _append(self, samples: np.ndarray) -> None:
        self.parts.append(samples.astype(np.float32))
        self.seconds += len(samples) / SAMPLE_RATE


def takes(archive: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, np.ndarray]]:
    """Name (without suffix) and sound of the members whose name is wanted, in a shuffled order."""
    import soundfile

    with tarfile.open(archive) as tar:
        names = sorted(n for n in tar.getnames() if n.endswith(".ogg") and wanted(Path(n).stem))
        random.Random(0).shuffle(names)
        for name in names:
            member = tar.extractfile(name)
            assert member is not None
            yield Path(name).stem, soundfile.read(io.BytesIO(member.read()), dtype="float32")[0]


def conversation(archive: Path, seconds: float) -> np.ndarray:
    """The takes of an archive with short pauses, (n,) float32 at 16 kHz, so long if it has enough."""
    film = Film()
    for _, take in takes(archive, lambda name: True):
        film.add(take)
        film.silence(0.3, 0.9)
        if film.seconds > seconds:
            break
    return np.concatenate(film.parts)
