"""A live session: a source is taken in by one thread and heard by another, words and faces are read by two
more, and whoever asks gets the events in their order.

The engine's own thread does only what must be quick: speech activity, and the voice of what has just been
said.  Nothing that waits (Whisper, a face process, a full disk, a slow terminal) is waited for here, so that
sound is taken out of the intake as it comes; what the intake loses all the same is counted and told.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue

from emocli.live.busy import Busy
from emocli.live.captioner import Captioner, Draft, Rows
from emocli.live.ear import Ear
from emocli.live.events import Event, Load, Notice, Partial, Quiet, Tagged
from emocli.live.faces import LiveFaces
from emocli.live.intake import Block, Intake, Item, Missed
from emocli.live.rows import Clip, Said
from emocli.live.shedding import PARTIALS, LoadShedder
from emocli.live.sources import Source
from emocli.live.voice import Heard, LiveVoice
from emocli.media.audio import SAMPLE_RATE, Sound
from emocli.media.frames import Sample
from emocli.timeline.types import Utterance
from emocli.transcript import activity
from emocli.transcript.recognition import MARGIN, windows_of
from emocli.voice.model import audible

#: Seconds of sound that are kept: an utterance, a window of Whisper's, and what may come meanwhile.
KEPT = 90.0
#: Seconds between two accounts of the load, and of an utterance from which its words are drafted.
ACCOUNT, DRAFTED = 1.0, 1.0
#: Seconds of silence after which the voice is read already, so that it is known once the utterance has ended;
#: in vain if somebody speaks on, and left undone where so much sound waits.  Nor is a draft begun then: the
#: words would have to wait for it.
PAUSE = 0.1


@dataclass(frozen=True)
class Pace:
    """How utterances are closed: after `silence` s, or `longest` s; `alone` says that each is read by itself
    at once, and not in Whisper's windows of half a minute, as an analysis does."""

    silence: float = 0.3
    longest: float = 12.0
    alone: bool = True


#: Of a session that is followed, and of a file that is read as fast as can be, which is divided as an
#: analysis divides it.
FOLLOWED, READ = Pace(), Pace(activity.SILENCE, activity.LONGEST, alone=False)


@dataclass
class Readers:
    """What a session reads with.  `rows` makes the rows of what was said, `quiet` those of the silence up to
    the end; `prepare` loads, in the thread of the words, what these need."""

    voice: LiveVoice
    rows: Rows
    quiet: Callable[[float, int], Quiet | None] = lambda end, pictures: None
    draft: Draft = lambda samples: None
    prepare: Callable[[], None] = lambda: None
    words: Callable[[], bool] = lambda: True
    faces: LiveFaces | None = None


