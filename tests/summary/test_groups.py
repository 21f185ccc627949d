"""Two groups of videos, whose differences are known."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from emocli.emotions import EMOTIONS
from emocli.errors import UsageError
from emocli.summary.groups import compare, holm


def videos(count: int, sadness: float, seed: int, spread: float = 0.05) -> list[dict[str, float]]:
    """Shares of made-up videos, of which sadness has this on average."""
    made = []
    for share in np.random.default_rng(seed).normal(sadness, spread, count).clip(0, 1):
        made.append(dict.fromkeys(EMOTIONS, 0.0) | {"sadness": share, "neutral": 1 - share})
    return made


def test_what_differs_is_found() -> None:
    found = compare(videos(12, 0.2, 1), videos(12, 0.5, 2))
    by_class = {own.emotion: own for own in found.differences}
    sad = by_class["sadness"]
    assert sad.difference == pytest.approx(0.3, abs=0.05)
    assert sad.low is not None and sad.high is not None  # noqa: PT018
    assert sad.low < 0.3 < sad.high
    assert sad.corrected < 0.01
    assert by_class["neutral"].difference == pytest.approx(-sad.difference)
    assert by_class["fear"].p == 1
    assert (found.videos, found.enough) == ((12, 12), True)


def test_what_does_not_differ_is_seldom_found() -> None:
    wrong = sum(min(own.corrected for own in compare(
        videos(6, 0.3, 2 * seed), videos(6, 0.3, 2 * seed + 1)).differences) < 0.05 for seed in range(30))
    assert wrong <= 5


def test_p_is_the_share_of_all_ways() -> None:
    first, second = videos(4, 0.2, 5), videos(3, 0.25, 6)
    values = [video["sadness"] for video in (*first, *second)]
    def gap(chosen: tuple[int, ...]) -> float:
        own = [values[i] for i in chosen]
        return float(np.mean(own) - np.mean([v for i, v in enumerate(values) if i not in chosen]))

    gaps = np.array([gap(chosen) for chosen in itertools.combinations(range(7), 3)])
    there = gap((4, 5, 6))
    p = 2 * min((gaps <= there + 1e-12).mean(), (gaps >= there - 1e-12).mean())
    found = compare(first, second)
    assert found.differences[EMOTIONS.index("sadness")].p == pytest.approx(min(1, p))
    assert found.differences[0].low is None
    assert found.smallest == pytest.approx(7 * 2 / 35)
    assert not found.enough


def test_five_videos_each_are_not_enough() -> None:
    assert not compare(videos(5, 0.2, 1), videos(5, 0.9, 2)).enough
    assert compare(videos(6, 0.2, 1), videos(6, 0.9, 2)).enough


def test_one_video_is_no_group() -> None:
    with pytest.raises(UsageError, match="groups of 1 and 6 videos"):
        compare(videos(1, 0.2, 1), videos(6, 0.2, 1))


def test_holm() -> None:
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([0.5, 0.9])).tolist() == [1, 1]
