"""Rows tile the video."""

from itertools import pairwise

import numpy as np
import pytest

from emocli.timeline.segments import LONGEST_GAP, SHORTEST_GAP, tidy, tile
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
    assert all(r.end - r.start <= LONGEST_GAP + 1e-9 for r in rows if r.utterance is None)


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