class Engine:
    """One session.  `shedder` decides what is given up under load (None: nothing, where nobody follows);
    `memory` measures resident bytes."""

    def __init__(self, source: Source, readers: Readers, *, pace: Pace = FOLLOWED,
                 shedder: LoadShedder | None = None, memory: Callable[[], int] = lambda: 0,
                 now: Callable[[], float] = time.monotonic) -> None:
        self._source, self._readers, self._pace = source, readers, pace
        self._shedder, self._memory, self._now = shedder, memory, now
        self._intake = Intake(waits=source.waits, now=now)
        self._events: SimpleQueue[Event | None] = SimpleQueue()
        self._sound, self._ear = Sound.recent(KEPT), Ear(pace.silence, pace.longest)
        self._pending: list[Said] = []
        self._busy, self._accounted, self._account_time = Busy(now), now(), 0.0
        self._began = now()
        self._lost, self._lost_frames, self._factor = 0.0, 0, 0.0
        self._speaking, self._foretold = False, dict[tuple[float, float], Heard]()
        self._error: BaseException | None = None
        self._captioner = Captioner(
            readers.rows, self._events.put, prepare=readers.prepare, draft=readers.draft,
            words=readers.words, waits=source.waits, now=now)

    @property
    def heard(self) -> float:
        """Seconds of the source so far."""
        return self._ear.heard

    def note(self, text: str) -> None:
        """Tell the reader something, from any thread."""
        self._events.put(Notice("note", self.heard, text))

    def events(self) -> Iterator[Event]:
        """All that happens, until the source has ended or the session was stopped.  Raises what the source
        or a reader raised, after all that was told before."""
        for work in (self._capture, self._run):
            threading.Thread(target=work, name=f"emocli-{work.__name__.strip('_')}", daemon=True).start()
        while (event := self._events.get()) is not None:
            yield event
        if self._error:
            raise self._error

    def stop(self, patience: float) -> Iterator[Event]:
        """End the session now: what else happens within `patience` s, in which what was said last has rows
        without words."""
        self._captioner.hurry()
        self._intake.end(forget=True)
        until = self._now() + patience
        with suppress(Empty):
            while (event := self._events.get(timeout=max(0.0, until - self._now()))) is not None:
                yield event

    def _capture(self) -> None:
        try:
            for item in self._source.items:
                self._intake.put(item)
                if self._intake.closed:
                    return
            self._intake.end()
        except BaseException as error:
            self._intake.end(error)

    def _run(self) -> None:
        try:
            while not self._intake.ended:
                came = self._intake.get(ACCOUNT)
                if came:
                    with self._busy.work():
                        self._take(*came)
                if self._captioner.error:
                    raise self._captioner.error
                if self._now() - self._accounted >= ACCOUNT:
                    self._account()
            self._finish()
            self._error = self._intake.error or self._captioner.error
        except BaseException as error:
            self._error = error
        finally:
            self._intake.end(forget=True)
            if self._readers.faces:
                self._readers.faces.close()
            self._events.put(None)

    def _take(self, came: float, item: Item) -> None:
        match item:
            case Block():
                self._sound.append(item.samples)
                block = self._sound.read(self._ear.heard, self._sound.duration)
                for utterance in self._ear.feed(block):
                    self._ended(utterance, came)
                self._going_on()
            case Missed():
                self._missed(item.seconds, came)
            case Sample():
                if self._readers.faces:
                    self._readers.faces.offer(item)
            case Notice():
                if item.kind == "stalled":
                    for utterance in self._ear.skip(0):
                        self._ended(utterance, came)
                self._events.put(item)

    def _missed(self, seconds: float, came: float) -> None:
        self._lost += seconds
        self._events.put(Notice("lost", self.heard, f"{seconds:.1f} s of sound were not heard"))
        samples = max(1, round(seconds * SAMPLE_RATE))
        for utterance in self._ear.skip(samples):
            self._ended(utterance, came)
        self._sound.append_silence(samples)

    def _ended(self, utterance: Utterance, came: float) -> None:
        """Read the voice of an utterance at once, and have its rows read."""
        spoken = came - max(0.0, self.heard - (utterance.end - activity.PAD))
        latency = {"activity": self._now() - spoken}
        heard = self._foretold.pop((utterance.start, utterance.end), None) or self._hear(utterance)
        voice = heard.reading
        latency["voice"] = self._now() - spoken
        self._events.put(Tagged(utterance, voice, None, spoken, latency))
        said = Said((utterance,), (voice,), Clip(0.0, heard.samples[:0]), spoken, self._pictures(), latency)
        if self._pace.alone:
            self._read([said])
        elif self._pending and len(windows_of([*_utterances(self._pending), utterance])) > 1:
            self._read(self._pending)
            self._pending = [said]
        else:
            self._pending.append(said)
        self._readers.voice.remember(heard)

    def _hear(self, utterance: Utterance) -> Heard:
        return self._readers.voice.read(audible(utterance, self._sound))

    def _pictures(self) -> int:
        return self._readers.faces.offered if self._readers.faces else 0

    def _read(self, window: list[Said]) -> None:
        """Have the rows of a window read, together."""
        utterances = _utterances(window)
        start = max(0.0, utterances[0].start - MARGIN)
        clip = Clip(start, self._sound.read(start, utterances[-1].end + MARGIN))
        self._captioner.put(Said(tuple(utterances), tuple(said.voices[0] for said in window), clip,
                                 window[-1].spoken, window[-1].pictures, window[-1].latency))

    def _going_on(self) -> None:
        """Say that somebody speaks, have the words so far drafted, and read the voice ahead of the end."""
        going_on = self._ear.going_on if self._pace.alone else None
        begins, self._speaking = going_on is not None and not self._speaking, going_on is not None
        if going_on is None:
            return
        utterance, silence = going_on
        so_far = replace(utterance, end=self.heard)
        if begins:
            self._events.put(Partial(so_far))
        drafts = self._shedder and self._shedder.allows(PARTIALS) and silence < PAUSE
        if drafts and so_far.end - so_far.start >= DRAFTED:
            self._captioner.put_partial(so_far, self._sound.read(so_far.start, so_far.end))
        edges = utterance.start, utterance.end
        if silence >= PAUSE and edges not in self._foretold and self._intake.sound < PAUSE:
            self._foretold = {edges: self._hear(utterance)}

    def _account(self) -> None:
        """Tell how the session keeps up, and shed load or take it on again."""
        faces, intake = self._readers.faces, self._intake
        passed, self._account_time = self.heard - self._account_time, self.heard
        self._accounted = self._now()
        busy = [stage.since_last() for stage in
                (self._busy, self._captioner.busy, *([faces.busy] if faces else []))]
        goes_on = not intake.ended  # the little that comes at the end tells nothing new of the load
        if passed > 0 and (goes_on or not self._factor):
            self._factor = max(busy) / passed
        frames = intake.lost_frames + (faces.lost if faces else 0)
        if frames > self._lost_frames:
            if not self._lost_frames:
                self._events.put(Notice("lost", self.heard, "more pictures come than can be looked at"))
            self._lost_frames = frames
        if self._shedder and goes_on and (changed := self._shedder.update(self._factor, self._late())):
            self._events.put(Notice("mode", self.heard, changed))
        self._events.put(Load(
            self.heard, self._factor,
            {"sound": intake.sound, "pictures": intake.pictures + (faces.waiting if faces else 0),
             "utterances": self._captioner.waiting},
            {"sound": self._lost, "frames": frames, "words": self._captioner.lost},
            self._memory(), self._shedder.shed if self._shedder else ()))

    def _late(self) -> float:
        """Seconds by which rows come late: what waits, unless it has come before its time, as a file that is
        piped into standard input does."""
        waits = max(self._intake.sound, self._captioner.behind(self.heard))
        return max(0.0, min(waits, self._now() - self._began - self.heard + waits))

    def _finish(self) -> None:
        """The last utterance, all rows that are still to come, and the last account."""
        for utterance in self._ear.finish():
            self._ended(utterance, self._now())
        if self._pending:
            self._read(self._pending)
        self._captioner.end()
        self._captioner.join()
        if quiet := self._readers.quiet(self.heard, self._pictures()):
            self._events.put(quiet)
        self._account()


def _utterances(window: list[Said]) -> list[Utterance]:
    return [said.utterances[0] for said in window]
