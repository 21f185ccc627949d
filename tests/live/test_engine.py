"""A session with made-up sources and readers: what is told, in which order, and that nothing waits for
anything slow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from threading import Event

import numpy as np
import pytest
from support.sessions import Voice, block, quiet, said_rows, speech

from emocli.live.captioner import Captioner
from emocli.live.engine import FOLLOWED, PAUSE, READ, Engine, Readers
from emocli.live.events import Load, Notice, Partial, Quiet, Tagged
from emocli.live.intake import Item, Missed
from emocli.live.shedding import PARTIALS, PICTURES, WORDS, LoadShedder
from emocli.live.sources import Source
from emocli.live.voice import LiveVoice
from emocli.transcript.activity import PAD

pytestmark = [pytest.mark.slow, pytest.mark.shared]


def engine_of(items: Iterator[Item], rows: Callable = said_rows, *, waits: bool = True,
              model: Voice | None = None, **how: object) -> Engine:
    readers = Readers(LiveVoice(None, model or Voice()), rows, **{  # type: ignore[arg-type]
        name: how.pop(name) for name in ("draft", "words", "quiet", "prepare") if name in how})
    return Engine(Source(items, waits=waits), readers, **how)  # type: ignore[arg-type]


def told(engine: Engine, kind: type) -> list:
    return [event for event in engine.events() if isinstance(event, kind)]


def test_each_utterance_is_told_twice_in_order() -> None:
    events = told(engine_of(block(speech(), quiet(1), speech())), Tagged)
    voices, rows = ([e for e in events if (e.row is not None) is wanted] for wanted in (False, True))
    assert len(voices) == len(rows) > 4
    assert [e.utterance.start for e in voices] == sorted(e.utterance.start for e in voices)
    assert [e.utterance for e in rows] == [e.utterance for e in voices]
    assert all(e.voice.present and set(e.latency) == {"activity", "voice"} for e in voices)
    assert all(e.latency["voice"] >= e.latency["activity"] >= 0 for e in voices)


def test_the_voice_of_the_next_utterance_does_not_wait_for_words() -> None:
    """The words are read when the last voice has been told, not before."""
    last, voices = Event(), 0

    def rows(said: object, with_words: bool) -> Iterator[Tagged]:
        assert last.wait(60)
        yield from said_rows(said, with_words)

    for event in engine_of(block(speech()), rows, waits=False).events():
        if isinstance(event, Tagged) and event.row is None:
            voices += 1
            if voices == 4:
                last.set()
    assert voices >= 4


class Listening(Voice):
    """Says when it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = Event()

    def describe(self, samples: np.ndarray) -> np.ndarray:
        self.asked.set()
        return super().describe(samples)


def test_the_voice_is_read_before_the_silence_has_lasted() -> None:
    """The source goes on, 0.2 s after the last sound of the first utterance, when its voice is being read."""
    model, stops = Listening(), round(2.44 * 16_000)

    def source() -> Iterator[Item]:
        yield from block(speech()[:stops])
        assert model.asked.wait(60)
        yield from block(speech()[stops:])

    first, *_ = [e for e in told(engine_of(source(), waits=False, model=model), Tagged) if e.row is None]
    same, *_ = [e for e in told(engine_of(block(speech())), Tagged) if e.row is None]
    assert (first.utterance, first.voice.emotion) == (same.utterance, same.voice.emotion)
    np.testing.assert_array_equal(first.voice.features, same.voice.features)


def test_sound_that_was_missed_is_counted_and_keeps_its_time() -> None:
    items = [*block(speech()), Missed(20.0), *block(speech())]
    events = list(engine_of(iter(items)).events())
    voices = [e.utterance for e in events if isinstance(e, Tagged) and e.row is None]
    half = len(voices) // 2
    assert [(u.start + 31, u.end + 31) for u in voices[:half]] == [
        pytest.approx((u.start, u.end), abs=0.1) for u in voices[half:]]
    assert [e.text for e in events if isinstance(e, Notice)] == ["20.0 s of sound were not heard"]
    assert [e for e in events if isinstance(e, Load)][-1].lost["sound"] == 20.0


def test_an_account_of_the_load() -> None:
    loads = told(engine_of(block(speech()), memory=lambda: 7), Load)
    assert (loads[-1].time, loads[-1].memory) == (pytest.approx(11.0), 7)
    assert loads[-1].queues == {"sound": 0.0, "pictures": 0, "utterances": 0}
    assert loads[-1].lost == {"sound": 0.0, "frames": 0, "words": 0}


def test_words_are_drafted_while_somebody_speaks() -> None:
    """The first utterance does not end before its words so far are told."""
    heard, shown = [], Event()

    def draft(samples: np.ndarray) -> tuple[str, str]:
        heard.append(len(samples))
        return "and so", "en"

    def source() -> Iterator[Item]:
        yield from block(speech()[:2 * 16_000])
        assert shown.wait(60)
        yield from block(speech()[2 * 16_000:])

    partials = []
    for event in engine_of(source(), draft=draft, waits=False, shedder=LoadShedder()).events():
        if isinstance(event, Partial):
            partials.append(event.utterance)
            if event.utterance.text:
                shown.set()
    assert partials[0].text == ""
    assert (partials[1].text, partials[1].language) == ("and so", "en")
    assert partials[0].start == pytest.approx(partials[1].start) == pytest.approx(0.29, abs=0.05)
    assert 1.0 <= partials[1].end - partials[1].start < 2.0
    assert heard[0] == pytest.approx(16_000 * (partials[1].end - partials[1].start), abs=2)


