"""What stretches without words are cut into."""

from itertools import pairwise

import numpy as np
import pytest

from emocli.timeline.changes import SHORTEST
from emocli.timeline.gaps import LONGEST_SEEN, LONGEST_UNSEEN, at_changes, evenly
from emocli.timeline.segments import tile
from emocli.timeline.types import FaceObservations, Utterance


def seen(*parts: tuple[int | None, float], rate: float = 5, side: float = 50) -> FaceObservations:
    """A face that shows one class after another, each for some seconds, or is not there."""
    indices = [index for index, seconds in parts for _ in range(round(seconds * rate))]
    there = [i for i, index in enumerate(indices) if index is not None]
    geometry = np.zeros((len(there), 17))
    geometry[:, 0] = np.array(there, float) / rate
    geometry[:, [3, 4, 15, 16]] = side, side, 0.9, 1
    scores = np.full((len(there), 7), 0.02) + 0.86 * np.eye(7)[[indices[i] for i in there]]
    return FaceObservations(geometry, np.zeros((len(there), 1)), np.log(scores), scores)


def both(first: FaceObservations, second: FaceObservations) -> FaceObservations:
    """Two people in the same pictures."""
    geometry, scores = (np.concatenate([getattr(first, part), getattr(second, part)])
                        for part in ("geometry", "scores"))
    order = np.argsort(geometry[:, 0], kind="stable")
    return FaceObservations(geometry[order], np.zeros((len(order), 1)), np.log(scores[order]), scores[order])


def test_without_faces_evenly() -> None:
    nobody = FaceObservations(*(np.zeros((0, columns)) for columns in (17, 0, 7, 7)))
    for cut in (evenly, at_changes(()), at_changes(nobody), at_changes(seen((0, 5)))):
        assert cut(5, 15) == pytest.approx([5, 5 + 10 / 3, 5 + 20 / 3, 15])
        assert cut(5, 8.9) == [5, 8.9]
        assert cut(5, 5) == [5, 5]
    assert LONGEST_UNSEEN == 4


def test_where_the_face_changes() -> None:
    cut = at_changes(seen((6, 5), (2, 3), (0, 12)))
    assert cut(0, 20) == pytest.approx([0, 4.9, 7.9, 13.95, 20])
    assert cut(6, 7.9) == [6, 7.9]
    assert cut(4.5, 12) == pytest.approx([4.5, 7.9, 12])  # 0.4 s of sadness are too short
    assert at_changes(seen((6, 30)))(0, 30) == [0, 7.5, 15, 22.5, 30]


def test_where_it_comes_and_goes() -> None:
    cut = at_changes(seen((0, 3), (None, 6), (0, 4), (None, 0.8), (0, 4)))
    assert cut(0, 17.8) == pytest.approx([0, 2.9, 5.9, 8.9, 8.9 + 8.9 / 2, 17.8])
    glimpse = at_changes(seen((None, 6), (0, 0.6), (None, 3.4)))
    assert glimpse(0, 10) == evenly(0, 10)
    late = at_changes(seen((None, 0.6), (0, 5), (None, 0.6)))
    assert late(0, 6.2) == [0, 6.2]


@pytest.mark.parametrize("rate", [0.5, 1, 2, 30])
def test_at_other_rates(rate: float) -> None:
    edges = at_changes(seen((6, 20), (0, 20), rate=rate))(0, 40)
    assert min(abs(edge - 20) for edge in edges) <= max(0.4, 0.5 / rate + 1e-9)
    assert all(b - a <= LONGEST_SEEN for a, b in pairwise(edges))


def test_the_larger_face_counts_more() -> None:
    near, far = seen((6, 6), (0, 6), side=100), seen((2, 3), (3, 6), (2, 3), side=15)
    assert at_changes(both(near, far))(0, 12) == pytest.approx([0, 5.9, 12])


@pytest.mark.parametrize("seed", range(30))
def test_any_faces_and_words_give_rows_that_tile(seed: int) -> None:
    random = np.random.default_rng(seed)
    parts = [(int(i) if i < 7 else None, float(s)) for i, s in
             zip(random.integers(0, 9, 30), random.exponential(3, 30), strict=True)]
    duration = sum(seconds for _, seconds in parts)
    starts = np.sort(random.uniform(0, duration, 6))
    said = [Utterance(float(s), float(s + random.exponential(2)), "so") for s in starts]
    cut = at_changes(seen(*parts, rate=random.choice([1, 5, 12])))
    rows = tile(said, duration, cut)
    assert (rows[0].start, rows[-1].end) == (0, duration)
    assert all(a.end == b.start for a, b in pairwise(rows))
    assert all(r.end > r.start for r in rows)
    assert all(r.end - r.start <= LONGEST_SEEN + 1e-9 for r in rows if r.utterance is None)
    edges = cut(0, duration)
    assert all(SHORTEST - 1e-9 <= b - a <= LONGEST_SEEN + 1e-9 for a, b in pairwise(edges))
