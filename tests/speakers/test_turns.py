"""Turns are smoothed, and utterances divided by them."""

from itertools import pairwise

import pytest

from emocli.speakers.turns import Turn, divide, in_order, smooth
from emocli.timeline.types import Utterance, Word


def words(*said: tuple[float, float, str]) -> tuple[Word, ...]:
    return tuple(Word(*word) for word in said)


def test_turns_of_one_speaker_that_touch_are_one_and_a_blip_is_its_surroundings() -> None:
    turns = [Turn(0, 2, "a"), Turn(2, 2.2, "b"), Turn(2.2, 4, "a"), Turn(4, 6, "b"), Turn(7, 8, "b")]
    assert smooth(turns) == [Turn(0, 4, "a"), Turn(4, 6, "b"), Turn(7, 8, "b")]


def test_a_short_turn_between_two_others_stays() -> None:
    turns = [Turn(0, 2, "a"), Turn(2, 2.2, "b"), Turn(2.2, 4, "c")]
    assert smooth(turns) == turns


def test_an_utterance_of_two_is_cut_between_words() -> None:
    spoken = Utterance(0, 4, "are you there yes I am", words(
        (0, 0.5, "are"), (0.5, 1, "you"), (1, 1.9, "there"), (2.2, 2.6, "yes"), (2.6, 3, "I"),
        (3, 3.9, "am")), "en", "whisper")
    first, second = divide([spoken], [Turn(0, 2, "x"), Turn(2, 4, "y")])
    assert (first.text, second.text) == ("are you there", "yes I am")
    assert (first.start, first.end, second.start, second.end) == (0, 1.9, 2.2, 4)
    assert (first.speaker, second.speaker) == ("x", "y")
    assert first.words + second.words == spoken.words
    assert {(u.language, u.source) for u in (first, second)} == {("en", "whisper")}


def test_a_word_on_the_edge_goes_to_who_speaks_most_of_it() -> None:
    spoken = Utterance(0, 2, "a b", words((0, 1.2, "a"), (1.2, 2, "b")))
    assert [u.text for u in divide([spoken], [Turn(0, 0.5, "x"), Turn(0.5, 2, "y")])] == ["a b"]
    assert [u.text for u in divide([spoken], [Turn(0, 0.7, "x"), Turn(0.7, 2, "y")])] == ["a", "b"]


def test_a_blip_inside_somebodys_words_is_theirs() -> None:
    spoken = Utterance(0, 3, "a b c", words((0, 1.4, "a"), (1.4, 1.6, "b"), (1.6, 3, "c")))
    (whole,) = divide([spoken], [Turn(0, 1.4, "x"), Turn(1.4, 1.6, "y"), Turn(1.6, 3, "x")])
    assert (whole.text, whole.speaker, whole.start, whole.end) == ("a b c", "x", 0, 3)


def test_speech_without_words_is_cut_at_the_edge() -> None:
    pieces = divide([Utterance(1, 9)], [Turn(1, 4, "x"), Turn(4, 9, "y")])
    assert [(u.start, u.end, u.speaker) for u in pieces] == [(1, 4, "x"), (4, 9, "y")]


def test_text_without_word_times_stays_together() -> None:
    (whole,) = divide([Utterance(0, 5, "both of us", source="sidecar")], [Turn(0, 2, "x"), Turn(2, 5, "y")])
    assert (whole.text, whole.speaker) == ("both of us", "y")


@pytest.mark.parametrize(("distance", "speaker"), [(0.5, "x"), (5.0, "")])
def test_what_no_turn_covers_is_the_nearest_ones_or_nobodys(distance: float, speaker: str) -> None:
    (said,) = divide([Utterance(2 + distance, 4 + distance)], [Turn(0, 2, "x")])
    assert said.speaker == speaker


def test_overlapping_turns_neither_lose_nor_double_a_word() -> None:
    spoken = Utterance(0, 6, "a b c d", words((0, 1, "a"), (1, 3, "b"), (3, 4, "c"), (4, 6, "d")))
    pieces = divide([spoken], [Turn(0, 6, "x"), Turn(1, 3, "y"), Turn(2, 6, "z")])
    assert [w for u in pieces for w in u.words] == list(spoken.words)
    assert all(a.end <= b.start for a, b in pairwise(pieces))


def test_nobody_speaks() -> None:
    assert divide([], [Turn(0, 1, "x")]) == []
    assert [u.speaker for u in divide([Utterance(0, 1)], [])] == [""]


def test_speakers_are_numbered_in_order_of_speech() -> None:
    said = [Utterance(i, i + 1, speaker=who) for i, who in enumerate(["zoe", "", "adam", "zoe"])]
    named, names = in_order(said)
    assert [u.speaker for u in named] == ["S1", "", "S2", "S1"]
    assert names == {"zoe": "S1", "adam": "S2"}
