"""Events as messages to several readers, who may be slow, late or gone: whoever sends never waits for them.

Messages are server-sent events as in the HTML standard: a kind, JSON without line breaks, and, for captions,
a number, by which a reader that was cut off gets what it missed.
"""

from __future__ import annotations

import json
import queue
import threading
import time
from collections import deque
from typing import Any

from emocli.emotions import CLASSES, INDEX, LANGUAGES
from emocli.live.events import Event, Notice, Partial, Tagged
from emocli.plaintext import printable
from emocli.timeline.types import Utterance

#: Captions that are kept for readers who come late, messages that may wait for one reader, readers at once.
KEPT, WAITING, READERS = 20, 64, 8
#: Longest text of one message, characters.
LONGEST_TEXT = 2000
#: Notices that concern who reads captions; those about load do not.
SHOWN_NOTICES = ("lost", "stalled", "resumed")


def message(kind: str, data: dict[str, Any], number: int | None = None) -> bytes:
    """One server-sent event."""
    numbered = "" if number is None else f"id: {number}\n"
    return f"{numbered}event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


#: The first message to each reader: the classes, in the order of their numbers.
CLASSES_MESSAGE = message("classes", {"classes": [
    {"name": own.name, "emoji": own.emoji, "colour": own.colour,
     "label": {lang: own.label(lang) for lang in LANGUAGES}} for own in CLASSES]})
END = message("end", {})


class Reader:
    """Messages that wait for one reader; `dropped` once they were too many."""

    def __init__(self, missed: list[bytes]) -> None:
        self._queue: queue.Queue[bytes] = queue.Queue(WAITING)
        self.dropped = False
        for one in missed:
            self._queue.put_nowait(one)

    def put(self, data: bytes, *, skippable: bool) -> None:
        """Add a message.  One that does not fit is left out if `skippable`, else the reader is dropped."""
        try:
            self._queue.put_nowait(data)
        except queue.Full:
            self.dropped = self.dropped or not skippable

    def next(self, timeout: float) -> bytes | None:
        """The next message, or None if there is none within `timeout` s."""
        try:
            return self._queue.get(timeout=timeout)
        except queue.Empty:
            return None


class Broadcast:
    """A sink that sends each event to all who read."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._readers: list[Reader] = []
        self._kept: deque[tuple[int, bytes]] = deque(maxlen=KEPT)
        self._status: list[bytes] = []
        self._number = 0
        self._ended = False

    def __call__(self, event: Event) -> None:
        """Send an event to all readers."""
        with self._change:
            match event:
                case Partial(utterance=utterance):
                    self._send(message("partial", _said(utterance)), skippable=True)
                case Tagged(row=None):
                    index = INDEX[event.voice.emotion] if event.voice.present else None
                    self._send(message("voice", _said(event.utterance) | {"emotion": index}), skippable=True)
                case Tagged():
                    self._caption(event)
                case Notice(kind=kind) if kind in SHOWN_NOTICES:
                    self._status = [message("status", {"kind": kind})]
                    self._send(self._status[0])

    def _caption(self, event: Tagged) -> None:
        row = event.row
        assert row is not None
        self._number += 1
        said = _said(row.utterance or event.utterance)
        data = message("caption", said | {"emotion": INDEX[row.emotion], "at": time.time()},
                       self._number)
        self._kept.append((self._number, data))
        self._send(data)

    def _send(self, data: bytes, *, skippable: bool = False) -> None:
        for reader in self._readers:
            reader.put(data, skippable=skippable)
        self._readers = [reader for reader in self._readers if not reader.dropped]

    def join(self, after: int = 0) -> Reader | None:
        """A new reader, who gets the kept captions numbered above `after` first; None if there are too many
        readers."""
        with self._change:
            if len(self._readers) >= READERS:
                return None
            missed = [data for number, data in self._kept if number > after]
            reader = Reader([CLASSES_MESSAGE, *missed, *self._status, *([END] if self._ended else [])])
            self._readers.append(reader)
            return reader

    def leave(self, reader: Reader) -> None:
        """Forget a reader."""
        with self._change:
            self._readers = [other for other in self._readers if other is not reader]
            self._change.notify_all()

    def end(self, timeout: float) -> None:
        """Tell all readers that nothing more comes, and give them `timeout` s to leave."""
        with self._change:
            self._ended = True
            self._send(END)
            self._change.wait_for(lambda: not self._readers, timeout)


def _said(utterance: Utterance) -> dict[str, Any]:
    return {"start": round(utterance.start, 3), "end": round(utterance.end, 3),
            "speaker": printable(utterance.speaker)[:LONGEST_TEXT], "language": printable(utterance.language),
            "text": printable(utterance.text)[:LONGEST_TEXT]}
