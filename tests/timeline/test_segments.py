"""Rows tile the video."""

from itertools import pairwise

import numpy as np
import pytest

from emocli.timeline.gaps import LONGEST_UNSEEN
from emocli.timeline.segments import SHORTEST_GAP, shared, tidy, tile, uncovered
from emocli.timeline.types import Utterance, Word


def said(*spans: tuple[float, float]) -> list[Utterance]:
    return [Utterance(a, b, f"w{i}") for i, (a, b) in enumerate(spans)]


@pytest.mark.parametrize("seed", range(30))
def test_rows_tile_any_video(seed: int) -> None:
    random = np.random.default_rng(seed)
    duration = float(random.uniform(0.05, 60))
    starts = random.uniform(-2, duration + 2, random.integers(0, 12))
    spans = [(float(s), float(s + random.exponential(2))) for s in starts]
    rows = tile(said(*spans), duration)
    assert rows[0].start == 0
    assert rows[-1].end == duration
    assert all(a.end == b.start for a, b in pairwise(rows))
    assert all(r.end > r.start for r in rows)
    assert all(r.end - r.start <= LONGEST_UNSEEN + 1e-9 for r in rows if r.utterance is None)


def test_gaps() -> None:
    rows = tile(said((0.4, 2.0), (2.5, 4.0), (4.6, 5.0)), 14.0)
    assert [(r.start, r.end, bool(r.utterance)) for r in rows] == [
        (0, 2.5, True), (2.5, 4.0, True), (4.0, 4.6, False), (4.6, 5.0, True),
        (5.0, 8.0, False), (8.0, 11.0, False), (11.0, 14.0, False)]
    first = rows[0].utterance
    assert first is not None
    assert first.start == 0.4  # cues keep the words' own times
    assert SHORTEST_GAP == 0.5


def test_trailing_short_gap_joins() -> None:
    assert [(r.start, r.end) for r in tile(said((1.0, 2.0)), 2.3)] == [(0, 1.0), (1.0, 2.3)]


def test_overlaps_end_where_the_next_begins() -> None:
    first, second = tidy(said((0, 5), (3, 6)), 10)
    assert (first.end, second.start) == (3, 3)
    joined = tidy([Utterance(1, 2, "a", (Word(1, 2, "a"),)), Utterance(1, 3, "b")], 10)
    assert len(joined) == 1
    assert (joined[0].text, joined[0].end) == ("a b", 3)


def timed(start: float, end: float, *texts: str, speaker: str = "") -> Utterance:
    """An utterance of words of the same length."""
    edges = np.linspace(start, end, len(texts) + 1).tolist()
    words = tuple(Word(a, b, text) for (a, b), text in zip(pairwise(edges), texts, strict=True))
    return Utterance(start, end, " ".join(texts), words, "en", "whisper", speaker)


def shape(utterances: list[Utterance]) -> list[tuple[float, float, str]]:
    return [(u.start, u.end, u.text) for u in utterances]


@pytest.mark.parametrize("words", [True, False])
def test_an_outer_utterance_goes_on_after_an_inner_one(words: bool) -> None:
    outer, inner = timed(0, 10, "one", "two", "and", "six", "ten", speaker="S1"), Utterance(4, 6, "Hm?")
    if not words:
        outer = Utterance(0, 10, outer.text, speaker="S1")
    first, middle, last = tidy([inner, outer], 20)
    assert shape([first, middle, last]) == [(0, 4, "one two"), (4, 6, "Hm?"), (6, 10, "and six ten")]
    assert (first.speaker, middle.speaker, last.speaker) == ("S1", "", "S1")
    assert [w.text for w in last.words] == (["and", "six", "ten"] if words else [])


def test_inner_ones_in_each_other() -> None:
    outer, inner = Utterance(0, 12, "a b c d e f"), Utterance(2, 10, "g h i j")
    assert shape(tidy([outer, inner, Utterance(4, 8, "k")], 20)) == [
        (0, 2, "a b c"), (2, 4, "g h"), (4, 8, "k"), (8, 10, "i j"), (10, 12, "d e f")]


def test_words_are_clipped_with_their_utterance() -> None:
    first, second = tidy([timed(0, 6, "one", "two", "six"), timed(3, 8, "no", "yes")], 7.5)
    assert (first.end, second.start, second.end) == (3, 3, 7.5)
    assert first.text == "one two six"  # all that was said
    assert second.words[-1].end == 7.5
    for utterance in (first, second):
        assert all(utterance.start <= w.start < w.end <= utterance.end for w in utterance.words)
        assert all(a.end <= b.start + 1e-9 for a, b in pairwise(utterance.words))


def test_a_word_at_the_edge_of_two_windows_is_said_once() -> None:
    before = timed(0, 3.0, "we", "went", "Home,")
    after = Utterance(2.1, 4, "home and slept",
                      (Word(2.1, 3, "home"), Word(3, 3.5, "and"), Word(3.5, 4, "slept")))
    assert shape(tidy([before, after], 9)) == [(0, 2, "we went"), (2.1, 4, "home and slept")]
    whole = Utterance(1.2, 3, "Yes indeed", (Word(1.2, 2, "Yes"), Word(2, 3, "indeed")))
    assert shape(tidy([timed(1, 2, "yes"), whole], 9)) == [(1.2, 3, "Yes indeed")]
    later = tidy([timed(0, 3, "no", "never", "no"), timed(2.9, 8, "no", "way")], 9)
    assert " ".join(u.text for u in later) == "no never no no way"  # it is said twice, 2 s apart


def test_layers_of_the_same_words_are_one_and_others_keep_theirs() -> None:
    assert shape(tidy([Utterance(0, 2, "Title"), Utterance(0, 2, "Title")], 9)) == [(0, 2, "Title")]
    (both,) = tidy([timed(1, 2, "hi", speaker="S2"), Utterance(1, 2.5, "hello")], 9)
    assert (both.text, both.words, both.speaker) == ("hi hello", (), "S2")


@pytest.mark.parametrize("seed", range(20))
def test_every_word_once_in_order_and_the_same_again(seed: int) -> None:
    random = np.random.default_rng(seed)
    starts = random.uniform(0, 30, 15)
    said = [timed(float(s), float(s + 0.3 + random.exponential(5)), *(f"{i}-{k}" for k in range(6)))
            if i % 2 else Utterance(float(s), float(s + 0.3 + random.exponential(5)), f"{i}-a {i}-b")
            for i, s in enumerate(starts)]
    found = tidy(said, 60)
    assert all(a.end <= b.start for a, b in pairwise(found))
    assert sorted(" ".join(u.text for u in found).split()) == sorted(" ".join(u.text for u in said).split())
    assert tidy(found, 60) == found
    assert all(u.start <= w.start <= w.end <= u.end for u in found for w in u.words)


def test_what_words_leave_of_speech() -> None:
    heard, words = said((0, 5), (6, 7), (8, 8.4), (9, 12)), said((1, 3), (6.2, 6.8), (9, 9.5), (10, 11.8))
    assert [(u.start, u.end) for u in uncovered(heard, words, 0.75)] == [(0, 1), (3, 5), (8, 8.4)]
    assert [(u.start, u.end) for u in uncovered(heard, [], 0.75)] == [(0, 5), (6, 7), (8, 8.4), (9, 12)]
    assert shared(2, 6.5, heard) == 3.5
    assert shared(5.2, 5.8, heard) == 0
