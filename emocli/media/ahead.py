"""Iterate in a thread of its own, so that decoding goes on while its last results are used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterable[T], count: int) -> Iterator[T]:
    """The same items, at most `count` of them made before they are asked for.

    What `items` raises is raised here; leaving early stops the thread.
    """
    queue: Queue[tuple[T | None, BaseException | None]] = Queue(count)
    stop = Event()

    def put(item: T | None, error: BaseException | None = None) -> bool:
        while not stop.is_set():
            try:
                queue.put((item, error), timeout=0.1)
                return True
            except Full:
                continue
        return False

    def run() -> None:
        try:
            for item in items:
                if not put(item):
                    return
            put(None, StopIteration())
        except BaseException as error:
            put(None, error)

    thread = Thread(target=run, name="emocli-ahead", daemon=True)
    thread.start()
    try:
        while True:
            item, error = queue.get()
            if isinstance(error, StopIteration):
                return
            if error:
                raise error
            yield item  # type: ignore[misc]
    finally:
        stop.set()
        try:
            while True:
                queue.get_nowait()
        except Empty:
            thread.join()
