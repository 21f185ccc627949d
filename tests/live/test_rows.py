"""From what was said to rows, with made-up readers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from support.sessions import Voice
from support.timelines import scores

from emocli.live.events import Quiet, Tagged
from emocli.live.rows import Clip, RowReader, Said
from emocli.live.voice import LiveVoice
from emocli.timeline.run import Run
from emocli.timeline.types import MediaInfo, Reading, Segment, Utterance, Word

SOUND = Clip(0.0, np.random.default_rng(0).normal(0, 0.2, 30 * 16_000).astype(np.float32))


class Text:
    def read(self, utterances: Sequence[Utterance], language: str = "en") -> list[Reading]:
        return [Reading("text", scores=scores(2)) if u.text else Reading("text", reason="no words")
                for u in utterances]


class Fusion:
    """The mean of what is there."""

    def scores(self, readings: Sequence[dict[str, Reading]]) -> np.ndarray:
        return np.stack([np.mean([r.scores for r in one.values() if r.present] or [np.full(7, 1 / 7)], 0)
                         for one in readings])


class Words:
    """What is heard, whatever is said."""

    def __init__(self, *heard: Utterance) -> None:
        self.heard, self.asked = list(heard), 0

    def load(self) -> None:
        self.asked = -1

    def read(self, sound: Clip, speech: Sequence[Utterance]) -> list[Utterance]:
        self.asked += 1
        return self.heard


def reader(*heard: Utterance, **how: object) -> RowReader:
    run = Run(MediaInfo(Path("live"), 0.0, has_video=False, has_audio=True))
    return RowReader(run, Text(), Fusion(), LiveVoice(None, Voice()), Words(*heard), **how)  # type: ignore[arg-type]


def said(*edges: tuple[float, float]) -> Said:
    voices = tuple(Reading("voice", scores=scores(number), quality=1.0) for number in range(len(edges)))
    return Said(tuple(Utterance(*edge) for edge in edges), voices, SOUND, 0.0, 0, {"voice": 0.1})


def words(start: float, end: float, text: str) -> Utterance:
    return Utterance(start, end, text, (Word(start, end, text),), "en", "whisper")


def rows(events: object) -> list[Tagged]:
    return [event for event in events if isinstance(event, Tagged)]


def test_one_sentence_keeps_the_voice_that_was_shown() -> None:
    (event,) = rows(reader(words(1.1, 2.9, "Hello.")).rows(said((1.0, 3.0))))
    assert event.row
    assert (event.row.utterance.text, event.row.start, event.row.end) == ("Hello.", 1.1, 2.9)
    assert event.row.readings["voice"].emotion == "happiness"
    assert set(event.latency) == {"voice", "words", "fused"}


def test_each_sentence_has_a_row_and_a_voice() -> None:
    events = rows(reader(words(1.0, 2.0, "One."), words(2.2, 3.0, "Two.")).rows(said((1.0, 3.0))))
    assert [event.utterance.text for event in events] == ["One.", "Two."]
    assert {event.voice.emotion for event in events} == {"disgust"}  # read anew


def test_exactly_each_sentence_is_read_anew() -> None:
    (event,) = rows(reader(words(1.1, 2.9, "Hello."), exactly=True).rows(said((1.0, 3.0))))
    assert event.voice.emotion == "disgust"


def test_speech_without_words_has_a_row() -> None:
    events = rows(reader(words(1.0, 2.0, "One.")).rows(said((1.0, 2.0), (5.0, 7.0))))
    assert [(e.utterance.text, e.utterance.start) for e in events] == [("One.", 1.0), ("", 5.0)]
    assert events[1].voice.emotion == "surprise"
    assert not events[1].row.readings["text"].present


def test_without_words_whisper_is_not_asked() -> None:
    maker = reader(words(1.0, 2.0, "One."))
    (event,) = rows(maker.rows(said((1.0, 2.0)), with_words=False))
    assert maker.words.asked == 0
    assert (event.utterance.text, set(event.latency)) == ("", {"voice", "fused"})


def test_rows_do_not_overlap() -> None:
    """Whisper hears the end of one utterance again at the beginning of the next."""
    maker = reader(words(1.0, 2.3, "One."))
    list(maker.rows(said((1.0, 2.0))))
    maker.words.heard = [words(2.1, 3.0, "Two.")]
    (event,) = rows(maker.rows(said((2.2, 3.0))))
    assert (event.utterance.start, event.utterance.words[0].start) == (2.3, 2.3)


def test_silence_has_rows() -> None:
    maker = reader(words(9.0, 10.0, "One."))
    events = list(maker.rows(said((9.0, 10.0))))
    assert isinstance(events[0], Quiet)
    assert [(row.start, row.end) for row in events[0].rows] == [(0.0, 3.0), (3.0, 6.0), (6.0, 9.0)]
    assert all("no_speech" in row.flags for row in events[0].rows)
    assert maker.last(10.3, 0) is None
    assert [(row.start, row.end) for row in maker.last(11.0, 0).rows] == [(10.0, 11.0)]


def test_silence_is_cut_where_the_face_changes() -> None:
    class Faces:
        def cut(self, start: float, end: float, offered: int) -> list[float]:
            return [start, 6.4, end] if offered == 30 else [start, end]

        def reading(self, segment: Segment, offered: int) -> Reading:
            return Reading("face", reason="no face was found")

    maker = reader(faces=Faces())
    assert [(row.start, row.end) for row in maker.last(9.0, 30).rows] == [(0.0, 6.4), (6.4, 9.0)]


def test_words_where_nobody_is_heard_have_no_voice() -> None:
    (first, second) = rows(reader(words(1.0, 2.0, "One."), words(4.0, 5.0, "Two.")).rows(said((1.0, 2.0))))
    assert first.voice.present
    assert second.voice.reason == "nobody is heard under these words"


@pytest.mark.parametrize("who", ["S1", ""])
def test_the_speaker_is_told(who: str) -> None:
    class Speakers:
        def who(self, samples: np.ndarray) -> str:
            assert len(samples)
            return who

    (event,) = rows(reader(speakers=Speakers()).rows(said((1.0, 2.0))))
    assert event.row.utterance.speaker == who
