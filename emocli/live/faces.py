"""The faces of a source while it goes on, read in a thread of their own."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from emocli.face.reader import read
from emocli.live.busy import Busy
from emocli.media.frames import Sample
from emocli.timeline.gaps import at_changes
from emocli.timeline.types import FaceObservations, Reading, Segment

#: Pictures that may wait to be searched, and observations that are kept (an hour of one face, some 20 MB).
MOST_WAITING, MOST_KEPT = 8, 12_000
#: Seconds that a row waits for its pictures at most.
PATIENCE = 2.0
#: What follows faces: pictures in, what is seen in each out.
Follow = Callable[[Iterable[Sample]], Iterator[FaceObservations]]


class LiveFaces:
    """Hand it pictures as they come, and ask for the reading of a stretch when they have.  `follow` does the
    work.  With `waits`, pictures wait until there is room; else the oldest are lost.  `usual` pictures a
    second come, and fewer are looked at while `slow_down` says so."""

    def __init__(self, follow: Follow, *, usual: float, waits: bool = False,
                 slow_down: Callable[[], float | None] = lambda: None,
                 note: Callable[[str], None] = lambda text: None) -> None:
        self._follow, self._waits, self._usual, self._slow_down = follow, waits, usual, slow_down
        self._note = note
        self._waiting: deque[Sample] = deque()
        self._seen: deque[FaceObservations] = deque()
        self._changed = threading.Condition()
        self.busy = Busy()
        self._offered = self._done = self.lost = 0
        self._kept, self._last, self._closed, self._failed = 0, -np.inf, False, ""
        self._thread = threading.Thread(target=self._run, name="emocli-faces", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Pictures that wait."""
        return len(self._waiting)

    @property
    def offered(self) -> int:
        """How many pictures have come so far, for `reading` to wait for."""
        return self._offered

    def offer(self, sample: Sample) -> None:
        """Look at a picture, soon."""
        with self._changed:
            slower = self._slow_down()
            if slower and sample.time - self._last < 1 / slower - 1e-6:
                return
            if self._waits:
                self._changed.wait_for(lambda: len(self._waiting) < MOST_WAITING or self._closed)
            elif len(self._waiting) >= MOST_WAITING:
                self._waiting.popleft()
                self._done += 1
                self.lost += 1
            self._last = sample.time
            self._waiting.append(sample)
            self._offered += 1
            self._changed.notify_all()

    def reading(self, segment: Segment, offered: int) -> Reading:
        """What the pictures of a stretch show, once the first `offered` have been looked at."""
        observations = self._within(segment.start, segment.end, offered)
        return read(observations, [segment], rate=self._slow_down() or self._usual,
                    reason=self._failed or "no face was found")[0]

    def cut(self, start: float, end: float, offered: int) -> list[float]:
        """Edges of the rows of a stretch without words, once the first `offered` have been looked at."""
        return at_changes(self._within(start, end, offered))(start, end)

    def _within(self, start: float, end: float, offered: int) -> FaceObservations:
        with self._changed:
            patience = None if self._waits else PATIENCE
            self._changed.wait_for(lambda: self._done >= offered or self._closed, patience)
            kept = list(self._seen)
        return _joined([part for part in kept if start <= float(part.geometry[0, 0]) < end])

    def forget(self, before: float) -> None:
        """What was seen earlier, s, is not asked for again."""
        with self._changed:
            while self._seen and float(self._seen[0].geometry[0, 0]) < before:
                self._kept -= len(self._seen.popleft())

    def close(self) -> None:
        """Look at no more pictures."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _samples(self) -> Iterator[Sample]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    return
                sample = self._waiting.popleft()
                self._changed.notify_all()
            self.busy.begin()
            yield sample

    def _run(self) -> None:
        try:
            for seen in self._follow(self._samples()):
                self.busy.end()
                with self._changed:
                    if len(seen):
                        self._seen.append(seen)
                        self._kept += len(seen)
                    while self._kept > MOST_KEPT:
                        self._kept -= len(self._seen.popleft())
                    self._done += 1
                    self._changed.notify_all()
        except Exception as error:  # the session goes on without faces, and rows say why
            self._failed = str(error)
            self._note(f"faces are not read any more: {error}")
        finally:
            self.close()


def _joined(parts: list[FaceObservations]) -> FaceObservations:
    """The observations of several pictures."""
    if not parts:
        return FaceObservations(*(np.zeros((0, columns)) for columns in (17, 0, 7, 7)))
    return FaceObservations(*(np.concatenate([getattr(part, name) for part in parts])
                              for name in ("geometry", "features", "logits", "scores")))
