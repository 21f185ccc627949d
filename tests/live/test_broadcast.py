"""Messages to several subscribers, none of whom is waited for."""

from __future__ import annotations

import json
import threading

from support.sessions import captioned, partial, tagged

from emocli.live.broadcast import CLASSES_MESSAGE, END, KEPT, SUBSCRIBERS, WAITING, Broadcast, Subscriber
from emocli.live.events import Load, Notice, Tagged
from emocli.timeline.types import Reading, Utterance


def read(subscriber: Subscriber | None) -> list[bytes]:
    assert subscriber
    found = []
    while data := subscriber.next(0):
        found.append(data)
    return found


def texts(messages: list[bytes]) -> list[str]:
    data = (json.loads(one.decode().split("\ndata: ", 1)[1]) for one in messages)
    return [one["text"] for one in data if "text" in one]


def kinds(messages: list[bytes]) -> list[str]:
    return [one.decode().split("event: ")[1].split("\n")[0] for one in messages]


def test_each_event_reaches_each_reader() -> None:
    broadcast = Broadcast()
    first, second = broadcast.subscribe(), broadcast.subscribe()
    nobody = Tagged(Utterance(9, 10), Reading("voice", reason="silent"))
    for event in (partial("so"), tagged(), captioned(text="so it is"), Load(1, 0.5),
                  Notice("stalled", 1, "a"), Notice("mode", 1, "b"), nobody):
        broadcast(event)
    messages = read(first)
    assert kinds(messages) == ["classes", "partial", "voice", "caption", "status", "voice"]
    assert messages[3].startswith(b"id: 1\n")
    assert json.loads(messages[-1].decode().split("\ndata: ", 1)[1])["emotion"] is None
    assert read(second) == messages


def test_messages_stay_one_whatever_was_said() -> None:
    broadcast = Broadcast()
    subscriber = broadcast.subscribe()
    broadcast(captioned(text="one\n\nevent: end\rdata: {}\u2028\x1b[2J" + "x" * 5000, speaker="\nS1"))
    _, message = read(subscriber)
    assert message.count(b"\n\n") == 1
    assert message.count(b"\n") == 4
    assert message.count(b"\r") == 0
    (text,) = texts([message])
    assert text.startswith("one event: end data: {} �[2J")
    assert len(text) == 2000


def test_who_comes_late_gets_the_last_captions() -> None:
    broadcast = Broadcast()
    for i in range(KEPT + 5):
        broadcast(captioned(text=str(i)))
        broadcast(partial("gone"))
    assert texts(read(broadcast.subscribe())) == [str(i) for i in range(5, KEPT + 5)]
    assert texts(read(broadcast.subscribe(after=KEPT + 3))) == [str(KEPT + 3), str(KEPT + 4)]
    assert texts(read(broadcast.subscribe(after=10**9))) == []


def test_a_slow_reader_misses_partials_first_and_is_then_dropped() -> None:
    broadcast = Broadcast()
    slow = broadcast.subscribe()
    assert slow
    for i in range(WAITING + 10):
        broadcast(partial(str(i)))
    assert not slow.dropped
    quick = broadcast.subscribe()
    assert quick
    broadcast(captioned(text="final"))
    assert slow.dropped
    assert not quick.dropped
    assert len(read(slow)) == WAITING
    broadcast(captioned(text="more"))
    assert read(slow) == []
    assert texts(read(quick)) == ["final", "more"]


def test_readers_are_few_and_may_leave() -> None:
    broadcast = Broadcast()
    subscribers = [broadcast.subscribe() for _ in range(SUBSCRIBERS)]
    assert all(subscribers)
    assert broadcast.subscribe() is None
    assert subscribers[0]
    broadcast.unsubscribe(subscribers[0])
    assert broadcast.subscribe()


def test_the_end_waits_for_readers_to_leave_and_no_longer() -> None:
    broadcast = Broadcast()
    subscriber = broadcast.subscribe()
    assert subscriber

    def leave() -> None:
        while subscriber.next(60) != END:
            pass
        broadcast.unsubscribe(subscriber)

    thread = threading.Thread(target=leave)
    thread.start()
    broadcast.end(timeout=60)
    thread.join()
    assert read(broadcast.subscribe()) == [CLASSES_MESSAGE, END]
    broadcast.end(timeout=0)
