"""Small media files that tests make for themselves, with PyAV."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np


def ramp(index: int, width: int = 160, height: int = 120) -> np.ndarray:
    """A grey picture whose level tells its index (10 levels apart), BGR."""
    return np.full((height, width, 3), 20 + 10 * (index % 20), np.uint8)


def write(path: Path, times: Sequence[float] = (), *, pictures: Any = ramp, sound: np.ndarray | None = None,
          sound_start: float = 0.0, codec: str = "libx264", pixels: str = "yuv420p",
          aspect: Fraction | None = None, audio_codec: str = "aac",
          options: dict[str, str] | None = None) -> Path:
    """Write pictures at `times` (any spacing) and 16 kHz sound from `sound_start` on."""
    with av.open(str(path), "w") as out:
        base = Fraction(1, 1000) if path.suffix in (".mkv", ".webm", ".flv") else Fraction(1, 12800)
        video = audio = None
        if len(times):
            first = pictures(0)
            video = out.add_stream(codec, rate=25, options=options or {})
            video.height, video.width = first.shape[:2]
            video.pix_fmt = pixels
            video.codec_context.time_base = base
            if aspect:
                video.codec_context.sample_aspect_ratio = aspect
        if sound is not None:
            audio = out.add_stream(audio_codec, rate=16000, layout="mono")
        if video is not None:
            for index, time in enumerate(times):
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pictures(index)), format="bgr24")
                frame.pts, frame.time_base = round(time / base), base
                out.mux(video.encode(frame))
            out.mux(video.encode(None))
        if audio is not None and sound is not None:
            step = 1024
            offset = round(sound_start * 16000)
            for at in range(0, len(sound), step):
                block = (np.clip(sound[at:at + step], -1, 1) * 32767).astype(np.int16)[None]
                frame = av.AudioFrame.from_ndarray(block, format="s16", layout="mono")
                frame.sample_rate, frame.time_base, frame.pts = 16000, Fraction(1, 16000), offset + at
                out.mux(audio.encode(frame))
            out.mux(audio.encode(None))
    return path


def even(seconds: float, rate: float = 25.0) -> list[float]:
    """Times of a steady rate."""
    return [i / rate for i in range(round(seconds * rate))]


def tone(seconds: float, hertz: float = 440.0) -> np.ndarray:
    """A sine at 16 kHz, float32."""
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * 16000)) / 16000)).astype(np.float32)


def sound_of(path: Path) -> np.ndarray:
    """The decoded sound of a file."""
    from emocli.media.audio import decode
    from emocli.media.probe import probe

    *_, (_, sound) = decode(probe(path))
    with sound:
        return sound.read(0, sound.duration)


def onset(sound: np.ndarray) -> float:
    """When sound begins to be heard, s."""
    return float(np.flatnonzero(np.abs(sound) > 0.1)[0]) / 16000
