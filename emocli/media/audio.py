"""Sound as 16 kHz mono, read once in blocks and kept in a temporary file.

Stages need the sound in different orders (speech activity forwards, utterances at will), and a
long video's sound must not sit in memory: it is decoded once into a raw int16 file on disk
(115 MB an hour) and read from there in pieces.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from threading import Lock
from types import TracebackType
from typing import IO, Any, Protocol

import numpy as np

from emocli.errors import OutputError
from emocli.media.container import LEAST_SAMPLE_RATE, PacketReader, audio_stream, opened
from emocli.media.probe import clock_of
from emocli.media.recent import RecentBytes
from emocli.timeline.types import MediaInfo

#: Hz.
SAMPLE_RATE = 16_000
#: Seconds by which stamps may wander before a gap is filled or an overlap is cut.
TOLERANCE = 0.02
#: Samples, as decoded, that are resampled together: frame by frame, 20 ms each, takes twice as long.
AT_ONCE = 65_536
#: Channels up to which the resampler knows how to mix them down.
MIXED_CHANNELS = 8
#: Seconds of sound kept beyond the clock's end.
SLACK = 1.0


class Readable(Protocol):
    """Sound that can be read in pieces."""

    def read(self, start: float, end: float) -> np.ndarray:
        """Samples between two times, s, (n,) float32 in -1..1 at 16 kHz, shorter where there are no more."""
        ...


class Sound:
    """The sound of one file on its clock.  `duration` is its end in seconds; silence stands
    before a late start and in gaps.  Several threads may read.  A context manager: closing removes the
    file."""

    def __init__(self, storage: IO[bytes] | RecentBytes | None = None) -> None:
        self._lock = Lock()  # a file has one position
        self._file = storage or tempfile.TemporaryFile(prefix="emocli-")
        self.samples = 0
        self.start = 0.0
        self.broken = 0

    @classmethod
    def recent(cls, seconds: float) -> Sound:
        """One without end, of which at least the last `seconds` are kept, in memory; earlier ones read as
        silence."""
        return cls(RecentBytes(2 * round(seconds * SAMPLE_RATE)))

    @property
    def duration(self) -> float:
        """Seconds from the clock's 0 to the last sample."""
        return self.samples / SAMPLE_RATE

    def read(self, start: float, end: float) -> np.ndarray:
        """Samples between two times, (n,) float32 in -1..1, shorter beyond the end."""
        first = min(max(0, round(start * SAMPLE_RATE)), self.samples)
        last = min(max(first, round(end * SAMPLE_RATE)), self.samples)
        with self._lock:
            self._file.seek(2 * first)
            raw = np.frombuffer(self._file.read(2 * (last - first)), np.int16)
        return raw.astype(np.float32) / 32768

    def blocks(self, seconds: float) -> Iterator[tuple[float, np.ndarray]]:
        """All samples in pieces of `seconds`, each with its start time."""
        at = 0.0
        while at * SAMPLE_RATE < self.samples:
            yield at, self.read(at, at + seconds)
            at += seconds

    def append(self, block: np.ndarray) -> None:
        """Add int16 samples at the end."""
        self._write(2 * self.samples, block.tobytes())
        self.samples += len(block)

    def append_silence(self, count: int) -> None:
        """Add samples of silence at the end, which take no room on the disk: a hole in the file."""
        self.samples += count
        self._write(2 * self.samples - 2, b"\0\0")

    def _write(self, at: int, data: bytes) -> None:
        try:
            with self._lock:
                self._file.seek(at)
                self._file.write(data)
                self._file.flush()
        except OSError as error:
            raise OutputError(tempfile.gettempdir(), f"cannot hold the decoded sound ({error.strerror})",
                              "free some space or set TMPDIR to a larger disk") from error

    def close(self) -> None:
        """Remove the temporary file."""
        with suppress(OSError):  # what a full disk did not take, again
            self._file.close()

    def __enter__(self) -> Sound:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()