@pytest.mark.parametrize("steps", [(PARTIALS,), (PICTURES,)])
def test_words_are_not_drafted_without_headroom(steps: tuple[str, ...]) -> None:
    shedder = LoadShedder(steps)
    for _ in range(20):
        shedder.update(2.0, 9.0)
    heard = []
    list(engine_of(block(speech()), draft=lambda samples: heard.append(1), waits=False,
                   shedder=shedder).events())
    assert not heard


def test_no_draft_is_begun_in_a_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """The words of the whole utterance would have to wait for it."""
    drafted: list[float] = []
    monkeypatch.setattr(Captioner, "put_partial", lambda self, so_far, samples: drafted.append(so_far.end))
    said = [e.utterance for e in told(
        engine_of(block(speech()), shedder=LoadShedder(), now=lambda: 0.0), Tagged) if e.row]
    assert len(drafted) > 20
    closing = [(u.end - PAD + 1.5 * PAUSE, u.end - PAD + FOLLOWED.silence) for u in said]
    assert not [end for end in drafted for first, last in closing if first < end < last]


def test_load_is_shed_and_said() -> None:
    """A second passes with every look at the clock, so that all takes far too long."""
    clock = iter(range(10**9))
    events = list(engine_of(block(speech()), shedder=LoadShedder((PARTIALS, WORDS)), waits=False,
                            now=lambda: float(next(clock))).events())
    assert [e.text.split(" for now")[0] for e in events if isinstance(e, Notice) and e.kind == "mode"] == [
        "without partials", "without words"]
    assert [e for e in events if isinstance(e, Load)][-1].shed == (PARTIALS, WORDS)


def test_what_is_piped_in_faster_than_it_was_said_is_not_late() -> None:
    """Words wait, but nobody waits for them: a hundredth of a second passes with every look at the clock."""
    clock = count(0.0, 0.01)
    events = list(engine_of(block(speech()), shedder=LoadShedder(), now=lambda: next(clock)).events())
    loads = [e for e in events if isinstance(e, Load)]
    assert len(loads) > 2
    assert {load.shed for load in loads} == {()}


def test_what_was_being_said_is_told_when_the_source_stalls() -> None:
    """The source comes back once that is known."""
    known = Event()

    def source() -> Iterator[Item]:
        yield from block(speech()[:2 * 16_000])
        yield Notice("stalled", 2.0, "nothing comes")
        assert known.wait(60)
        yield from block(speech()[2 * 16_000:])

    for event in engine_of(source(), waits=False).events():
        if isinstance(event, Tagged) and event.row is None and not known.is_set():
            assert event.utterance.end == pytest.approx(2.0, abs=0.05)
            known.set()
    assert known.is_set()


def test_without_words_rows_are_read_all_the_same() -> None:
    asked = []

    def rows(said: object, with_words: bool) -> Iterator[Tagged]:
        asked.append(with_words)
        yield from said_rows(said, with_words)

    events = list(engine_of(block(speech()), rows, words=lambda: False).events())
    assert set(asked) == {False}
    assert [e for e in events if isinstance(e, Load)][-1].lost["words"] == len(asked)


def test_windows_of_an_analysis() -> None:
    """A file that is read as fast as can be has its utterances read together."""
    windows = []

    def rows(said: object, with_words: bool) -> Iterator[Tagged]:
        windows.append(len(said.utterances))
        assert len(said.voices) == len(said.utterances)
        assert said.sound.read(said.utterances[0].start, said.utterances[-1].end).any()
        yield from said_rows(said, with_words)

    voices = [e for e in told(engine_of(block(speech(), quiet(4), speech()), rows, pace=READ), Tagged)
              if e.row is None]
    assert len(windows) == 2
    assert sum(windows) == len(voices)


def test_the_silence_at_the_end() -> None:
    asked, silence = [], Quiet(())

    def last(until: float, pictures: int) -> Quiet:
        asked.append(until)
        return silence

    assert told(engine_of(block(speech()), quiet=last), Quiet) == [silence]
    assert asked == [pytest.approx(11.0)]


def broken(after: Iterator[Item]) -> Iterator[Item]:
    yield from after
    raise OSError("unplugged")


def test_what_was_heard_before_a_fault_is_told() -> None:
    events = []
    with pytest.raises(OSError, match="unplugged"):
        events.extend(engine_of(broken(block(speech()))).events())
    assert sum(isinstance(event, Tagged) and event.row is not None for event in events) >= 4


def test_a_reader_that_fails_ends_the_session() -> None:
    def rows(said: object, with_words: bool) -> Iterator[Tagged]:
        raise ZeroDivisionError
        yield

    with pytest.raises(ZeroDivisionError):
        list(engine_of(block(speech()), rows).events())


def test_a_session_that_is_stopped_tells_what_was_said_without_words() -> None:
    """The source would go on without end."""
    asked, heard = [], Event()

    def endless() -> Iterator[Item]:
        yield from block(speech()[:2 * 16_000])
        heard.set()
        while True:
            yield from block(speech()[16_000:2 * 16_000])

    def rows(said: object, with_words: bool) -> Iterator[Tagged]:
        asked.append(with_words)
        yield from said_rows(said, with_words)

    engine = engine_of(endless(), rows)
    events = engine.events()
    next(events)
    assert heard.wait(60)
    rest = list(engine.stop(60.0))
    assert not asked or asked[-1] is False
    assert isinstance(rest[-1], Load)
