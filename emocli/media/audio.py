"""Sound as 16 kHz mono, read once in blocks and kept in a temporary file.

Stages need the sound in different orders (speech activity forwards, utterances at will), and a
long video's sound must not sit in memory: it is decoded once into a raw int16 file on disk
(115 MB an hour) and read from there in pieces.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import numpy as np

from emocli.errors import OutputError
from emocli.media.probe import opened, origin, sound_stream
from emocli.timeline.types import MediaInfo

#: Hz.
SAMPLE_RATE = 16_000
#: Seconds by which stamps may wander before a gap is filled or an overlap is cut.
TOLERANCE = 0.02
#: Samples, as decoded, that are resampled together: frame by frame, 20 ms each, takes twice as long.
AT_ONCE = 65_536


class Sound:
    """The sound of one file on its clock.  `duration` is its end in seconds; silence stands
    before a late start and in gaps.  A context manager: closing removes the file."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="emocli-")
        self.samples = 0
        self.start = 0.0
        self.broken = 0

    @property
    def duration(self) -> float:
        """Seconds from the clock's 0 to the last sample."""
        return self.samples / SAMPLE_RATE

    def read(self, start: float, end: float) -> np.ndarray:
        """Samples between two times, (n,) float32 in -1..1, shorter beyond the end."""
        first = min(max(0, round(start * SAMPLE_RATE)), self.samples)
        last = min(max(first, round(end * SAMPLE_RATE)), self.samples)
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
        try:
            self._file.seek(0, 2)
            self._file.write(block.tobytes())
        except OSError as error:
            raise OutputError(tempfile.gettempdir(), f"cannot hold the decoded sound ({error.strerror})",
                              "free some space or set TMPDIR to a larger disk") from error
        self.samples += len(block)

    def close(self) -> None:
        """Remove the temporary file."""
        self._file.close()

    def __enter__(self) -> Sound:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()


def decode(info: MediaInfo) -> Iterator[tuple[float, Sound]]:
    """Decode the first audio stream, yielding (seconds done, the sound so far) now and then.

    The last item holds the whole; without an audio stream it is empty.  Broken packets are
    counted and leave silence.
    """
    import av

    sound = Sound()
    try:
        with opened(info.path) as container:
            stream = sound_stream(container)
            if stream is not None:
                placing = _Placing(sound, origin(container))
                packets = container.demux(stream)
                reported = 0.0
                while True:
                    try:
                        packet = next(packets, None)
                    except av.FFmpegError:
                        sound.broken += 1
                        break
                    if packet is None:
                        break
                    try:
                        frames = packet.decode()
                    except av.FFmpegError:
                        sound.broken += 1
                        continue
                    for frame in frames:
                        placing.take(frame)
                    if sound.duration - reported > 5:
                        reported = sound.duration
                        yield reported, sound
                placing.finish()
        yield sound.duration, sound
    except BaseException:
        sound.close()
        raise


class _Placing:
    """Puts decoded frames where their stamps say: silence fills a gap, an overlap is cut."""

    def __init__(self, sound: Sound, zero: float) -> None:
        self._sound, self._zero = sound, zero
        self._begin()

    def _begin(self) -> None:
        from av.audio.fifo import AudioFifo
        from av.audio.resampler import AudioResampler

        self._waiting = AudioFifo()
        # To s16, because to floats channels are added up, and loud stereo sound would have to be clipped.
        self._resampler = AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)

    def take(self, frame: Any) -> None:
        cut = 0
        if frame.pts is not None and frame.time_base is not None:
            cut = self._align(frame.time - self._zero)
        frame.pts = None  # stamps have done their work; a jump in them would be refused
        try:
            self._waiting.write(frame)
        except ValueError:  # the rate or the channels change within the stream
            self.finish()
            self._begin()
            self._waiting.write(frame)
        if cut or self._waiting.samples >= AT_ONCE:
            self._resample(cut)

    def finish(self) -> None:
        """Append what still waits."""
        self._resample()
        for rest in self._resampler.resample(None):
            self._sound.append(rest.to_ndarray().reshape(-1))

    def _align(self, at: float) -> int:
        """Fill up to a frame's time, s; answers how many samples of it overlap."""
        sound, waiting = self._sound, self._waiting.samples
        drift = at - sound.duration - (waiting / self._waiting.sample_rate if waiting else 0)
        if not sound.samples + waiting:
            sound.start = max(0.0, at)
        if drift > TOLERANCE:
            self._resample()
            for offset in range(0, round(drift * SAMPLE_RATE), SAMPLE_RATE * 60):
                sound.append(np.zeros(min(SAMPLE_RATE * 60, round(drift * SAMPLE_RATE) - offset), np.int16))
        elif drift < -max(TOLERANCE, 0.2 if sound.samples + waiting else 0):
            self._resample()
            return round(-drift * SAMPLE_RATE)
        return 0

    def _resample(self, cut: int = 0) -> None:
        frame = self._waiting.read() if self._waiting.samples else None
        for part in self._resampler.resample(frame) if frame else ():
            samples = part.to_ndarray().reshape(-1)
            self._sound.append(samples[cut:])
            cut = max(0, cut - len(samples))
