"""From speech to utterances, by a recognizer that says what the test wants."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from emocli.timeline.types import Utterance, Word
from emocli.transcript.recognition import (
    believable,
    passed_over,
    recognize,
    sentences,
    windows_of,
    without_loops,
)
from emocli.transcript.recognizer import WINDOW, Phrase

SPEECH = [Utterance(i * 7.0, i * 7.0 + 5) for i in range(30)]


class Sound:
    duration = 300.0

    def read(self, start: float, end: float) -> np.ndarray:
        return np.full(round((end - start) * 16000), start, np.float32)


class Script:
    """Answers the windows in turn; remembers how many seconds it was given."""

    distributions = ()

    def __init__(self, *answers: list[Phrase], batch: int = 2) -> None:
        self.answers, self.batch, self.lengths = list(answers), batch, list[float]()

    def recognize(self, windows: Sequence[np.ndarray], language: str,
                  check: Callable[[], None]) -> list[list[Phrase]]:
        check()
        self.lengths += [len(samples) / 16000 for samples in windows]
        return [self.answers.pop(0) if self.answers else [] for _ in windows]


def phrase(text: str = "Thanks for watching", start: float = 0.3, end: float = 1.5, **more: float) -> Phrase:
    return Phrase(start, end, text, (Word(start, end, text),), "en", **more)  # type: ignore[arg-type]


def test_windows_cover_all_speech_in_half_minutes() -> None:
    windows = windows_of(SPEECH)
    assert [part for window in windows for part in window] == SPEECH
    assert all(window[-1].end - window[0].start <= WINDOW for window in windows)
    assert len(windows_of([Utterance(0, 1), Utterance(1.5, 2), Utterance(9, 10)])) == 2  # a long pause


def test_times_are_the_videos() -> None:
    speech = [Utterance(10, 12), Utterance(30, 31)]
    said = list(recognize(Script([phrase("one")], [phrase("two")]), Sound(), speech))
    assert [u.text for u in said] == ["one", "two"]
    assert {(u.source, u.language) for u in said} == {("whisper", "en")}
    assert [u.start for u in said] == pytest.approx([10.1, 30.1])
    assert said[0].words[0].end == pytest.approx(11.3)


def test_a_doubtful_window_is_read_once_more_in_halves_and_no_more() -> None:
    speech = [Utterance(0, 2), Utterance(2.5, 4), Utterance(4.5, 6), Utterance(6.5, 8)]
    loop = phrase("no " * 40, log_probability=-2.0)
    script = Script([loop], [loop], [phrase("and so it ended")])
    assert "and so it ended" in [u.text for u in recognize(script, Sound(), speech)]
    whole, *halves = script.lengths
    assert len(halves) == 2
    assert sum(halves) < whole + 1
    assert not script.answers


def test_speech_that_got_no_words_is_read_by_itself_and_no_more_than_twice() -> None:
    speech = [Utterance(i * 2.0, i * 2.0 + 1.5) for i in range(9)]  # words for every other one
    whole = [phrase("so it goes", start=i * 2.0 + 0.2, end=i * 2.0 + 1.7) for i in range(0, 9, 2)]
    script = Script(whole, [phrase("and on")], [phrase("and on")])
    said = list(recognize(script, Sound(), speech))
    assert [u.text for u in said].count("and on") == 2
    assert [u.start for u in said] == sorted(u.start for u in said)
    assert len(script.lengths) == 3
    assert script.lengths[1:] == pytest.approx([1.9, 1.9])


def test_what_was_passed_over_are_the_longest_runs() -> None:
    speech = [Utterance(0, 1), Utterance(1.5, 2.5), Utterance(3, 3.4), Utterance(4, 6), Utterance(7, 8)]
    covered = [phrase(start=0, end=1), phrase(start=4, end=6)]
    assert passed_over(speech, covered) == [[speech[4]], speech[1:3]]
    assert passed_over(speech[2:4], covered) == []  # too short to be worth it


@pytest.mark.parametrize(("changes", "kept"), [
    ({}, True), ({"no_speech": 0.9, "log_probability": -1.5}, False), ({"no_speech": 0.9}, True),
    ({"no_speech": 0.5, "log_probability": -1.2}, False), ({"text": "Y" + "o" * 200}, False),
    ({"text": "Donaudampfschifffahrtsgesellschaftskapitän"}, True), ({"text": ""}, False),
    ({"start": 20.0, "end": 21.0}, False)])
def test_invented_text_is_dropped(changes: dict, kept: bool) -> None:
    assert believable(phrase(**changes), [Utterance(0, 2)]) == kept


def test_words_that_take_no_time_are_a_loop() -> None:
    said = tuple(Word(i * 0.4, i * 0.4 + 0.3, "go") for i in range(4))
    loop = tuple(Word(1.6, 1.6, "go") for _ in range(50))
    whole = Phrase(0, 1.6, " ".join(["go"] * 54), said + loop)
    assert without_loops(whole).text == "go go go go"
    assert without_loops(whole).end == pytest.approx(1.5)
    spoken = Phrase(0, 1.6, "go, go, go, go", said)
    assert without_loops(spoken) is spoken


def test_each_sentence_is_an_utterance() -> None:
    words = tuple(Word(i, i + 0.5, text) for i, text in enumerate(("I", "won!", "Did", "you?", "No")))
    parts = list(sentences(Phrase(0, 4.5, "I won! Did you? No", words)))
    assert [(p.text, p.start, p.end) for p in parts] == [
        ("I won!", 0, 1.5), ("Did you?", 2, 3.5), ("No", 4, 4.5)]
    alone = phrase("One sentence.")
    assert list(sentences(alone)) == [alone]
    assert list(sentences(Phrase(0, 1, "no times"))) == [Phrase(0, 1, "no times")]


def test_a_first_word_waits_for_its_speech() -> None:
    early = Phrase(0.0, 2.0, "And so", (Word(0.0, 1.2, "And"), Word(1.2, 2.0, "so")))
    (said,) = recognize(Script([early]), Sound(), [Utterance(1.0, 2.5)])
    assert said.words[0].start == pytest.approx(0.95, abs=0.06)


def test_a_run_that_is_stopped_reads_no_more() -> None:
    def stop() -> None:
        if len(script.lengths) >= 2:
            raise KeyboardInterrupt

    script = Script()
    with pytest.raises(KeyboardInterrupt):
        list(recognize(script, Sound(), SPEECH, check=stop))
    assert len(script.lengths) == 2