def decode(info: MediaInfo, every: float = 5.0, sound: Sound | None = None) -> Iterator[tuple[float, Sound]]:
    """Decode the first audio stream, yielding (seconds done, the sound so far) `every` so many seconds.

    The last item holds the whole, or what an empty `sound` that is handed in keeps of it; without an audio
    stream it is empty.  Broken packets are counted and leave silence.
    """
    sound = sound or Sound()
    try:
        with opened(info.path) as container:
            stream = audio_stream(container)
            if stream is not None:
                clock, reported = clock_of(info.path), 0.0
                placing = StampAligner(sound, clock.zero, clock.duration)
                packets = PacketReader(container, [stream], clock)
                for packet in packets:
                    for frame in packets.decode(packet):
                        placing.take(frame)
                    if sound.duration - reported > every:
                        reported = sound.duration
                        yield reported, sound
                placing.finish()
                sound.broken = packets.broken
        yield sound.duration, sound
    except BaseException:
        sound.close()
        raise


class StampAligner:
    """Puts decoded frames where their stamps say: silence fills a gap, an overlap is cut.  `zero` is the
    stamp, s, at which the sound begins, and nothing is put after `longest` s (and SLACK), whatever packets
    unfold to.  `at_once` samples wait before they are resampled together."""

    def __init__(self, sound: Sound, zero: float, longest: float, *, at_once: int = AT_ONCE) -> None:
        self._sound, self._zero, self._longest, self._at_once = sound, zero, longest + SLACK, at_once
        self._begin()

    def _begin(self) -> None:
        from av.audio.fifo import AudioFifo
        from av.audio.resampler import AudioResampler

        self._waiting = AudioFifo()
        # To s16, because to floats channels are added up, and loud stereo sound would have to be clipped.
        self._resampler = AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)

    def take(self, frame: Any) -> None:
        """Place one `av.AudioFrame`."""
        if frame.sample_rate < LEAST_SAMPLE_RATE:
            return
        cut = 0
        if frame.pts is not None and frame.time_base is not None:
            cut = self._align(frame.time - self._zero)
        if frame.layout.nb_channels > MIXED_CHANNELS:
            frame = _mean_channel(frame)
        frame.pts = None  # stamps have done their work; a jump in them would be refused
        try:
            self._waiting.write(frame)
        except ValueError:  # the rate or the channels change within the stream
            self.finish()
            self._begin()
            self._waiting.write(frame)
        if cut or self._waiting.samples >= self._at_once:
            self._resample(cut)

    @property
    def end(self) -> float:
        """Where what was taken ends, s."""
        waiting = self._waiting.samples
        return self._sound.duration + (waiting / self._waiting.sample_rate if waiting else 0.0)

    def finish(self) -> None:
        """Append what still waits."""
        self._resample()
        for rest in self._resampler.resample(None):
            self._append(rest.to_ndarray().reshape(-1))

    def _align(self, at: float) -> int:
        """Fill up to a frame's time, s; answers how many samples of it overlap."""
        sound, waiting = self._sound, self._waiting.samples
        drift = min(at, self._longest) - self.end
        if not sound.samples + waiting:
            sound.start = max(0.0, at)
        if drift > TOLERANCE:
            self._resample()
            sound.append_silence(round(drift * SAMPLE_RATE))
        elif drift < -max(TOLERANCE, 0.2 if sound.samples + waiting else 0):
            self._resample()
            return round(-drift * SAMPLE_RATE)
        return 0

    def _resample(self, cut: int = 0) -> None:
        frame = self._waiting.read() if self._waiting.samples else None
        for part in self._resampler.resample(frame) if frame else ():
            samples = part.to_ndarray().reshape(-1)
            self._append(samples[cut:])
            cut = max(0, cut - len(samples))

    def _append(self, samples: np.ndarray) -> None:
        room = round(self._longest * SAMPLE_RATE) - self._sound.samples
        self._sound.append(samples[:max(0, room)])


def _mean_channel(frame: Any) -> Any:
    """One channel of the mean of many, whose places in a room the resampler does not know."""
    from av import AudioFrame

    channels = frame.layout.nb_channels
    samples = frame.to_ndarray()
    mean = (samples if frame.format.is_planar else samples.reshape(-1, channels).T).astype(np.float64).mean(0)
    if samples.dtype == np.uint8:
        mean = mean - 128
    if samples.dtype.kind in "iu":
        mean = mean / (128 if samples.dtype == np.uint8 else np.iinfo(samples.dtype).max + 1)
    mean = np.clip(mean * 32768, -32768, 32767).astype(np.int16)[None]
    mixed = AudioFrame.from_ndarray(mean, "s16", "mono")
    mixed.sample_rate = frame.sample_rate
    return mixed
