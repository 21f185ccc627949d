"""From speech to utterances with words, whichever speech model reads it.

Only what speech activity found is read, in windows of at most half a minute: Whisper then has no silence to invent
words over, and memory does not grow with the video.  A window whose text repeats itself, or that the model is not
sure of, is read once more as two halves, so that no talk costs more than three times the usual; what is invented all
the same is dropped by Whisper's own scores and by speech activity at the words' times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from emocli.media.audio import Sound
from emocli.timeline.types import Utterance, Word
from emocli.transcript.activity import overlap
from emocli.transcript.recognizer import WINDOW, RecognizedSegment, Recognizer

#: Seconds of a silence that always divides windows, and of the silence that is kept around a window.
LONGEST_PAUSE, MARGIN = 3.0, 0.2
#: Whisper's no-speech probability from which, with a poor mean log probability, a segment is dropped; a poor one
#: alone makes a window be read again.
NO_SPEECH, POOR_LOG_PROBABILITY = 0.6, -1.0
#: Share of a segment that must be speech, and compression of text that repeats itself.
MIN_SPEECH, MAX_COMPRESSION = 0.2, 2.4
#: Seconds by which a word may begin before its speech does.
EARLY = 0.05


def recognize(model: Recognizer, sound: Sound, speech: Sequence[Utterance], *, language: str = "auto",
              check: Callable[[], None] = lambda: None,
              progress: Callable[[float], None] = lambda seconds: None) -> Iterator[Utterance]:
    """Utterances with word times, s on the video's clock, of everything that is speech.

    `check` is called before every batch of windows and may raise; `progress` is told the seconds that are done.
    """
    windows = _windows(speech)
    for first in range(0, len(windows), model.batch):
        check()
        batch = windows[first:first + model.batch]
        segments = _read(model, sound, batch, language)
        again = [i for i, window in enumerate(batch) if len(window) > 1 and any(map(_doubtful, segments[i]))]
        if again:
            check()
            halves = [half for i in again for half in _halves(batch[i])]
            second = _read(model, sound, halves, language)
            for number, i in enumerate(again):
                segments[i] = second[2 * number] + second[2 * number + 1]
        for window, result in zip(batch, segments, strict=True):
            yield from (_utterance(s, window) for s in result if _believable(s, window))
        progress(batch[-1][-1].end)


def _windows(speech: Sequence[Utterance]) -> list[list[Utterance]]:
    """Runs of speech of at most WINDOW s, that no long pause interrupts."""
    windows: list[list[Utterance]] = []
    for part in speech:
        if (windows and part.end - windows[-1][0].start <= WINDOW - 2 * MARGIN
                and part.start - windows[-1][-1].end <= LONGEST_PAUSE):
            windows[-1].append(part)
        else:
            windows.append([part])
    return windows


def _halves(window: list[Utterance]) -> tuple[list[Utterance], list[Utterance]]:
    """Divided at the pause that is nearest to its middle."""
    middle = (window[0].start + window[-1].end) / 2
    cut = min(range(1, len(window)), key=lambda i: abs(window[i].start - middle))
    return window[:cut], window[cut:]


def _read(model: Recognizer, sound: Sound, windows: Sequence[list[Utterance]],
          language: str) -> list[list[RecognizedSegment]]:
    """The segments of each window, on the video's clock."""
    edges = [(max(0.0, w[0].start - MARGIN), w[-1].end + MARGIN) for w in windows]
    results = model.recognize([sound.read(*edge) for edge in edges], language)
    return [[replace(s, start=s.start + start, end=min(end, s.end + start),
                     words=tuple(Word(w.start + start, min(end, w.end + start), w.text) for w in s.words))
             for s in segments] for segments, (start, end) in zip(results, edges, strict=True)]


def _doubtful(segment: RecognizedSegment) -> bool:
    return segment.compression > MAX_COMPRESSION or segment.log_probability < POOR_LOG_PROBABILITY


def _believable(segment: RecognizedSegment, window: Sequence[Utterance]) -> bool:
    """Whether Whisper's own scores and speech activity bear a segment out."""
    silent = segment.no_speech > NO_SPEECH and segment.log_probability < POOR_LOG_PROBABILITY
    return bool(segment.text and segment.end - segment.start >= 0.02 and not silent
                and segment.compression <= MAX_COMPRESSION
                and overlap(segment.start, segment.end, window) >= MIN_SPEECH)


def _utterance(segment: RecognizedSegment, window: Sequence[Utterance]) -> Utterance:
    """As an utterance whose words do not begin in the silence before them, as Whisper's often do."""
    starts = np.array([part.start for part in window])
    words: list[Word] = []
    for word in segment.words:
        heard = starts[(starts > word.start + EARLY) & (starts < word.end)]
        silent = overlap(word.start, heard[0], window) < 0.5 if len(heard) else False
        words.append(replace(word, start=float(heard[0]) - EARLY) if silent else word)
    start = words[0].start if words else segment.start
    end = words[-1].end if words else segment.end
    return Utterance(start, max(end, start + 0.02), segment.text, tuple(words), segment.language, "whisper")
