"""From speech to utterances with words, whichever recognizer reads it.

Only what speech activity found is read, in windows of at most half a minute: Whisper then has no silence to
invent words over, and memory does not grow with the video.  A window whose text repeats itself, or that the
recognizer is not sure of, is read once more as two halves, and speech that got no words by itself, so that
no talk costs more than three times the usual; what is invented all the same is dropped by Whisper's own
scores, by speech activity at the words' times, and where words follow one another faster than anybody speaks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from emocli.media.audio import Readable
from emocli.timeline.types import Utterance, Word
from emocli.transcript.activity import overlap
from emocli.transcript.recognizer import WINDOW, Phrase, Recognizer, compression

#: Seconds of speech without words that are worth another reading, and the share of an utterance that words
#: cover when it has some.
MISSED, MISSED_SHARE = 0.6, 0.3
#: Seconds of a silence that always divides windows, and of the sound that is kept around a window.
LONGEST_PAUSE, MARGIN = 3.0, 0.2
#: Whisper's no-speech probability from which, with a poor mean log probability, a phrase is dropped (OpenAI's
#: 0.6 lets "I'm sorry" be heard in laughter); a poor one alone has a window read again.
NO_SPEECH, POOR_LOG_PROBABILITY = 0.4, -1.0
#: Share of a phrase that must be speech, and compression of text that repeats itself.
MIN_SPEECH, MAX_COMPRESSION = 0.2, 2.4
#: Seconds that a word takes at least, and words in a row that may be shorter; an invented repetition has no
#: sound to lie on, and its words collapse.
SHORTEST_WORD, MOST_SHORT = 0.04, 2
#: What sentences end with.
SENTENCE_ENDS = (".", "?", "!", "…", "。", "？", "！")
#: Seconds by which a word may begin before the speech that holds it.
EARLY = 0.05


def recognize(recognizer: Recognizer, sound: Readable, speech: Sequence[Utterance], *, language: str = "auto",
              check: Callable[[], None] = lambda: None,
              progress: Callable[[float], None] = lambda seconds: None) -> Iterator[Utterance]:
    """Utterances with word times, s on the video's clock, of everything that is speech.

    `check` is called now and then and may raise; `progress` is told the seconds that are done.
    """
    windows = windows_of(speech)
    for first in range(0, len(windows), recognizer.batch):
        batch = windows[first:first + recognizer.batch]
        phrases = _read(recognizer, sound, batch, language, check)
        _read_again(recognizer, sound, batch, phrases, language, check)
        for window, result in zip(batch, phrases, strict=True):
            yield from (_utterance(sentence, window) for phrase in map(without_loops, result)
                        if believable(phrase, window) for sentence in sentences(phrase))
        progress(batch[-1][-1].end)


def _read_again(recognizer: Recognizer, sound: Readable, batch: Sequence[list[Utterance]],
                phrases: list[list[Phrase]], language: str, check: Callable[[], None]) -> None:
    """Put better phrases where a window is doubtful, from its halves, or where Whisper, as it does with
    sentences that resemble each other, passed over speech, from that alone; at most two readings a window."""
    parts: list[tuple[int, list[Utterance]]] = []
    for i, window in enumerate(batch):
        if len(window) > 1 and any(map(_doubtful, phrases[i])):
            parts += [(i, half) for half in _halves(window)]
            phrases[i] = []
        elif len(window) > 1 and phrases[i]:
            parts += [(i, missed) for missed in passed_over(window, phrases[i])]
    if parts:
        for (i, _), found in zip(parts, _read(recognizer, sound, [part for _, part in parts], language,
                                              check), strict=True):
            phrases[i] = sorted(phrases[i] + found, key=lambda phrase: phrase.start)


def passed_over(window: Sequence[Utterance], phrases: Sequence[Phrase]) -> list[list[Utterance]]:
    """Runs of speech in a window that no phrase has words for, the two longest."""
    words = [Utterance(word.start, word.end) for phrase in phrases for word in phrase.words]
    missed = [overlap(part.start, part.end, words) < MISSED_SHARE for part in window]
    runs = [[part for part, _ in run] for wanted, run in groupby(zip(window, missed, strict=True),
                                                                 key=lambda pair: pair[1]) if wanted]

    def seconds(run: list[Utterance]) -> float:
        return sum(part.end - part.start for part in run)

    return sorted((run for run in runs if seconds(run) >= MISSED), key=seconds)[-2:]


def windows_of(speech: Sequence[Utterance]) -> list[list[Utterance]]:
    """Runs of speech that span at most WINDOW s and that no long pause interrupts."""
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


def _read(recognizer: Recognizer, sound: Readable, windows: Sequence[list[Utterance]], language: str,
          check: Callable[[], None]) -> list[list[Phrase]]:
    """The phrases of each window, on the video's clock."""
    check()
    edges = [(max(0.0, w[0].start - MARGIN), w[-1].end + MARGIN) for w in windows]
    results = recognizer.recognize([sound.read(*edge) for edge in edges], language, check)
    return [[replace(phrase, start=phrase.start + start, end=min(end, phrase.end + start),
                     words=tuple(Word(w.start + start, min(end, w.end + start), w.text)
                                 for w in phrase.words))
             for phrase in phrases] for phrases, (start, end) in zip(results, edges, strict=True)]


