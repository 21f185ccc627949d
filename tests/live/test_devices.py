"""A microphone that is unplugged and plugged in again, and a camera: made-up ones."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from threading import Event

import numpy as np
import pytest

from emocli.errors import InputError, UsageError
from emocli.live.devices import ATTEMPTS, microphone, webcam
from emocli.live.events import Notice
from emocli.live.intake import Block, Item, Missed
from emocli.media.frames import Sample


class PortAudioError(Exception):
    pass


class Clock:
    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


class Library:
    """Stands in for `sounddevice`: each stream that is opened hands over so many blocks, or fails."""

    PortAudioError = PortAudioError

    def __init__(self, clock: Clock, *blocks: int) -> None:
        self.clock, self.blocks, self.opened = clock, list(blocks), 0

    def RawInputStream(self, *, samplerate: int, channels: int, dtype: str, blocksize: int,  # noqa: N802
                       callback: Callable[..., None]) -> Stream:
        assert (samplerate, channels, dtype) == (16_000, 1, "int16")
        self.opened += 1
        count = self.blocks.pop(0) if self.blocks else -1
        if count < 0:
            raise PortAudioError("no such device")
        return Stream(self.clock, count, blocksize, callback)


class Stream:
    def __init__(self, clock: Clock, count: int, size: int, callback: Callable[..., None]) -> None:
        self.clock, self.count, self.size, self.callback = clock, count, size, callback

    def __enter__(self) -> Stream:
        for _ in range(self.count):
            self.clock.time += self.size / 16_000
            self.callback(memoryview(np.full(self.size, 5, np.int16).tobytes()), self.size, None, None)
        return self

    def __exit__(self, *error: object) -> None:
        pass


def test_unplugged_and_plugged_in_again() -> None:
    clock = Clock()
    library = Library(clock, 50, -1, -1, 30)
    items = list(microphone(library, stall=0.01, now=clock.now, sleep=clock.sleep))
    kinds = [item.kind if isinstance(item, Notice) else type(item) for item in items]
    assert [kind for i, kind in enumerate(kinds) if not i or kinds[i - 1] != kind] == [
        Block, "stalled", Missed, "resumed", Block, "stalled", "note"]
    (missed,) = [item.seconds for item in items if isinstance(item, Missed)]
    assert missed == pytest.approx(3.0, abs=0.01)
    assert sum(item.seconds for item in items if isinstance(item, Block)) == pytest.approx(80 * 0.064)
    assert library.opened == 4 + ATTEMPTS - 1


def test_no_microphone() -> None:
    clock = Clock()
    with pytest.raises(InputError, match="no such device"):
        list(microphone(Library(clock), now=clock.now, sleep=clock.sleep))


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(UsageError, match=r"emocli\[live\]"):
        microphone()


class Camera:
    """Stands in for `cv2.VideoCapture`: 25 pictures a second of its clock."""

    def __init__(self, clock: Clock, count: int, *, there: bool = True) -> None:
        self.clock, self.left, self.there, self.retrieved = clock, count, there, 0
        self.released = Event()

    def isOpened(self) -> bool:  # noqa: N802
        return self.there

    def grab(self) -> bool:
        self.clock.time += 0.04
        self.left -= 1
        return self.left >= 0

    def retrieve(self) -> tuple[bool, np.ndarray]:
        self.retrieved += 1
        return True, np.full((480, 1280, 3), 90, np.uint8)

    def release(self) -> None:
        self.released.set()


def test_a_camera_and_a_microphone_on_one_clock() -> None:
    """The sound ends when the camera has."""
    clock = Clock()
    camera = Camera(clock, 250)

    def sounds() -> Iterator[Item]:
        yield Block(np.zeros(1_600, np.int16))
        assert camera.released.wait(60)
        yield Block(np.zeros(1_600, np.int16))

    items = list(webcam(0, 3.0, sounds=sounds(), open_camera=lambda number: camera, now=clock.now))
    pictures = [item for item in items if isinstance(item, Sample)]
    assert len(pictures) == camera.retrieved == pytest.approx(30, abs=2)
    assert pictures[0].small.shape == (192, 512, 3)
    assert pictures[0].grey.shape == (480, 1280)
    times = [sample.time for sample in pictures]
    assert times == sorted(times)
    assert np.diff(times[1:]) == pytest.approx(1 / 3, abs=0.05)
    assert sum(isinstance(item, Block) for item in items) == 2
    assert [item.text for item in items if isinstance(item, Notice)] == ["the camera gives no more pictures"]


def test_no_such_camera() -> None:
    clock = Clock()
    with pytest.raises(InputError, match="webcam:7"):
        list(webcam(7, 3.0, sounds=iter(()), open_camera=lambda number: Camera(clock, 0, there=False)))
