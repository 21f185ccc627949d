"""The microphone and the camera of this machine: PortAudio by sounddevice, OpenCV."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np

from emocli.errors import InputError, UsageError
from emocli.live.drift import DriftCorrector
from emocli.live.events import Notice
from emocli.live.intake import Block, Item, Missed
from emocli.media.audio import SAMPLE_RATE
from emocli.media.frames import DETECTION_SIDE, SHORTEST_SIDE, Sample, scaled

#: Samples that a microphone hands over at once (64 ms).
AT_ONCE = 1024
#: Seconds without sound after which a device counts as unplugged, and between attempts to open it again.
STALL, PAUSE = 2.0, 1.0
#: Attempts after which it has gone for good.
ATTEMPTS = 60


def microphone(sounddevice: Any = None, *, stall: float = STALL,
               now: Callable[[], float] = time.monotonic,
               sleep: Callable[[float], None] = time.sleep) -> Iterator[Item]:
    """What the microphone hears; one that is unplugged is waited for.  `sounddevice` is that module.

    Raises `UsageError` where the extra is missing; iterating, `InputError` when there is no microphone.
    """
    return _Microphone(sounddevice or _portaudio(), stall, now, sleep).items()


def _portaudio() -> Any:
    try:
        import sounddevice
    except ModuleNotFoundError as error:
        raise UsageError("mic", "the package sounddevice, which hears the microphone, is missing",
                         'install the extra for devices: pip install "emocli[live]"') from error
    except OSError as error:  # the library that it calls
        raise UsageError("mic", f"the microphone cannot be used ({error})",
                         "install PortAudio: apt install libportaudio2, brew install portaudio") from error
    return sounddevice


class _Microphone:
    """One microphone; its clock shows 0 when its first sound is heard, and keeps to the wall clock."""

    def __init__(self, sounddevice: Any, stall: float, now: Callable[[], float],
                 sleep: Callable[[float], None]) -> None:
        self._library, self._stall, self._now, self._sleep = sounddevice, stall, now, sleep
        self._blocks: SimpleQueue[tuple[float, bytes]] = SimpleQueue()
        self._drift, self._heard = DriftCorrector(), 0.0
        self._began: float | None = None

    def items(self) -> Iterator[Item]:
        attempts = 0
        while attempts < ATTEMPTS:
            stalled = attempts > 0
            try:
                with self._library.RawInputStream(samplerate=SAMPLE_RATE, channels=1, dtype="int16",
                                                  blocksize=AT_ONCE, callback=self._take):
                    for arrived, samples in self._arriving():
                        if stalled:
                            yield from self._resumed(arrived - len(samples) / SAMPLE_RATE)
                        stalled, attempts = False, 0
                        yield self._block(arrived, samples)
            except self._library.PortAudioError as error:
                if self._began is None:
                    raise InputError("mic", f"cannot be heard ({error})",
                                     "check that a microphone is plugged in and may be used") from error
            if not stalled:
                yield Notice("stalled", self._heard, "the microphone gives no sound; is it unplugged?")
            attempts += 1
            self._sleep(PAUSE)
        yield Notice("note", self._heard, "the microphone does not come back")

    def _take(self, data: Any, frames: int, times: Any, status: Any) -> None:
        """Called by PortAudio, in a thread of its own."""
        self._blocks.put((self._now(), bytes(data)))

    def _arriving(self) -> Iterator[tuple[float, np.ndarray]]:
        """Blocks (n,) int16 and when they came, until none comes."""
        while True:
            try:
                arrived, data = self._blocks.get(timeout=self._stall)
            except Empty:
                return
            yield arrived, np.frombuffer(data, np.int16)

    def _block(self, arrived: float, samples: np.ndarray) -> Block:
        if self._began is None:
            self._began = arrived - len(samples) / SAMPLE_RATE
        block = Block(self._drift.take(samples, arrived))
        self._heard += block.seconds
        return block

    def _resumed(self, begins: float) -> Iterator[Item]:
        missed = max(0.0, begins - (self._began or 0.0) - self._heard)
        if missed:
            self._heard += missed
            yield Missed(missed)
        self._drift = DriftCorrector()
        yield Notice("resumed", self._heard, f"after {missed:.1f} s")


def webcam(number: int, face_fps: float, *, sounds: Iterator[Item] | None = None,
           open_camera: Callable[[int], Any] | None = None,
           now: Callable[[], float] = time.monotonic) -> Iterator[Item]:
    """The pictures of a camera, `face_fps` a second, and what the microphone (or `sounds`) hears meanwhile,
    in the order in which they come.

    Iterating raises `InputError` when either cannot be opened; pictures may end without the sound.
    """
    return _Webcam(number, face_fps, sounds or microphone(), open_camera or _open_camera, now).items()


def _open_camera(number: int) -> Any:
    import cv2

    return cv2.VideoCapture(number)


class _Webcam:
    """Two threads, one for the pictures and one for the sound, and what both have brought."""

    def __init__(self, number: int, face_fps: float, sounds: Iterator[Item],
                 open_camera: Callable[[int], Any], now: Callable[[], float]) -> None:
        self._number, self._fps, self._sounds, self._now = number, face_fps, sounds, now
        self._open, self._stop = open_camera, threading.Event()
        self._came: SimpleQueue[Item | BaseException | None] = SimpleQueue()
        self._began: float | None = None

    def items(self) -> Iterator[Item]:
        capture = self._open(self._number) if self._fps else None
        if capture is not None and not capture.isOpened():
            raise InputError(f"webcam:{self._number}", "there is no such camera, or another program has it",
                             "plug it in, close the other program, or give mic for sound alone")
        threading.Thread(target=self._hear, name="emocli-microphone", daemon=True).start()
        try:
            while (item := self._came.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                if self._began is None and isinstance(item, Block):
                    self._began = self._now() - item.seconds
                    if capture is not None:
                        threading.Thread(target=self._look, args=(capture,), name="emocli-camera",
                                         daemon=True).start()
                yield item
        finally:
            self._stop.set()

    def _hear(self) -> None:
        try:
            for item in self._sounds:
                self._came.put(item)
                if self._stop.is_set():
                    return
            self._came.put(None)
        except BaseException as error:
            self._came.put(error)

    def _look(self, capture: Any) -> None:
        """Every picture is taken from the camera, which else shows what was long ago; few are looked at."""
        last, began = -1, self._began or 0.0
        try:
            while not self._stop.is_set() and capture.grab():
                at = self._now() - began
                if int(at * self._fps) > last:
                    last = int(at * self._fps)
                    read, picture = capture.retrieve()
                    if read:
                        self._came.put(_sample(picture, at))
            if not self._stop.is_set():
                self._came.put(Notice("lost", self._now() - began, "the camera gives no more pictures"))
        finally:
            capture.release()


def _sample(picture: np.ndarray, at: float) -> Sample:
    """Of a BGR picture (h, w, 3) at `at` s."""
    import cv2

    size = scaled(picture.shape[1], picture.shape[0], DETECTION_SIDE, SHORTEST_SIDE)
    return Sample(at, cv2.resize(picture, size, interpolation=cv2.INTER_AREA),
                  cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))
