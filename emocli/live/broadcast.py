"""Events as messages to several subscribers, who may be slow, late or gone, and are never waited for.

Messages are server-sent events as in the HTML standard: a kind, JSON without line breaks, and, for captions,
a number, by which a subscriber that was cut off gets what it missed.
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
from emocli.timeline.types import Row, Utterance

#: Captions that are kept for subscribers who come late, messages that may wait for one, subscribers at once.
KEPT, WAITING, SUBSCRIBERS = 20, 64, 8
#: Longest text of one message, characters.
LONGEST_TEXT = 2000
#: Notices that concern who reads captions; those about load do not.
SHOWN_NOTICES = ("lost", "stalled", "resumed")


def message(kind: str, data: dict[str, Any], number: int | None = None) -> bytes:
    """One server-sent event."""
    numbered = "" if number is None else f"id: {number}\n"
    return f"{numbered}event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


#: The first message to each subscriber: the classes, in the order of their numbers.
CLASSES_MESSAGE = message("classes", {"classes": [
    {"name": own.name, "emoji": own.emoji, "colour": own.colour,
     "label": {lang: own.label(lang) for lang in LANGUAGES}} for own in CLASSES]})
END = message("end", {})


class Subscriber:
    """Messages that wait for one subscriber; `dropped` once they were too many."""

    def __init__(self, missed: list[bytes]) -> None:
        self._queue: queue.Queue[bytes] = queue.Queue(WAITING)
        self.dropped = False
        for one in missed:
            self._queue.put_nowait(one)

    def put(self, data: bytes, *, skippable: bool) -> None:
        """Add a message.  One that does not fit is left out if `skippable`, else the subscriber is
        dropped."""
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
        self._subscribers: list[Subscriber] = []
        self._kept: deque[tuple[int, bytes]] = deque(maxlen=KEPT)
        self._status: list[bytes] = []
        self._number = 0
        self._ended = False

    def __call__(self, event: Event) -> None:
        """Send an event to all subscribers."""
        with self._change:
            match event:
                case Partial(utterance=utterance):
                    self._send(message("partial", _said(utterance)), skippable=True)
                case Tagged(row=None, utterance=utterance, voice=voice):
                    index = INDEX[voice.emotion] if voice.present else None
                    self._send(message("voice", _said(utterance) | {"emotion": index}), skippable=True)
                case Tagged(row=Row() as row, utterance=utterance):
                    self._caption(row.utterance or utterance, INDEX[row.emotion])
                case Notice(kind=kind) if kind in SHOWN_NOTICES:
                    self._status = [message("status", {"kind": kind})]
                    self._send(self._status[0])

    def _caption(self, utterance: Utterance, emotion: int) -> None:
        self._number += 1
        said = _said(utterance) | {"emotion": emotion, "at": time.time()}
        data = message("caption", said, self._number)
        self._kept.append((self._number, data))
        self._send(data)

    def _send(self, data: bytes, *, skippable: bool = False) -> None:
        for one in self._subscribers:
            one.put(data, skippable=skippable)
        self._subscribers = [one for one in self._subscribers if not one.dropped]

    def subscribe(self, after: int = 0) -> Subscriber | None:
        """A new subscriber, who gets the kept captions numbered above `after` first; None if there are too
        many."""
        with self._change:
            if len(self._subscribers) >= SUBSCRIBERS:
                return None
            missed = [data for number, data in self._kept if number > after]
            last = [END] if self._ended else []
            self._subscribers.append(Subscriber([CLASSES_MESSAGE, *missed, *self._status, *last]))
            return self._subscribers[-1]

    def unsubscribe(self, subscriber: Subscriber) -> None:
        """Forget a subscriber."""
        with self._change:
            self._subscribers = [other for other in self._subscribers if other is not subscriber]
            self._change.notify_all()

    def end(self, timeout: float) -> None:
        """Tell all subscribers that nothing more comes, and give them `timeout` s to leave."""
        with self._change:
            self._ended = True
            self._send(END)
            self._change.wait_for(lambda: not self._subscribers, timeout)


def _said(utterance: Utterance) -> dict[str, Any]:
    return {"start": round(utterance.start, 3), "end": round(utterance.end, 3),
            "speaker": printable(utterance.speaker)[:LONGEST_TEXT], "language": printable(utterance.language),
            "text": printable(utterance.text)[:LONGEST_TEXT]}
