"""Iterate in a thread of its own, so that work goes on while its last results are used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Generic, TypeVar

T = TypeVar("T")


class Prefetch(Generic[T]):
    """The same items, begun at once, at most `count` of them made before they are asked for.

    What `items` raises is raised here; `close`, or running to the end, stops the thread.
    """

    def __init__(self, items: Iterable[T], count: int) -> None:
        self._queue: Queue[tuple[T | None, BaseException | None]] = Queue(count)
        self._stop = Event()
        self._thread = Thread(target=self._run, args=(items,), name="emocli-prefetch", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[T]:
        try:
            while True:
                item, error = self._queue.get()
                if isinstance(error, StopIteration):
                    return
                if error:
                    raise error
                yield item  # type: ignore[misc]
        finally:
            self.close()

    @property
    def alive(self) -> bool:
        """Whether there is more to make."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Stop the thread and wait for it."""
        self._stop.set()
        try:
            while True:
                self._queue.get_nowait()
        except Empty:
            self._thread.join()

    def _put(self, item: T | None, error: BaseException | None = None) -> bool:
        while not self._stop.is_set():
            try:
                self._queue.put((item, error), timeout=0.1)
                return True
            except Full:
                continue
        return False

    def _run(self, items: Iterable[T]) -> None:
        try:
            for item in items:
                if not self._put(item):
                    return
            self._put(None, StopIteration())
        except BaseException as error:
            self._put(None, error)
