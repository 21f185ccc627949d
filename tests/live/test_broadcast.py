"""Messages to several readers, none of whom is waited for."""

from __future__ import annotations

import json
import threading

from support.sessions import captioned, partial, tagged

from emocli.live.broadcast import CLASSES_MESSAGE, END, KEPT, READERS, WAITING, Broadcast, Reader
from emocli.live.events import Load, Notice, Tagged
from emocli.timeline.types import Reading, Utterance


def read(reader: Reader | None) -> list[bytes]:
    assert reader
    found = []
    while data := reader.next(0):
        found.append(data)
    return found


def texts(messages: list[bytes]) -> list[str]:
    data = (json.loads(one.decode().split("\ndata: ", 1)[1]) for one in messages)
    return [one["text"] for one in data if "text" in one]


def kinds(messages: list[bytes]) -> list[str]:
    return [one.decode().split("event: ")[1].split("\n")[0] for one in messages]


def test_each_event_reaches_each_reader() -> None:
    broadcast = Broadcast()
    first, second = broadcast.join(), broadcast.join()
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
    reader = broadcast.join()
    broadcast(captioned(text="one\n\nevent: end\rdata: {}\u2028\x1b[2J" + "x" * 5000, speaker="\nS1"))
    _, message = read(reader)
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
    assert texts(read(broadcast.join())) == [str(i) for i in range(5, KEPT + 5)]
    assert texts(read(broadcast.join(after=KEPT + 3))) == [str(KEPT + 3), str(KEPT + 4)]
    assert texts(read(broadcast.join(after=10**9))) == []


def test_a_slow_reader_misses_partials_first_and_is_then_dropped() -> None:
    broadcast = Broadcast()
    slow = broadcast.join()
    assert slow
    for i in range(WAITING + 10):
        broadcast(partial(str(i)))
    assert not slow.dropped
    quick = broadcast.join()
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
    readers = [broadcast.join() for _ in range(READERS)]
    assert all(readers)
    assert broadcast.join() is None
    assert readers[0]
    broadcast.leave(readers[0])
    assert broadcast.join()


def test_the_end_waits_for_readers_to_leave_and_no_longer() -> None:
    broadcast = Broadcast()
    reader = broadcast.join()
    assert reader

    def leave() -> None:
        while reader.next(60) != END:
            pass
        broadcast.leave(reader)

    thread = threading.Thread(target=leave)
    thread.start()
    broadcast.end(timeout=60)
    thread.join()
    assert read(broadcast.join()) == [CLASSES_MESSAGE, END]
    broadcast.end(timeout=0)
