"""What has come from a source and is not read yet: the capture thread never waits for the engine."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from emocli.live.events import Notice
from emocli.media.audio import SAMPLE_RATE
from emocli.media.frames import Sample

#: Seconds of sound, and pictures, that may wait.
MOST_SOUND, MOST_PICTURES = 30.0, 16


@dataclass(frozen=True)
class Block:
    """Sound that has come: `samples` (n,) int16, mono, 16 kHz."""

    samples: np.ndarray

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / SAMPLE_RATE


@dataclass(frozen=True)
class Missed:
    """Seconds of sound that were there and have not come, between the blocks before and after."""

    seconds: float


#: What comes from a source, in order of time.
Item = Block | Sample | Missed | Notice


class Intake:
    """A queue between two threads.  With `waits`, of a source that can be read at any time, putting waits
    until there is room; else sound that finds none is lost, as `Missed` tells who reads on, and of pictures
    the oldest."""

    def __init__(self, *, waits: bool = False, now: Callable[[], float] = time.monotonic) -> None:
        self._waits, self._now = waits, now
        self._items: deque[tuple[float, Item]] = deque()
        self._changed = threading.Condition()
        self._ended, self._missed = False, 0.0
        self._samples, self.pictures, self.lost_frames = 0, 0, 0
        self.error: BaseException | None = None

    def put(self, item: Item) -> None:
        """Add what has just come."""
        with self._changed:
            if self._waits:
                self._changed.wait_for(lambda: self._room(item) or self._ended)
            if self._ended:
                return
            if isinstance(item, Block):
                if not self._room(item):
                    self._missed += item.seconds
                    return
                if self._missed:
                    self._items.append((self._now(), Missed(self._missed)))
                    self._missed = 0.0
                self._samples += len(item.samples)
            elif isinstance(item, Sample):
                if not self._room(item):
                    self._drop_picture()
                self.pictures += 1
            self._items.append((self._now(), item))
            self._changed.notify_all()

    def get(self, timeout: float | None = None) -> tuple[float, Item] | None:
        """The next item and when it came; None where none comes in time, or any more (see `ended`)."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._ended, timeout)
            if not self._items:
                return None
            came, item = self._items.popleft()
            if isinstance(item, Block):
                self._samples -= len(item.samples)
            elif isinstance(item, Sample):
                self.pictures -= 1
            self._changed.notify_all()
            return came, item

    @property
    def sound(self) -> float:
        """Seconds of sound that wait."""
        return self._samples / SAMPLE_RATE

    @property
    def ended(self) -> bool:
        """Whether nothing is there and nothing will come."""
        with self._changed:
            return self._ended and not self._items

    @property
    def closed(self) -> bool:
        """Whether nothing more is wanted."""
        return self._ended

    def end(self, error: BaseException | None = None, *, forget: bool = False) -> None:
        """Nothing will come, because of an `error` or because the source has ended; with `forget`, what waits
        is not wanted, either."""
        with self._changed:
            if self._missed and not self._ended:
                self._items.append((self._now(), Missed(self._missed)))
            self._ended, self.error = True, self.error or error
            if forget:
                self._items.clear()
            self._changed.notify_all()

    def _room(self, item: Item) -> bool:
        if isinstance(item, Block):
            return self.sound + item.seconds <= MOST_SOUND
        return not isinstance(item, Sample) or self.pictures < MOST_PICTURES

    def _drop_picture(self) -> None:
        for number, (_, item) in enumerate(self._items):
            if isinstance(item, Sample):
                del self._items[number]
                self.pictures -= 1
                self.lost_frames += 1
                return
