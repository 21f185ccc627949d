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
#: Decoded blocks, some 20 ms each, that are written together.
WRITTEN_AT_ONCE = 64


class Sound:
    """The sound of one file on its clock.  `duration` is its end in seconds; silence stands
    before a late start and in gaps.  A context manager: closing removes the file."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="emocli-")
        self._unwritten: list[np.ndarray] = []
        self.samples = 0
        self.start = 0.0
        self.broken = 0

    @property
    def duration(self) -> float:
        """Seconds from the clock's 0 to the last sample."""
        return self.samples / SAMPLE_RATE

    def read(self, start: float, end: float) -> np.ndarray:
        """Samples between two times, (n,) float32 in -1..1, shorter beyond the end."""
        self._write()
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
        """Add float32 samples at the end."""
        self._unwritten.append(block)
        self.samples += len(block)
        if len(self._unwritten) >= WRITTEN_AT_ONCE:
            self._write()

    def _write(self) -> None:
        if not self._unwritten:
            return
        blocks, self._unwritten = np.concatenate(self._unwritten), []
        try:
            self._file.seek(0, 2)
            self._file.write((np.clip(blocks, -1, 1) * 32767).astype(np.int16).tobytes())
        except OSError as error:
            raise OutputError(tempfile.gettempdir(), f"cannot hold the decoded sound ({error.strerror})",
                              "free some space or set TMPDIR to a larger disk") from error

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
    from av.audio.resampler import AudioResampler

    sound = Sound()
    try:
        with opened(info.path) as container:
            stream = sound_stream(container)
            if stream is not None:
                zero = origin(container)
                resampler = AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
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
                        _place(sound, frame, resampler, zero)
                    if sound.duration - reported > 5:
                        reported = sound.duration
                        yield reported, sound
                for rest in resampler.resample(None):
                    sound.append(rest.to_ndarray().reshape(-1))
        yield sound.duration, sound
    except BaseException:
        sound.close()
        raise


def _place(sound: Sound, frame: Any, resampler: Any, zero: float) -> None:
    """Put a decoded frame where its stamp says: silence fills a gap, an overlap is cut."""
    cut = 0
    if frame.pts is not None and frame.time_base is not None:
        at = frame.time - zero
        drift = at - sound.duration
        if sound.samples == 0:
            sound.start = max(0.0, at)
        if drift > TOLERANCE:
            for offset in range(0, round(drift * SAMPLE_RATE), SAMPLE_RATE * 60):
                sound.append(np.zeros(min(SAMPLE_RATE * 60, round(drift * SAMPLE_RATE) - offset), np.float32))
        elif drift < -max(TOLERANCE, 0.2 if sound.samples else 0):
            cut = round(-drift * SAMPLE_RATE)
    # Stamps have done their work; the resampler would otherwise refuse a jump in them.
    frame.pts = None
    for part in resampler.resample(frame):
        samples = part.to_ndarray().reshape(-1)
        sound.append(samples[cut:])
        cut = max(0, cut - len(samples))