def _doubtful(phrase: Phrase) -> bool:
    return phrase.compression > MAX_COMPRESSION or phrase.log_probability < POOR_LOG_PROBABILITY


def without_loops(phrase: Phrase) -> Phrase:
    """The phrase up to where words collapse."""
    short = 0
    for number, word in enumerate(phrase.words):
        short = short + 1 if word.end - word.start < SHORTEST_WORD else 0
        if short > MOST_SHORT:
            kept = phrase.words[:number - short + 1]
            return replace(phrase, words=kept, text=" ".join(w.text for w in kept),
                           end=kept[-1].end if kept else phrase.start)
    return phrase


def believable(phrase: Phrase, window: Sequence[Utterance]) -> bool:
    """Whether Whisper's own scores and speech activity bear a phrase out."""
    endless = any(compression(word.text) > MAX_COMPRESSION for word in phrase.words)  # "Yoooo...", from a cry
    silent = phrase.no_speech > NO_SPEECH and phrase.log_probability < POOR_LOG_PROBABILITY
    return bool(phrase.text and phrase.end - phrase.start >= 0.02 and not silent
                and not endless and overlap(phrase.start, phrase.end, window) >= MIN_SPEECH)


def sentences(phrase: Phrase) -> Iterator[Phrase]:
    """A phrase divided where its words end sentences, so that each has a row of its own."""
    first = 0
    for number, word in enumerate(phrase.words, 1):
        if (word.text.endswith(SENTENCE_ENDS) or number == len(phrase.words)) and number > first:
            words, first = phrase.words[first:number], number
            whole = len(words) == len(phrase.words)
            yield phrase if whole else replace(phrase, start=words[0].start, end=words[-1].end, words=words,
                                               text=" ".join(w.text for w in words))
    if not phrase.words:
        yield phrase


def _utterance(phrase: Phrase, window: Sequence[Utterance]) -> Utterance:
    """As an utterance, whose words do not begin in the silence before their speech, as Whisper's often do."""
    words = []
    for word in phrase.words:
        begun = next((part.start for part in window if word.start + EARLY < part.start < word.end), None)
        silent = begun is not None and overlap(word.start, begun, window) < 0.5
        words.append(replace(word, start=begun - EARLY) if silent and begun is not None else word)
    start = words[0].start if words else phrase.start
    end = max(words[-1].end if words else phrase.end, start + 0.02)
    return Utterance(start, end, phrase.text, tuple(words), phrase.language, "whisper")
