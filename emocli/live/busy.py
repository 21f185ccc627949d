"""How busy a thread is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock


class Busy:
    """Seconds that were spent in work, the piece that is going on included."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now, self._lock = now, Lock()
        self._done, self._told = 0.0, 0.0
        self._since: float | None = None

    def begin(self) -> None:
        """Work begins."""
        with self._lock:
            self._since = self._now()

    def end(self) -> None:
        """Work ends."""
        with self._lock:
            if self._since is not None:
                self._done += self._now() - self._since
            self._since = None

    @contextmanager
    def work(self) -> Iterator[None]:
        """The same around a block."""
        self.begin()
        try:
            yield
        finally:
            self.end()

    def since_last(self) -> float:
        """Seconds of work since the last call."""
        with self._lock:
            total = self._done + (self._now() - self._since if self._since is not None else 0.0)
            told, self._told = total - self._told, total
            return told
