"""Where live sound comes from: a file or stream that PyAV opens, or PCM on standard input."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from emocli.media.audio import SAMPLE_RATE, Sound, decode
from emocli.media.probe import probe

#: Seconds of sound in one block.
BLOCK = 0.1


def from_file(path: Path) -> Iterator[Sound]:
    """The sound of a file as it grows, every BLOCK seconds, on the file's clock.

    Raises `InputError` when it cannot be read."""
    for _, sound in decode(probe(path), BLOCK):
        yield sound


def from_pcm(stream: BinaryIO) -> Iterator[Sound]:
    """The same of raw samples: mono int16, little endian, 16 kHz."""
    sound, left = Sound(), b""
    while data := stream.read(int(BLOCK * SAMPLE_RATE) * 2):
        whole = left + data
        left = whole[len(whole) // 2 * 2:]
        sound.append(np.frombuffer(whole[:len(whole) // 2 * 2], "<i2"))
        yield sound


def paced(sounds: Iterator[Sound], now: Callable[[], float] = time.monotonic,
          sleep: Callable[[float], None] = time.sleep) -> Iterator[Sound]:
    """The same no sooner than the sound would have been heard."""
    began = now()
    for sound in sounds:
        if (early := began + sound.duration - now()) > 0:
            sleep(early)
        yield sound
