"""Reads rows in a thread of its own, so that the voice of the next utterance does not wait for Whisper."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from emocli.live.busy import Busy
from emocli.live.events import Event, Partial, Quiet, Tagged
from emocli.live.rows import Said
from emocli.timeline.types import Utterance

#: Windows of speech that may wait for their words; more have rows without.
MOST_WAITING = 6
#: Seconds from one draft to the next at least; a slow one is followed by as long a pause.
EVERY = 1.0
#: What makes rows of what was said, with words or without, and what drafts the words so far.
Rows = Callable[[Said, bool], Iterator[Tagged | Quiet]]
Draft = Callable[[np.ndarray], tuple[str, str] | None]


class Captioner:
    """Hand it what was said; `emit` is called with its rows, in order.  With `waits`, handing over waits
    until there is room.  `prepare` is called first, in the thread; `error` is what went wrong there."""

    def __init__(self, rows: Rows, emit: Callable[[Event], None], *,
                 prepare: Callable[[], None] = lambda: None, draft: Draft = lambda samples: None,
                 words: Callable[[], bool] = lambda: True, waits: bool = False,
                 now: Callable[[], float] = time.monotonic) -> None:
        self._rows, self._emit, self._prepare, self._draft = rows, emit, prepare, draft
        self._words, self._waits, self._now = words, waits, now
        self._next_draft = 0.0
        self._changed = threading.Condition()
        self._waiting: deque[Said] = deque()
        self._partial: tuple[Utterance, np.ndarray] | None = None
        self._reading: Said | None = None
        self._ended = self._hurry = False
        self.busy, self.lost = Busy(), 0
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="emocli-captions", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Utterances whose words are not read yet."""
        with self._changed:
            return len(self._waiting) + (self._reading is not None)

    def behind(self, time: float) -> float:
        """Seconds, at `time`, since the end of the oldest utterance that has no row yet."""
        with self._changed:
            oldest = self._reading or (self._waiting[0] if self._waiting else None)
            return max(0.0, time - oldest.utterances[-1].end) if oldest else 0.0

    def put(self, said: Said) -> None:
        """Read this, after what was put before."""
        with self._changed:
            if self._waits:
                self._changed.wait_for(lambda: len(self._waiting) < MOST_WAITING or self._ended)
            self._partial = None
            self._waiting.append(said)
            self._changed.notify_all()

    def put_partial(self, utterance: Utterance, samples: np.ndarray) -> None:
        """Draft the words of an utterance that goes on, if nothing else is to do; a later one takes its
        place."""
        with self._changed:
            if not self._waiting and self._reading is None and self._now() >= self._next_draft:
                self._partial = utterance, samples
                self._changed.notify_all()

    def hurry(self) -> None:
        """From now on rows have no words."""
        self._hurry = True

    def end(self) -> None:
        """Nothing more will be put."""
        with self._changed:
            self._ended, self._partial = True, None
            self._changed.notify_all()

    def join(self) -> None:
        """Wait until all rows are told."""
        self._thread.join()

    def _run(self) -> None:
        try:
            self._prepare()
            while (work := self._next()) is not None:
                with self.busy.work():
                    if isinstance(work, Said):
                        self._read(work)
                    else:
                        self._tell_partial(*work)
        except BaseException as error:
            self.error = error
            self.end()

    def _next(self) -> Said | tuple[Utterance, np.ndarray] | None:
        with self._changed:
            self._reading = None
            self._changed.wait_for(lambda: self._waiting or self._partial or self._ended)
            self._changed.notify_all()
            if self._waiting:
                self._reading = self._waiting.popleft()
                return self._reading
            partial, self._partial = self._partial, None
            return partial

    def _read(self, said: Said) -> None:
        late = len(self._waiting) >= MOST_WAITING and not self._waits
        with_words = self._words() and not late and not self._hurry
        self.lost += 0 if with_words else len(said.utterances)
        for event in self._rows(said, with_words):
            self._emit(event)

    def _tell_partial(self, utterance: Utterance, samples: np.ndarray) -> None:
        began = self._now()
        drafted = self._draft(samples)
        self._next_draft = max(began + EVERY, 2 * self._now() - began)
        with self._changed:
            if not drafted or self._waiting or self._ended:
                return  # it has ended meanwhile
        text, language = drafted
        self._emit(Partial(replace(utterance, text=text, language=language, source="whisper")))
